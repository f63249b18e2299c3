//! The settings as the form that Rancher shows.

use anyhow::Result;
use pod_security_policy::schema::Shape;
use pod_security_policy::settings::OPTIONS;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::source::read;
use crate::tables::{annotations, fields, is_required, meaning};

/// One question of Rancher's form.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    variable: String,
    label: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(rename = "type")]
    kind: Kind,
    description: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hide_input: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    required: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    show_if: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    options: Vec<String>,
    default: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subquestions: Vec<Question>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sequence_questions: Vec<Question>,
}

/// The widgets that Rancher has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "boolean")]
    Flag,
    #[serde(rename = "int")]
    Integer,
    #[serde(rename = "string")]
    Text,
    #[serde(rename = "enum")]
    Enum,
    #[serde(rename = "array[")]
    Texts,
    #[serde(rename = "sequence[")]
    Objects,
    #[serde(rename = "map[")]
    Map,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    questions: Vec<Question>,
}

const HEAD: &str = "\
# The form that Rancher shows for the settings of one policy; several are written as YAML.
# Generated: `make docs`
";

pub(crate) fn text() -> Result<String> {
    Ok(format!("{HEAD}{}", serde_saphyr::to_string(&form()?)?))
}

/// The initial values of the form: the example's policy, and the options' own defaults.
fn defaults() -> Result<Value> {
    let mut defaults: Map<String, Value> = serde_saphyr::from_str(&read("examples/baseline.yaml")?)?;
    let own = json!({"authorization": "None", "mutate": true, "workloads": "Deny", "persistentVolumes": "Ignore", "resourceClaims": "Ignore"});
    defaults.extend(own.as_object().cloned().unwrap_or_default());
    Ok(defaults.into())
}

fn form() -> Result<Form> {
    let defaults = defaults()?;
    let mut questions = Vec::new();
    for (entry, shape) in fields() {
        let mut question = question(entry.id, "", shape, &meaning(entry), &defaults, "Policy");
        question.required = is_required(entry);
        questions.push(question);
    }
    let names: Vec<_> = annotations().map(|(_, name)| name).collect();
    let description = format!("The profiles of seccomp and AppArmor: {}.", names.join(", "));
    questions.push(question("annotations", "", Shape::Map(&Shape::Text), &description, &defaults, "Policy"));
    for option in OPTIONS {
        questions.push(question(option.name, "", option.shape, option.doc, &defaults, "Options"));
    }
    Ok(Form { questions })
}

fn question(name: &str, within: &str, shape: Shape, doc: &str, defaults: &Value, group: &str) -> Question {
    let variable = if within.is_empty() { name.to_owned() } else { format!("{within}.{name}") };
    let mut question = Question {
        label: label(name),
        group: group.to_owned(),
        kind: Kind::Text,
        description: doc.to_owned(),
        hide_input: false,
        required: false,
        show_if: String::new(),
        options: Vec::new(),
        default: Value::Null,
        subquestions: Vec::new(),
        sequence_questions: Vec::new(),
        variable,
    };
    let own = defaults.get(name);
    // A form has one kind of input for a field: the simpler value.
    let shape = if let Shape::Either(simple, _) = shape { *simple } else { shape };
    let (kind, default) = match shape {
        Shape::Flag => (Kind::Flag, json!(false)),
        Shape::Integer => (Kind::Integer, json!(0)),
        Shape::Text | Shape::Any | Shape::Either(..) => (Kind::Text, json!("")),
        Shape::OneOf(known) => {
            question.options = known.iter().map(|&known| known.to_owned()).collect();
            (Kind::Enum, json!(""))
        }
        Shape::List(Shape::Object(parts)) => {
            question.hide_input = true;
            question.sequence_questions = parts
                .iter()
                .map(|part| self::question(part.name, "", part.shape, part.doc, &Value::Null, group))
                .collect();
            (Kind::Objects, json!([]))
        }
        Shape::List(_) => (Kind::Texts, json!([])),
        Shape::Object(parts) => {
            question.hide_input = true;
            let inner = own.unwrap_or(&Value::Null);
            question.subquestions = parts
                .iter()
                .map(|part| self::question(part.name, &question.variable, part.shape, part.doc, inner, group))
                .collect();
            for part in &mut question.subquestions {
                part.show_if = shown_if(&question.variable, &part.variable);
            }
            (Kind::Map, json!({}))
        }
        Shape::Map(_) => (Kind::Map, json!({})),
    };
    question.kind = kind;
    question.default = own.cloned().unwrap_or(default);
    question
}

