//! `completions`: shell completions.

use std::process::ExitCode;

use clap::{Args, Command, ValueEnum};
use clap_complete::{Shell, generate};
use kubectl_psp::error::Outcome;

use crate::output::print;

/// Print shell completions
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp completions bash > /etc/bash_completion.d/kubectl-psp
  kubectl psp completions fish > ~/.config/fish/completions/kubectl-psp.fish
  kubectl psp completions kubectl > ~/.local/bin/kubectl_complete-psp && chmod +x ~/.local/bin/kubectl_complete-psp")]
pub(crate) struct Completions {
    /// The shell; `kubectl` for the program that kubectl calls, with names from the cluster
    shell: For,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    Bash,
    Elvish,
    Fish,
    Kubectl,
    Powershell,
    Zsh,
}

/// kubectl calls this program with the words after `kubectl psp`.
const OF_KUBECTL: &str = "#!/bin/sh\nexec kubectl-psp complete -- \"$@\"\n";

impl Completions {
    pub(crate) fn execute(&self, mut command: Command) -> Outcome<ExitCode> {
        let shell = match self.shell {
            For::Bash => Shell::Bash,
            For::Elvish => Shell::Elvish,
            For::Fish => Shell::Fish,
            For::Powershell => Shell::PowerShell,
            For::Zsh => Shell::Zsh,
            For::Kubectl => {
                print(OF_KUBECTL)?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        let mut script = Vec::new();
        generate(shell, &mut command, "kubectl-psp", &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(ExitCode::SUCCESS)
    }
}
