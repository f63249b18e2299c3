//! The response of the policy.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

use crate::json::edit::Edit;
use crate::json::{Error, Quoted};
use crate::rule::{Action, NonDenying, ROOM, Row, SPELT_OUT, TAIL, Violation, ViolationKind, and_more, join};
use crate::standards::Standard;

/// The response to a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Why the request is rejected; an accepted one has no reason.
    pub rejection: Option<String>,
    /// Whether it is rejected because it could not be evaluated: its object, the settings or the cluster cannot be
    /// read.
    pub error: bool,
    /// The first problem behind a rejection, where that is one of a field. For tools: the module leaves it out.
    pub cause: Option<Cause>,
    /// The mutated object, as JSON, if the policy set any defaults.
    pub mutated_object: Option<String>,
    /// The policy that admits the pod.
    pub policy: Option<String>,
    /// The defaults that a rejected pod lacks, where it lacks nothing else and a registration that mutates would set them.
    pub defaults: String,
    /// The defaults that were set: paths and values.
    pub edits: Vec<Edit<'static>>,
    /// Violations that did not deny the request, as far as they are spelt out.
    pub tolerated: Vec<Violation>,
    /// How many more of those violations there are.
    pub omitted: usize,
    /// The warnings for the requesting user.
    pub warnings: Vec<String>,
    /// Those of the warnings about a workload that predict the rejection of its pods, which a report explains. For
    /// tools: the module leaves them out.
    pub predicted: Vec<String>,
    /// How many more warnings there are.
    pub unwarned: usize,
    /// The Pod Security Standard that was enforced.
    pub enforced: Option<Standard>,
    /// The audit annotation of the Pod Security Standards, a text for each pod or template.
    pub audit_violations: Vec<String>,
    /// The exemptions that made a difference, and those that would have if they had not expired.
    pub exemptions: Vec<String>,
}

/// A problem of a field of the object or of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The path of the field.
    pub path: String,
    /// The problem, without the path; problems of other fields can follow.
    pub problem: String,
    /// Whether the value should be a string.
    pub wants_string: bool,
}

/// Whether responses hold what tools show and the module does not.
const FOR_TOOLS: bool = cfg!(not(target_arch = "wasm32"));

impl Response {
    /// The request passes, without anything to report.
    pub fn accepted() -> Self {
        Response::default()
    }

    /// The request is rejected.
    pub fn rejected(reason: impl Display) -> Self {
        Response { rejection: Some(reason.to_string()), ..Response::default() }
    }

    /// The request is rejected because it has no object to review.
    pub(crate) fn missing_object() -> Self {
        Response::rejected("request.object: Required value: there is no object to review")
            .with_cause("request.object", "Required value: there is no object to review")
    }

    /// The request is rejected because its object cannot be read.
    pub(crate) fn unreadable_object(error: &Error) -> Self {
        let response = Response::error(format_args!("the object cannot be read: {error}"));
        let cause = FOR_TOOLS.then(|| Cause {
            path: error.path(),
            problem: error.reason().to_owned(),
            wants_string: error.wants_string(),
        });
        Response { cause: cause.filter(|cause| !cause.path.is_empty()), ..response }
    }

    /// The same with the field that is responsible.
    pub(crate) fn with_cause(mut self, path: &str, problem: impl Display) -> Self {
        self.set_cause(path, problem);
        self
    }

    /// Names the field that is responsible for a rejection.
    pub(crate) fn set_cause(&mut self, path: &str, problem: impl Display) {
        if FOR_TOOLS {
            let (path, problem) = (path.to_owned(), problem.to_string());
            self.cause = Some(Cause { path, problem, wants_string: false });
        }
    }

    /// The request is rejected because it cannot be evaluated.
    pub fn error(reason: impl Display) -> Self {
        Response { error: true, ..Response::rejected(reason) }
    }

    /// The request is rejected because it cannot be read.
    pub fn unreadable(cause: &dyn Display) -> Self {
        Response::error(format_args!("the request cannot be read: {cause}"))
    }

