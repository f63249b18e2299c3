use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::check::{Checked, check};
use crate::import::bundle::bundles;
use crate::judge::{Requester, Verdict};
use crate::policies::{Modules, of_objects};
use crate::rbac::Authority;
use crate::report::Summary;

fn objects(text: &str) -> Vec<Object> {
    let mut objects = Vec::new();
    let text = crate::input::Text::new("test", text.to_owned());
    let _ = text.read(&crate::input::Unwatched, &mut |object| {
        objects.push(object);
        Ok(())
    });
    objects
}

fn registrations(findings: &Findings) -> Vec<Value> {
    let (bundles, refused) = bundles(&findings.pieces);
    assert_eq!(refused.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    bundles.iter().enumerate().map(|(nth, bundle)| {
        let mut settings = bundle.settings();
        settings.insert("mutate".to_owned(), bundle.writes.into());
        json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": format!("p{nth}")},
        "spec": {"module": "registry://x/pod-security-policy", "mutating": bundle.writes, "settings": settings,
            "namespaceSelector": {"matchExpressions": bundle.reach.namespaces},
            "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["CREATE"]}]}})
    }).collect()
}

fn verdict(registrations: &[Value], pod: &Object) -> Verdict {
    let registrations: Vec<Object> = registrations.iter().map(Object::of_value).collect();
    let policies = of_objects(&registrations, &[], &Modules::default(), Authority::Everybody).unwrap();
    let requester = Requester::new(String::new(), Vec::new(), "default".to_owned());
    match check(pod, &policies, &requester, &mut Summary::default()) {
        Checked::Judged(judged) => judged.verdict,
        other => panic!("{other:?}"),
    }
}

#[test]
fn measure() {
    let Ok(list) = fs::read_to_string("/tmp/kyvm/list") else { return };
    let mut out = String::new();
    for line in list.lines() {
        let found = objects(&fs::read_to_string(line).unwrap());
        let found: Vec<Object> = found.into_iter().filter(recognizes).collect();
        if found.is_empty() {
            out += &format!("NONE {line}\n");
            continue;
        }
        let findings = read(&found, &Surroundings::default());
        for piece in &findings.pieces {
            out += &format!(
                "CONVERTED {line} {} {:?} {} {} {:?}\n",
                piece.title,
                piece.action,
                Value::Object(piece.spec.clone()),
                Value::Object(piece.annotations.clone()),
                piece.standards
            );
            for row in &piece.inexact {
                out +=
                    &format!("   ROW {}: was {}, is {}, because {}\n", row.key, row.was, row.is, row.because);
            }
        }
        for (title, reason) in &findings.left_alone {
            out += &format!("LEFT {line} {title}: {reason}\n");
        }
        for error in &findings.refused {
            out += &format!("REFUSED {line} {error}\n");
        }
        let (_, refused) = bundles(&findings.pieces);
        for error in refused {
            out += &format!("BUNDLE {line} {error}\n");
        }
    }
    fs::write("/tmp/kyvm/out", out).unwrap();
}
