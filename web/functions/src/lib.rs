//! What the page asks of the command line's library: JSON in, JSON out.
//!
//! Each call names its function and carries all texts; nothing is kept between calls. Verdicts of this library are what
//! the page holds those of the policy module against.
//!
//! ```
//! let answer = web_functions::answer(r#"{"function": "write", "value": {"privileged": false}}"#);
//! assert_eq!(answer, r#"{"text":"privileged: false\n"}"#);
//! ```

mod check;
mod form;
mod migrate;
mod suggest;
mod texts;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A call of the page.
#[derive(Debug, Deserialize)]
#[serde(tag = "function", rename_all = "camelCase")]
enum Call {
    Check(check::Check),
    Explain(check::Explain),
    MayUse(check::MayUse),
    Migrate(migrate::Migrate),
    Suggest(suggest::Suggest),
    Read(form::Read),
    Write(form::Write),
}

/// The answer to a call. A call that cannot be read is answered with `{"broken": …}`, which is an error of the page.
#[must_use]
pub fn answer(call: &str) -> String {
    let answer = match serde_json::from_str(call) {
        Ok(Call::Check(call)) => to_json(&call.answer()),
        Ok(Call::Explain(call)) => to_json(&call.answer()),
        Ok(Call::MayUse(call)) => to_json(&call.answer()),
        Ok(Call::Migrate(call)) => to_json(&call.answer()),
        Ok(Call::Suggest(call)) => to_json(&call.answer()),
        Ok(Call::Read(call)) => to_json(&call.answer()),
        Ok(Call::Write(call)) => to_json(&call.answer()),
        Err(error) => json!({"broken": error.to_string()}),
    };
    answer.to_string()
}

fn to_json(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_else(|error| json!({"broken": error.to_string()}))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_call_that_cannot_be_read_is_answered() {
        assert_eq!(super::answer("{}"), r#"{"broken":"missing field `function` at line 1 column 2"}"#);
    }
}
