//! Policies that no pod can satisfy together with the enforced standard.
//!
//! The demands of a policy are put into a pod, each way of satisfying them in turn, and the standard is evaluated.
//! Where a check refuses them all, the settings are wrong, unless violations of the rule or the check need not deny.

use crate::json::{Quoted, Reader, Value};
use crate::pod::Profile;
use crate::rule::Action;
use crate::rules;
use crate::schema::{Path, Problems};
use crate::settings::Settings;
use crate::settings::policies::{self, Written};
use crate::standards::{Failure, Standard, details};

/// The rules in annotations: those that list the allowed values, the field of the pod, and the checks that look at it.
const PROFILES: &[(&str, &str, &str, &[&str])] = &[
    (
        "seccomp",
        "seccomp.security.alpha.kubernetes.io/allowedProfileNames",
        "seccompProfile",
        &["seccompProfile_baseline", "seccompProfile_restricted"],
    ),
    (
        "appArmor",
        "apparmor.security.beta.kubernetes.io/allowedProfileNames",
        "appArmorProfile",
        &["appArmorProfile"],
    ),
];

/// The settings without policies, and what is found in those.
struct Conflicts<'c, 's> {
    standard: Standard,
    settings: &'c Settings<'s>,
    problems: &'c mut Problems,
}

/// Finds the policies that contradict the enforced standard.
pub(super) fn check(
    root: Value<'_, '_>,
    standard: Standard,
    settings: &Settings<'_>,
    problems: &mut Problems,
) {
    let mut conflicts = Conflicts { standard, settings, problems };
    policies::each(root, &mut |policy| conflicts.check(policy));
}