    /// Whether the request passes.
    pub fn is_accepted(&self) -> bool {
        self.rejection.is_none()
    }

    /// Adds violations that warn, and those that only reach the audit log.
    pub(crate) fn tolerate(&mut self, tolerated: Vec<Violation>, in_all: NonDenying) {
        let warned = tolerated.iter().filter(|violation| violation.action == Action::Warn);
        self.warnings.extend(warned.map(warning));
        self.warnings.extend(Some(and_more(in_all.warned, "")).filter(|more| !more.is_empty()));
        self.tolerated.extend(tolerated);
        self.omitted += in_all.omitted();
    }

    /// Adds a warning, unless it is there already: templates of one object can share it. When there is no room left,
    /// warnings are counted.
    pub(crate) fn warn(&mut self, warning: String) {
        if self.warnings.contains(&warning) {
            return;
        }
        if self.warnings.len() < WARNINGS {
            self.warnings.push(warning);
        } else {
            self.unwarned += 1;
        }
    }

    /// Notes that a warning predicts the rejection of a workload's pods.
    pub(crate) fn predict(&mut self, warning: &str) {
        if FOR_TOOLS {
            self.predicted.push(warning.to_owned());
        }
    }

    /// Adds the results of one more template of the same object, without the verdict.
    pub(crate) fn absorb(&mut self, other: Response) {
        other.warnings.into_iter().for_each(|warning| self.warn(warning));
        self.unwarned += other.unwarned;
        self.predicted.extend(other.predicted);
        self.tolerated.extend(other.tolerated);
        self.omitted += other.omitted;
        self.audit_violations.extend(other.audit_violations);
        for name in other.exemptions {
            if !self.exemptions.contains(&name) {
                self.exemptions.push(name);
            }
        }
        self.policy = self.policy.take().or(other.policy);
        self.error |= other.error;
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
                // The object is most of the response: the rest is written around it.
                json = object;
                json.insert_str(0, "{\"accepted\":true,\"mutated_object\":");
            }
        }
        let _ = self.write_json(&mut json);
        json
    }

    /// The paths of the defaults that were set.
    fn mutated(&self) -> String {
        let mut row = Row::new(", ", ROOM);
        let reported = self.edits.get(..SPELT_OUT).unwrap_or(&self.edits);
        reported.iter().for_each(|edit| row.push(edit));
        row.end(self.edits.len() - reported.len())
    }

    /// Writes the fields after the verdict and the object.
    fn write_json(&self, json: &mut String) -> fmt::Result {
        if let Some(reason) = &self.rejection {
            json.push_str(",\"message\":");
            Quoted(&fit(reason)).write_to(json)?;
            json.push_str(",\"code\":403");
        }
        let annotations = [
            ("policy", self.policy.clone().unwrap_or_default()),
            ("mutated", self.mutated()),
            ("would-be-filled-in", self.defaults.clone()),
            ("violations", join(&self.tolerated, self.tolerated.len() + self.omitted)),
            ("exemptions", row(", ", &self.exemptions)),
            ("enforce-policy", self.enforced.map(Standard::resolved).unwrap_or_default()),
            ("audit-violations", row("; ", &self.audit_violations)),
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
        let mut room = ROOM - TAIL;
        let mut reported = 0;
        for warning in &self.warnings {
            let warning = fit(warning);
            let Some(left) = room.checked_sub(warning.len()) else { break };
            room = left;
            reported += 1;
            json.push_str(before);
            Quoted(&warning).write_to(json)?;
            before = ",";
        }
        let more = self.warnings.len() - reported + self.unwarned;
        if more > 0 {
            write!(json, "{before}\"and {more} more warnings\"")?;
            before = ",";
        }
        if before == "," {
            json.push(']');
        }
        json.push('}');
        Ok(())
    }
}

/// How many warnings are kept: each is compared with the others of the same object.
const WARNINGS: usize = 256;
/// How many characters of a warning a terminal shows well; Kubernetes asks webhooks not to send more.
const SHORT: usize = 120;
/// How many characters are left for the reason where the path alone is about as long.
const REASON: usize = 40;
/// API servers cut longer warnings.
const LONGEST: usize = 256;

