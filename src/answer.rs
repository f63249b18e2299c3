//! What the policy answers.

use std::fmt::{self, Display, Write as _};

use crate::graft::Edit;
use crate::json::{Quoted, Text};
use crate::standards::Standard;
use crate::violation::{Action, SPELT_OUT, Tolerated, Violation, and_more, join};

/// The answer to a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Why the request is rejected; an accepted one has no reason.
    pub rejection: Option<String>,
    /// Whether it is rejected because it could not be judged: its object, the settings or the cluster cannot be read.
    pub unjudged: bool,
    /// The object as it is to be, as JSON, if the policy filled anything in.
    pub mutated_object: Option<String>,
    /// The policy that admits the pod.
    pub policy: Option<String>,
    /// The paths that were filled in, and with what.
    pub edits: Vec<Edit<'static>>,
    /// Objections that did not deny the request, as far as they are spelt out.
    pub tolerated: Vec<Violation>,
    /// How many more of those there are.
    pub untold: usize,
    /// What the requesting user should know.
    pub warnings: Vec<String>,
    /// The Pod Security Standard that the pod was held to.
    pub enforced: Option<Standard>,
    /// What the audit log is told of the Pod Security Standards, a text for each pod or template.
    pub audit_violations: Vec<String>,
    /// The exemptions that made a difference, and those that would have if they had not expired.
    pub exemptions: Vec<String>,
}

impl Answer {
    /// The request passes, and nothing more is to be said.
    pub fn accepted() -> Self {
        Answer::default()
    }

    /// The request is rejected.
    pub fn rejected(reason: impl Display) -> Self {
        Answer { rejection: Some(reason.to_string()), ..Answer::default() }
    }

    /// The request brings nothing to judge.
    pub(crate) fn missing_object() -> Self {
        Answer::rejected("request.object: Required value: there is no object to judge")
    }

    /// The request is rejected because it cannot be judged.
    pub fn unjudged(reason: impl Display) -> Self {
        Answer { unjudged: true, ..Answer::rejected(reason) }
    }

    /// The request is rejected because nobody can tell what it asks for.
    pub fn unreadable(cause: &dyn Display) -> Self {
        Answer::unjudged(format_args!("the request cannot be read: {cause}"))
    }

    /// Whether the request passes.
    pub fn is_accepted(&self) -> bool {
        self.rejection.is_none()
    }

    /// Whose objections come back as warnings, and which only reach the audit log.
    pub(crate) fn tolerate(&mut self, tolerated: Vec<Violation>, in_all: Tolerated) {
        let warned = tolerated.iter().filter(|violation| violation.action == Action::Warn);
        self.warnings.extend(warned.map(|violation| Shortened(&violation.to_string()).to_string()));
        self.warnings.extend(Some(and_more(in_all.warned, "")).filter(|more| !more.is_empty()));
        self.tolerated.extend(tolerated);
        self.untold += in_all.untold();
    }

    /// The response that the policy server expects: a `ValidationResponse` of the Kubewarden protocol.
    pub fn into_json(mut self) -> String {
        let mut json = String::with_capacity(256);
        // Writing to a String cannot fail.
        let object = self.mutated_object.take().filter(|_| self.is_accepted());
        match object {
            None if self.is_accepted() => json.push_str("{\"accepted\":true"),
            None => json.push_str("{\"accepted\":false"),
            Some(object) => {
                // The object is most of the answer: the rest is written around it.
                json = object;
                json.insert_str(0, "{\"accepted\":true,\"mutated_object\":");
            }
        }
        let _ = self.write_json(&mut json);
        json
    }

    /// The paths that were filled in.
    fn mutated(&self) -> String {
        let told = self.edits.get(..SPELT_OUT).unwrap_or(&self.edits);
        joined(told, ", ") + &and_more(self.edits.len(), ", ")
    }

    /// What follows the verdict and the object.
    fn write_json(&self, json: &mut String) -> fmt::Result {
        if let Some(reason) = &self.rejection {
            json.push_str(",\"message\":");
            Quoted(reason).write_to(json)?;
            json.push_str(",\"code\":403");
        }
        let annotations = [
            ("policy", self.policy.clone().unwrap_or_default()),
            ("mutated", self.mutated()),
            ("violations", join(&self.tolerated, self.tolerated.len() + self.untold)),
            ("exemptions", self.exemptions.join(", ")),
            ("enforce-policy", self.enforced.map(|standard| standard.to_string()).unwrap_or_default()),
            ("audit-violations", self.audit_violations.join("; ")),
        ];
        let mut before = ",\"audit_annotations\":{";
        for (key, value) in annotations.iter().filter(|(_, value)| !value.is_empty()) {
            json.push_str(before);
            Quoted(key).write_to(json)?;
            json.push(':');
            Quoted(value).write_to(json)?;
            before = ",";
        }
        if before == "," {
            json.push('}');
        }
        let mut before = ",\"warnings\":[";
        for warning in &self.warnings {
            json.push_str(before);
            Quoted(warning).write_to(json)?;
            before = ",";
        }
        if before == "," {
            json.push(']');
        }
        json.push('}');
        Ok(())
    }
}

/// Things in a row.
pub(crate) fn joined(things: &[impl Display], separator: &str) -> String {
    let mut text = String::new();
    for thing in things {
        let before = if text.is_empty() { "" } else { separator };
        let _ = write!(text, "{before}{thing}");
    }
    text
}

