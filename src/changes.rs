//! What mutation changed, as edits of the document.

use crate::graft::{Edit, Path, Step};
use crate::json::{Quoted, Text};
use crate::pod::{Container, List, Pod, Profile, SeLinuxOptions, SecurityContext, Slot};
use crate::policy::Scope;
use crate::violation::SPELT_OUT;

/// The edits that make `before` into `after`: first the pod's, then each container's, in the order of spec 4.2.
///
/// Only fields that some rule writes are compared, and no rule ever takes a value away.
pub(crate) fn changes(before: &Pod<'_>, after: &Pod<'_>) -> Vec<Edit<'static>> {
    let mut edits = Vec::new();
    compare_pod(before, after, &mut edits);
    for ((slot, old), (_, new)) in before.containers().zip(after.containers()) {
        compare_containers(slot, &old.security_context, &new.security_context, &mut edits);
    }
    edits
}

/// What mutation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The pod is as it was.
    None,
    /// Defaults were filled in, all of them where they can be written.
    Writable,
    /// A default was filled in where it cannot be written.
    Blocked,
}

/// What kind of [`changes`] there are, which takes much less than to write them.
pub(crate) fn change(before: &Pod<'_>, after: &Pod<'_>, scope: &Scope) -> Change {
    let mut changed = false;
    compare_pod(before, after, &mut changed);
    let mut blocked = changed && (scope.frozen || scope.added.is_some());
    for ((slot, old), (_, new)) in before.containers().zip(after.containers()) {
        let mut here = false;
        compare_containers(slot, &old.security_context, &new.security_context, &mut here);
        changed |= here;
        blocked |= here && !scope.writes(slot);
    }
    match (changed, blocked) {
        (false, _) => Change::None,
        (true, false) => Change::Writable,
        (true, true) => Change::Blocked,
    }
}

/// The first [`changes`] that cannot be written, and how many there are in all.
pub(crate) fn blocked_changes(
    before: &Pod<'_>,
    after: &Pod<'_>,
    scope: &Scope,
) -> (Vec<Edit<'static>>, usize) {
    let mut first = First { edits: Vec::new(), in_all: 0 };
    if scope.frozen || scope.added.is_some() {
        compare_pod(before, after, &mut first);
    }
    for ((slot, old), (_, new)) in before.containers().zip(after.containers()) {
        if !scope.writes(slot) {
            compare_containers(slot, &old.security_context, &new.security_context, &mut first);
        }
    }
    (first.edits, first.in_all)
}

/// How many fields of the pod as a whole are set that mutation can fill in.
pub(crate) fn written_to_pod(pod: &Pod<'_>) -> usize {
    let mut written = 0;
    compare_pod(&Pod::default(), pod, &mut written);
    written
}

/// How many fields of a container are set that mutation can fill in, each capability counted.
pub(crate) fn written_to(container: &Container<'_>) -> usize {
    let own = &container.security_context;
    let mut written = own.capabilities.add.len() + own.capabilities.drop.len();
    let slot = Slot { list: List::Regular, index: 0 };
    compare_containers(slot, &SecurityContext::default(), own, &mut written);
    written
}

/// What becomes of a change that is found.
trait Found {
    fn add(&mut self, path: impl FnOnce() -> Path<'static>, value: impl FnOnce() -> String);
}

impl Found for Vec<Edit<'static>> {
    fn add(&mut self, path: impl FnOnce() -> Path<'static>, value: impl FnOnce() -> String) {
        self.push(Edit { path: path(), value: value() });
    }
}

/// As many changes as are spelt out.
struct First {
    edits: Vec<Edit<'static>>,
    in_all: usize,
}

impl Found for First {
    fn add(&mut self, path: impl FnOnce() -> Path<'static>, value: impl FnOnce() -> String) {
        self.in_all += 1;
        if self.in_all <= SPELT_OUT {
            self.edits.add(path, value);
        }
    }
}

impl Found for bool {
    fn add(&mut self, _path: impl FnOnce() -> Path<'static>, _value: impl FnOnce() -> String) {
        *self = true;
    }
}

impl Found for usize {
    fn add(&mut self, _path: impl FnOnce() -> Path<'static>, _value: impl FnOnce() -> String) {
        *self += 1;
    }
}

fn compare_pod(before: &Pod<'_>, after: &Pod<'_>, found: &mut impl Found) {
    let (old, new) = (&before.spec.security_context, &after.spec.security_context);
    let own = |field| {
        move || Path::of(&[Step::Key("spec"), Step::Key("securityContext")]).then(Step::Key(field), &[])
    };
    let (groups, new_groups) = (&old.supplemental_groups, &new.supplemental_groups);
    field(found, groups, new_groups, own("supplementalGroups"), |ids| format!("{ids:?}"));
    field(found, &old.fs_group, &new.fs_group, own("fsGroup"), i64::to_string);
    field(found, &old.se_linux_options, &new.se_linux_options, own("seLinuxOptions"), se_linux_options);
    field(found, &old.seccomp_profile, &new.seccomp_profile, own("seccompProfile"), profile);
    let (old, new) = (&before.spec.runtime_class_name, &after.spec.runtime_class_name);
    let path = || Path::of(&[Step::Key("spec"), Step::Key("runtimeClassName")]);
    field(found, old, new, path, |name| Quoted(name).to_string());
}

