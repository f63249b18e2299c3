//! `migrate`: from PodSecurityPolicies to the manifests that register them with Kubewarden.

mod summary;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::{Manifests, print};
use crate::error::{Fault, Faults, Outcome};
use crate::input::{self, Object};
use crate::policies::{self, GrantSources};
use crate::rbac::{Authority, is_rbac};
use crate::registration::{self, CHOSEN, Form, Kind, Mode, NAMESPACE_NAME, Selection};
use crate::report;
use crate::terminal::Voice;

/// Turn PodSecurityPolicies into the manifests that register them with Kubewarden
///
/// Reads what `kubectl get psp -o yaml` printed. Everything is checked before anything is written; what has changed its
/// meaning, and who may use what, is told on standard error.
///
/// Exit status: 0 if all policies have been converted, 2 if the input is bad; then nothing is written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl get psp -o yaml | kubectl psp migrate > policies.yaml
  kubectl psp migrate --rbac rbac.json --output-dir policies/ psp/
  kubectl psp migrate --per-policy --rbac rbac.json psp.yaml
  kubectl psp migrate --mode monitor --policy-server reserved psp.yaml
  kubectl psp migrate --kind AdmissionPolicy --namespace shop psp.yaml")]
pub(crate) struct Migrate {
    /// One pair of registrations for each policy, in the namespaces where it is granted or that choose it by the label
    /// `pod-security-policy`, instead of one pair that asks RBAC as the cluster did
    #[arg(long)]
    per_policy: bool,
    /// The kind of the registrations
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    kind: Kind,
    /// The namespace of an AdmissionPolicy
    #[arg(short, long, value_name = "NAME", required_if_eq("kind", "AdmissionPolicy"))]
    namespace: Option<String>,
    /// Where Kubewarden gets the policy from
    #[arg(long, value_name = "URL", default_value = concat!("registry://ghcr.io/pod-security-policy/pod-security-policy:v", env!("CARGO_PKG_VERSION")))]
    module: String,
    /// The policy server that runs it
    #[arg(long, value_name = "NAME", default_value = "default")]
    policy_server: String,
    /// What happens to requests that are rejected
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    mode: Mode,
    /// Whether the audit scanner judges what is in the cluster
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    background_audit: bool,
    /// Namespaces that are not judged, separated by commas; PodSecurityPolicy judged all
    #[arg(long, value_name = "NAMES", default_value = "kube-system", value_delimiter = ',')]
    exempt_namespaces: Vec<String>,
    /// The start of the registrations' names
    #[arg(long, value_name = "NAME", default_value = "pod-security-policy")]
    name: String,
    #[command(flatten)]
    grants: GrantSources,
    /// How manifests are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: Format,
    /// Write a file for each manifest there, instead of all to standard output
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    output_dir: Option<PathBuf>,
    #[command(flatten)]
    manifests: Manifests,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
}

/// The annotations of a policy that say something; a cluster adds others.
const ANNOTATIONS: [&str; 4] = [
    "seccomp.security.alpha.kubernetes.io/allowedProfileNames",
    "seccomp.security.alpha.kubernetes.io/defaultProfileName",
    "apparmor.security.beta.kubernetes.io/allowedProfileNames",
    "apparmor.security.beta.kubernetes.io/defaultProfileName",
];

impl Migrate {
    pub(crate) fn execute(&self, voice: Voice) -> Outcome<ExitCode> {
        let objects = input::read_all(&self.manifests.files()?)?;
        let authority = self.grants.load()?;
        let policies = policies_of(&objects)?;
        let manifests = self.convert(&policies, &authority);
        self.write(&manifests)?;
        self.tell(&objects, &policies, &authority, voice);
        Ok(ExitCode::SUCCESS)
    }

