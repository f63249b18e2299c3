//! Cases in which one would expect something else. The names of the tests explain them.

use rstest::rstest;
use serde_json::{Value, json};

use crate::{annotated, compliant, container, of, pod, says, secured};

const PASSES: &str = "";

#[test]
fn a_pod_may_not_let_root_in_even_if_every_container_rules_it_out() {
    let pod = compliant(json!({"securityContext": {"runAsNonRoot": false}}));
    let expected = "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)";
    assert_eq!(says("restricted:latest", &pod), expected);
}

#[rstest]
#[case("restricted:v1.22", PASSES)]
#[case("restricted:v1.23", "runAsUser=0 (pod must not set runAsUser=0)")]
fn a_pod_may_not_ask_for_root_even_if_every_container_asks_for_another(
    #[case] standard: &str,
    #[case] expected: &str,
) {
    let mut pod = of(&[secured("a", json!({"runAsUser": 1000}))]);
    pod["spec"]["securityContext"] = json!({"runAsUser": 0});
    assert_eq!(says(standard, &pod), expected);
}

#[test]
fn a_user_other_than_root_does_not_rule_root_out() {
    let mut pod = of(&[secured("a", json!({"runAsUser": 1000, "runAsNonRoot": null}))]);
    pod["spec"]["securityContext"] = json!({"runAsUser": 1000});
    let expected =
        r#"runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)"#;
    assert_eq!(says("restricted:latest", &pod), expected);
}

#[rstest]
#[case("baseline:v1.18", PASSES)]
#[case("baseline:v1.19", UNCONFINED_POD)]
#[case("restricted:v1.18", PASSES)]
#[case("restricted:v1.19", UNCONFINED_POD)]
fn a_pod_may_not_be_unconfined_even_if_every_container_is_confined(
    #[case] standard: &str,
    #[case] expected: &str,
) {
    let pod = compliant(json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}));
    assert_eq!(says(standard, &pod), expected);
}

const UNCONFINED_POD: &str =
    r#"seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")"#;

#[rstest]
#[case::seccomp(json!({"seccompProfile": {}}),
    r#"seccompProfile (pod must not set securityContext.seccompProfile.type to "")"#)]
#[case::app_armor(json!({"appArmorProfile": {}}),
    r#"forbidden AppArmor profile (pod must not set AppArmor profile type to "")"#)]
#[case::se_linux(json!({"seLinuxOptions": {}}), PASSES)]
#[case::windows(json!({"windowsOptions": {}}), PASSES)]
fn an_empty_profile_is_one_and_empty_options_are_none(#[case] context: Value, #[case] expected: &str) {
    assert_eq!(says("baseline:latest", &compliant(json!({"securityContext": context}))), expected);
}

#[rstest]
#[case::root(json!({"runAsNonRoot": false}), json!({"runAsNonRoot": null}),
    r#"runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)"#)]
#[case::seccomp(json!({"seccompProfile": {"type": "Unconfined"}}), json!({"seccompProfile": null}),
    r#"seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")"#)]
fn who_sets_something_bad_hides_who_sets_nothing(
    #[case] bad: Value,
    #[case] unset: Value,
    #[case] expected: &str,
) {
    assert_eq!(says("restricted:latest", &of(&[secured("a", bad), secured("b", unset)])), expected);
}

#[rstest]
#[case::lower_case(json!({"drop": ["all"]}), KEPT)]
#[case::each_by_name(json!({"drop": ["CHOWN", "KILL", "NET_RAW"]}), KEPT)]
#[case::prefix(json!({"drop": ["ALL"], "add": ["CAP_NET_BIND_SERVICE"]}),
    r#"unrestricted capabilities (container "a" must not include "CAP_NET_BIND_SERVICE" in securityContext.capabilities.add)"#)]
#[case::no_prefix(json!({"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}), PASSES)]
fn capabilities_are_spelt_in_one_way(#[case] capabilities: Value, #[case] expected: &str) {
    let mut container = secured("a", json!({}));
    container["securityContext"]["capabilities"] = capabilities;
    assert_eq!(says("restricted:latest", &of(&[container])), expected);
}

const KEPT: &str =
    r#"unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"])"#;

#[rstest]
#[case(
    "baseline:latest",
    r#"non-default capabilities (container "a" must not include "ALL" in securityContext.capabilities.add)"#
)]
#[case(
    "restricted:latest",
    r#"unrestricted capabilities (container "a" must not include "ALL" in securityContext.capabilities.add)"#
)]
fn dropping_all_does_not_make_up_for_adding_all(#[case] standard: &str, #[case] expected: &str) {
    let pod = of(&[secured("a", json!({"capabilities": {"drop": ["ALL"], "add": ["ALL"]}}))]);
    assert_eq!(says(standard, &pod), expected);
}

#[rstest]
#[case("restricted:v1.21",
    r#"non-default capabilities (container "a" must not include "SYS_ADMIN" in securityContext.capabilities.add)"#)]
