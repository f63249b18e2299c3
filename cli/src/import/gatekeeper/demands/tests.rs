use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::import::gatekeeper::read;
use crate::import::testing::{Effect, effect, spec};
use crate::import::{Findings, Piece, Surroundings};
use crate::input::Object;

fn found(case: &Case) -> Findings {
    let object =
        Object::of_value(&json!({"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": case.kind,
        "metadata": {"name": "c"}, "spec": {"parameters": case.parameters}}));
    let findings = read(&[object], &Surroundings::default());
    assert_eq!(findings.refused.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    findings
}

#[derive(Deserialize)]
struct Family {
    pods: BTreeMap<String, Map<String, Value>>,
    constraints: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    kind: String,
    #[serde(default)]
    parameters: Value,
    rejects: Option<Vec<String>>,
    admits: Option<Vec<String>>,
    #[serde(default)]
    differs: Vec<String>,
}

impl Case {
    /// The pods that the constraint admits.
    fn admitted<'f>(&self, family: &'f Family) -> Vec<&'f String> {
        let (list, listed_is_admitted) = match (&self.admits, &self.rejects) {
            (Some(admits), None) => (admits, true),
            (None, Some(rejects)) => (rejects, false),
            _ => panic!("{} must say what it admits or what it rejects", self.kind),
        };
        let unknown: Vec<&String> =
            list.iter().chain(&self.differs).filter(|name| !family.pods.contains_key(*name)).collect();
        assert_eq!(unknown, [""; 0], "{} names pods of another family", self.kind);
        family.pods.keys().filter(|name| list.contains(name) == listed_is_admitted).collect()
    }
}

#[test]
fn constraints_reject_what_their_documentation_says() {
    let families: BTreeMap<String, Family> = serde_saphyr::from_str(include_str!("../corpus.yaml")).unwrap();
    let (mut constraints, mut pods) = (0, 0);
    for (name, family) in &families {
        pods += family.pods.len();
        for case in &family.constraints {
            constraints += 1;
            let title = format!("{name}: {} {}", case.kind, case.parameters);
            let findings = found(case);
            let admitted = case.admitted(family);
            if findings.pieces.is_empty() {
                assert_eq!(findings.left_alone.len(), 1, "{title}");
                assert_eq!(admitted.len(), family.pods.len(), "{title} is left alone");
                continue;
            }
            let differs = |(name, short): (&String, &Map<String, Value>)| {
                let is_admitted = effect(&findings.pieces, &spec(short)) == Effect::Admitted;
                (is_admitted != admitted.contains(&name)).then(|| name.clone())
            };
            let mut expected = case.differs.clone();
            expected.sort();
            assert_eq!(family.pods.iter().filter_map(differs).collect::<Vec<_>>(), expected, "{title}");
            let notes = |piece: &Piece| !piece.inexact.is_empty() || !piece.repaired.is_empty();
            assert!(
                findings.pieces.iter().any(notes) || expected.is_empty(),
                "{title} differs, which no line says"
            );
        }
    }
    assert!(constraints >= 40 && pods >= 200, "{constraints} constraints, {pods} pods");
}
