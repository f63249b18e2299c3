//! A remedy works: the changed manifest is admitted, and most rejections have one.

use conformance::case::Case;
use conformance::{generate, ours};
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::input::Object;
use crate::judge::Requester;
use crate::judge::judge as judged_by;
use crate::policies::{Judge, Registration, WebhookMatch, parse};
use crate::rbac::Authority;

fn policies(case: &Case) -> Option<Policies> {
    let mut settings = ours::settings(case);
    settings["authorization"] = "None".into();
    let judge = Judge::Settings(parse(settings.to_string()).ok()?);
    let registration = Registration {
        name: "p".to_owned(),
        matches: WebhookMatch::everything(),
        judge,
        document: String::new(),
    };
    Some(Policies::of(vec![registration], Authority::Everybody))
}

/// The pod of a case, if it is readable.
fn manifest(case: &Case) -> Option<Object> {
    let mut pod = case.pod.clone();
    let members = pod.as_object_mut()?;
    members.insert("kind".to_owned(), "Pod".into());
    members.insert("apiVersion".to_owned(), "v1".into());
    let object = Object::of_value(&pod);
    judge::pods(&object, &object.json).is_ok().then_some(object)
}

/// The remedy found.
fn found_in(named: Option<(String, Search)>) -> crate::remedy::Change {
    match named {
        Some((_, Search::Found(remedy))) => remedy,
        other => panic!("no remedy: {other:?}"),
    }
}

/// Whether policies reject a pod; the remedy must be admitted, and a missing one must be explained.
fn remedied(policies: &Policies, object: &Object, name: &str, stuck: &mut Vec<String>) -> bool {
    let requester = Requester::default();
    if judged_by(policies, object, &requester).verdict != Verdict::Rejected {
        return false;
    }
    let registration = &policies.registrations[0];
    let mut text = Prose::new(Look::default());
    let (_, found) = text.registration(registration, object, &requester, policies).unwrap();
    match found {
        Some((policy, Search::Found(remedy))) => {
            let judged = judged_by(policies, &Object::of_value(&remedy.object), &requester);
            let steps = remedy.steps;
            assert_ne!(judged.verdict, Verdict::Rejected, "{name}: {policy}: {steps:?}\n{judged:#?}");
        }
        // No field can refer to a profile with an empty name, which is all that the policy allows.
        Some((_, Search::Stuck(objection)))
            if objection.problem.ends_with("Allowed values: \"localhost/\"") => {}
        Some((policy, Search::Stuck(objection))) => stuck.push(format!("{name}: {policy}: {objection:?}")),
        None => stuck.push(format!("{name}: nothing was searched for")),
    }
    true
}

#[test]
fn every_rejection_has_a_remedy() {
    let (mut rejected, mut stuck) = (0, Vec::new());
    for case in (0..1500).map(|index| generate::case(20, index)) {
        let (Some(policies), Some(object)) = (policies(&case), manifest(&case)) else { continue };
        rejected += usize::from(remedied(&policies, &object, &case.name, &mut stuck));
    }
    assert!(rejected > 200, "{rejected} rejections");
    assert!(
        stuck.is_empty(),
        "{} of {rejected} rejections have no remedy:\n{}",
        stuck.len(),
        stuck.join("\n")
    );
}

#[test]
fn every_violation_of_a_standard_has_a_remedy() {
    let (mut rejected, mut stuck) = (0, Vec::new());
    for level in ["baseline", "restricted", "restricted:v1.24"] {
        let judge = Judge::Standard(level.parse().unwrap());
        let registrations = vec![Registration {
            name: level.to_owned(),
            matches: WebhookMatch::everything(),
            judge,
            document: String::new(),
        }];
        let policies = Policies::of(registrations, Authority::Everybody);
        for case in (0..400).map(|index| generate::case(21, index)) {
            let Some(object) = manifest(&case) else { continue };
            rejected +=
                usize::from(remedied(&policies, &object, &format!("{} {level}", case.name), &mut stuck));
        }
    }
    assert!(rejected > 500, "{rejected} rejections");
    assert!(
        stuck.is_empty(),
        "{} of {rejected} rejections have no remedy:\n{}",
        stuck.len(),
        stuck.join("\n")
    );
}