const OWN: Step<'static> = Step::Key("securityContext");
const CAPABILITIES: Step<'static> = Step::Key("capabilities");

fn compare_containers(
    slot: Slot,
    old: &SecurityContext<'_>,
    new: &SecurityContext<'_>,
    found: &mut impl Found,
) {
    let place = Path::of(match slot.list {
        List::Init => &[Step::Key("spec"), Step::Key("initContainers")],
        List::Regular => &[Step::Key("spec"), Step::Key("containers")],
        List::Ephemeral => &[Step::Key("spec"), Step::Key("ephemeralContainers")],
    });
    let within = |behind| move || place.then(Step::Index(slot.index), behind);
    field(found, &old.run_as_user, &new.run_as_user, within(&[OWN, Step::Key("runAsUser")]), i64::to_string);
    field(
        found,
        &old.run_as_group,
        &new.run_as_group,
        within(&[OWN, Step::Key("runAsGroup")]),
        i64::to_string,
    );
    let (options, new_options) = (&old.se_linux_options, &new.se_linux_options);
    field(found, options, new_options, within(&[OWN, Step::Key("seLinuxOptions")]), se_linux_options);
    field(
        found,
        &old.app_armor_profile,
        &new.app_armor_profile,
        within(&[OWN, Step::Key("appArmorProfile")]),
        profile,
    );
    field(
        found,
        &old.seccomp_profile,
        &new.seccomp_profile,
        within(&[OWN, Step::Key("seccompProfile")]),
        profile,
    );
    field(
        found,
        &old.run_as_non_root,
        &new.run_as_non_root,
        within(&[OWN, Step::Key("runAsNonRoot")]),
        bool::to_string,
    );
    names(
        found,
        &old.capabilities.add,
        &new.capabilities.add,
        within(&[OWN, CAPABILITIES, Step::Key("add")]),
    );
    names(
        found,
        &old.capabilities.drop,
        &new.capabilities.drop,
        within(&[OWN, CAPABILITIES, Step::Key("drop")]),
    );
    let (read_only, new_read_only) = (&old.read_only_root_filesystem, &new.read_only_root_filesystem);
    field(
        found,
        read_only,
        new_read_only,
        within(&[OWN, Step::Key("readOnlyRootFilesystem")]),
        bool::to_string,
    );
    let (escalation, new_escalation) = (&old.allow_privilege_escalation, &new.allow_privilege_escalation);
    field(
        found,
        escalation,
        new_escalation,
        within(&[OWN, Step::Key("allowPrivilegeEscalation")]),
        bool::to_string,
    );
}

fn field<T: PartialEq>(
    found: &mut impl Found,
    old: &Option<T>,
    new: &Option<T>,
    path: impl FnOnce() -> Path<'static>,
    write: impl FnOnce(&T) -> String,
) {
    if let Some(value) = new.as_ref().filter(|_| old != new) {
        found.add(path, || write(value));
    }
}

fn names(found: &mut impl Found, old: &[Text<'_>], new: &[Text<'_>], path: impl FnOnce() -> Path<'static>) {
    if old != new {
        found.add(path, || list(new));
    }
}

/// Takes back what [`changes`] would tell, so that the next policy finds the pod as it arrived.
pub(crate) fn restore<'a>(pod: &mut Pod<'a>, arrived: &Pod<'a>) {
    let (now, then) = (&mut pod.spec.security_context, &arrived.spec.security_context);
    put_back(&mut now.supplemental_groups, &then.supplemental_groups);
    put_back(&mut now.fs_group, &then.fs_group);
    put_back(&mut now.se_linux_options, &then.se_linux_options);
    put_back(&mut now.seccomp_profile, &then.seccomp_profile);
    put_back(&mut pod.spec.runtime_class_name, &arrived.spec.runtime_class_name);
    for list in List::ALL {
        for (now, then) in pod.list_mut(list).iter_mut().zip(arrived.list(list)) {
            restore_container(&mut now.security_context, &then.security_context);
        }
    }
}

