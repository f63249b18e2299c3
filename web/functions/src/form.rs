//! The settings form: from text to values, and from values to text.

use kubectl_psp::input::Text;
use kubectl_psp::report;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::texts::{self, POLICIES, Problem};

/// Reads the objects of a text.
#[derive(Debug, Deserialize)]
pub(crate) struct Read {
    text: String,
}

/// The objects of a text.
#[derive(Debug, Serialize)]
pub(crate) struct Objects {
    errors: Vec<Problem>,
    objects: Vec<Value>,
}

impl Read {
    pub(crate) fn answer(self) -> Objects {
        let (objects, errors) = texts::objects(&Text::new(POLICIES, self.text));
        Objects { errors, objects: objects.iter().map(kubectl_psp::input::Object::value).collect() }
    }
}

/// Writes a value as YAML.
#[derive(Debug, Deserialize)]
pub(crate) struct Write {
    value: Value,
}

/// A value as YAML.
#[derive(Debug, Serialize)]
pub(crate) struct Written {
    text: String,
}

impl Write {
    pub(crate) fn answer(self) -> Written {
        Written { text: report::to_yaml(&self.value).unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_again() {
        let value = json!({"privileged": false, "volumes": ["*"], "runAsUser": {"rule": "RunAsAny"}});
        let written = crate::answer(&json!({"function": "write", "value": value}).to_string());
        let written: serde_json::Value = serde_json::from_str(&written).unwrap();
        let read = crate::answer(&json!({"function": "read", "text": written["text"]}).to_string());
        assert_eq!(read, json!({"errors": [], "objects": [value]}).to_string());
    }
}
