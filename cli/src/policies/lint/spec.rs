//! Advice about one policy.

use serde_json::Value;

use super::About;

/// The highest id that the API server accepts in a pod.
const HIGHEST_ID: i64 = 2_147_483_647;

const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "apparmor.security.beta.kubernetes.io/";

/// A policy and the advice about it.
struct Review<'v> {
    spec: &'v Value,
    annotations: &'v Value,
    found: Vec<About>,
}

/// Advice about a policy: fields, and why.
pub(super) fn about(spec: &Value, annotations: &Value) -> Vec<About> {
    let mut review = Review { spec, annotations, found: Vec::new() };
    review.host_paths();
    review.volumes();
    review.capabilities();
    review.strategies();
    review.continued();
    review.containers();
    review.seccomp();
    review.app_armor();
    review.found
}

impl<'v> Review<'v> {
    fn note(&mut self, field: impl Into<String>, entry: &str, text: &'static str) {
        self.found.push(About { field: field.into(), entry: entry.to_owned(), text, is_serious: false });
    }

    fn warn(&mut self, field: impl Into<String>, text: &'static str) {
        self.found.push(About { field: field.into(), entry: String::new(), text, is_serious: true });
    }

    fn list(&self, field: &str) -> &'v [Value] {
        self.spec.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn lists(&self, field: &str, name: &str) -> bool {
        self.list(field).iter().any(|entry| entry == name)
    }

    fn flag(&self, field: &str) -> Option<bool> {
        self.spec.get(field).and_then(Value::as_bool)
    }

