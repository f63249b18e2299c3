//! Records for the policy server's log.

use std::fmt::{Arguments, Write as _};

use slog::{Drain, KV, Key, Never, OwnedKVList, Record, SerdeValue, Serializer};
use wapc_guest::host_call;

use crate::json::Quoted;

/// Hands records to the policy server, one JSON object each, as its `tracing` capability wants them.
///
/// The SDK's own drain does the same through a tree of values, which makes the module a thirteenth larger, and returns
/// an error if the server does not take the line: a request must not fail for that.
pub(super) struct HostDrain;

impl Drain for HostDrain {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<(), Never> {
        let level = record.level().as_str().to_ascii_lowercase();
        let mut line = Line(String::from("{"));
        // Writing to a String cannot fail.
        let _ = line.emit_str("level", &level);
        let _ = line.emit_arguments("message", record.msg());
        let _ = values.serialize(record, &mut line);
        let _ = record.kv().serialize(record, &mut line);
        line.0.push('}');
        let _ = host_call("kubewarden", "tracing", "log", line.0.as_bytes());
        Ok(())
    }
}

/// A JSON object that is being written.
struct Line(String);

impl Serializer for Line {
    fn emit_arguments(&mut self, key: Key, value: &Arguments<'_>) -> slog::Result {
        self.emit_str(key, &value.to_string())
    }

    fn emit_str(&mut self, key: Key, value: &str) -> slog::Result {
        let comma = if self.0.len() == 1 { "" } else { "," };
        Ok(write!(self.0, "{comma}{}:{}", Quoted(key), Quoted(value))?)
    }

    // None of our records holds one of these, and the code that prints them is large.
    fn emit_serde(&mut self, _key: Key, _value: &dyn SerdeValue) -> slog::Result {
        Ok(())
    }

    fn emit_f32(&mut self, _key: Key, _value: f32) -> slog::Result {
        Ok(())
    }

    fn emit_f64(&mut self, _key: Key, _value: f64) -> slog::Result {
        Ok(())
    }
}