#[test]
fn a_remedy_is_small() {
    let settings = json!({"volumes": ["emptyDir", "projected"], "allowPrivilegeEscalation": false,
        "runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 2000}]}, "seLinux": {"rule": "RunAsAny"},
        "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"}});
    let judge = Judge::Settings(parse(settings.to_string()).unwrap());
    let registrations = vec![Registration {
        name: "p".to_owned(),
        matches: WebhookMatch::everything(),
        judge,
        document: String::new(),
    }];
    let policies = Policies::of(registrations, Authority::Everybody);
    let object =
        Object::of_value(&json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}, "spec": {
        "securityContext": {"runAsUser": 0},
        "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
        "containers": [{"name": "c", "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            "securityContext": {"capabilities": {"add": ["CHOWN"]}, "allowPrivilegeEscalation": true}}]}}));
    let mut text = Prose::new(Look::default());
    let found =
        text.registration(&policies.registrations[0], &object, &Requester::default(), &policies).unwrap();
    let remedy = found_in(found.1);
    assert_eq!(
        remedy.steps,
        [
            "remove spec.volumes[0] and what mounts it",
            "remove spec.securityContext.runAsUser",
            "remove CHOWN from spec.containers[0].securityContext.capabilities.add",
            "remove spec.containers[0].securityContext.allowPrivilegeEscalation",
        ]
    );
    assert_eq!(remedy.object["spec"], json!({"containers": [{"name": "c"}]}));
}

/// Paths refer to the manifest as written, with all of its elements.
#[test]
fn a_remedy_names_places_of_the_manifest_as_it_is() {
    let any = json!({"rule": "RunAsAny"});
    let settings = json!({"volumes": ["emptyDir", "projected"], "runAsUser": any, "seLinux": any,
        "supplementalGroups": any, "fsGroup": any});
    let judge = Judge::Settings(parse(settings.to_string()).unwrap());
    let registrations = vec![Registration {
        name: "p".to_owned(),
        matches: WebhookMatch::everything(),
        judge,
        document: String::new(),
    }];
    let policies = Policies::of(registrations, Authority::Everybody);
    let host = |name: &str| json!({"name": name, "hostPath": {"path": "/"}});
    let mount = |name: &str| json!({"name": name, "mountPath": "/v"});
    let object = Object::of_value(
        &json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}, "spec": {
        "volumes": [host("a"), {"name": "b", "emptyDir": {}}, host("c"), host("d")],
        "containers": [
            {"name": "c", "volumeMounts": [mount("a"), mount("b")], "ports": [{"containerPort": 1, "hostPort": 1}, {"containerPort": 2}, {"containerPort": 3, "hostPort": 3}]},
            {"name": "d", "volumeMounts": [mount("b"), mount("d")], "securityContext": {"privileged": true}}]}}),
    );
    let mut text = Prose::new(Look::default());
    let found =
        text.registration(&policies.registrations[0], &object, &Requester::default(), &policies).unwrap();
    let remedy = found_in(found.1);
    assert_eq!(
        remedy.steps,
        [
            "remove spec.volumes[0] and what mounts it",
            "remove spec.volumes[2] and what mounts it",
            "remove spec.volumes[3] and what mounts it",
            "remove spec.containers[0].ports[0].hostPort",
            "remove spec.containers[0].ports[2].hostPort",
            "remove spec.containers[1].securityContext.privileged",
        ]
    );
}

/// With several ports and volumes, removing one alone changes nothing; containers are never removed.
#[test]
fn a_remedy_for_a_level_leaves_containers_alone() {
    let standard = "restricted".parse().unwrap();
    let judge = Judge::Standard(standard);
    let registrations = vec![Registration {
        name: "restricted".to_owned(),
        matches: WebhookMatch::everything(),
        judge,
        document: String::new(),
    }];
    let policies = Policies::of(registrations, Authority::Everybody);
    let pod = json!({"hostNetwork": true, "hostPID": true,
        "volumes": [{"name": "a", "hostPath": {"path": "/"}}, {"name": "b", "emptyDir": {}}, {"name": "c", "hostPath": {"path": "/"}}],
        "containers": [
            {"name": "c", "ports": [{"containerPort": 1, "hostPort": 1}, {"containerPort": 3, "hostPort": 3}]},
            {"name": "d", "securityContext": {"privileged": true}}]});
    let object =
        Object::of_value(&json!({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "a"},
        "spec": {"template": {"spec": pod}}}));
    let mut text = Prose::new(Look::default());
    let found =
        text.registration(&policies.registrations[0], &object, &Requester::default(), &policies).unwrap();
    let remedy = found_in(found.1);
    let drop = r#"securityContext.capabilities.drop: ["ALL"]"#;
    assert_eq!(
        remedy.steps,
        [
            "remove spec.template.spec.hostNetwork".to_owned(),
            "remove spec.template.spec.hostPID".to_owned(),
            "remove spec.template.spec.containers[0].ports[0].hostPort".to_owned(),
            "remove spec.template.spec.containers[0].ports[1].hostPort".to_owned(),
            "remove spec.template.spec.containers[1].securityContext.privileged".to_owned(),
            "set spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation: false".to_owned(),
            "set spec.template.spec.containers[1].securityContext.allowPrivilegeEscalation: false".to_owned(),
            format!("set spec.template.spec.containers[0].{drop}"),
            format!("set spec.template.spec.containers[1].{drop}"),
            "remove spec.template.spec.volumes[0] and what mounts it".to_owned(),
            "remove spec.template.spec.volumes[2] and what mounts it".to_owned(),
            "set spec.template.spec.securityContext.runAsNonRoot: true".to_owned(),
            r#"set spec.template.spec.securityContext.seccompProfile: {"type":"RuntimeDefault"}"#.to_owned(),
        ]
    );
}