#[case("restricted:v1.22",
    r#"unrestricted capabilities (container "a" must not include "SYS_ADMIN" in securityContext.capabilities.add)"#)]
fn restricted_words_capabilities_its_own_way_since_v1_22(#[case] standard: &str, #[case] expected: &str) {
    let pod = of(&[secured("a", json!({"capabilities": {"add": ["SYS_ADMIN"]}}))]);
    assert_eq!(says(standard, &pod), expected);
}

#[rstest]
#[case("baseline:v1.0", r#"hostPath volumes (volume "v")"#)]
#[case("baseline:latest", r#"hostPath volumes (volume "v")"#)]
#[case("restricted:v1.0", r#"restricted volume types (volume "v" uses restricted volume type "hostPath")"#)]
#[case("restricted:latest", r#"restricted volume types (volume "v" uses restricted volume type "hostPath")"#)]
fn a_host_path_is_reported_once(#[case] standard: &str, #[case] expected: &str) {
    assert_eq!(says(standard, &compliant(json!({"volumes": [{"name": "v", "hostPath": {}}]}))), expected);
}

#[rstest]
#[case::no_source(json!({"name": "v"}), UNKNOWN)]
#[case::from_the_future(json!({"name": "v", "fromTheFuture": {}}), UNKNOWN)]
#[case::image(json!({"name": "v", "image": {}}), PASSES)]
fn what_is_no_known_source_is_unknown(#[case] volume: Value, #[case] expected: &str) {
    for version in ["v1.0", "v1.20", "latest"] {
        let pod = compliant(json!({"volumes": [volume]}));
        assert_eq!(says(&format!("restricted:{version}"), &pod), expected);
    }
}

const UNKNOWN: &str = r#"restricted volume types (volume "v" uses restricted volume type "unknown")"#;

#[rstest]
#[case("restricted:v1.24",
    r#"allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#)]
#[case("restricted:v1.25", PASSES)]
fn windows_needs_no_linux_fields_since_v1_25(#[case] standard: &str, #[case] expected: &str) {
    let pod = pod(json!({
        "os": {"name": "windows"},
        "securityContext": {"runAsNonRoot": true},
        "containers": [{"name": "a"}],
    }));
    assert_eq!(says(standard, &pod), expected);
}

#[rstest]
#[case("restricted:v1.25", PASSES)]
#[case("baseline:v1.25",
    r#"non-default capabilities (container "a" must not include "SYS_ADMIN" in securityContext.capabilities.add), seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")"#)]
fn windows_passes_restricted_with_what_baseline_refuses(#[case] standard: &str, #[case] expected: &str) {
    let context = json!({"capabilities": {"add": ["SYS_ADMIN"]}, "seccompProfile": {"type": "Unconfined"}});
    let pod = pod(json!({"os": {"name": "windows"}, "containers": [secured("a", context)]}));
    assert_eq!(says(standard, &pod), expected);
}

#[rstest]
#[case("restricted:v1.0")]
#[case("restricted:v1.25")]
#[case("restricted:latest")]
fn windows_must_rule_root_out(#[case] standard: &str) {
    let container = secured("a", json!({"runAsNonRoot": null}));
    let pod = pod(json!({"os": {"name": "windows"}, "containers": [container]}));
    let expected =
        r#"runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)"#;
    assert_eq!(says(standard, &pod), expected);
}

#[test]
fn a_host_process_is_one_on_any_system() {
    let pod = of(&[secured("a", json!({"windowsOptions": {"hostProcess": true}}))]);
    let expected =
        r#"hostProcess (container "a" must not set securityContext.windowsOptions.hostProcess=true)"#;
    assert_eq!(says("baseline:latest", &pod), expected);
}

#[rstest]
#[case::own_users("restricted:v1.35", json!(false), PASSES)]
#[case::too_early("restricted:v1.34", json!(false), ROOT)]
#[case::users_of_the_node("restricted:v1.35", json!(true), ROOT)]
#[case::unset("restricted:v1.35", json!(null), ROOT)]
fn root_is_free_in_a_user_namespace_since_v1_35(
    #[case] standard: &str,
    #[case] host_users: Value,
    #[case] expected: &str,
) {
    let container = secured("a", json!({"runAsNonRoot": null, "runAsUser": 0}));
    assert_eq!(says(standard, &pod(json!({"hostUsers": host_users, "containers": [container]}))), expected);
}

const ROOT: &str = r#"runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), runAsUser=0 (container "a" must not set runAsUser=0)"#;

#[rstest]
#[case("baseline:v1.34", UNMASKED)]
#[case("baseline:v1.35", PASSES)]
#[case("restricted:v1.0", UNMASKED)]
#[case("restricted:v1.34", UNMASKED)]
#[case("restricted:v1.35", UNMASKED)]
fn unmasked_proc_is_free_in_a_user_namespace_at_baseline_alone(
    #[case] standard: &str,
    #[case] expected: &str,
) {
    let container = secured("a", json!({"procMount": "Unmasked"}));
    assert_eq!(says(standard, &pod(json!({"hostUsers": false, "containers": [container]}))), expected);
}