/// Ranges and options matter to some strategies only.
fn shown_if(object: &str, part: &str) -> String {
    match part.rsplit('.').next() {
        Some("ranges") => format!("{object}.rule=MustRunAs||{object}.rule=MayRunAs"),
        Some("seLinuxOptions") => format!("{object}.rule=MustRunAs"),
        _ => String::new(),
    }
}

/// `runAsUser` as `Run as user`, `hostPID` as `Host PID`
fn label(name: &str) -> String {
    match name {
        "fsGroup" => return "File system group".to_owned(),
        "seLinux" => return "SELinux".to_owned(),
        "seLinuxOptions" => return "SELinux options".to_owned(),
        _ => {}
    }
    let characters: Vec<char> = name.chars().collect();
    let mut label = String::new();
    for (at, &character) in characters.iter().enumerate() {
        let upper = |at: usize| characters.get(at).is_none_or(char::is_ascii_uppercase);
        let starts = at > 0
            && character.is_ascii_uppercase()
            && (!upper(at - 1) || characters.get(at + 1).is_some_and(char::is_ascii_lowercase));
        if starts {
            label.push(' ');
        }
        let acronym =
            upper(at + 1) && character.is_ascii_uppercase() || at > 0 && upper(at - 1) && upper(at + 1);
        match at {
            0 => label.push(character.to_ascii_uppercase()),
            _ if acronym => label.push(character),
            _ => label.push(character.to_ascii_lowercase()),
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pod_security_policy::settings::Settings;

    use super::*;

    #[test]
    fn labels_are_words() {
        let labels =
            ["privileged", "runAsUser", "hostPID", "allowedCSIDrivers", "readOnlyRootFilesystem"].map(label);

        assert_eq!(
            labels,
            ["Privileged", "Run as user", "Host PID", "Allowed CSI drivers", "Read only root filesystem"]
        );
    }

    fn written() -> Form {
        serde_saphyr::from_str(&text().unwrap()).unwrap()
    }

    fn visit<'q>(questions: &'q [Question], seen: &mut impl FnMut(&'q Question)) {
        for question in questions {
            seen(question);
            visit(&question.subquestions, seen);
            visit(&question.sequence_questions, seen);
        }
    }

    #[test]
    fn every_question_is_one_that_rancher_understands_and_explains_itself() {
        let form = written();
        visit(&form.questions, &mut |question| {
            let name = &question.variable;
            assert!(!question.label.is_empty() && !question.description.is_empty(), "{name}");
            assert_eq!(question.kind == Kind::Enum, !question.options.is_empty(), "{name}");
            assert_eq!(question.kind == Kind::Objects, !question.sequence_questions.is_empty(), "{name}");
            let fits = match question.kind {
                Kind::Flag => question.default.is_boolean(),
                Kind::Integer => question.default.is_i64(),
                Kind::Text | Kind::Enum => question.default.is_string(),
                Kind::Texts | Kind::Objects => question.default.is_array(),
                Kind::Map => question.default.is_object(),
            };
            assert!(fits, "{name}: the default is of another type");
        });
    }

    #[test]
    fn every_setting_is_asked_for_once() {
        let form = written();
        let asked: Vec<_> = form.questions.iter().map(|question| question.variable.as_str()).collect();
        let distinct: BTreeSet<_> = asked.iter().copied().collect();
        let mut expected: BTreeSet<_> = fields().map(|(entry, _)| entry.id).collect();
        expected.extend(OPTIONS.iter().map(|option| option.name));
        expected.insert("annotations");

        assert_eq!((asked.len(), distinct), (expected.len(), expected));
    }

    #[test]
    fn settings_that_the_form_starts_with_are_valid() {
        let empty = [json!({}), json!([]), json!("")];
        let given: Map<_, _> = written()
            .questions
            .into_iter()
            .filter(|question| !empty.contains(&question.default))
            .map(|question| (question.variable, question.default))
            .collect();

        if let Err(problems) = Settings::parse(&Value::from(given).to_string()) {
            panic!("{problems}");
        }
    }
}
