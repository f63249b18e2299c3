//! Migrate: what people hold today in, registrations out.

use kubectl_psp::error::{Errors, Outcome};
use kubectl_psp::input::Text;
use kubectl_psp::migrate::{self, Form, Kind, Mode, Options};
use kubectl_psp::report;
use serde::{Deserialize, Serialize};

use crate::texts::{self, POLICIES, Problem, problems};

/// Converts policies, with the options of the command line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Migrate {
    text: String,
    #[serde(default)]
    per_policy: bool,
    #[serde(default)]
    monitor: bool,
    #[serde(default = "name")]
    name: String,
    #[serde(default = "server")]
    policy_server: String,
    /// An `AdmissionPolicy` of this namespace; else registrations of the cluster.
    #[serde(default)]
    namespace: String,
    #[serde(default = "exempt")]
    exempt_namespaces: Vec<String>,
}

fn name() -> String {
    "pod-security-policy".to_owned()
}

fn server() -> String {
    "default".to_owned()
}

fn exempt() -> Vec<String> {
    vec!["kube-system".to_owned()]
}

/// Where Kubewarden gets the policy from.
const MODULE: &str =
    concat!("registry://ghcr.io/pod-security-policy/pod-security-policy:v", env!("CARGO_PKG_VERSION"));

/// The registrations, and what has changed its meaning.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Migrated {
    errors: Vec<Problem>,
    /// The manifests, as YAML.
    manifests: String,
    /// Each with whether it is a warning.
    summary: Vec<(bool, String)>,
    /// All of it, in Markdown.
    markdown: String,
}

impl Migrate {
    pub(crate) fn answer(self) -> Migrated {
        let text = Text::new(POLICIES, self.text.clone());
        let (objects, errors) = texts::objects(&text);
        if !errors.is_empty() {
            return Migrated { errors, ..Migrated::default() };
        }
        self.migrated(objects)
            .unwrap_or_else(|errors| Migrated { errors: problems(errors), ..Migrated::default() })
    }

    fn migrated(&self, objects: Vec<kubectl_psp::input::Object>) -> Outcome<Migrated> {
        let options = self.options();
        options.check()?;
        let sorted = migrate::sorted(objects, &[])?;
        let authority = texts::authority(&sorted.around.rbac)?;
        let migration = migrate::migrate(&sorted, &authority, &options)?;
        if migration.manifests.is_empty() {
            let refused = Errors(migration.refused);
            return Err(if refused.0.is_empty() { migrate::nothing_granted() } else { refused });
        }
        let errors = problems(Errors(migration.refused));
        let documents: Result<Vec<String>, String> =
            migration.grants.iter().chain(&migration.manifests).map(report::to_yaml).collect();
        let manifests = documents.map_err(kubectl_psp::error::Error::new)?.join("---\n");
        let summary =
            migration.summary.lines().into_iter().map(|line| (line.is_warning, line.text)).collect();
        Ok(Migrated { errors, manifests, summary, markdown: migration.summary.markdown() })
    }

    fn options(&self) -> Options {
        let namespace = Some(self.namespace.clone()).filter(|namespace| !namespace.is_empty());
        Options {
            form: Form {
                kind: if namespace.is_some() { Kind::Namespace } else { Kind::Cluster },
                namespace,
                module: MODULE.to_owned(),
                policy_server: self.policy_server.clone(),
                mode: if self.monitor { Mode::Monitor } else { Mode::Protect },
                background_audit: true,
                inside_kubewarden: false,
            },
            per_policy: self.per_policy,
            name: self.name.clone(),
            exempt_namespaces: self.exempt_namespaces.clone(),
            emit_rbac: false,
            same_reach: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn call(text: &str) -> Value {
        let call = json!({"function": "migrate", "text": text, "monitor": true});
        serde_json::from_str(&crate::answer(&call.to_string())).unwrap()
    }

    /// The examples of the page, which are the sources that the command line is tested with.
    #[test]
    fn what_other_engines_have_becomes_registrations() {
        let source = |name| {
            let path = format!("{}/../../cli/tests/data/sources/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).unwrap()
        };
        let openshift = format!("{}---\n{}", source("scc"), source("namespaces"));
        for (name, text, registrations) in [
            ("kyverno", source("kyverno"), 4),
            ("gatekeeper", source("gatekeeper"), 3),
            ("kubewarden", source("kubewarden"), 3),
            ("psa", source("psa"), 2),
            ("openshift", openshift, 2),
        ] {
            let answer = call(&text);
            let kinds =
                answer["manifests"].as_str().unwrap().matches("kind: ClusterAdmissionPolicy\n").count();
            assert_eq!((&answer["errors"], kinds), (&json!([]), registrations), "{name}");
        }
    }

    #[test]
    fn policies_become_a_pair_with_its_summary() {
        let answer = call(include_str!("../../../examples/psp/restricted.yaml"));
        let manifests = answer["manifests"].as_str().unwrap();
        assert_eq!(manifests.matches("\n  mode: monitor\n").count(), 2, "{manifests}");
        assert_eq!(answer["summary"][0], json!([false, "1 policy: 1 converted"]));
    }

    #[test]
    fn an_input_without_policies_is_refused() {
        let answer = call("\nkind: Service\n");
        let problem = "there is no policy in the input that can be migrated, only Service";
        assert_eq!((&answer["errors"][0]["reason"], &answer["manifests"]), (&json!(problem), &json!("")));
    }

    #[test]
    fn an_object_that_is_refused_is_named_with_its_place() {
        let answer = call(
            "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {name: a}\nspec:\n  module: x/pod-privileged:v1\n  settings: {skip_init_containers: 1}\n",
        );
        assert_eq!((&answer["errors"][0]["line"], &answer["manifests"]), (&json!(6), &json!("")));
    }
}