/// Names in quotes, separated by commas.
pub(crate) fn quoted_names<'n>(names: impl Iterator<Item = &'n Text<'n>>) -> String {
    joined(&names.map(|name| Quoted(name)).collect::<Vec<_>>(), ", ")
}

/// A warning of at most 256 characters, past which API servers cut it themselves.
struct Shortened<'w>(&'w str);

impl Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(255).and_then(|(end, _)| self.0.get(..end)) {
            Some(start) => write!(f, "{start}…"),
            None => f.write_str(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graft::Step;
    use kubewarden_policy_sdk::response::ValidationResponse;
    use rstest::rstest;
    use serde_json::{Value, json};

    /// The answer as the SDK's type reads it, which must not miss anything.
    fn read(answer: &Answer) -> Value {
        let json: Value = serde_json::from_str(&answer.clone().into_json()).unwrap();
        let response: ValidationResponse = serde_json::from_value(json.clone()).unwrap();
        let response = value(&response);
        for (key, member) in json.as_object().unwrap() {
            assert_eq!(response.get(key), Some(member), "{key}");
        }
        response
    }

    fn value(response: &ValidationResponse) -> Value {
        serde_json::to_value(response).unwrap()
    }

    fn violation(action: Action, path: &str) -> Violation {
        Violation {
            rule: "privileged",
            action,
            path: path.to_owned(),
            problem: "Invalid value: true".to_owned(),
        }
    }

    /// A response that says no more than whether the request passes.
    fn response(accepted: bool) -> ValidationResponse {
        serde_json::from_value(json!({ "accepted": accepted })).unwrap()
    }

    #[test]
    fn an_accepted_request_is_told_in_one_word() {
        assert_eq!(Answer::accepted().into_json(), r#"{"accepted":true}"#);
        assert_eq!(read(&Answer::accepted()), value(&response(true)));
    }

    #[rstest]
    #[case::plain("no")]
    #[case::quotes_and_line_feeds("a \"b\"\n\\ \u{1} é😀")]
    #[case::empty("")]
    fn a_rejected_one_says_why(#[case] reason: &str) {
        let expected =
            ValidationResponse { message: Some(reason.to_owned()), code: Some(403), ..response(false) };
        assert_eq!(read(&Answer::rejected(reason)), value(&expected));
    }

    #[test]
    fn all_there_is_to_say_is_said() {
        let edit = |key, value: &str| Edit {
            path: vec![Step::Key("spec"), Step::Key(key)],
            value: value.to_owned(),
        };
        let mut answer = Answer {
            mutated_object: Some(r#"{"spec": {"a": 1.50, "b": "\u00e9"}}"#.to_owned()),
            policy: Some("base\"line".to_owned()),
            edits: vec![edit("a", "1"), edit("b", "2")],
            warnings: vec!["first".to_owned()],
            enforced: Some("baseline:v1.31".parse().unwrap()),
            audit_violations: vec!["one".to_owned(), "two".to_owned()],
            exemptions: vec!["e".to_owned(), "f (expired on 2027-01-31)".to_owned()],
            ..Answer::accepted()
        };
        let in_all = Tolerated { warned: 1, audited: 1 };
        answer.tolerate(vec![violation(Action::Warn, "spec.x"), violation(Action::Audit, "spec.y")], in_all);
        let annotations = json!({"policy": "base\"line", "mutated": "spec.a, spec.b",
            "violations": "spec.x: Invalid value: true; spec.y: Invalid value: true",
            "exemptions": "e, f (expired on 2027-01-31)", "enforce-policy": "baseline:v1.31",
            "audit-violations": "one; two"});
        let expected = ValidationResponse {
            mutated_object: Some(json!({"spec": {"a": 1.5, "b": "é"}})),
            audit_annotations: Some(serde_json::from_value(annotations).unwrap()),
            warnings: Some(vec!["first".to_owned(), "spec.x: Invalid value: true".to_owned()]),
            ..response(true)
        };
        assert_eq!(read(&answer), value(&expected));
        assert!(
            answer.into_json().contains(r#""mutated_object":{"spec": {"a": 1.50, "b": "\u00e9"}},"#),
            "to the byte"
        );
    }

    #[rstest]
    #[case::short("a".repeat(256 - 22), false)]
    #[case::long("é".repeat(1_000), true)]
    fn warnings_are_cut_where_the_api_server_would_cut_them(#[case] path: String, #[case] cut: bool) {
        let mut answer = Answer::accepted();
        answer.tolerate(vec![violation(Action::Warn, &path)], Tolerated { warned: 1, audited: 0 });
        let warning = &answer.warnings[0];
        assert_eq!((warning.chars().count() <= 256, warning.ends_with('…')), (true, cut), "{warning}");
    }

    #[test]
    fn what_is_too_much_to_be_told_is_counted() {
        let edit = Edit { path: vec![Step::Key("spec")], value: "1".to_owned() };
        let mut answer = Answer { edits: vec![edit; 35], ..Answer::accepted() };
        answer.tolerate(
            vec![violation(Action::Warn, "spec.x"), violation(Action::Audit, "spec.y")],
            Tolerated { warned: 40, audited: 33 },
        );
        let annotations = &read(&answer)["audit_annotations"];
        assert_eq!(annotations["mutated"], format!("{}and 3 more", "spec, ".repeat(32)));
        assert_eq!(
            annotations["violations"],
            "spec.x: Invalid value: true; spec.y: Invalid value: true; and 9 more"
        );
        assert_eq!(answer.warnings, ["spec.x: Invalid value: true", "and 8 more"]);
    }
}