fn restore_container<'a>(now: &mut SecurityContext<'a>, then: &SecurityContext<'a>) {
    put_back(&mut now.run_as_user, &then.run_as_user);
    put_back(&mut now.run_as_group, &then.run_as_group);
    put_back(&mut now.se_linux_options, &then.se_linux_options);
    put_back(&mut now.app_armor_profile, &then.app_armor_profile);
    put_back(&mut now.seccomp_profile, &then.seccomp_profile);
    put_back(&mut now.run_as_non_root, &then.run_as_non_root);
    put_back(&mut now.capabilities.add, &then.capabilities.add);
    put_back(&mut now.capabilities.drop, &then.capabilities.drop);
    put_back(&mut now.read_only_root_filesystem, &then.read_only_root_filesystem);
    put_back(&mut now.allow_privilege_escalation, &then.allow_privilege_escalation);
}

/// Copies only what differs: most fields do not. A list stays in the memory that it has.
fn put_back<T: PartialEq + Clone>(now: &mut T, then: &T) {
    if now != then {
        now.clone_from(then);
    }
}

fn se_linux_options(options: &SeLinuxOptions<'_>) -> String {
    let SeLinuxOptions { user, role, kind, level } = options;
    object(&[("user", user), ("role", role), ("type", kind), ("level", level)])
}

fn profile(profile: &Profile<'_>) -> String {
    object(&[("type", &profile.kind), ("localhostProfile", &profile.localhost_profile)])
}

/// A list of strings.
fn list(names: &[Text<'_>]) -> String {
    let mut json = String::from("[");
    for name in names {
        let comma = if json.len() == 1 { "" } else { ", " };
        json.push_str(comma);
        // Writing to a String cannot fail.
        let _ = Quoted(name).write_to(&mut json);
    }
    json.push(']');
    json
}

/// An object of strings; empty ones are left out, as the API does.
fn object(members: &[(&str, &str)]) -> String {
    let mut json = String::from("{");
    for (key, value) in members.iter().filter(|(_, value)| !value.is_empty()) {
        let comma = if json.len() == 1 { "" } else { "," };
        json.push_str(comma);
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
    use crate::graft::graft;
    use crate::json::Reader;
    use serde_json::{Value, json};

    fn told(before: &Value, after: &Value) -> Vec<String> {
        let (before, after) = (before.to_string(), after.to_string());
        let (before, after) = (Reader::document(&before).unwrap(), Reader::document(&after).unwrap());
        let edits = changes(&before, &after);
        let is_changed = change(&before, &after, &Scope::default()) == Change::Writable;
        assert_eq!(is_changed, !edits.is_empty());
        edits.iter().map(|edit| format!("{edit} = {}", edit.value)).collect()
    }

    fn full() -> Value {
        let own = json!({
            "runAsUser": 1, "runAsGroup": 2, "seLinuxOptions": {"type": "t"}, "appArmorProfile": {"type": "Unconfined"},
            "seccompProfile": {"type": "RuntimeDefault"}, "runAsNonRoot": true, "capabilities": {"add": ["A\""], "drop": ["B", "C"]},
            "readOnlyRootFilesystem": false, "allowPrivilegeEscalation": false,
        });
        let context = json!({
            "supplementalGroups": [3, 4], "fsGroup": 5, "seccompProfile": {"type": "Localhost", "localhostProfile": "p\\q"},
            "seLinuxOptions": {"user": "u", "role": "r", "type": "t", "level": "l"},
        });
        json!({"spec": {
            "runtimeClassName": "r", "securityContext": context, "containers": [{"name": "b"}, {"name": "c", "securityContext": own}],
            "initContainers": [{"name": "i", "securityContext": {"runAsUser": 6}}],
        }})
    }

    fn bare() -> Value {
        json!({"spec": {"containers": [{"name": "b"}, {"name": "c"}], "initContainers": [{"name": "i"}]}})
    }

    #[test]
    fn nothing_changes_nothing() {
        assert_eq!(told(&full(), &full()), Vec::<String>::new());
    }

    #[test]
    fn everything_is_told_in_the_order_of_the_original() {
        assert_eq!(
            told(&bare(), &full()),
            [
                "spec.securityContext.supplementalGroups = [3, 4]",
                "spec.securityContext.fsGroup = 5",
                "spec.securityContext.seLinuxOptions = {\"user\":\"u\",\"role\":\"r\",\"type\":\"t\",\"level\":\"l\"}",
                "spec.securityContext.seccompProfile = {\"type\":\"Localhost\",\"localhostProfile\":\"p\\\\q\"}",
                "spec.runtimeClassName = \"r\"",
                "spec.initContainers[0].securityContext.runAsUser = 6",
                "spec.containers[1].securityContext.runAsUser = 1",
                "spec.containers[1].securityContext.runAsGroup = 2",
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
    fn empty_options_are_told_too() {
        let after = json!({"spec": {"securityContext": {"seLinuxOptions": {}, "supplementalGroups": []}}});
        let told = told(&json!({"spec": {}}), &after);
        assert_eq!(
            told,
            ["spec.securityContext.supplementalGroups = []", "spec.securityContext.seLinuxOptions = {}"]
        );
    }
}
