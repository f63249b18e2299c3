//! The changes of mutation, as edits of the document.

use crate::json::edit::{Edit, Path, Step};
use crate::json::{Quoted, Text};
use crate::pod::{Container, List, Pod, PodSpec, Profile, SeLinuxOptions, SecurityContext, Slot};

/// Where defaults may be written.
#[derive(Debug, Clone, Default)]
pub struct Writable {
    /// Whether nothing may be written at all.
    pub nothing: bool,
    /// For a request that adds ephemeral containers: the indexes of the new ones, ascending. Defaults may be written to
    /// them alone, because the API server keeps nothing else of such a request.
    pub added: Option<Vec<usize>>,
}

impl Writable {
    /// Whether defaults may be written to the pod as a whole.
    pub(crate) fn pod(&self) -> bool {
        !self.nothing && self.added.is_none()
    }

    /// Whether defaults may be written to a container.
    pub(crate) fn container(&self, slot: Slot) -> bool {
        let added =
            |added: &Vec<usize>| slot.list == List::Ephemeral && added.binary_search(&slot.index).is_ok();
        !self.nothing && self.added.as_ref().is_none_or(added)
    }
}

/// The edits that make `before` into `after`: first the pod's, then each container's, both in the order in which the
/// API server's admission plug-in set them (`provider.go` in pkg/security/podsecuritypolicy, Kubernetes 1.24).
///
/// Only fields that some rule writes are compared, and rules never remove a value.
pub(crate) fn changes(before: &Pod<'_>, after: &Pod<'_>) -> Vec<Edit<'static>> {
    let unwritten = Writable { nothing: true, added: None };
    blocked_changes(before, after, &unwritten, usize::MAX).0
}

/// The result of mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The pod is as it was.
    None,
    /// Defaults were set, and all of them can be written.
    Writable,
    /// A default was set where it cannot be written.
    Blocked,
}

/// The kind of [`changes`] there are, which takes much less than to write them.
pub(crate) fn change(before: &Pod<'_>, after: &Pod<'_>, writable: &Writable) -> Change {
    let found = Found::between(before, after, writable, 0);
    match (found.in_all, found.blocked) {
        (0, _) => Change::None,
        (_, 0) => Change::Writable,
        _ => Change::Blocked,
    }
}

/// The first [`changes`] that cannot be written, no more than `limit`, and how many there are in all.
pub(crate) fn blocked_changes(
    before: &Pod<'_>,
    after: &Pod<'_>,
    writable: &Writable,
    limit: usize,
) -> (Vec<Edit<'static>>, usize) {
    let found = Found::between(before, after, writable, limit);
    (found.edits, found.blocked)
}

/// How many fields of the pod as a whole are set that mutation can set.
pub(crate) fn count_set_in_pod(pod: &Pod<'_>) -> usize {
    let mut found = Found::default();
    pod_fields::compare(&PodSpec::default(), &pod.spec, &mut found);
    found.in_all
}

/// How many fields of a container are set that mutation can set, each capability counted.
pub(crate) fn count_set_in(container: &Container<'_>) -> usize {
    let own = &container.security_context;
    let mut found = Found::default();
    container_fields::compare(&SecurityContext::default(), own, &mut found);
    found.in_all + own.capabilities.add.len() + own.capabilities.drop.len()
}

/// Reverts what [`changes`] would list, so that the next policy finds the pod as it arrived.
pub(crate) fn restore<'a>(pod: &mut Pod<'a>, arrived: &Pod<'a>) {
    pod_fields::restore(&mut pod.spec, &arrived.spec);
    for list in List::ALL {
        for (now, then) in pod.list_mut(list).iter_mut().zip(arrived.list(list)) {
            container_fields::restore(&mut now.security_context, &then.security_context);
        }
    }
}

/// The changes that are found.
#[derive(Default)]
struct Found {
    /// The container whose fields are compared; `None` for those of the pod as a whole.
    slot: Option<Slot>,
    /// Whether changes can be written there.
    is_writable: bool,
    in_all: usize,
    /// How many cannot be written.
    blocked: usize,
    /// The first of these, no more than `limit`.
    edits: Vec<Edit<'static>>,
    limit: usize,
}

impl Found {
    fn between(before: &Pod<'_>, after: &Pod<'_>, writable: &Writable, limit: usize) -> Self {
        let mut found = Found { is_writable: writable.pod(), limit, ..Found::default() };
        pod_fields::compare(&before.spec, &after.spec, &mut found);
        for ((slot, old), (_, new)) in before.containers().zip(after.containers()) {
            (found.slot, found.is_writable) = (Some(slot), writable.container(slot));
            container_fields::compare(&old.security_context, &new.security_context, &mut found);
        }
        found
    }

    /// Compares a field, whose path continues that of the place.
    fn compare<T: PartialEq + Json>(&mut self, old: &T, new: &T, path: &'static [Step<&'static str>]) {
        if !new.is_set() || old == new {
            return;
        }
        self.in_all += 1;
        if self.is_writable {
            return;
        }
        self.blocked += 1;
        if self.edits.len() < self.limit {
            let path = self.slot.map_or(Path::of(path), |slot| slot.path(path));
            self.edits.push(Edit { path, value: new.json() });
        }
    }
}