/// A violation as a warning: place and reason, the value only where both leave room for it. The audit log has all of
/// it.
fn warning(violation: &Violation) -> String {
    let whole = violation.to_string();
    let most = SHORT.max(violation.path.chars().count() + REASON).min(LONGEST);
    if fits(&whole, most) {
        return whole;
    }
    let reason = reason(violation);
    let brief = if violation.path.is_empty() {
        reason.into_owned()
    } else {
        [&violation.path, ": ", &*reason].concat()
    };
    match brief.char_indices().nth(most - 1).and_then(|(end, _)| brief.get(..end)) {
        Some(start) if !fits(&brief, most) => [start, "…"].concat(),
        _ => brief,
    }
}

fn fits(text: &str, most: usize) -> bool {
    text.chars().nth(most).is_none()
}

/// The reason without the value.
fn reason(violation: &Violation) -> Cow<'_, str> {
    match violation.kind {
        ViolationKind::Invalid if !violation.detail.is_empty() => Cow::Borrowed(&violation.detail),
        _ => Cow::Owned(violation.problem()),
    }
}

/// A text in no more than the available room.
fn fit(text: &str) -> Cow<'_, str> {
    match text.get(..text.floor_char_boundary(ROOM - TAIL)) {
        Some(start) if text.len() > ROOM => [start, "…"].concat().into(),
        _ => text.into(),
    }
}

