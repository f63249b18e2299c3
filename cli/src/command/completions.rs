//! `completions`: shell completions.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::{Shell, generate};
use kubectl_psp::error::Outcome;

use crate::output::print;

/// Print shell completions
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp completions bash > /etc/bash_completion.d/kubectl-psp
  kubectl psp completions fish > ~/.config/fish/completions/kubectl-psp.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn execute(&self, mut command: Command) -> Outcome<ExitCode> {
        let mut script = Vec::new();
        generate(self.shell, &mut command, "kubectl-psp", &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(ExitCode::SUCCESS)
    }
}
