//! `artifact-hub`: the description of the policy for Artifact Hub.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use policy_host::{ArtifactHubPackage, Error, Metadata, read_text, to_yaml};

/// Print artifacthub-pkg.yml, as `kwctl scaffold artifacthub` does
#[derive(Debug, Args)]
pub(crate) struct ArtifactHub {
    /// File with the metadata, YAML
    #[arg(short, long, value_name = "PATH")]
    metadata_path: PathBuf,
    /// File with the questions that Rancher asks
    #[arg(short, long, value_name = "PATH")]
    questions_path: Option<PathBuf>,
    /// When the version was made, such as 2026-01-31T12:00:00Z
    #[arg(short, long, value_name = "TIME")]
    created_at: String,
}

impl ArtifactHub {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        let metadata = Metadata::from_yaml(&read_text(&self.metadata_path)?)
            .map_err(|error| error.in_file(&self.metadata_path))?;
        let questions = self.questions_path.as_deref().map(read_text).transpose()?;
        let package = ArtifactHubPackage::new(&metadata, &self.created_at, questions)?;
        anstream::print!("{}", to_yaml(&package)?);
        Ok(ExitCode::SUCCESS)
    }
}
