//! Suggest: workloads in, the tightest policies out.

use kubectl_psp::error::Outcome;
use kubectl_psp::input::{Object, Text};
use kubectl_psp::report::{self, Look};
use kubectl_psp::suggest::{Per, Strictness, Workloads};
use serde::{Deserialize, Serialize};

use crate::texts::{self, NAMESPACE, PODS, Problem, problems};

/// Suggests policies for workloads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Suggest {
    text: String,
    #[serde(default)]
    per: Whose,
    #[serde(default)]
    fill_in: bool,
}

/// Whose workloads share a policy.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Whose {
    #[default]
    Namespace,
    ServiceAccount,
    All,
}

/// The policies, and what keeps them from being tighter.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Suggested {
    errors: Vec<Problem>,
    /// The policies, as YAML.
    policies: String,
    /// A text for each policy.
    reports: Vec<String>,
    /// The pods that no policy admits, and why.
    warnings: Vec<String>,
}

impl Suggest {
    pub(crate) fn answer(self) -> Suggested {
        let text = Text::new(PODS, self.text.clone());
        let (objects, errors) = texts::objects(&text);
        let suggested = self
            .suggested(&objects)
            .unwrap_or_else(|errors| Suggested { errors: problems(errors), ..Suggested::default() });
        match errors.is_empty() {
            true => suggested,
            false => Suggested { errors, ..suggested },
        }
    }

    fn suggested(&self, objects: &[Object]) -> Outcome<Suggested> {
        let per = match self.per {
            Whose::Namespace => Per::Namespace,
            Whose::ServiceAccount => Per::ServiceAccount,
            Whose::All => Per::All,
        };
        let mut workloads = Workloads::new(per, NAMESPACE);
        for object in objects {
            workloads.add(object)?;
        }
        if workloads.is_empty() {
            return Err(workloads.none());
        }
        let strictness = if self.fill_in { Strictness::FilledIn } else { Strictness::Declared };
        let (mut documents, mut reports) = (Vec::new(), Vec::new());
        for suggestion in workloads.suggest(strictness, Look::default()) {
            documents.push(report::to_yaml(&suggestion.manifest).map_err(kubectl_psp::error::Error::new)?);
            reports.push(suggestion.report);
        }
        Ok(Suggested {
            errors: Vec::new(),
            policies: documents.join("---\n"),
            reports,
            warnings: workloads.unfit(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn call(text: &str) -> Value {
        let call = json!({"function": "suggest", "text": text, "per": "all"});
        serde_json::from_str(&crate::answer(&call.to_string())).unwrap()
    }

    #[test]
    fn workloads_get_the_tightest_policy() {
        let answer = call(include_str!("../../../examples/pods/nginx.yaml"));
        assert!(answer["policies"].as_str().unwrap().contains("kind: PodSecurityPolicy"), "{answer}");
        assert!(answer["reports"][0].as_str().unwrap().contains("1 workload"), "{answer}");
    }

    #[test]
    fn nothing_is_an_error_with_a_remedy() {
        let answer = call("");
        assert_eq!(answer["errors"][0]["remedy"], "kubectl get pods,deploy -A -o json");
    }
}