    fn convert(&self, policies: &[Value], authority: &Authority) -> Vec<Value> {
        let form = Form {
            kind: self.kind,
            namespace: self.namespace.clone(),
            module: self.module.clone(),
            policy_server: self.policy_server.clone(),
            mode: self.mode,
            background_audit: self.background_audit,
        };
        let exempt: Vec<String> =
            self.exempt_namespaces.iter().filter(|name| !name.is_empty()).cloned().collect();
        let outside = Selection { key: NAMESPACE_NAME, wanted: false, values: exempt };
        let outside: Vec<Selection> =
            Some(outside).into_iter().filter(|one| !one.values.is_empty()).collect();
        if !self.per_policy {
            return registration::pair(&self.name, &all(policies), &outside, &form).into();
        }
        let pairs = policies.iter().flat_map(|policy| {
            let name = policy.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let mut selection = outside.clone();
            match authority {
                Authority::Everybody => {
                    selection.push(Selection { key: CHOSEN, wanted: true, values: vec![name.to_owned()] });
                }
                Authority::Dump(rbac) => selection.extend(rbac.namespaces(name).map(|values| Selection {
                    key: NAMESPACE_NAME,
                    wanted: true,
                    values,
                })),
            }
            registration::pair(&format!("{}-{name}", self.name), &alone(policy), &selection, &form)
        });
        pairs.collect()
    }

    fn write(&self, manifests: &[Value]) -> Outcome<()> {
        let unwritten =
            |reason: String| Faults::from(Fault::new(format_args!("manifests cannot be written: {reason}")));
        let text = |value: &Value| match self.output {
            Format::Json => report::to_json(value),
            Format::Yaml => report::to_yaml(value),
        };
        let Some(folder) = &self.output_dir else {
            if self.output == Format::Json {
                let list = json!({"apiVersion": "v1", "kind": "List", "items": manifests});
                return print(&text(&list).map_err(unwritten)?);
            }
            let documents = manifests.iter().map(text).collect::<Result<Vec<_>, _>>().map_err(unwritten)?;
            return print(&documents.join("---\n"));
        };
        let ending = if self.output == Format::Json { "json" } else { "yaml" };
        let mut files = Vec::new();
        for manifest in manifests {
            let name = manifest.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            files.push((folder.join(format!("{name}.{ending}")), text(manifest).map_err(unwritten)?));
        }
        fs::create_dir_all(folder)
            .map_err(|error| Fault::new(format_args!("{}: cannot be made: {error}", folder.display())))?;
        for (file, text) in files {
            fs::write(&file, text).map_err(|error| {
                Fault::new(format_args!("{}: cannot be written: {error}", file.display()))
            })?;
        }
        Ok(())
    }
}

/// The policies among the input, checked and without what the cluster has added.
///
/// # Errors
///
/// Everything that is no policy, and all that is wrong with the policies, with its place.
pub(crate) fn policies_of(objects: &[Object]) -> Outcome<Vec<Value>> {
    let mut faults = Vec::new();
    for object in objects.iter().filter(|object| object.kind != "PodSecurityPolicy") {
        let title = if object.kind.is_empty() { "this object, which has no kind," } else { &object.kind };
        let fault = Fault::at(object.start(), format_args!("{title} is no PodSecurityPolicy"));
        faults.push(if is_rbac(object) { fault.help("name dumps of RBAC with --rbac") } else { fault });
    }
    if objects.is_empty() {
        let fault = Fault::new("there is no PodSecurityPolicy in the input");
        faults.push(fault.help("kubectl get psp -o yaml, on a cluster older than 1.25"));
    }
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    policies::check_manifests(&objects.iter().collect::<Vec<_>>())?;
    Ok(objects.iter().map(|object| without_additions(&object.value())).collect())
}

/// What a policy says: its name, four annotations, its spec. The rest the cluster keeps for itself.
fn without_additions(policy: &Value) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), policy.pointer("/metadata/name").cloned().unwrap_or_default());
    let own = policy.pointer("/metadata/annotations").and_then(Value::as_object).into_iter().flatten();
    let own: Map<String, Value> = own
        .filter(|(key, _)| ANNOTATIONS.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !own.is_empty() {
        metadata.insert("annotations".to_owned(), Value::Object(own));
    }
    let mut spec = policy.get("spec").cloned().unwrap_or_default();
    if let Value::Object(fields) = &mut spec {
        fields.retain(|_, value| !value.is_null());
    }
    json!({"apiVersion": policy.get("apiVersion"), "kind": "PodSecurityPolicy", "metadata": metadata, "spec": spec})
}

/// Settings in which all policies judge as they did in the cluster.
pub(crate) fn all(policies: &[Value]) -> Map<String, Value> {
    let mut settings = Map::new();
    settings.insert("authorization".to_owned(), "RBAC".into());
    settings.insert("policies".to_owned(), policies.into());
    settings
}

/// Settings in which a policy judges alone.
fn alone(policy: &Value) -> Map<String, Value> {
    policy.as_object().cloned().unwrap_or_default()
}
