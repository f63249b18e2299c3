//! Exemption of a container from a check, and the rest that is not exempt with it.

use pod_security_policy::json::Reader;
use pod_security_policy::pod::{List, Pod, Slot};
use pod_security_policy::rule::{RuleSet, RulesByContainer};
use pod_security_policy::standards::{Exempted, Failure, Standard, index};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{annotated, container, of, pod, secured};

const FIRST: Slot = Slot { list: List::Regular, index: 0 };

fn only(check: &str) -> RuleSet {
    RuleSet::NONE.with(index(check).unwrap())
}

fn evaluate(standard: &str, pod: &Value, exempted: Exempted<'_>) -> Vec<Failure> {
    let text = pod.to_string();
    let pod: Pod<'_> = Reader::document(&text).unwrap();
    standard.parse::<Standard>().unwrap().evaluate_exempting(&pod, exempted)
}

/// The result of the check when the first of the regular containers is exempt from it.
fn says(standard: &str, check: &str, pod: &Value) -> String {
    let in_containers = RulesByContainer::from_iter([(FIRST, only(check))]);
    let failures = evaluate(standard, pod, Exempted { in_containers: &in_containers, ..Exempted::default() });
    failures.into_iter().filter(|failure| failure.id == check).map(|failure| failure.detail).collect()
}

#[test]
fn a_check_that_is_exempt_everywhere_is_not_run() {
    let pod = of(&[secured("a", json!({"privileged": true, "procMount": "x"}))]);
    let exempted = Exempted { everywhere: only("privileged"), ..Exempted::default() };
    let ids: Vec<_> = evaluate("baseline", &pod, exempted).iter().map(|failure| failure.id).collect();
    assert_eq!(ids, ["procMount"]);
}

#[rstest]
#[case("capabilities_baseline", json!({"securityContext": {"capabilities": {"add": ["BPF"]}}}),
    r#"container "b" must not include "BPF" in securityContext.capabilities.add"#)]
#[case("hostPorts", json!({"ports": [{"hostPort": 80}]}), r#"container "b" uses hostPort 80"#)]
#[case("hostProbesAndHostLifecycle", json!({"livenessProbe": {"tcpSocket": {"host": "h"}}}),
    r#"container "b" uses probe or lifecycle host "h""#)]
#[case("privileged", json!({"securityContext": {"privileged": true}}),
    r#"container "b" must not set securityContext.privileged=true"#)]
#[case("procMount", json!({"securityContext": {"procMount": "x"}}),
    r#"container "b" must not set securityContext.procMount to "x""#)]
#[case("allowPrivilegeEscalation", json!({"securityContext": {"allowPrivilegeEscalation": true}}),
    r#"container "b" must set securityContext.allowPrivilegeEscalation=false"#)]
#[case("capabilities_restricted", json!({"securityContext": {"capabilities": {"drop": []}}}),
    r#"container "b" must set securityContext.capabilities.drop=["ALL"]"#)]
#[case("runAsNonRoot", json!({"securityContext": {"runAsNonRoot": null}}),
    r#"pod or container "b" must set securityContext.runAsNonRoot=true"#)]
#[case("runAsUser", json!({"securityContext": {"runAsUser": 0}}), r#"container "b" must not set runAsUser=0"#)]
#[case("seccompProfile_restricted", json!({"securityContext": {"seccompProfile": null}}),
    r#"pod or container "b" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#)]
fn an_exempt_container_is_skipped(#[case] check: &str, #[case] error: Value, #[case] expected: &str) {
    let standard =
        if check == "capabilities_baseline" || check == "procMount" { "baseline" } else { "restricted" };
    let one = of(&[container("a", error.clone())]);
    assert_eq!(says(standard, check, &one), "");
    let two = of(&[container("a", error.clone()), container("b", error)]);
    assert_eq!(says(standard, check, &two), expected);
}

#[rstest]
#[case("appArmorProfile", json!({"appArmorProfile": {"type": "x"}}),
    r#"pod must not set AppArmor profile type to "x""#)]
#[case("seLinuxOptions", json!({"seLinuxOptions": {"type": "x"}}),
    r#"pod set forbidden securityContext.seLinuxOptions: type "x""#)]
#[case("seccompProfile_baseline", json!({"seccompProfile": {"type": "x"}}),
    r#"pod must not set securityContext.seccompProfile.type to "x""#)]
#[case("windowsHostProcess", json!({"windowsOptions": {"hostProcess": true}}),
    "pod must not set securityContext.windowsOptions.hostProcess=true")]
fn the_pod_is_not_exempt_with_its_container(
    #[case] check: &str,
    #[case] context: Value,
    #[case] expected: &str,
) {
    let pod = pod(json!({"securityContext": context, "containers": [secured("a", context)]}));
    assert_eq!(says("baseline", check, &pod), expected);
}

#[test]
fn an_exemption_holds_for_one_check() {
    let pod = of(&[secured("a", json!({"privileged": true, "procMount": "x"}))]);
    let in_containers = RulesByContainer::from_iter([(FIRST, only("privileged"))]);
    let exempted = Exempted { in_containers: &in_containers, ..Exempted::default() };
    let ids: Vec<_> = evaluate("baseline", &pod, exempted).iter().map(|failure| failure.id).collect();
    assert_eq!(ids, ["procMount"]);
}

#[test]
fn exemptions_add_up() {
    let pod = of(&[secured("a", json!({"privileged": true, "procMount": "x"}))]);
    let in_containers =
        RulesByContainer::from_iter([(FIRST, only("privileged")), (FIRST, only("procMount"))]);
    let exempted = Exempted { in_containers: &in_containers, ..Exempted::default() };
    assert_eq!(evaluate("baseline", &pod, exempted), []);
}

#[rstest]
#[case::of_the_exempt_container(&["a"], "a", "")]
#[case::of_another_container(&["a", "b"], "b",
    r#"annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/b="unconfined"""#)]
#[case::of_no_container(&["a"], "c",
    r#"annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/c="unconfined"""#)]
#[case::of_a_namesake(&["a", "a"], "a",
    r#"annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="unconfined"""#)]
fn app_armor_annotations_go_with_their_container(
    #[case] names: &[&str],
    #[case] annotated_name: &str,
    #[case] expected: &str,
) {
    let containers: Vec<_> = names.iter().map(|name| container(name, json!({}))).collect();
    let key = format!("container.apparmor.security.beta.kubernetes.io/{annotated_name}");
    let pod = annotated(of(&containers), json!({key: "unconfined"}));
    assert_eq!(says("baseline", "appArmorProfile", &pod), expected);
}

#[rstest]
#[case::of_the_exempt_container("container.seccomp.security.alpha.kubernetes.io/a", "")]
#[case::of_another_container(
    "container.seccomp.security.alpha.kubernetes.io/b",
    r#"forbidden annotation container.seccomp.security.alpha.kubernetes.io/b="unconfined""#
)]
#[case::of_the_pod(
    "seccomp.security.alpha.kubernetes.io/pod",
    r#"forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined""#
)]
fn seccomp_annotations_go_with_their_container(#[case] key: &str, #[case] expected: &str) {
    let pod =
        annotated(of(&[container("a", json!({})), container("b", json!({}))]), json!({key: "unconfined"}));
    assert_eq!(says("baseline:v1.18", "seccompProfile_baseline", &pod), expected);
}