impl Conflicts<'_, '_> {
    fn check(&mut self, policy: &Written<'_, '_, '_>) {
        let Written { spec, at, annotations, annotations_at } = policy;
        let under = |strategy: &str, key: &str| {
            let strategy = spec.get(strategy)?;
            let rule = strategy.get("rule")?.text()?;
            if rule == "MustRunAs" { strategy.get(key) } else { None }
        };
        if let Some(options) = under("seLinux", "seLinuxOptions") {
            let text = |key| options.get(key).and_then(Value::text).unwrap_or_default();
            let [user, role, kind] = ["user", "role", "type"].map(text);
            let (user, role, kind) = (Quoted(&user), Quoted(&role), Quoted(&kind));
            let options = format!(r#""seLinuxOptions":{{"user":{user},"role":{role},"type":{kind}}}"#);
            let mut pods = std::iter::once(pod(&options, ""));
            self.report("seLinux", &["seLinuxOptions"], &mut pods, &at.key("seLinux"));
        }
        if let Some(ranges) = under("runAsUser", "ranges") {
            let ids = ranges.elements().filter_map(|range| range.get("max").and_then(Value::integer));
            let mut pods = ids.map(|id| pod(&format!(r#""runAsUser":{id}"#), ""));
            self.report("runAsUser", &["runAsUser"], &mut pods, &at.key("runAsUser"));
        }
        if let Some(types) = spec.get("allowedProcMountTypes") {
            let types = types.elements().filter_map(Value::text);
            let mut pods = types.map(|kind| pod("", &format!(r#""procMount":{}"#, Quoted(&kind))));
            let (rule, checks) = ("allowedProcMountTypes", ["procMount", "procMount_restricted"]);
            self.report(rule, &checks, &mut pods, &at.key(rule));
        }
        for (rule, key, field, checks) in PROFILES {
            let list = annotations.get(key).and_then(Value::text);
            let Some(list) = list.filter(|list| list.split(',').all(|name| name != "*")) else { continue };
            // An empty list allows no seccomp profile, and no pod without an AppArmor profile.
            let names = list.split(',').filter(|name| !name.is_empty() || *rule == "seccomp");
            let mut pods = names.map(|name| match Profile::named(name) {
                Some(profile) => pod(&format!(r#""{field}":{{"type":"{}"}}"#, profile.kind), ""),
                None => pod("", ""),
            });
            self.report(rule, checks, &mut pods, &annotations_at.key(key));
        }
    }

    /// Reports a conflict if these checks refuse every one of the pods, which are all ways of satisfying the rule.
    fn report(&mut self, rule: &str, checks: &[&str], pods: &mut dyn Iterator<Item = String>, at: &Path<'_>) {
        if rules::index(rule).is_some_and(|rule| self.forgives(rule)) {
            return;
        }
        let standard = self.standard;
        let refused = |pod: String| {
            let failures = Reader::document(&pod).map(|pod| standard.evaluate(&pod)).unwrap_or_default();
            failures.into_iter().find(|failure| checks.contains(&failure.id) && !self.forgives(failure.index))
        };
        let failures: Option<Vec<Failure>> = pods.map(refused).collect();
        if let Some([first, ..]) = failures.as_deref() {
            let reason = details([first]);
            self.problems.add(
                at,
                format_args!(
                    "Forbidden: no pod could satisfy this and the enforced standard \"{standard}\": {reason}"
                ),
            );
        }
    }

    /// Whether there are pods for which a rule or a check reports no violation, or none that denies.
    fn forgives(&self, index: usize) -> bool {
        self.settings.enforcement.action(index) != Action::Deny
            || self.settings.exemptions.iter().any(|exemption| exemption.rules.has(index))
    }
}

/// A pod, as JSON, with one container, in the user namespace that relaxes some checks: its security context, and the
/// fields of its container.
fn pod(context: &str, own: &str) -> String {
    format!(
        r#"{{"spec":{{"hostUsers":false,"securityContext":{{{context}}},"containers":[{{"securityContext":{{{own}}}}}]}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;
    use crate::testing::policy;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn with(mut base: Value, over: Value) -> Value {
        for (key, value) in over.as_object().unwrap() {
            base[key] = value.clone();
        }
        base
    }

    fn problems(standard: &str, over: Value) -> String {
        let settings = with(policy(&json!({"podSecurityStandards": {"enforce": standard}})), over);
        Settings::parse(&settings.to_string()).err().map(|problems| problems.to_string()).unwrap_or_default()
    }

    fn seccomp(names: &str) -> Value {
        json!({"annotations": {"seccomp.security.alpha.kubernetes.io/allowedProfileNames": names}})
    }

    fn app_armor(names: &str) -> Value {
        json!({"annotations": {"apparmor.security.beta.kubernetes.io/allowedProfileNames": names}})
    }

    fn se_linux(options: Value) -> Value {
        json!({"seLinux": {"rule": "MustRunAs", "seLinuxOptions": options}})
    }

    fn users(min: i64, max: i64) -> Value {
        json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": min, "max": max}]}})
    }

    #[rstest]
    #[case::nothing("restricted", json!({}))]
    #[case::any_seccomp("restricted", seccomp("*"))]
    #[case::seccomp_default("restricted", seccomp("unconfined,docker/default"))]
    #[case::seccomp_localhost("restricted", seccomp("localhost/a"))]
    #[case::no_seccomp_at_baseline("baseline", seccomp(""))]
    #[case::unconfined_when_annotations_counted("baseline:v1.18", seccomp("unconfined"))]
    #[case::unconfined_at_privileged("privileged", seccomp("unconfined"))]
    #[case::app_armor("baseline", app_armor("unconfined,localhost/a"))]
    #[case::se_linux_type("baseline", se_linux(json!({"type": "container_t", "level": "s0"})))]
    #[case::se_linux_type_of_a_version("baseline:v1.31", se_linux(json!({"type": "container_engine_t"})))]
    #[case::no_se_linux("baseline", se_linux(json!({})))]
    #[case::root_and_others("restricted:v1.30", users(0, 1))]
    #[case::root_in_a_user_namespace("restricted:v1.35", users(0, 0))]
    #[case::root_before_the_check("restricted:v1.22", users(0, 0))]
    #[case::root_at_baseline("baseline", users(0, 0))]
    #[case::proc_mounts("restricted", json!({"allowedProcMountTypes": ["Unmasked", "Default"]}))]
    #[case::unmasked_in_a_user_namespace("baseline", json!({"allowedProcMountTypes": ["Unmasked"]}))]
    fn can_be_satisfied(#[case] standard: &str, #[case] over: Value) {
        assert_eq!(problems(standard, over), "");
    }

    #[rstest]
    #[case::seccomp("restricted", seccomp("unconfined"),
        r#"annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]: Forbidden: no pod could satisfy this and the enforced standard "restricted:latest": seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")"#)]
    #[case::seccomp_at_baseline("baseline:v1.19", seccomp("unconfined"),
        r#"annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]: Forbidden: no pod could satisfy this and the enforced standard "baseline:v1.19": seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")"#)]
    #[case::no_seccomp("restricted", seccomp(""),
        r#"annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]: Forbidden: no pod could satisfy this and the enforced standard "restricted:latest": seccompProfile (pod or container "" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#)]
    #[case::app_armor("baseline", app_armor("unconfined"),
        r#"annotations[apparmor.security.beta.kubernetes.io/allowedProfileNames]: Forbidden: no pod could satisfy this and the enforced standard "baseline:latest": forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")"#)]
    #[case::se_linux("baseline", se_linux(json!({"type": "spc_t"})),
        r#"seLinux: Forbidden: no pod could satisfy this and the enforced standard "baseline:latest": seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t")"#)]
    #[case::se_linux_user("restricted:v1.30", se_linux(json!({"type": "container_engine_t", "user": "u"})),
        r#"seLinux: Forbidden: no pod could satisfy this and the enforced standard "restricted:v1.30": seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "container_engine_t"; user may not be set)"#)]
    #[case::root("restricted:v1.34", users(0, 0),
        r#"runAsUser: Forbidden: no pod could satisfy this and the enforced standard "restricted:v1.34": runAsUser=0 (pod must not set runAsUser=0)"#)]
    #[case::unmasked("restricted", json!({"allowedProcMountTypes": ["Unmasked"]}),
        r#"allowedProcMountTypes: Forbidden: no pod could satisfy this and the enforced standard "restricted:latest": procMount (container "" must not set securityContext.procMount to "Unmasked")"#)]
    fn contradicts(#[case] standard: &str, #[case] over: Value, #[case] expected: &str) {
        assert_eq!(problems(standard, over), expected);
    }

    #[rstest]
    #[case::rule(json!({"enforcement": {"rules": {"seLinux": "Warn"}}}))]
    #[case::check(json!({"enforcement": {"rules": {"pss/seLinuxOptions": "Audit"}}}))]
    #[case::exemption(json!({"exemptions": [{"name": "e", "match": {"namespaces": ["a"]}, "rules": ["pss/seLinuxOptions"]}]}))]
    #[case::no_enforcement(json!({"podSecurityStandards": {"warn": "restricted"}}))]
    fn what_can_be_forgiven_is_no_contradiction(#[case] over: Value) {
        assert_eq!(problems("baseline", with(se_linux(json!({"type": "spc_t"})), over)), "");
    }

    #[test]
    fn every_policy_is_checked() {
        let any = json!({"rule": "RunAsAny"});
        let spec = |over| {
            with(json!({"runAsUser": any, "seLinux": any, "supplementalGroups": any, "fsGroup": any}), over)
        };
        let good = json!({"metadata": {"name": "good"}, "spec": spec(json!({}))});
        let bad = json!({"metadata": {"name": "bad", "annotations": seccomp("unconfined")["annotations"]}, "spec": spec(se_linux(json!({"role": "r"})))});
        let settings = json!({"policies": [good, bad], "authorization": "None", "podSecurityStandards": {"enforce": "baseline"}});
        let problems = Settings::parse(&settings.to_string()).unwrap_err();
        let paths: Vec<_> = problems.0.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "policies[1].spec.seLinux",
                "policies[1].metadata.annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]"
            ]
        );
        let mut manifest = with(bad, json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy"}));
        manifest["podSecurityStandards"] = json!({"enforce": "baseline"});
        let problems = Settings::parse(&manifest.to_string()).unwrap_err();
        assert_eq!(problems.0[0].path, "spec.seLinux");
    }
}