    fn annotation(&self, prefix: &str, name: &str) -> Option<&'v str> {
        self.annotations.get(format!("{prefix}{name}"))?.as_str()
    }

    /// Privileged containers reach the whole node: what else is allowed adds nothing, and is meant.
    fn is_privileged(&self) -> bool {
        self.flag("privileged") == Some(true)
    }

    fn host_paths(&mut self) {
        let prefixes = self.list("allowedHostPaths");
        if !self.lists("volumes", "*") && !self.lists("volumes", "hostPath") {
            if !prefixes.is_empty() {
                self.note("allowedHostPaths", "", "has no effect: `volumes` does not list hostPath");
            }
            return;
        }
        for (index, prefix) in prefixes.iter().enumerate() {
            let writable = prefix.get("readOnly") != Some(&Value::Bool(true));
            if let (true, Some(path)) = (writable, prefix.get("pathPrefix").and_then(Value::as_str)) {
                self.note(
                    format!("allowedHostPaths[{index}]"),
                    path,
                    "may be written: through a symbolic link or a log file a pod gets out of it; readOnly: true if reading is enough",
                );
            }
        }
        if prefixes.is_empty() && !self.is_privileged() {
            self.note(
                "allowedHostPaths",
                "",
                "is empty: pods may mount and write every path of the node; list prefixes, or leave hostPath out of volumes",
            );
        }
    }

    fn volumes(&mut self) {
        if self.lists("volumes", "*") {
            if !self.is_privileged() {
                self.note(
                    "volumes",
                    "*",
                    "includes gitRepo, which runs git as root on the node, hostPath, and every type that Kubernetes will ever have; list what pods need",
                );
            }
        } else if self.lists("volumes", "gitRepo") {
            self.note("volumes", "gitRepo", "runs git as root on the node; an init container clones as well");
        }
        // A fragment, as in tests and examples, is not a complete policy: all four strategies are required.
        if self.list("volumes").is_empty() && self.spec.get("runAsUser").is_some() {
            self.warn(
                "volumes",
                "lists nothing, so that every pod with a volume is rejected, and every one that gets a service account's token: list `projected`, and what else pods need",
            );
        }
    }

    fn capabilities(&mut self) {
        for field in ["allowedCapabilities", "defaultAddCapabilities"] {
            for (index, name) in self.list(field).iter().enumerate() {
                if let Some(name) = name.as_str().filter(|name| name.starts_with("CAP_")) {
                    self.note(
                        format!("{field}[{index}]"),
                        name,
                        "meets none of the capabilities that pods name: names are compared as they are written, and pods write them without CAP_",
                    );
                }
            }
        }
        for (index, name) in self.list("requiredDropCapabilities").iter().enumerate() {
            let Some((name, bare)) = name.as_str().and_then(|name| Some((name, name.strip_prefix("CAP_")?)))
            else {
                continue;
            };
            let field = format!("requiredDropCapabilities[{index}]");
            let kept = ["allowedCapabilities", "defaultAddCapabilities"]
                .iter()
                .any(|field| self.lists(field, bare) || self.lists(field, "*"));
            match kept {
                true => self.note(
                    field,
                    name,
                    "is dropped as it is written, which runtimes do not know, since the policy allows the same name without CAP_",
                ),
                false => self.note(field, name, "is read without CAP_, as runtimes know it: leave the prefix out"),
            }
        }
    }

    /// What pods have learnt since PodSecurityPolicy ended.
    fn continued(&mut self) {
        let rule = |field: &str| self.spec.get(field).and_then(|strategy| strategy.get("rule")?.as_str());
        if rule("runAsUser") == Some("MayRunAs") {
            self.note(
                "runAsUser.rule",
                "MayRunAs",
                "lets an image run as root: it judges only users that pods name; MustRunAsNonRoot if images have users of their own",
            );
        }
        let se_linux = self.spec.get("seLinux");
        let level = se_linux.and_then(|strategy| strategy.get("seLinuxOptions")?.get("level")?.as_str());
        let change_policy = se_linux.and_then(|strategy| strategy.get("changePolicy"));
        if rule("seLinux") == Some("MustRunAs")
            && level.is_some_and(|level| !level.is_empty())
            && change_policy.is_none_or(Value::is_null)
        {
            self.note(
                "seLinux.seLinuxOptions.level",
                "",
                "changes how volumes are mounted since Kubernetes 1.37: pods with another label cannot share them; seLinux.changePolicy: Recursive keeps what was",
            );
        }
        let demands_namespace =
            self.spec.get("userNamespaceLevel").is_some_and(|level| level == "RequirePodLevel");
        for field in ["runAsUser", "runAsGroup", "supplementalGroups", "fsGroup"] {
            let first = self
                .spec
                .get(field)
                .and_then(|strategy| strategy.get("ranges")?.get(0)?.get("min")?.as_i64());
            if demands_namespace
                && rule(field) == Some("MustRunAs")
                && first.is_some_and(|first| first > 65_535)
            {
                self.warn(
                    format!("{field}.ranges[0]"),
                    "is above 65535 and cannot be filled in, because pods with hostUsers: false have no such ids",
                );
            }
        }
    }

    fn strategies(&mut self) {
        for (field, heeding) in [
            ("runAsUser", &["MustRunAs", "MayRunAs"][..]),
            ("runAsGroup", &["MustRunAs", "MayRunAs"]),
            ("supplementalGroups", &["MustRunAs", "MayRunAs"]),
            ("fsGroup", &["MustRunAs", "MayRunAs"]),
        ] {
            let Some(strategy) = self.spec.get(field) else { continue };
            let rule = strategy.get("rule").and_then(Value::as_str).unwrap_or_default();
            let ranges =
                strategy.get("ranges").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            if !ranges.is_empty() && !heeding.contains(&rule) {
                self.note(
                    format!("{field}.ranges"),
                    rule,
                    "has no ranges, and these have no effect: MustRunAs would demand them",
                );
                continue;
            }
            for (index, range) in ranges.iter().enumerate() {
                let bound = |end: &str| range.get(end).and_then(Value::as_i64).filter(|id| *id > HIGHEST_ID);
                if let Some(id) = bound("min").or_else(|| bound("max")) {
                    self.note(
                        format!("{field}.ranges[{index}]"),
                        &id.to_string(),
                        "is refused by the API server in every pod, as is every id above 2147483647 (2^31-1)",
                    );
                }
            }
        }
        let se_linux = self.spec.get("seLinux");
        let options = se_linux.and_then(|strategy| strategy.get("seLinuxOptions"));
        let is_set = options.and_then(Value::as_object).is_some_and(|options| !options.is_empty());
        let rule =
            se_linux.and_then(|strategy| strategy.get("rule")).and_then(Value::as_str).unwrap_or_default();
        if is_set && rule != "MustRunAs" {
            self.note(
                "seLinux.seLinuxOptions",
                rule,
                "has no options, and these have no effect: MustRunAs would demand them",
            );
        }
    }

    fn containers(&mut self) {
        if self.flag("privileged") == Some(true) && self.flag("allowPrivilegeEscalation") == Some(false) {
            self.warn(
                "privileged",
                "has no effect on Linux: `allowPrivilegeEscalation: false` rejects every privileged container, which Kubernetes does not let go without privilege escalation; leave one of the two out, unless HostProcess containers of Windows need `privileged`",
            );
        }
        let types = self.list("allowedProcMountTypes");
        if !types.is_empty()
            && !self.lists("allowedProcMountTypes", "Default")
            && !self.lists("allowedProcMountTypes", "*")
        {
            self.warn(
                "allowedProcMountTypes",
                "rejects every container that leaves procMount unset, which is `Default`: list `Default` as well",
            );
        }
    }

    fn seccomp(&mut self) {
        let default = self.annotation(SECCOMP, "defaultProfileName").filter(|name| !name.is_empty());
        let allowed = self.annotation(SECCOMP, "allowedProfileNames");
        // An empty name among others stands for "no profile".
        let demanded =
            allowed.is_some_and(|list| list.split(',').all(|name| !name.is_empty() && name != "*"));
        match default {
            Some("unconfined") => self.warn(
                format!("{SECCOMP}defaultProfileName"),
                "`unconfined` is written into every pod that names no profile: it overrides the kubelet's default, and the Pod Security Standards refuse it at baseline; use `runtime/default`",
            ),
            None if demanded => self.warn(
                format!("{SECCOMP}allowedProfileNames"),
                "is a list without a default, so that every pod that names no profile is rejected: add the annotation seccomp.security.alpha.kubernetes.io/defaultProfileName, `runtime/default` for example",
            ),
            _ => {}
        }
    }

    fn app_armor(&mut self) {
        let default = self.annotation(APP_ARMOR, "defaultProfileName").filter(|name| !name.is_empty());
        let Some(allowed) = self.annotation(APP_ARMOR, "allowedProfileNames") else {
            if default == Some("unconfined") {
                self.unconfined_app_armor();
            }
            return;
        };
        match default {
            Some("unconfined") => self.unconfined_app_armor(),
            None if allowed.split(',').all(str::is_empty) => self.warn(
                format!("{APP_ARMOR}allowedProfileNames"),
                "lists nothing, so that no container can be admitted: every container needs a profile, and none is allowed; name profiles, or leave the annotation out",
            ),
            None => self.warn(
                format!("{APP_ARMOR}allowedProfileNames"),
                "is a list without a default, so that every container that names no profile is rejected: add the annotation apparmor.security.beta.kubernetes.io/defaultProfileName, `runtime/default` for example",
            ),
            Some(_) => {}
        }
    }

    fn unconfined_app_armor(&mut self) {
        self.warn(
            format!("{APP_ARMOR}defaultProfileName"),
            "`unconfined` is written into every container that names no profile, and the Pod Security Standards refuse it at baseline; use `runtime/default`",
        );
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    /// A policy without advice.
    fn wise() -> Value {
        json!({"volumes": ["configMap", "projected"], "requiredDropCapabilities": ["ALL"], "runAsUser": {"rule": "RunAsAny"}})
    }

    #[rstest]
    #[case::nothing(json!({}), json!({}), &[])]
    #[case::no_prefixes(json!({"volumes": ["hostPath"]}), json!({}), &["allowedHostPaths"])]
    #[case::prefixes(json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/a", "readOnly": true}, {"pathPrefix": "/b"}]}), json!({}), &["allowedHostPaths[1]"])]
    #[case::prefixes_without_the_type(json!({"allowedHostPaths": [{"pathPrefix": "/storage", "readOnly": false}]}), json!({}), &["allowedHostPaths"])]
    #[case::every_volume(json!({"volumes": ["*"], "allowedHostPaths": [{"pathPrefix": "/a", "readOnly": true}]}), json!({}), &["volumes"])]
    #[case::no_volume(json!({"volumes": []}), json!({}), &["!volumes"])]
    #[case::volumes_unset(json!({"volumes": null}), json!({}), &["!volumes"])]
    #[case::prefixed_capabilities(json!({"allowedCapabilities": ["CAP_CHOWN"], "defaultAddCapabilities": ["CAP_KILL"], "requiredDropCapabilities": ["CAP_MKNOD"]}), json!({}),
        &["allowedCapabilities[0]", "defaultAddCapabilities[0]", "requiredDropCapabilities[0]"])]
    #[case::ranges_without_effect(json!({"runAsUser": {"rule": "MustRunAsNonRoot", "ranges": [{"min": 1, "max": 2}]}, "fsGroup": {"rule": "RunAsAny", "ranges": [{"min": 1, "max": 2}]}}), json!({}),
        &["runAsUser.ranges", "fsGroup.ranges"])]
    #[case::ranges_with_effect(json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1, "max": 2147483647}]}}), json!({}), &[])]
    #[case::high_ids(json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1, "max": 2147483648_i64}]}, "supplementalGroups": {"rule": "MayRunAs", "ranges": [{"min": 1, "max": 2}, {"min": 4294967295_i64, "max": 4294967295_i64}]}}), json!({}),
        &["runAsUser.ranges[0]", "supplementalGroups.ranges[1]"])]
    #[case::options_without_effect(json!({"seLinux": {"rule": "RunAsAny", "seLinuxOptions": {"level": "s0"}}}), json!({}), &["seLinux.seLinuxOptions"])]
    #[case::options_with_effect(json!({"seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"type": "t"}}}), json!({}), &[])]
    #[case::a_level(json!({"seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0"}}}), json!({}), &["seLinux.seLinuxOptions.level"])]
    #[case::a_level_that_relabels(json!({"seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0"}, "changePolicy": "Recursive"}}), json!({}), &[])]
    #[case::any_user_of_an_image(json!({"runAsUser": {"rule": "MayRunAs", "ranges": [{"min": 1, "max": 2}]}}), json!({}), &["runAsUser.rule"])]
    #[case::ids_without_a_user(json!({"userNamespaceLevel": "RequirePodLevel", "runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 100000, "max": 100000}]}}), json!({}),
        &["!runAsUser.ranges[0]"])]
    #[case::ids_with_a_user(json!({"userNamespaceLevel": "RequirePodLevel", "runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 100000}]}}), json!({}), &[])]
    #[case::no_options(json!({"seLinux": {"rule": "RunAsAny", "seLinuxOptions": {}}}), json!({}), &[])]
    #[case::privileged_without_escalation(json!({"privileged": true, "allowPrivilegeEscalation": false}), json!({}), &["!privileged"])]
    #[case::privileged(json!({"privileged": true}), json!({}), &[])]
    #[case::unmasked_alone(json!({"allowedProcMountTypes": ["Unmasked"]}), json!({}), &["!allowedProcMountTypes"])]
    #[case::unmasked_too(json!({"allowedProcMountTypes": ["Unmasked", "Default"]}), json!({}), &[])]
    #[case::seccomp_unconfined(json!({}), json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*", "seccomp.security.alpha.kubernetes.io/defaultProfileName": "unconfined"}),
        &["!seccomp.security.alpha.kubernetes.io/defaultProfileName"])]
    #[case::seccomp_without_default(json!({}), json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "docker/default,runtime/default"}),
        &["!seccomp.security.alpha.kubernetes.io/allowedProfileNames"])]
    #[case::any_seccomp(json!({}), json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*"}), &[])]
    #[case::no_seccomp_may_be_named(json!({}), json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": ""}), &[])]
    #[case::seccomp_or_nothing(json!({}), json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "runtime/default,"}), &[])]
    #[case::seccomp_with_default(json!({}), json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "runtime/default", "seccomp.security.alpha.kubernetes.io/defaultProfileName": "runtime/default"}), &[])]
    #[case::app_armor_of_nothing(json!({}), json!({"apparmor.security.beta.kubernetes.io/allowedProfileNames": ""}), &["!apparmor.security.beta.kubernetes.io/allowedProfileNames"])]
    #[case::app_armor_without_default(json!({}), json!({"apparmor.security.beta.kubernetes.io/allowedProfileNames": "runtime/default"}), &["!apparmor.security.beta.kubernetes.io/allowedProfileNames"])]
    #[case::app_armor_unconfined(json!({}), json!({"apparmor.security.beta.kubernetes.io/defaultProfileName": "unconfined"}), &["!apparmor.security.beta.kubernetes.io/defaultProfileName"])]
    #[case::app_armor(json!({}), json!({"apparmor.security.beta.kubernetes.io/allowedProfileNames": "runtime/default", "apparmor.security.beta.kubernetes.io/defaultProfileName": "runtime/default"}), &[])]
    fn advises(#[case] over: Value, #[case] annotations: Value, #[case] expected: &[&str]) {
        let mut spec = wise();
        spec.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        let reported: Vec<String> = about(&spec, &annotations)
            .into_iter()
            .map(|about| format!("{}{}", if about.is_serious { "!" } else { "" }, about.field))
            .collect();
        assert_eq!(reported, expected);
    }
}
