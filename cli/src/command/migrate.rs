//! `migrate`: from PodSecurityPolicies to the manifests that register them with Kubewarden.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use kubectl_psp::error::{Error, Errors, Outcome};
use kubectl_psp::import::Source;
use kubectl_psp::input;
use kubectl_psp::migrate::{self, Form, Kind, Migration, Mode, Options, Summary, migrate};
use kubectl_psp::report;
use pod_security_policy::schema::subdomain_problem;
use serde_json::{Value, json};

use super::{DEFAULT_NAMESPACE, GrantSources, Manifests, stdin};
use crate::output::{OutputOptions, print};

/// Turn PodSecurityPolicies and other engines' policies into the manifests that register them with Kubewarden
///
/// Reads what `kubectl get psp -o yaml` printed, and the roles and bindings that stand in the same input. Everything is
/// checked before anything is written; what has changed its meaning, and who may use what, is reported on standard
/// error. What PodSecurityPolicy took and settings refuse is written as PodSecurityPolicy acted on it; a policy that it
/// skipped is left out.
///
/// Policies of other engines are recognized in the same input: those of Kubewarden for pod security, Gatekeeper, Kyverno,
/// Pod Security admission and OpenShift. What means something else in settings is reported line by line, and what settings
/// cannot say is refused, with its place and the reason.
///
/// Exit status: 0 if the policies have been converted, 1 with --strict if one of them means something else now, 2 if the
/// input is bad; then nothing is written, unless it is another engine's policy that is refused: the rest is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl get psp -o yaml | kubectl psp migrate > policies.yaml
  kubectl psp migrate --rbac rbac.json --output-dir policies/ psp/
  kubectl psp migrate --per-policy --rbac rbac.json psp.yaml
  kubectl psp migrate --rbac rbac.json --emit-rbac --exempt-namespaces @rke2 psp.yaml
  kubectl psp migrate --mode protect --policy-server reserved psp.yaml
  kubectl psp migrate --kind AdmissionPolicy --namespace shop psp.yaml
  kubectl get clusteradmissionpolicies -o yaml | kubectl psp migrate --strict --pods pods.json > policies.yaml")]
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
    #[arg(long, value_name = "URL", value_parser = module, default_value = concat!("registry://ghcr.io/pod-security-policy/pod-security-policy:v", env!("CARGO_PKG_VERSION")))]
    module: String,
    /// The policy server that runs it
    #[arg(long, value_name = "NAME", value_parser = subdomain, default_value = "default")]
    policy_server: String,
    /// What happens to requests that are rejected
    ///
    /// `monitor` comes with `failurePolicy: Ignore`, `protect` with `Fail`. The summary shows the commands that switch from
    /// the one to the other in order.
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    mode: Mode,
    /// Whether the audit scanner judges what is in the cluster
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    background_audit: bool,
    /// Namespaces that are not judged, separated by commas; PodSecurityPolicy judged all
    ///
    /// `@kubeadm`, `@rke2`, `@rancher`, `@eks`, `@gke` and `@aks` stand for the namespaces that come with such a cluster.
    #[arg(long, value_name = "NAMES", default_value = "kube-system", value_delimiter = ',', value_parser = namespaces)]
    exempt_namespaces: Vec<Namespaces>,
    /// Judge Kubewarden's own namespace as well, by the validating half
    ///
    /// Its pods then need a policy server that runs, and it needs them: with `failurePolicy: Fail` a policy server that
    /// has stopped cannot start again until the registration is deleted.
    #[arg(long)]
    include_kubewarden_namespace: bool,
    /// The start of the registrations' names
    #[arg(long, value_name = "NAME", value_parser = start_of_name, default_value = "pod-security-policy")]
    name: String,
    #[command(flatten)]
    grants: GrantSources,
    /// Write the grants of --rbac, too: ClusterRoles and bindings of their own, which no chart deletes
    #[arg(long, conflicts_with = "per_policy", help_heading = "Authorization")]
    emit_rbac: bool,
    /// Only policies of these sources; the rest of the input is left alone
    #[arg(
        long,
        value_enum,
        value_name = "SOURCE",
        value_delimiter = ',',
        help_heading = "Other engines' policies"
    )]
    from: Vec<Source>,
    /// Apply to what the policies applied to, and not to workloads, updates and ephemeral containers as well
    #[arg(long, help_heading = "Other engines' policies")]
    same_reach: bool,
    /// Exit with status 1 if anything means something else than it did
    #[arg(long, help_heading = "Other engines' policies")]
    strict: bool,
    /// A dump of namespaces, which wildcards and annotations are looked up in; those in the input count as well
    #[arg(long, value_name = "FILE", help_heading = "Other engines' policies")]
    namespaces: Vec<PathBuf>,
    /// A dump of runtime classes
    #[arg(long, value_name = "FILE", help_heading = "Other engines' policies")]
    runtime_classes: Vec<PathBuf>,
    /// Pods or workloads, or a dump of them: the summary counts how many of them are admitted unchanged, changed and rejected
    #[arg(long, value_name = "FILE")]
    pods: Vec<PathBuf>,
    /// How manifests are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: Format,
    /// Write a file for each manifest there, instead of all to standard output
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    output_dir: Option<PathBuf>,
    /// Overwrite files that are there
    #[arg(long, requires = "output_dir", help_heading = "Output")]
    force: bool,
    /// How the summary on standard error is written; `json` and `markdown` hold all there is
    #[arg(long, value_enum, value_name = "FORM", help_heading = "Output")]
    summary: Option<migrate::Format>,
    #[command(flatten)]
    manifests: Manifests,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
}

