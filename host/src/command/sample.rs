//! `sample`: requests to measure with.

use std::process::ExitCode;

use clap::Args;
use policy_host::{Error, Sample};

/// Print a generated AdmissionReview
#[derive(Debug, Args)]
pub(crate) struct PrintSample {
    /// Which one
    #[arg(value_enum, value_name = "NAME")]
    name: Sample,
}

impl PrintSample {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        anstream::println!("{}", self.name.review());
        Ok(ExitCode::SUCCESS)
    }
}
