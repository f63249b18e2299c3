//! `inspect`: the metadata of a module.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use policy_host::{Error, Metadata, to_yaml};

/// Print the metadata of a module, as `kwctl inspect -o yaml` does
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The module
    policy: PathBuf,
    /// How to print it: this host knows one way
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Yaml,
}

impl Inspect {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        let module = fs::read(&self.policy)
            .map_err(|reason| Error::FileNotRead { path: self.policy.clone(), reason })?;
        let metadata = Metadata::of_module(&module).map_err(|error| error.in_file(&self.policy))?;
        let metadata = metadata.ok_or_else(|| Error::MetadataMissing.in_file(&self.policy))?;
        anstream::print!("{}", to_yaml(&metadata)?);
        Ok(ExitCode::SUCCESS)
    }
}