/// Texts in a row, in no more than the available room.
fn row(separator: &'static str, texts: &[String]) -> String {
    let mut row = Row::new(separator, ROOM);
    texts.iter().for_each(|text| row.push(text));
    row.end(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::edit::{Path, Step};
    use crate::rule::ViolationKind::{Invalid, Required};
    use kubewarden_policy_sdk::response::ValidationResponse;
    use rstest::rstest;
    use serde_json::{Value, json};

    /// The response as the SDK's type reads it, which must not lose anything.
    fn read(response: &Response) -> Value {
        let json: Value = serde_json::from_str(&response.clone().into_json()).unwrap();
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

    fn of_a_template(number: usize, texts: &[&str]) -> Response {
        let texts = || texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Response {
            warnings: texts(),
            predicted: texts(),
            unwarned: number,
            tolerated: vec![violation(Action::Audit, &format!("spec.{number}"))],
            omitted: number,
            audit_violations: texts(),
            exemptions: texts(),
            ..Response::default()
        }
    }

    #[test]
    fn the_results_of_templates_are_added_up() {
        let mut all = Response { rejection: Some("no".to_owned()), ..of_a_template(1, &["a", "b"]) };
        let policy = Some("second".to_owned());
        all.absorb(Response {
            rejection: Some("not taken over".to_owned()),
            error: true,
            policy,
            ..of_a_template(20, &["b", "c"])
        });
        all.absorb(Response { policy: Some("third".to_owned()), ..of_a_template(300, &[]) });
        let expected = Response {
            rejection: Some("no".to_owned()),
            error: true,
            policy: Some("second".to_owned()),
            predicted: vec!["a".to_owned(), "b".to_owned(), "b".to_owned(), "c".to_owned()],
            audit_violations: vec!["a".to_owned(), "b".to_owned(), "b".to_owned(), "c".to_owned()],
            tolerated: ["spec.1", "spec.20", "spec.300"].map(|path| violation(Action::Audit, path)).into(),
            ..of_a_template(321, &["a", "b", "c"])
        };
        assert_eq!(all, expected);
    }

    fn violation(action: Action, path: &str) -> Violation {
        Violation {
            rule: "privileged",
            action,
            path: path.to_owned(),
            kind: Invalid,
            value: "true".to_owned(),
            detail: String::new(),
            wanted: Vec::new(),
        }
    }

    /// A response with only the verdict.
    fn sdk(accepted: bool) -> ValidationResponse {
        serde_json::from_value(json!({ "accepted": accepted })).unwrap()
    }

    #[test]
    fn an_accepted_request_is_reported_in_one_word() {
        assert_eq!(Response::accepted().into_json(), r#"{"accepted":true}"#);
        assert_eq!(read(&Response::accepted()), value(&sdk(true)));
    }

    #[rstest]
    #[case::plain("no")]
    #[case::quotes_and_line_feeds("a \"b\"\n\\ \u{1} é😀")]
    #[case::empty("")]
    fn a_rejected_one_says_why(#[case] reason: &str) {
        let expected = ValidationResponse { message: Some(reason.to_owned()), code: Some(403), ..sdk(false) };
        assert_eq!(read(&Response::rejected(reason)), value(&expected));
    }

    #[test]
    fn all_there_is_to_say_is_said() {
        let edit = |key, value: &str| Edit {
            path: Path::through(&[Step::Key("spec")], Step::Key(key), &[]),
            value: value.to_owned(),
        };
        let mut response = Response {
            mutated_object: Some(r#"{"spec": {"a": 1.50, "b": "\u00e9"}}"#.to_owned()),
            policy: Some("base\"line".to_owned()),
            edits: vec![edit("a", "1"), edit("b", "2")],
            warnings: vec!["first".to_owned()],
            enforced: Some("baseline:v1.31".parse().unwrap()),
            audit_violations: vec!["one".to_owned(), "two".to_owned()],
            exemptions: vec!["e".to_owned(), "f (expired on 2027-01-31)".to_owned()],
            ..Response::accepted()
        };
        let in_all = NonDenying { warned: 1, audited: 1 };
        response
            .tolerate(vec![violation(Action::Warn, "spec.x"), violation(Action::Audit, "spec.y")], in_all);
        let annotations = json!({"policy": "base\"line", "mutated": "spec.a, spec.b",
            "violations": "spec.x: Invalid value: true; spec.y: Invalid value: true",
            "exemptions": "e, f (expired on 2027-01-31)", "enforce-policy": "baseline:v1.31",
            "audit-violations": "one; two"});
        let expected = ValidationResponse {
            mutated_object: Some(json!({"spec": {"a": 1.5, "b": "é"}})),
            audit_annotations: Some(serde_json::from_value(annotations).unwrap()),
            warnings: Some(vec!["first".to_owned(), "spec.x: Invalid value: true".to_owned()]),
            ..sdk(true)
        };
        assert_eq!(read(&response), value(&expected));
        assert!(
            response.into_json().contains(r#""mutated_object":{"spec": {"a": 1.50, "b": "\u00e9"}},"#),
            "to the byte"
        );
    }

    fn warned(path: &str, kind: ViolationKind, value: &str, detail: &str) -> String {
        let mut response = Response::accepted();
        let (value, detail) = (value.to_owned(), detail.to_owned());
        let violation = Violation { kind, value, detail, ..violation(Action::Warn, path) };
        response.tolerate(vec![violation], NonDenying { warned: 1, audited: 0 });
        response.warnings.concat()
    }

    #[rstest]
    #[case::short("spec.x", Invalid, "1", "no", "spec.x: Invalid value: 1: no")]
    #[case::without_the_value(
        "spec.x",
        Invalid,
        &format!("\"{}: \\\"\"", "a".repeat(100)),
        "must be short",
        "spec.x: must be short"
    )]
    #[case::without_a_value(
        "spec.x",
        Required,
        "",
        &"a".repeat(120),
        &format!("spec.x: Required value: {}…", "a".repeat(95))
    )]
    #[case::without_a_reason(
        "spec.x",
        Invalid,
        &"a".repeat(120),
        "",
        &format!("spec.x: Invalid value: {}…", "a".repeat(96))
    )]
    #[case::a_long_reason("spec.x", Invalid, "true", &"a".repeat(120), &format!("spec.x: {}…", "a".repeat(111)))]
    #[case::a_long_path(
        &"p".repeat(110),
        Invalid,
        "{}",
        &"a".repeat(50),
        &format!("{}: {}…", "p".repeat(110), "a".repeat(37))
    )]
    #[case::a_path_that_is_all_too_long(&"é".repeat(1_000), Invalid, "1", "no", &format!("{}…", "é".repeat(255)))]
    #[case::what_fits_is_whole("spec.x", Invalid, "1", &"a".repeat(112), &format!("spec.x: {}", "a".repeat(112)))]
    #[case::no_path("", Invalid, "1", &"a".repeat(121), &format!("{}…", "a".repeat(119)))]
    fn a_warning_is_short(
        #[case] path: &str,
        #[case] kind: ViolationKind,
        #[case] value: &str,
        #[case] detail: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(warned(path, kind, value, detail), expected);
    }

    #[test]
    fn templates_share_warnings_and_too_many_are_counted() {
        let of_template = |nth: usize| Response {
            warnings: vec!["shared".to_owned(), format!("own {nth}")],
            ..Response::accepted()
        };
        let mut response = Response::accepted();
        (0..1_000).for_each(|nth| response.absorb(of_template(nth)));
        assert_eq!((response.warnings.len(), response.unwarned), (256, 1_001 - 256));
        let reported = read(&response)["warnings"].as_array().unwrap().clone();
        assert_eq!((reported.len(), &reported[256]), (257, &json!("and 745 more warnings")));
    }

    #[test]
    fn nothing_takes_more_room_than_there_is() {
        let long = |count| vec!["x".repeat(10_000); count];
        let response = Response {
            rejection: Some("é".repeat(50_000)),
            warnings: long(8),
            audit_violations: long(8),
            exemptions: long(8),
            tolerated: vec![violation(Action::Audit, &"p".repeat(10_000)); 8],
            ..Response::accepted()
        };
        let response = read(&response);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        assert_eq!(text(&response["message"]), format!("{}…", "é".repeat((65_536 - 64) / 2)));
        for (key, separator) in [("audit-violations", "; "), ("exemptions", ", "), ("violations", "; ")] {
            let value = text(&response["audit_annotations"][key]);
            assert!(value.len() < 65_536 && value.ends_with(&format!("{separator}and 2 more")), "{key}");
        }
        let warnings = response["warnings"].as_array().unwrap();
        assert_eq!((warnings.len(), &warnings[6]), (7, &json!("and 2 more warnings")));
    }

    #[test]
    fn a_text_that_fills_the_room_is_whole() {
        let reason = "x".repeat(ROOM);
        assert_eq!(
            (fit(&reason), fit(&[&reason, "x"].concat()).len()),
            (Cow::Borrowed(&*reason), ROOM - TAIL + "…".len())
        );
    }

    #[rstest]
    #[case::fit(10, "yyyyyyyyyy")]
    #[case::do_not_fit(11, "and 1 more warnings")]
    fn warnings_fill_the_room(#[case] last: usize, #[case] expected: &str) {
        let warnings = vec!["x".repeat(ROOM - TAIL - 10), "y".repeat(last)];
        let response = read(&Response { warnings, ..Response::accepted() });
        assert_eq!(response["warnings"][1], expected);
    }

    #[test]
    fn what_is_too_much_to_be_reported_is_counted() {
        let edit = Edit { path: Path::of(&[Step::Key("spec")]), value: "1".to_owned() };
        let mut response = Response { edits: vec![edit; 35], ..Response::accepted() };
        response.tolerate(
            vec![violation(Action::Warn, "spec.x"), violation(Action::Audit, "spec.y")],
            NonDenying { warned: 40, audited: 33 },
        );
        let annotations = &read(&response)["audit_annotations"];
        assert_eq!(annotations["mutated"], format!("{}and 3 more", "spec, ".repeat(32)));
        assert_eq!(
            annotations["violations"],
            "spec.x: Invalid value: true; spec.y: Invalid value: true; and 9 more"
        );
        assert_eq!(response.warnings, ["spec.x: Invalid value: true", "and 8 more"]);
    }
}
