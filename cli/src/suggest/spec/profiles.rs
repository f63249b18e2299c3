//! Confinement of containers: SELinux, seccomp and AppArmor.

use serde_json::{Map, Value, json};

use super::super::needs::Needs;
use super::{Draft, Strictness};

const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "apparmor.security.beta.kubernetes.io/";

impl Draft {
    pub(super) fn se_linux(&mut self, needs: &Needs) {
        let mut used = needs.se_linux.iter();
        let value = match (used.next(), used.next(), &needs.se_linux_open) {
            (Some(([user, role, kind, level], _)), None, None) => {
                let options = [("user", user), ("role", role), ("type", kind), ("level", level)];
                let options: Map<String, Value> = options
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(key, value)| (key.to_owned(), value.as_str().into()))
                    .collect();
                json!({"rule": "MustRunAs", "seLinuxOptions": options})
            }
            (Some((_, evidence)), ..) => {
                self.with_cause("seLinux", "options of their own", evidence);
                json!({"rule": "RunAsAny"})
            }
            (None, ..) => json!({"rule": "RunAsAny"}),
        };
        self.set("seLinux", value);
    }

    pub(super) fn seccomp(&mut self, needs: &Needs) {
        let names: Vec<&str> = needs.seccomp.keys().map(String::as_str).collect();
        let listable = |name: &str| match name.strip_prefix("localhost/") {
            Some(path) => {
                !path.starts_with('/')
                    && !path.split('/').any(|element| element == "..")
                    && !path.contains(',')
            }
            None => true,
        };
        let none = needs.seccomp.get("");
        let filled = self.strictness == Strictness::FilledIn
            && names.iter().all(|name| matches!(*name, "" | "runtime/default"));
        let odd = needs
            .odd_seccomp
            .as_ref()
            .or_else(|| needs.seccomp.iter().find(|(name, _)| !listable(name)).map(|(_, evidence)| evidence));
        for (name, evidence) in &needs.seccomp {
            match &**name {
                "" if !filled => self.with_cause("seccomp", "none: it is left open", evidence),
                "" | "runtime/default" => {}
                name => self.with_cause("seccomp", name, evidence),
            }
        }
        let allowed = match odd {
            Some(evidence) => {
                self.with_cause("seccomp", "*: a profile that no list can name", evidence);
                Some("*".to_owned())
            }
            None if filled => {
                self.annotate(&format!("{SECCOMP}defaultProfileName"), "runtime/default");
                Some("runtime/default".to_owned())
            }
            // Without a list none is allowed, and RuntimeDefault, which is never weaker.
            None if none.is_some() => {
                (!names.iter().all(|name| matches!(*name, "" | "runtime/default"))).then(|| "*".to_owned())
            }
            None => Some(names.join(",")),
        };
        if let Some(allowed) = allowed {
            self.annotate(&format!("{SECCOMP}allowedProfileNames"), &allowed);
        }
    }

    pub(super) fn app_armor(&mut self, needs: &Needs) {
        for (name, evidence) in needs.app_armor.iter().filter(|(name, _)| *name != "runtime/default") {
            self.with_cause("appArmor", name, evidence);
        }
        match &needs.app_armor_open {
            Some(evidence) if !needs.app_armor.is_empty() => {
                self.with_cause("appArmor", "any: it is left open", evidence);
            }
            None if !needs.app_armor.is_empty() => {
                let names: Vec<&str> = needs.app_armor.keys().map(String::as_str).collect();
                self.annotate(&format!("{APP_ARMOR}allowedProfileNames"), &names.join(","));
            }
            _ => {}
        }
    }

    fn annotate(&mut self, key: &str, value: &str) {
        self.annotations.insert(key.to_owned(), value.into());
    }
}
