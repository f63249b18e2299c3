//! The commands, one file each.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod suggest;
mod target;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Errors, Outcome};
use crate::input::{Exclude, Sources};
use crate::judge::{self, Requester};
use crate::policies::GrantSources;

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
            return Ok(Sources { paths, exclude });
        }
        if std::io::stdin().is_terminal() {
            let error = Error::new("no manifests are named, and nothing comes through standard input");
            return Err(error
                .help("name files or folders, or pipe manifests in: helm template . | kubectl psp …")
                .into());
        }
        Ok(Sources { paths: vec![PathBuf::from("-")], exclude })
    }
}

impl Manifests {
    /// Takes out the arguments that are not files but refer to an object, such as `deploy/web`.
    pub(crate) fn take_targets(&mut self) -> Vec<String> {
        let named = |path: &PathBuf| {
            let text = path.to_str().filter(|_| !path.exists())?;
            target::Target::parse_known(text).map(|_| text.to_owned())
        };
        let targets = self.files.iter().filter_map(named).collect();
        self.files.retain(|path| named(path).is_none());
        targets
    }
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
        let groups =
            if user.is_empty() { self.groups.clone() } else { judge::with_implied(&user, &self.groups) };
        Ok(Requester { user, groups, namespace: self.namespace.clone() })
    }
}

/// Ensures that nothing is overwritten.
///
/// If output files exist already.
///
/// If there are files where others are to be written.
pub(crate) fn refuse_to_overwrite(there: impl Iterator<Item = PathBuf>) -> Outcome<()> {
    let errors: Vec<Error> = there
        .map(|file| Error::new(format_args!("{}: is there already, and is not overwritten", file.display())))
        .map(|error| error.help("--force overwrites it"))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Errors(errors)) }
}

/// Writes a result to standard output. A closed pipe is not an error.
pub(crate) fn print(text: &str) -> Outcome<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(format_args!("standard output: cannot be written: {error}")).into())
        }
        _ => Ok(()),
    }
}
