//! The commands, one file each.

pub(crate) mod can_use;
pub(crate) mod check;
pub(crate) mod complete;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod explain;
mod judges;
pub(crate) mod lint;
mod live;
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
use kubectl_psp::rbac::{Authority, Rbac};
use kubectl_psp::target::Target;
use live::{ClusterOptions, Live, Source};

/// The manifests to look at.
#[derive(Clone, Debug, Args)]
pub(crate) struct Manifests {
    /// Files with manifests, or folders of such; `-` for standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The same as FILE
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

    /// The files named, or what comes through standard input; a cluster if neither is there, or one is named.
    fn source(&self, cluster: &ClusterOptions) -> Outcome<Source> {
        let names_files = !self.files.is_empty() || !self.filenames.is_empty();
        if names_files || (!cluster.is_given() && is_piped()) {
            return Ok(Source::Files(self.files()?));
        }
        Ok(Source::Cluster)
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

/// Whether something comes through standard input: neither a terminal nor `/dev/null`, as in scheduled jobs.
#[cfg(unix)]
fn is_piped() -> bool {
    use std::os::fd::AsFd as _;
    let here = std::io::stdin().as_fd().try_clone_to_owned();
    let known = here.and_then(|descriptor| std::fs::File::from(descriptor).metadata());
    known.is_ok_and(|known| {
        use std::os::unix::fs::FileTypeExt as _;
        !known.file_type().is_char_device()
    })
}

/// Whether something comes through standard input.
#[cfg(not(unix))]
fn is_piped() -> bool {
    !std::io::stdin().is_terminal()
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
    /// A dump of roles and bindings, which says who may use which policy. Without it the grants of the cluster count for
    /// policies that are read from it; policies from files may then be used by everybody
    #[arg(long, value_name = "FILE", help_heading = "Authorization")]
    rbac: Vec<PathBuf>,
}

impl GrantSources {
    /// Whether no dump is named.
    fn is_empty(&self) -> bool {
        self.rbac.is_empty()
    }

    /// The roles and bindings of the dump.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) fn read(&self) -> Outcome<Vec<Object>> {
        input::read_all(&self.rbac, stdin)
    }

    /// The grants. Roles and bindings without a namespace belong to the given one.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub(crate) fn load(&self, namespace: &str) -> Outcome<Authority> {
        self.of(&self.read()?, namespace)
    }

    /// The grants of roles and bindings that have been read, the dump's among them.
    ///
    /// # Errors
    ///
    /// If they cannot be understood.
    pub(crate) fn of(&self, objects: &[Object], namespace: &str) -> Outcome<Authority> {
        if self.is_empty() && objects.is_empty() {
            return Ok(Authority::Everybody);
        }
        Ok(Authority::Dump(Rbac::of(objects, namespace)?))
    }
}

/// The time, in seconds since 1970 UTC.
fn now() -> Option<i64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(now.as_secs()).ok()
}

/// The requester.
#[derive(Clone, Debug, Args)]
pub(crate) struct Identity {
    /// The namespace that is read, and that of objects that name none [default: that of the context for a cluster,
    /// else `default`]
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    /// The user who creates the objects, who may use policies in addition to the pods' service accounts; needs
    /// --rbac or a cluster
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
    /// The namespace, if one is named.
    pub(crate) fn given_namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Whether a user is named.
    pub(crate) fn names_a_user(&self) -> bool {
        self.user.is_some()
    }

    /// The requester, with the namespace of the cluster that is read, if one is.
    ///
    /// # Errors
    ///
    /// If a requester is given without grants.
    pub(crate) fn requester(&self, grants: &GrantSources, live: Option<&Live>) -> Outcome<Requester> {
        if self.user.is_some() && grants.is_empty() && live.is_none() {
            let error = Error::new("--as says who asks, and without --rbac everybody may use every policy");
            return Err(error
                .help("kubectl get roles,rolebindings,clusterroles,clusterrolebindings -A -o json > rbac.json, then --rbac rbac.json")
                .into());
        }
        let user = self.user.clone().unwrap_or_default();
        let namespace = match (live, &self.namespace) {
            (Some(live), _) => live.namespace()?,
            (None, namespace) => namespace.clone().unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
        };
        Ok(Requester::new(user, self.groups.clone(), namespace))
    }
}

/// The namespace of objects that name none, where no cluster is read.
const DEFAULT_NAMESPACE: &str = "default";

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
