//! The texts to damage: the recorded cases, and a few texts for kinds that they lack.

use std::path::Path;

use anyhow::Result;
use conformance::case::{Answered, Case, Outcome};
use conformance::{files, ours};
use serde_json::json;

fn cases() -> Result<Vec<Case>> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/golden");
    let mut cases = Vec::new();
    for name in ["golden", "generated"] {
        for answered in files::read::<Answered<Case, Outcome>>(&golden.join(format!("{name}.jsonl.gz")))? {
            cases.push(answered?.case);
        }
    }
    Ok(cases)
}

/// Settings.
pub(crate) fn settings() -> Result<Vec<String>> {
    Ok(cases()?.iter().map(|case| ours::settings(case).to_string()).collect())
}

/// The payloads of the policy server.
pub(crate) fn payloads() -> Result<Vec<String>> {
    let judged = cases()?.into_iter().filter(|case| !case.validate_policies);
    let payload = |case: Case| {
        let kinds =
            [("", "Pod"), ("", "Pod"), ("apps", "Deployment"), ("batch", "CronJob"), ("", "PodTemplate")];
        let (group, kind) = kinds.get(case.name.len() % kinds.len()).copied().unwrap_or_default();
        let mut request = ours::request(&case);
        let template = json!({"metadata": case.pod.get("metadata"), "spec": case.pod.get("spec")});
        let object = match kind {
            "Deployment" => json!({"spec": {"template": template}}),
            "CronJob" => json!({"spec": {"jobTemplate": {"spec": {"template": template}}}}),
            "PodTemplate" => json!({"template": template}),
            _ => case.pod.clone(),
        };
        if let Some(members) = request.as_object_mut() {
            members.insert("object".to_owned(), object);
            members.insert("kind".to_owned(), json!({"group": group, "version": "v1", "kind": kind}));
        }
        json!({"request": request, "settings": ours::settings(&case)}).to_string()
    };
    Ok(judged.map(payload).collect())
}

/// Pods.
pub(crate) fn pods() -> Result<Vec<String>> {
    Ok(cases()?.into_iter().filter(|case| !case.pod.is_null()).map(|case| case.pod.to_string()).collect())
}

/// Names and patterns of sysctls.
pub(crate) fn sysctls() -> Result<Vec<String>> {
    let names = [
        "*",
        "kernel.*",
        "net.ipv4.tcp*",
        "a-b_c.d",
        "kernel/msgmax",
        "net/ipv4/conf/eth0.1/mtu",
        "a..b",
        "",
    ];
    Ok(names.map(str::to_owned).to_vec())
}

/// Paths of templates.
pub(crate) fn paths() -> Result<Vec<String>> {
    let paths =
        ["spec.template", "spec.jobs[*].template", "a.b.c", "[*]", "a[*][*].b", "", ".", "spec.template."];
    Ok(paths.map(str::to_owned).to_vec())
}

/// Paths of the host.
pub(crate) fn host_paths() -> Result<Vec<String>> {
    let paths = ["/", "/var/log", "/foo/../etc", "/foo//bar/.", "foo", "", "/foo/..bar"];
    Ok(paths.map(str::to_owned).to_vec())
}
