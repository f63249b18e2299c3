//! Files with tests: what passes, what fails, and what is written.

use std::fs;
use std::io::Read;

use rstest::rstest;

use super::*;
use crate::input::Exclude;

fn no_stdin() -> Box<dyn Read> {
    Box::new(std::io::empty())
}

/// The results of a file, or the errors in it.
fn run(text: &str) -> Result<Vec<(String, Vec<String>)>, String> {
    let ran = ran(text).map_err(|errors| errors.to_string())?.1;
    Ok(ran.into_iter().map(|ran| (ran.name, ran.failures)).collect())
}

fn ran(text: &str) -> Outcome<(Suite, Vec<Ran>)> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.yaml");
    fs::write(&file, text).unwrap();
    let sources = Sources { paths: vec![file], exclude: Exclude::default(), stdin: no_stdin };
    let (mut suites, unread) = read(&sources);
    unread.conclude(())?;
    let suite = suites.remove(0);
    let setting = Setting { modules: Modules::default(), now: None, stdin: no_stdin };
    let ran = suite.run(&setting);
    let place = folder.path().display().to_string() + "/";
    let ran = ran.map_err(|Errors(mut errors)| {
        for place_of in errors.iter_mut().filter_map(|error| error.place.as_mut()) {
            place_of.file = place_of.file.replace(&place, "").into();
        }
        Errors(errors)
    })?;
    Ok((suite, ran))
}

/// A file with one test of a privileged pod.
fn one(expect: &str) -> String {
    format!(
        "policies: [baseline]
# A comment.
tests:
- name: privileged
  object:
    apiVersion: v1
    kind: Pod
    metadata: {{name: web}}
    spec:
      containers:
      - name: c
        securityContext: {{privileged: true}}
{expect}"
    )
}

#[rstest]
#[case::the_verdict("  expect: {verdict: rejected}", &[])]
#[case::parts_of_the_message("  expect: {verdict: rejected, violations: [{rule: pss/privileged, message: must not set}]}", &[])]
#[case::another_verdict("  expect: {verdict: allowed}", &[
    "verdict: expected allowed, was rejected",
    "  spec.containers[0]: privileged (container \"c\" must not set securityContext.privileged=true) [pss/privileged, PodSecurity \"baseline:latest\"]"])]
#[case::another_rule("  expect: {verdict: rejected, violations: [{rule: hostPID}]}", &[
    "violations: expected hostPID, which is not among them",
    "violations: spec.containers[0]: privileged (container \"c\" must not set securityContext.privileged=true) [pss/privileged] is not expected"])]
#[case::another_message("  expect: {verdict: rejected, violations: [{rule: pss/privileged, message: other}, {}]}", &[
    "violations: expected pss/privileged with `other`, which is not among them"])]
#[case::a_warning("  expect: {verdict: rejected, warnings: [no such]}", &["warnings: expected `no such`, was none"])]
#[case::nothing("", &["expects nothing: --record writes what holds today"])]
fn expectations_are_held_against_results(#[case] expect: &str, #[case] failures: &[&str]) {
    let ran = run(&one(expect)).unwrap();
    assert_eq!(
        ran,
        [("privileged".to_owned(), failures.iter().map(ToString::to_string).collect::<Vec<_>>())]
    );
}

const FILLS_IN: &str = "policies:
- apiVersion: policy/v1beta1
  kind: PodSecurityPolicy
  metadata: {name: p}
  spec:
    volumes: [projected]
    allowPrivilegeEscalation: true
    defaultAllowPrivilegeEscalation: false
    runAsUser: {rule: RunAsAny}
    seLinux: {rule: RunAsAny}
    supplementalGroups: {rule: RunAsAny}
    fsGroup: {rule: RunAsAny}
tests:
- name: web
  object: {apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c}]}}
";

#[rstest]
#[case::the_changes("{verdict: changed, policy: p, changes: {'spec.containers[0].securityContext.allowPrivilegeEscalation': false}}", &[])]
#[case::another_policy("{verdict: changed, policy: q}", &["policy: expected q, was p"])]
#[case::another_value("{verdict: changed, changes: {'spec.containers[0].securityContext.allowPrivilegeEscalation': true}}", &[
    "changes: spec.containers[0].securityContext.allowPrivilegeEscalation: expected true, was false"])]
#[case::other_fields("{verdict: changed, changes: {spec.hostUsers: false}}", &[
    "changes: spec.hostUsers: expected false, was not changed",
    "changes: spec.containers[0].securityContext.allowPrivilegeEscalation: was false, which is not expected"])]
fn changes_are_compared(#[case] expect: &str, #[case] failures: &[&str]) {
    let ran = run(&format!("{FILLS_IN}  expect: {expect}\n")).unwrap();
    assert_eq!(ran, [("web".to_owned(), failures.iter().map(ToString::to_string).collect::<Vec<_>>())]);
}

#[rstest]
#[case::a_typing_error(
    "policies: [baseline]\ntests: [{name: a, objekt: {}}]\n",
    "t.yaml:2:19: tests[0].objekt: unknown field `objekt`, expected one of `name`, `object`, `file`, `select`, `as`, `namespace`, `expect`"
)]
#[case::no_object(
    "policies: [baseline]\ntests: [{name: a}]\n",
    "t.yaml:2:9: tests[0]: needs an `object`, or a `file` that holds it"
)]
#[case::no_level(
    "policies: [basline]\ntests: []\n",
    "t.yaml:1:12: policies[0]: there is no file basline, and no such level"
)]
fn errors_have_places(#[case] text: &str, #[case] expected: &str) {
    let error = run(text).unwrap_err();
    // The folder is a temporary one.
    let without_folder = match error.split_once("no file ") {
        Some((before, after)) => format!("{before}no file {}", after.rsplit('/').next().unwrap()),
        None => error,
    };
    assert_eq!(without_folder, expected);
}

#[rstest]
#[case::what_is_missing(
    "",
    "  expect:
    verdict: rejected
    violations:
    - rule: pss/privileged
      path: spec.containers[0]
      message: privileged (container \"c\" must not set securityContext.privileged=true)
"
)]
#[case::what_failed(
    "  expect: {verdict: allowed}\n",
    "  expect: {verdict: rejected, violations: [{rule: pss/privileged, path: \"spec.containers[0]\", message: \"privileged (container \\\"c\\\" must not set securityContext.privileged=true)\"}]}\n"
)]
fn what_holds_is_recorded_and_comments_stay(#[case] expect: &str, #[case] expected: &str) {
    let (suite, ran) = ran(&one(expect)).unwrap();
    let recorded = suite.record(&ran).unwrap().unwrap();
    assert_eq!(recorded.text, one(expected));
    assert_eq!((recorded.expectations, recorded.is_rewritten), (1, false));
    assert_eq!(run(&recorded.text).unwrap(), [("privileged".to_owned(), Vec::new())]);
}

#[test]
fn what_holds_already_is_not_recorded() {
    let (suite, ran) = ran(&one("  expect: {verdict: rejected}\n")).unwrap();
    assert!(suite.record(&ran).unwrap().is_none());
}

#[test]
fn a_layout_that_cannot_be_kept_is_written_anew() {
    let text = "policies: [baseline]\ntests:\n- &t\n  name: a\n  object: {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostPID: true, containers: []}}\n- *t\n";
    let (suite, ran) = ran(text).unwrap();
    let recorded = suite.record(&ran).unwrap().unwrap();
    assert!(recorded.is_rewritten, "{}", recorded.text);
    assert_eq!(run(&recorded.text).unwrap(), [("a".to_owned(), Vec::new()), ("a".to_owned(), Vec::new())]);
}