/// Declares the fields of a view that mutation may set: where each is in the view, and its path in the document.
macro_rules! writable {
    ($name:ident: $view:ident; $($($field:ident).+ => $($key:literal).+;)+) => {
        mod $name {
            use super::*;

            pub(super) fn compare(old: &$view<'_>, new: &$view<'_>, found: &mut Found) {
                $(found.compare(&old.$($field).+, &new.$($field).+, &[$(Step::Key($key)),+]);)+
            }

            pub(super) fn restore<'a>(now: &mut $view<'a>, then: &$view<'a>) {
                $(put_back(&mut now.$($field).+, &then.$($field).+);)+
            }
        }
    };
}

// INVARIANT: every field that a rule sets is in these two tables. A missing field would be neither written nor reverted
// before the next policy is tried.
writable! { pod_fields: PodSpec;
    host_users => "spec"."hostUsers";
    security_context.supplemental_groups => "spec"."securityContext"."supplementalGroups";
    security_context.supplemental_groups_policy => "spec"."securityContext"."supplementalGroupsPolicy";
    security_context.fs_group => "spec"."securityContext"."fsGroup";
    security_context.se_linux_options => "spec"."securityContext"."seLinuxOptions";
    security_context.se_linux_change_policy => "spec"."securityContext"."seLinuxChangePolicy";
    security_context.seccomp_profile => "spec"."securityContext"."seccompProfile";
    runtime_class_name => "spec"."runtimeClassName";
}
writable! { container_fields: SecurityContext;
    run_as_user => "securityContext"."runAsUser";
    run_as_group => "securityContext"."runAsGroup";
    windows_options.run_as_user_name => "securityContext"."windowsOptions"."runAsUserName";
    se_linux_options => "securityContext"."seLinuxOptions";
    app_armor_profile => "securityContext"."appArmorProfile";
    seccomp_profile => "securityContext"."seccompProfile";
    run_as_non_root => "securityContext"."runAsNonRoot";
    capabilities.add => "securityContext"."capabilities"."add";
    capabilities.drop => "securityContext"."capabilities"."drop";
    read_only_root_filesystem => "securityContext"."readOnlyRootFilesystem";
    allow_privilege_escalation => "securityContext"."allowPrivilegeEscalation";
}

/// Copies only what differs: most fields do not. A list stays in its memory.
fn put_back<T: PartialEq + Clone>(now: &mut T, then: &T) {
    if now != then {
        now.clone_from(then);
    }
}

/// The profiles that a list of names stands for, which are separated by commas, as JSON.
pub(crate) fn profiles(names: &str) -> Vec<String> {
    names.split(',').filter_map(Profile::named).map(|profile| profile.json()).collect()
}

/// SELinux options as JSON.
pub(crate) fn se_linux_options(options: &SeLinuxOptions<'_>) -> String {
    options.json()
}

/// A value that can be written into the document.
trait Json {
    fn json(&self) -> String;

    fn is_set(&self) -> bool {
        true
    }
}

impl<T: Json> Json for Option<T> {
    fn json(&self) -> String {
        self.as_ref().map(T::json).unwrap_or_default()
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }
}

impl Json for i64 {
    fn json(&self) -> String {
        self.to_string()
    }
}

impl Json for Vec<i64> {
    fn json(&self) -> String {
        format!("{self:?}")
    }
}

impl Json for bool {
    fn json(&self) -> String {
        self.to_string()
    }
}

impl Json for Text<'_> {
    fn json(&self) -> String {
        Quoted(self).to_string()
    }
}

impl Json for Vec<Text<'_>> {
    fn json(&self) -> String {
        let mut json = String::from("[");
        for name in self {
            json.push_str(if json.len() == 1 { "" } else { ", " });
            // Writing to a String cannot fail.
            let _ = Quoted(name).write_to(&mut json);
        }
        json.push(']');
        json
    }
}

impl Json for SeLinuxOptions<'_> {
    fn json(&self) -> String {
        let SeLinuxOptions { user, role, kind, level } = self;
        object(&[("user", user), ("role", role), ("type", kind), ("level", level)])
    }
}

impl Json for Profile<'_> {
    fn json(&self) -> String {
        object(&[("type", &self.kind), ("localhostProfile", &self.localhost_profile)])
    }
}