const UNMASKED: &str = r#"procMount (container "a" must not set securityContext.procMount to "Unmasked")"#;

#[rstest]
#[case("restricted:v1.34", &["procMount", "unrestricted capabilities"])]
#[case("restricted:v1.35", &["unrestricted capabilities", "procMount"])]
fn proc_moves_behind_capabilities_with_v1_35(#[case] standard: &str, #[case] expected: &[&str]) {
    let container = secured("a", json!({"procMount": "Unmasked", "capabilities": {"drop": []}}));
    let reasons: Vec<_> =
        crate::evaluate(standard, &of(&[container])).iter().map(|failure| failure.reason).collect();
    assert_eq!(reasons, expected);
}

#[test]
fn ports_are_sorted_as_text() {
    let ports = json!({"ports": [{"hostPort": 80}, {"hostPort": 443}, {"hostPort": 10080}]});
    let expected = r#"hostPort (container "a" uses hostPorts 10080, 443, 80)"#;
    assert_eq!(says("baseline:latest", &of(&[container("a", ports)])), expected);
}

#[test]
fn sysctls_are_reported_as_they_come() {
    let sysctls = json!([{"name": "z"}, {"name": "a"}, {"name": "z"}]);
    let pod = compliant(json!({"securityContext": {"sysctls": sysctls}}));
    assert_eq!(says("baseline:latest", &pod), "forbidden sysctls (z, a, z)");
}

#[test]
fn probes_alone_sort_the_names_of_containers() {
    let faulty = |name| {
        let probe = json!({"httpGet": {"host": "h"}});
        container(name, json!({"livenessProbe": probe, "securityContext": {"privileged": true}}))
    };
    let pod = pod(json!({
        "containers": [faulty("c"), faulty("b")],
        "ephemeralContainers": [faulty("a")],
        "initContainers": [faulty("d"), faulty("b")],
    }));
    let expected = r#"probe or lifecycle host (containers "a", "b", "c", "d" use probe or lifecycle host "h"), privileged (containers "d", "b", "c", "b", "a" must not set securityContext.privileged=true)"#;
    assert_eq!(says("baseline:latest", &pod), expected);
}

#[rstest]
#[case::app_armor("container.apparmor.security.beta.kubernetes.io/nobody",
    r#"forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/nobody="unconfined"")"#)]
#[case::seccomp("container.seccomp.security.alpha.kubernetes.io/nobody", PASSES)]
fn only_app_armor_annotations_count_for_nobody(#[case] annotation: &str, #[case] expected: &str) {
    let pod = annotated(compliant(json!({})), json!({annotation: "unconfined"}));
    for standard in ["baseline:v1.0", "baseline:latest", "restricted:v1.18", "restricted:latest"] {
        assert_eq!(says(standard, &pod), expected, "{standard}");
    }
}

#[rstest]
#[case::empty_annotation_early("v1.18", json!(""), json!({"type": "RuntimeDefault"}),
    r#"seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="")"#)]
#[case::field_early("v1.18", json!("runtime/default"), json!({"type": "Unconfined"}), PASSES)]
#[case::nothing_early("v1.18", json!("runtime/default"), json!(null), PASSES)]
#[case::annotation_late("v1.19", json!("unconfined"), json!({"type": "RuntimeDefault"}), PASSES)]
fn seccomp_is_read_from_annotations_or_from_fields(
    #[case] version: &str,
    #[case] annotation: Value,
    #[case] profile: Value,
    #[case] expected: &str,
) {
    let pod = of(&[secured("a", json!({"seccompProfile": profile}))]);
    let pod = annotated(pod, json!({"seccomp.security.alpha.kubernetes.io/pod": annotation}));
    for level in ["baseline", "restricted"] {
        assert_eq!(says(&format!("{level}:{version}"), &pod), expected, "{level}");
    }
}

#[test]
fn an_ephemeral_container_is_judged_like_any_other() {
    let pod = compliant(json!({"ephemeralContainers": [{"name": "debugger"}]}));
    let expected = r#"allowPrivilegeEscalation != false (container "debugger" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "debugger" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "debugger" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "debugger" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#;
    assert_eq!(says("restricted:latest", &pod), expected);
}

#[test]
fn a_pod_without_containers_has_nothing_to_state() {
    assert_eq!(says("restricted:latest", &pod(json!({}))), PASSES);
}

#[test]
fn privileged_is_never_violated() {
    let pod = of(&[json!({"name": "a", "securityContext": {"privileged": true}})]);
    for version in ["v1.0", "v1.99", "latest"] {
        assert_eq!(says(&format!("privileged:{version}"), &pod), PASSES);
    }
}