/// Registries from which Kubewarden can pull policies.
const SCHEMES: [&str; 4] = ["registry://", "https://", "http://", "file://"];

fn module(url: &str) -> Result<String, String> {
    let rest = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(url.to_owned()),
        _ => Err(format!("a module is a URL that starts with one of {}", SCHEMES.join(", "))),
    }
}

fn subdomain(name: &str) -> Result<String, &'static str> {
    subdomain_problem(name).map_or_else(|| Ok(name.to_owned()), Err)
}

/// What one of the names stands for.
#[derive(Clone, Debug)]
struct Namespaces(Vec<String>);

fn namespaces(name: &str) -> Result<Namespaces, String> {
    migrate::namespaces(name).map(Namespaces)
}

/// A name to which `pair` appends the endings of its halves.
fn start_of_name(start: &str) -> Result<String, &'static str> {
    subdomain(&format!("{start}-validating")).map(|_| start.to_owned())
}

impl Migrate {
    pub(crate) fn execute(&self, options: OutputOptions) -> Outcome<ExitCode> {
        let wanted = self.options();
        wanted.check()?;
        let (objects, unread) = input::gather(&self.manifests.files()?, &options.progress());
        if objects.is_empty() && !unread.is_empty() {
            return unread.conclude(ExitCode::SUCCESS);
        }
        for object in &objects {
            for warning in object.warnings() {
                options.warn(&format!("{}: {}: {warning}", object.start(), object.title()));
            }
        }
        let mut sorted = migrate::sorted(objects, &self.from)?;
        for object in input::read_all(&[&*self.namespaces, &*self.runtime_classes].concat(), stdin)? {
            sorted.around.keep(&object);
        }
        sorted.around.rbac.extend(self.grants.read()?);
        let namespace = self.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
        let authority = self.grants.of(&sorted.around.rbac, namespace)?;
        let mut migration = migrate(&sorted, &authority, &wanted)?;
        if migration.manifests.is_empty() && !sorted.policies.is_empty() {
            if let Some(gaps) = authority.gaps() {
                options.warn(&gaps);
            }
            return Err(migrate::nothing_granted());
        }
        if !self.pods.is_empty() {
            let pods = input::read_all(&self.pods, stdin)?;
            migration.rehearse(&pods, namespace, authority)?;
        }
        self.write(&migration)?;
        self.report(&migration.summary, options)?;
        let code = ExitCode::from(u8::from(self.strict && migration.is_inexact));
        if migration.refused.is_empty() {
            return unread.conclude(code);
        }
        let refused = Errors(migration.refused);
        match unread.conclude(code) {
            Ok(_) => Err(refused),
            Err(Errors(errors)) => Err(Errors(refused.0.into_iter().chain(errors).collect())),
        }
    }

