//! Windows knows users by name, and its containers can be processes of their node.
//!
//! A name that is given must be listed, whatever system the pod states: one that states none can land on a Windows node.
//! Only a pod that states `windows` must have a name, and gets one. Windows compares the names of users without regard to
//! case.

use crate::json::{Listed, Quoted, Text, Value};
use crate::pod::{Container, Pod, WindowsOptions};
use crate::rule::spec::texts;
use crate::rule::{Demands, Entry, Findings, Rule, Spec, note_inherited};
use crate::schema::{Field, Shape};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "windowsOptions",
    purpose: "The users and the access to the node that Windows containers may have.",
    shape: Some(Shape::Object(&[
        Field::new(
            "runAsUserNames",
            Shape::List(&Shape::Text),
            "The allowed names of users; the first is the default; empty allows any.",
        ),
        Field::new(
            "hostProcess",
            Shape::Flag,
            "Whether `HostProcess` containers are allowed; unless given, `privileged` decides.",
        ),
        Field::new(
            GMSA_NAMES,
            Shape::List(&Shape::Text),
            "The group managed service accounts that containers may name, whose credentials may then not be in the pod without a name; empty allows any.",
        ),
    ])),
    pod_fields: "`runAsUserName`, `hostProcess`, `gmsaCredentialSpecName` and `gmsaCredentialSpec` of `windowsOptions` of pod and containers",
    mutates: "`runAsUserNames`: containers' `runAsUserName`, where `os.name` is `windows`",
    default: "any user; `HostProcess` containers as `privileged` says",
    ..Entry::USUAL
}];

const USER_NAMES: &str = "windowsOptions.runAsUserNames";
const GMSA_NAMES: &str = "gmsaCredentialSpecNames";

const HOST_PROCESS: &str = "HostProcess containers are not allowed";
const HOST_PROCESS_FIELD: &str = "securityContext.windowsOptions.hostProcess";

/// The demands on Windows containers.
pub(crate) struct Windows<'s> {
    /// The allowed users; empty if any is.
    users: Vec<Text<'s>>,
    /// Whether `HostProcess` containers are refused here.
    refuses_host_processes: bool,
    /// The allowed group managed service accounts; empty if any is.
    accounts: Vec<Text<'s>>,
}

pub(super) fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Windows<'s>> {
    let options = spec.get("windowsOptions")?;
    let users = options.get("runAsUserNames").map(texts).unwrap_or_default();
    for (index, _) in users.iter().enumerate().filter(|(_, name)| name.is_empty()) {
        spec.problem(format_args!("{USER_NAMES}[{index}]"), "Invalid value: \"\": must not be empty");
    }
    let refuses_host_processes = options.get("hostProcess").and_then(Value::flag) == Some(false);
    let accounts = options.get(GMSA_NAMES).map(texts).unwrap_or_default();
    if users.is_empty() && !refuses_host_processes && accounts.is_empty() {
        return None;
    }
    Some(Windows { users, refuses_host_processes, accounts })
}

/// The user of a container: its own, else the pod's.
fn user<'p>(pod: &'p Pod<'_>, container: &'p Container<'_>) -> Option<&'p Text<'p>> {
    let own = container.security_context.windows_options.run_as_user_name.as_ref();
    own.or(pod.spec.security_context.windows_options.run_as_user_name.as_ref())
}

impl Windows<'_> {
    fn judge_account(&self, options: &WindowsOptions<'_>, root: &str, found: &mut Findings<'_>) {
        if self.accounts.is_empty() {
            return;
        }
        let name = &options.gmsa_credential_spec_name;
        if !name.is_empty() && !self.accounts.contains(name) {
            let detail = format_args!("must be one of: [{}]", Listed(&self.accounts));
            found.invalid(format_args!("{root}.gmsaCredentialSpecName"), Quoted(name), detail);
        }
        // A name is looked up in the cluster, where roles guard it; the credentials themselves pass by that. Their
        // webhook writes them behind an allowed name.
        if name.is_empty() && !options.gmsa_credential_spec.is_empty() {
            let detail = "must be named by gmsaCredentialSpecName";
            found.forbidden(format_args!("{root}.gmsaCredentialSpec"), detail);
        }
    }
}

