//! The commands, one file each.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod lint;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod suggest;
pub(crate) mod test;

use std::io::{IsTerminal as _, Read};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use kubectl_psp::error::{Error, Errors, Outcome};
use kubectl_psp::input::{self, Exclude, Object, Sources};
use kubectl_psp::judge::Requester;
use kubectl_psp::policies::{self, Modules, Policies};
use kubectl_psp::rbac::{Authority, Rbac};
use kubectl_psp::target::Target;

/// The manifests to look at.
#[derive(Clone, Debug, Args)]
pub(crate) struct Manifests {
    /// Files with manifests, or folders of such; `-` for standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The same, as kubectl has it
    #[arg(short = 'f', long = "filename", value_name = "FILE", value_delimiter = ',')]
    filenames: Vec<PathBuf>,
    /// Files and folders to leave out, as patterns like `charts`, `*.tmpl.yaml` or `deploy/*/patches`; may be given
    /// several times. Folders called `node_modules`, or whose names start with a point, are left out anyway
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
}

impl Manifests {
    /// The files named; standard input if none is and something comes through it.
    pub(crate) fn files(&self) -> Outcome<Sources> {
        let exclude = Exclude::new(&self.exclude)?;
        let paths: Vec<PathBuf> = self.files.iter().chain(&self.filenames).cloned().collect();
        if !paths.is_empty() {
            return Ok(Sources { paths, exclude, stdin });
        }
        if std::io::stdin().is_terminal() {
            let error = Error::new("no manifests are named, and nothing comes through standard input");
            return Err(error
                .help("name files or folders, or pipe manifests in: helm template . | kubectl psp …")
                .into());
        }
        Ok(Sources { paths: vec![PathBuf::from("-")], exclude, stdin })
    }

    /// Takes out the arguments that are not files but refer to an object, such as `deploy/web`.
    pub(crate) fn take_targets(&mut self) -> Vec<String> {
        let named = |path: &PathBuf| {
            let text = path.to_str().filter(|_| !path.exists())?;
            Target::parse_known(text).map(|_| text.to_owned())
        };
        let targets = self.files.iter().filter_map(named).collect();
        self.files.retain(|path| named(path).is_none());
        targets
    }
}

/// Standard input.
fn stdin() -> Box<dyn Read> {
    Box::new(std::io::stdin().lock())
}

/// Policies as given on the command line.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ModuleOptions {
    /// A module that registrations of this policy name, if its repository is not called `pod-security-policy`;
    /// registrations of other modules are skipped
    #[arg(id = "modules", long = "module", value_name = "URL")]
    named: Vec<String>,
}

/// Where grants come from.
#[derive(Clone, Debug, Args)]
pub(crate) struct GrantSources {
    /// A dump of roles and bindings, which says who may use which policy; without it everybody may use all
    #[arg(long, value_name = "FILE", help_heading = "Authorization")]
    rbac: Vec<PathBuf>,
}

impl GrantSources {
    /// The grants, in the dump and in more objects. Roles and bindings without a namespace belong to the given one.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub(crate) fn load(&self, more: &[Object], namespace: &str) -> Outcome<Authority> {
        if self.rbac.is_empty() && more.is_empty() {
            return Ok(Authority::Everybody);
        }
        let mut objects = input::read_all(&self.rbac, stdin)?;
        objects.extend(more.iter().cloned());
        Ok(Authority::Dump(Rbac::of(&objects, namespace)?))
    }
}

/// The policies in these files, with grants for the given namespace.
///
/// # Errors
///
/// If one of them cannot be read.
fn load(
    sources: &[PathBuf],
    modules: &ModuleOptions,
    grants: &GrantSources,
    namespace: &str,
) -> Outcome<Policies> {
    let authority = grants.load(&[], namespace)?;
    let modules = Modules { named: modules.named.clone() };
    let mut policies = policies::load(sources, &modules, authority, stdin)?;
    policies.now = now();
    Ok(policies)
}

/// The time, in seconds since 1970 UTC.
fn now() -> Option<i64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(now.as_secs()).ok()
}

/// The requester.
#[derive(Clone, Debug, Args)]
pub(crate) struct Identity {
    /// The namespace of objects that name none
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    namespace: String,
    /// The user who creates the objects, who may use policies in addition to the pods' service accounts; needs --rbac
    ///
    /// Groups that the API server adds need not be named: `system:authenticated`, for `system:anonymous`
    /// `system:unauthenticated`, and for `system:serviceaccount:NS:NAME` also `system:serviceaccounts` and
    /// `system:serviceaccounts:NS`.
    #[arg(long = "as", value_name = "USER", help_heading = "Authorization")]
    user: Option<String>,
    /// A group of that user; may be given several times; `system:masters` may use every policy
    #[arg(long = "as-group", value_name = "GROUP", requires = "user", help_heading = "Authorization")]
    groups: Vec<String>,
}

impl Identity {
    /// The namespace of objects that name none.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The requester.
    ///
    /// # Errors
    ///
    /// If a requester is given without grants.
    pub(crate) fn requester(&self, grants: &GrantSources) -> Outcome<Requester> {
        if self.user.is_some() && grants.rbac.is_empty() {
            let error = Error::new("--as says who asks, and without --rbac everybody may use every policy");
            return Err(error
                .help("kubectl get roles,rolebindings,clusterroles,clusterrolebindings -A -o json > rbac.json, then --rbac rbac.json")
                .into());
        }
        let user = self.user.clone().unwrap_or_default();
        Ok(Requester::new(user, self.groups.clone(), self.namespace.clone()))
    }
}

/// Ensures that nothing is overwritten.
///
/// # Errors
///
/// If there are files where others are to be written.
pub(crate) fn refuse_to_overwrite(there: impl Iterator<Item = PathBuf>) -> Outcome<()> {
    let errors: Vec<Error> = there
        .map(|file| Error::new(format_args!("{}: is there already, and is not overwritten", file.display())))
        .map(|error| error.help("--force overwrites it"))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Errors(errors)) }
}