/// A level evaluates the pods after defaulting by policies, not the template as written.
#[test]
fn a_level_explains_the_pods_to_come() {
    let any = json!({"rule": "RunAsAny"});
    let settings = json!({"volumes": ["*"], "allowPrivilegeEscalation": false, "requiredDropCapabilities": ["ALL"],
        "runAsUser": {"rule": "MustRunAsNonRoot"}, "seLinux": any, "supplementalGroups": any, "fsGroup": any,
        "annotations": {"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "runtime/default",
            "seccomp.security.alpha.kubernetes.io/defaultProfileName": "runtime/default"}});
    let registration = |name: &str, judge| Registration {
        name: name.to_owned(),
        matches: WebhookMatch::everything(),
        judge,
        document: String::new(),
    };
    let registrations = vec![
        registration("p", Judge::Settings(parse(settings.to_string()).unwrap())),
        registration("restricted", Judge::Standard("restricted".parse().unwrap())),
    ];
    let policies = Policies::of(registrations, Authority::Everybody);
    let pod = json!({"containers": [{"name": "c"}]});
    for object in [
        json!({"kind": "Pod", "apiVersion": "v1", "spec": pod}),
        json!({"kind": "Deployment", "apiVersion": "apps/v1", "spec": {"template": {"spec": pod}}}),
    ] {
        let object = Object::of_value(&object);
        let mut text = Prose::new(Look::default());
        let level = &policies.registrations[1];
        let (rules, remedy) = text.registration(level, &object, &Requester::default(), &policies).unwrap();
        assert!(rules.is_empty() && remedy.is_none(), "{rules:?}");
        assert!(text.text.contains("  admits it"), "{}", text.text);
    }
}

/// An allow list without a default rejects every pod that sets no profile: one line is missing.
#[rstest]
#[case::of_the_runtime("docker/default,runtime/default", r#"{"type":"RuntimeDefault"}"#)]
#[case::of_a_file("localhost/audit.json", r#"{"localhostProfile":"audit.json","type":"Localhost"}"#)]
#[case::the_one_that_confines("unconfined,runtime/default", r#"{"type":"RuntimeDefault"}"#)]
fn the_missing_profile_is_one_line(#[case] allowed: &str, #[case] profile: &str) {
    let any = json!({"rule": "RunAsAny"});
    let settings = json!({"volumes": ["projected"], "runAsUser": any, "seLinux": any, "supplementalGroups": any,
        "fsGroup": any, "annotations": {"seccomp.security.alpha.kubernetes.io/allowedProfileNames": allowed}});
    let judge = Judge::Settings(parse(settings.to_string()).unwrap());
    let registrations = vec![Registration {
        name: "p".to_owned(),
        matches: WebhookMatch::everything(),
        judge,
        document: String::new(),
    }];
    let policies = Policies::of(registrations, Authority::Everybody);
    let pod = json!({"containers": [{"name": "c"}, {"name": "d"}], "initContainers": [{"name": "i"}]});
    let deployment =
        json!({"kind": "Deployment", "apiVersion": "apps/v1", "spec": {"template": {"spec": pod}}});
    for (object, root) in
        [(json!({"kind": "Pod", "apiVersion": "v1", "spec": pod}), ""), (deployment, "spec.template.")]
    {
        let object = Object::of_value(&object);
        let mut text = Prose::new(Look::default());
        let found =
            text.registration(&policies.registrations[0], &object, &Requester::default(), &policies).unwrap();
        let steps: Vec<serde_json::Value> = found_in(found.1).steps.iter().map(|step| read(step)).collect();
        let expected = format!("set {root}spec.securityContext.seccompProfile: {profile}");
        assert_eq!(steps, [read(&expected)]);
    }
}

/// A step, regardless of the order of the members that it sets.
fn read(step: &str) -> serde_json::Value {
    let (place, value) = step.split_once(": ").unwrap();
    json!([place, serde_json::from_str::<serde_json::Value>(value).unwrap()])
}