impl Rule for Windows<'_> {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, _: Demands) {
        if pod.is_windows() && user(pod, container).is_none() && !container.is_host_process(pod) {
            let first = self.users.first().map(|name| Text::Owned(name.to_string()));
            container.security_context.windows_options.run_as_user_name = first;
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let options = &pod.spec.security_context.windows_options;
        if self.refuses_host_processes && options.host_process == Some(true) {
            found.invalid(format_args!("spec.{HOST_PROCESS_FIELD}"), true, HOST_PROCESS);
        }
        self.judge_account(options, "spec.securityContext.windowsOptions", found);
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let options = &container.security_context.windows_options;
        let is_host_process = container.is_host_process(pod);
        if self.refuses_host_processes && is_host_process {
            found.invalid(HOST_PROCESS_FIELD, true, HOST_PROCESS);
        }
        self.judge_account(options, "securityContext.windowsOptions", found);
        if is_host_process || self.users.is_empty() {
            return;
        }
        let field = "securityContext.windowsOptions.runAsUserName";
        let allowed = Listed(&self.users);
        match user(pod, container) {
            Some(name) if self.users.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)) => return,
            Some(name) => {
                let inherited = note_inherited(options.run_as_user_name.is_some());
                let detail = format_args!("must be one of: [{allowed}]{inherited}");
                found.invalid(field, Quoted(name), detail);
            }
            None if pod.is_windows() => {
                found.required(field, format_args!("must be one of: [{allowed}]"));
            }
            None => return,
        }
        found.wants(|| self.users.iter().map(|name| Quoted(name).to_string()).collect());
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Objected, Rejected};
    use crate::testing::{judge_within, problems, unfilled};

    #[rstest]
    #[case::of_windows(
        "windows",
        "spec.containers[0].securityContext.windowsOptions.runAsUserName: Required value: must be one of: [\"ContainerUser\", \"CORP\\\\web\"]"
    )]
    #[case::of_linux("linux", "")]
    fn what_may_not_be_filled_in_is_reported(#[case] system: &str, #[case] expected: &str) {
        let pod = json!({"spec": {"os": {"name": system}, "containers": [{"name": "c"}]}});
        assert_eq!(unfilled("windowsOptions", users(), pod), expected);
    }

    fn users() -> Value {
        json!({"windowsOptions": {"runAsUserNames": ["ContainerUser", r"CORP\web"]}})
    }

    fn host_process(allowed: bool) -> Value {
        json!({"windowsOptions": {"hostProcess": allowed}})
    }

    fn accounts(names: &[&str]) -> Value {
        json!({"windowsOptions": {"gmsaCredentialSpecNames": names}})
    }

    fn windows(options: Value) -> Value {
        json!({"spec": {"os": {"name": "windows"}, "securityContext": {"windowsOptions": options}}})
    }

    fn own(options: Value) -> Value {
        json!({"securityContext": {"windowsOptions": options}})
    }

    #[rstest]
    #[case::unset_gets_the_first(windows(json!(null)), json!({}), Mutated(json!({"windowsOptions": {"runAsUserName": "ContainerUser"}})))]
    #[case::beside_other_options(windows(json!({})), own(json!({"hostProcess": false, "x": 1})),
        Mutated(json!({"windowsOptions": {"hostProcess": false, "x": 1, "runAsUserName": "ContainerUser"}})))]
    #[case::listed(windows(json!({})), own(json!({"runAsUserName": r"CORP\web"})), Admitted)]
    #[case::in_another_case(windows(json!({})), own(json!({"runAsUserName": r"corp\Web"})), Admitted)]
    #[case::of_the_pod(windows(json!({"runAsUserName": "ContainerUser"})), json!({}), Admitted)]
    #[case::refused(windows(json!({})), own(json!({"runAsUserName": "ContainerAdministrator"})), Rejected(
        r#"securityContext.windowsOptions.runAsUserName: Invalid value: "ContainerAdministrator": must be one of: ["ContainerUser", "CORP\\web"]"#))]
    #[case::refused_of_the_pod(windows(json!({"runAsUserName": "x"})), json!({}), Rejected(
        r#"securityContext.windowsOptions.runAsUserName: Invalid value: "x": must be one of: ["ContainerUser", "CORP\\web"] (inherited from the pod)"#))]
    #[case::the_container_counts(windows(json!({"runAsUserName": "x"})), own(json!({"runAsUserName": "ContainerUser"})), Admitted)]
    #[case::empty(windows(json!({})), own(json!({"runAsUserName": ""})), Rejected(
        r#"securityContext.windowsOptions.runAsUserName: Invalid value: "": must be one of: ["ContainerUser", "CORP\\web"]"#))]
    #[case::no_system_and_no_name(json!({}), json!({}), Admitted)]
    #[case::linux(json!({"spec": {"os": {"name": "linux"}}}), json!({}), Admitted)]
    #[case::no_system_and_a_name(json!({}), own(json!({"runAsUserName": "ContainerAdministrator"})), Rejected(
        r#"securityContext.windowsOptions.runAsUserName: Invalid value: "ContainerAdministrator": must be one of: ["ContainerUser", "CORP\\web"]"#))]
    fn judges_users(#[case] pod: Value, #[case] container: Value, #[case] expected: Outcome) {
        judge_within(pod, users(), container, expected);
    }

    /// `HostProcess` containers run as an account of the node, which is not a user of the list.
    #[rstest]
    #[case::its_own(json!({}), json!({"hostProcess": true, "runAsUserName": r"NT AUTHORITY\SYSTEM"}))]
    #[case::of_the_pod(json!({"hostProcess": true}), json!({"runAsUserName": r"NT AUTHORITY\SYSTEM"}))]
    #[case::without_a_name(json!({"hostProcess": true}), json!({}))]
    fn users_of_host_processes_are_not_judged(#[case] pod: Value, #[case] options: Value) {
        let mut policy = users();
        policy["windowsOptions"]["hostProcess"] = json!(true);
        judge_within(windows(pod), policy, own(options), Admitted);
    }

    #[rstest]
    #[case::allowed_here_and_not_as_privileged(host_process(true), json!({"hostProcess": true}), Admitted)]
    #[case::refused_here(host_process(false), json!({"hostProcess": true}), Rejected(
        "securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are not allowed"))]
    #[case::refused_here_although_privileged(json!({"privileged": true, "windowsOptions": {"hostProcess": false}}), json!({"hostProcess": true}), Rejected(
        "securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are not allowed"))]
    #[case::not_decided_here(json!({"windowsOptions": {}}), json!({"hostProcess": true}), Rejected(
        "securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are privileged, and Privileged containers are not allowed"))]
    #[case::not_decided_and_privileged(json!({"privileged": true, "windowsOptions": {"hostProcess": null}}), json!({"hostProcess": true}), Admitted)]
    #[case::switched_off(host_process(false), json!({"hostProcess": false}), Admitted)]
    fn judges_host_processes(#[case] policy: Value, #[case] options: Value, #[case] expected: Outcome) {
        judge_within(windows(json!({})), policy, own(options), expected);
    }

    #[rstest]
    #[case::refused(json!({}), Objected(&[
        "spec.securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are not allowed",
        "securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are not allowed",
    ]))]
    #[case::where_the_container_differs(json!({"hostProcess": false}), Rejected(
        "spec.securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are not allowed"))]
    fn judges_host_processes_of_the_pod(#[case] options: Value, #[case] expected: Outcome) {
        judge_within(windows(json!({"hostProcess": true})), host_process(false), own(options), expected);
    }

    #[rstest]
    #[case::none_by_default(json!({"windowsOptions": {}}), json!({"gmsaCredentialSpecName": "a", "gmsaCredentialSpec": "{}"}), Admitted)]
    #[case::listed(accounts(&["a"]), json!({"gmsaCredentialSpecName": "a"}), Admitted)]
    #[case::completed_by_the_webhook(accounts(&["a"]), json!({"gmsaCredentialSpecName": "a", "gmsaCredentialSpec": "{}"}), Admitted)]
    #[case::another(accounts(&["a"]), json!({"gmsaCredentialSpecName": "A"}), Rejected(
        "securityContext.windowsOptions.gmsaCredentialSpecName: Invalid value: \"A\": must be one of: [\"a\"]"))]
    #[case::an_empty_list_allows_any(accounts(&[]), json!({"gmsaCredentialSpecName": "a"}), Admitted)]
    #[case::the_credentials_themselves(accounts(&["a"]), json!({"gmsaCredentialSpec": "{}"}), Rejected(
        "securityContext.windowsOptions.gmsaCredentialSpec: Forbidden: must be named by gmsaCredentialSpecName"))]
    #[case::none_named(accounts(&[]), json!({}), Admitted)]
    fn judges_service_accounts(#[case] policy: Value, #[case] options: Value, #[case] expected: Outcome) {
        judge_within(windows(json!({})), policy, own(options), expected);
    }

    #[test]
    fn judges_the_service_account_of_the_pod() {
        judge_within(
            windows(json!({"gmsaCredentialSpecName": "b"})),
            accounts(&["a"]),
            json!({}),
            Rejected(
                "spec.securityContext.windowsOptions.gmsaCredentialSpecName: Invalid value: \"b\": must be one of: [\"a\"]",
            ),
        );
    }

    #[rstest]
    #[case::empty_user(json!({"runAsUserNames": ["a", ""]}), "windowsOptions.runAsUserNames[1]: Invalid value: \"\": must not be empty")]
    #[case::flag(json!({"hostProcess": "false"}), "windowsOptions.hostProcess: must be true or false, not the string \"false\"")]
    #[case::unknown(json!({"runAsUserName": "a"}), "windowsOptions.runAsUserName: unknown field; did you mean \"runAsUserNames\"?")]
    fn refuses_settings(#[case] options: Value, #[case] expected: &str) {
        assert_eq!(problems(&json!({"windowsOptions": options})), expected);
    }
}
