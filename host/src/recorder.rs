//! Calls and logs of a policy, recorded for tests.

use std::sync::{Mutex, PoisonError};

use crate::host_calls::{HostCall, HostCalls, LogLine};

/// A host call, recorded by a [`Recorder`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// Namespace and operation, such as `kubernetes/can_i`.
    pub capability: String,
    /// The parameters, as the policy wrote them.
    pub payload: String,
}

/// Records the host calls and logs of a policy for tests, while another host responds.
#[derive(Debug, Default)]
pub struct Recorder<H> {
    inner: H,
    calls: Mutex<Vec<RecordedCall>>,
    lines: Mutex<Vec<LogLine>>,
}

impl<H> Recorder<H> {
    /// Records the calls that `inner` responds to.
    pub fn new(inner: H) -> Self {
        Self { inner, calls: Mutex::default(), lines: Mutex::default() }
    }

    /// The calls so far, oldest first.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The lines logged so far, oldest first.
    pub fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<H: HostCalls> HostCalls for Recorder<H> {
    fn answer(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(RecordedCall {
            capability: format!("{}/{}", call.namespace, call.operation),
            payload: String::from_utf8_lossy(call.payload).into_owned(),
        });
        self.inner.answer(call)
    }

    fn log(&self, line: &LogLine) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host_calls::{LogLevel, Unanswered, dispatch};

    #[test]
    fn calls_are_kept_in_order() {
        let recorder = Recorder::new(|_: &HostCall<'_>| Ok(Vec::new()));

        for operation in ["can_i", "get_resource"] {
            dispatch(&recorder, "kubewarden", "kubernetes", operation, b"{}").unwrap();
        }

        let calls: Vec<_> = recorder.calls().into_iter().map(|call| call.capability).collect();
        assert_eq!(calls, ["kubernetes/can_i", "kubernetes/get_resource"]);
    }

    #[test]
    fn log_lines_keep_level_text_and_data() {
        let recorder = Recorder::new(Unanswered);
        let line = br#"{"level":"warning","message":"rejected","policy":"restricted"}"#;

        assert_eq!(dispatch(&recorder, "kubewarden", "tracing", "log", line), Ok(Vec::new()));
        let lines = recorder.lines();
        assert_eq!((lines[0].level, lines[0].message.as_str()), (LogLevel::Warning, "rejected"));
        assert_eq!(lines[0].data["policy"], "restricted");
        assert!(recorder.calls().is_empty());
    }
}