    fn options(&self) -> Options {
        Options {
            form: Form {
                kind: self.kind,
                namespace: self.namespace.clone(),
                module: self.module.clone(),
                policy_server: self.policy_server.clone(),
                mode: self.mode,
                background_audit: self.background_audit,
                inside_kubewarden: self.include_kubewarden_namespace,
            },
            per_policy: self.per_policy,
            name: self.name.clone(),
            exempt_namespaces: self.exempt_namespaces(),
            emit_rbac: self.emit_rbac,
            same_reach: self.same_reach,
        }
    }

    /// The exempt namespaces, each once.
    fn exempt_namespaces(&self) -> Vec<String> {
        let mut names = Vec::new();
        for name in self.exempt_namespaces.iter().flat_map(|Namespaces(names)| names) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Writes the summary to standard error.
    fn report(&self, summary: &Summary, options: OutputOptions) -> Outcome<()> {
        match self.summary {
            // A format that was requested is written even with --quiet.
            Some(migrate::Format::Json) => {
                let text = report::to_json(summary)
                    .map_err(|reason| Error::new(format_args!("the summary cannot be written: {reason}")))?;
                anstream::eprint!("{text}");
            }
            Some(migrate::Format::Markdown) => anstream::eprint!("{}", summary.markdown()),
            Some(migrate::Format::Text) | None => {
                for line in summary.lines() {
                    if line.is_warning { options.warn(&line.text) } else { options.note(&line.text) }
                }
            }
        }
        Ok(())
    }

    /// Writes grants and registrations, in the order in which they are to be applied.
    fn write(&self, migration: &Migration) -> Outcome<()> {
        let unwritten =
            |reason: String| Errors::from(Error::new(format_args!("manifests cannot be written: {reason}")));
        let Migration { grants, manifests, .. } = migration;
        let Some(folder) = &self.output_dir else {
            let all: Vec<&Value> = grants.iter().chain(manifests).collect();
            return print(&self.text(&all).map_err(unwritten)?);
        };
        let ending = if self.output == Format::Json { "json" } else { "yaml" };
        let file = |name: &str| folder.join(format!("{name}.{ending}"));
        let mut files = Vec::new();
        if !grants.is_empty() {
            let text = self.text(&grants.iter().collect::<Vec<_>>()).map_err(unwritten)?;
            files.push((file(&format!("{}-rbac", self.name)), text));
        }
        for manifest in manifests {
            let name = manifest.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            files.push((file(name), self.one(manifest).map_err(unwritten)?));
        }
        if !self.force {
            let there = files.iter().map(|(file, _)| file).filter(|file| file.exists());
            super::refuse_to_overwrite(there.cloned())?;
        }
        fs::create_dir_all(folder)
            .map_err(|error| Error::new(format_args!("{}: cannot be made: {error}", folder.display())))?;
        for (file, text) in files {
            fs::write(&file, text).map_err(|error| {
                Error::new(format_args!("{}: cannot be written: {error}", file.display()))
            })?;
        }
        Ok(())
    }

    /// Objects as one text: a stream of documents, or a list.
    fn text(&self, objects: &[&Value]) -> Result<String, String> {
        match self.output {
            Format::Json => self.one(&json!({"apiVersion": "v1", "kind": "List", "items": objects})),
            Format::Yaml => {
                let documents = objects.iter().map(|object| self.one(object));
                Ok(documents.collect::<Result<Vec<_>, _>>()?.join("---\n"))
            }
        }
    }

    fn one(&self, object: &Value) -> Result<String, String> {
        match self.output {
            Format::Json => report::to_json(object),
            Format::Yaml => report::to_yaml(object),
        }
    }
}