/// An object of strings; empty ones are left out, as the API does.
fn object(members: &[(&str, &str)]) -> String {
    let mut json = String::from("{");
    for (key, value) in members.iter().filter(|(_, value)| !value.is_empty()) {
        json.push_str(if json.len() == 1 { "" } else { "," });
        // Writing to a String cannot fail.
        let _ = Quoted(key).write_to(&mut json);
        json.push(':');
        let _ = Quoted(value).write_to(&mut json);
    }
    json.push('}');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Reader;
    use crate::json::edit::graft;
    use serde_json::{Value, json};

    fn reported(before: &Value, after: &Value) -> Vec<String> {
        let (before, after) = (before.to_string(), after.to_string());
        let (before, after) = (Reader::document(&before).unwrap(), Reader::document(&after).unwrap());
        let edits = changes(&before, &after);
        let is_changed = change(&before, &after, &Writable::default()) == Change::Writable;
        assert_eq!(is_changed, !edits.is_empty());
        edits.iter().map(|edit| format!("{edit} = {}", edit.value)).collect()
    }

    fn full() -> Value {
        let own = json!({
            "runAsUser": 1, "runAsGroup": 2, "windowsOptions": {"runAsUserName": "w"}, "seLinuxOptions": {"type": "t"}, "appArmorProfile": {"type": "Unconfined"},
            "seccompProfile": {"type": "RuntimeDefault"}, "runAsNonRoot": true, "capabilities": {"add": ["A\""], "drop": ["B", "C"]},
            "readOnlyRootFilesystem": false, "allowPrivilegeEscalation": false,
        });
        let context = json!({
            "supplementalGroups": [3, 4], "supplementalGroupsPolicy": "Strict", "fsGroup": 5, "seLinuxChangePolicy": "Recursive", "seccompProfile": {"type": "Localhost", "localhostProfile": "p\\q"},
            "seLinuxOptions": {"user": "u", "role": "r", "type": "t", "level": "l"},
        });
        json!({"spec": {
            "hostUsers": false, "runtimeClassName": "r", "securityContext": context, "containers": [{"name": "b"}, {"name": "c", "securityContext": own}],
            "initContainers": [{"name": "i", "securityContext": {"runAsUser": 6}}],
        }})
    }

    fn bare() -> Value {
        json!({"spec": {"containers": [{"name": "b"}, {"name": "c"}], "initContainers": [{"name": "i"}]}})
    }

    #[test]
    fn what_mutation_can_set_is_counted() {
        let (bare, full) = (bare().to_string(), full().to_string());
        let [bare, full] = [&bare, &full].map(|pod| Reader::document::<Pod<'_>>(pod).unwrap());
        assert_eq!((count_set_in_pod(&bare), count_set_in_pod(&full)), (0, 8));
    }

    #[test]
    fn nothing_changes_nothing() {
        assert_eq!(reported(&full(), &full()), Vec::<String>::new());
    }

    #[test]
    fn everything_is_reported_in_the_order_of_the_original() {
        assert_eq!(
            reported(&bare(), &full()),
            [
                "spec.hostUsers = false",
                "spec.securityContext.supplementalGroups = [3, 4]",
                "spec.securityContext.supplementalGroupsPolicy = \"Strict\"",
                "spec.securityContext.fsGroup = 5",
                "spec.securityContext.seLinuxOptions = {\"user\":\"u\",\"role\":\"r\",\"type\":\"t\",\"level\":\"l\"}",
                "spec.securityContext.seLinuxChangePolicy = \"Recursive\"",
                "spec.securityContext.seccompProfile = {\"type\":\"Localhost\",\"localhostProfile\":\"p\\\\q\"}",
                "spec.runtimeClassName = \"r\"",
                "spec.initContainers[0].securityContext.runAsUser = 6",
                "spec.containers[1].securityContext.runAsUser = 1",
                "spec.containers[1].securityContext.runAsGroup = 2",
                "spec.containers[1].securityContext.windowsOptions.runAsUserName = \"w\"",
                "spec.containers[1].securityContext.seLinuxOptions = {\"type\":\"t\"}",
                "spec.containers[1].securityContext.appArmorProfile = {\"type\":\"Unconfined\"}",
                "spec.containers[1].securityContext.seccompProfile = {\"type\":\"RuntimeDefault\"}",
                "spec.containers[1].securityContext.runAsNonRoot = true",
                "spec.containers[1].securityContext.capabilities.add = [\"A\\\"\"]",
                "spec.containers[1].securityContext.capabilities.drop = [\"B\", \"C\"]",
                "spec.containers[1].securityContext.readOnlyRootFilesystem = false",
                "spec.containers[1].securityContext.allowPrivilegeEscalation = false",
            ]
        );
    }

    #[test]
    fn all_of_it_can_be_taken_back() {
        let (before, after) = (bare().to_string(), full().to_string());
        let before: Pod<'_> = Reader::document(&before).unwrap();
        let mut pod: Pod<'_> = Reader::document(&after).unwrap();
        restore(&mut pod, &before);
        assert_eq!(format!("{pod:?}"), format!("{before:?}"));
    }

    #[test]
    fn they_make_one_pod_of_the_other() {
        let (before, after) = (bare().to_string(), full().to_string());
        let edits = changes(&Reader::document(&before).unwrap(), &Reader::document(&after).unwrap());
        let made: Value = serde_json::from_str(&graft(&before, &edits).unwrap()).unwrap();
        assert_eq!(made, full());
    }

    #[test]
    fn empty_options_are_reported_too() {
        let after = json!({"spec": {"securityContext": {"seLinuxOptions": {}, "supplementalGroups": []}}});
        let reported = reported(&json!({"spec": {}}), &after);
        assert_eq!(
            reported,
            ["spec.securityContext.supplementalGroups = []", "spec.securityContext.seLinuxOptions = {}"]
        );
    }
}
