//! `annotate`: writes the policy's metadata into the module.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use policy_host::{Error, Metadata, Policy, Unanswered, read_text};

/// Write metadata into a module, as `kwctl annotate` does
#[derive(Debug, Args)]
pub(crate) struct Annotate {
    /// The module
    policy: PathBuf,
    /// File with the metadata, YAML
    #[arg(short, long, value_name = "PATH")]
    metadata_path: PathBuf,
    /// Where the annotated module goes
    #[arg(short, long, value_name = "PATH")]
    output_path: PathBuf,
    /// File with the usage text, Markdown
    #[arg(short, long, value_name = "PATH")]
    usage_path: Option<PathBuf>,
}

impl Annotate {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        let metadata = Metadata::from_yaml(&read_text(&self.metadata_path)?)
            .map_err(|error| error.in_file(&self.metadata_path))?;
        let usage = self.usage_path.as_deref().map(read_text).transpose()?;
        let protocol = Policy::from_file(&self.policy)?.instance(Arc::new(Unanswered))?.protocol_version()?;
        let module = fs::read(&self.policy)
            .map_err(|reason| Error::FileNotRead { path: self.policy.clone(), reason })?;
        let annotated = metadata.completed(protocol, usage).written_into(&module)?;
        fs::write(&self.output_path, annotated)
            .map_err(|reason| Error::FileNotWritten { path: self.output_path.clone(), reason })?;
        Ok(ExitCode::SUCCESS)
    }
}
