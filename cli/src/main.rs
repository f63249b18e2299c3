//! PodSecurityPolicies on the command line, with the engine of the policy and without a cluster.
//!
//! Data flows in one direction: [`input`] reads objects with their lines, [`policies`] and [`rbac`] provide policies
//! and grants, [`judge`] runs the engine, and the commands print the responses.
#![cfg_attr(test, allow(clippy::needless_pass_by_value, reason = "the cases of a table own what they hold"))]

mod advice;
mod command;
mod deviations;
mod error;
mod guidance;
mod input;
mod judge;
mod patch;
mod policies;
mod rbac;
mod reach;
mod registration;
mod remedy;
mod report;
mod suggest;
mod terminal;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// PodSecurityPolicies: move them to Kubewarden, try them, understand them, write them
#[derive(Debug, Parser)]
#[command(name = "kubectl-psp", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "\
Examples:
  kubectl get psp -o yaml | kubectl psp migrate > policies.yaml
  helm template . | kubectl psp check -p policies.yaml
  kubectl psp explain -p policies.yaml pod.yaml
  kubectl get pods,deploy -A -o json | kubectl psp suggest

Exit status: 0: everything admitted; 1: something would be rejected; 2: bad input.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    options: terminal::OutputOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    Migrate(command::migrate::Migrate),
    Check(command::check::Check),
    Explain(command::explain::Explain),
    Suggest(command::suggest::Suggest),
    Completions(command::completions::Completions),
    Man(command::man::Manual),
}

fn main() -> ExitCode {
    let Arguments { command, options } = Arguments::parse();
    options.set_up();
    let done = match command {
        Command::Migrate(migrate) => migrate.execute(options),
        Command::Check(check) => check.execute(options),
        Command::Explain(explain) => explain.execute(options),
        Command::Suggest(suggest) => suggest.execute(options),
        Command::Completions(completions) => completions.execute(Arguments::command()),
        Command::Man(manual) => manual.execute(Arguments::command()),
    };
    done.unwrap_or_else(|errors| {
        errors.report();
        ExitCode::from(2)
    })
}
