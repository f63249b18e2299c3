//! The kubectl plugin `kubectl-psp`: arguments, files, standard input, and the terminal. The library does the rest.

mod command;
mod output;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// PodSecurityPolicies: move them to Kubewarden, try them, understand them, write them
#[derive(Debug, Parser)]
#[command(name = "kubectl-psp", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "\
Examples:
  kubectl psp check -A
  kubectl psp explain pod/web -n shop
  kubectl get psp -o yaml | kubectl psp migrate > policies.yaml
  helm template . | kubectl psp check -p policies.yaml
  kubectl psp explain -p policies.yaml pod.yaml
  kubectl get pods,deploy -A -o json | kubectl psp suggest
  kubectl psp lint policies.yaml
  kubectl psp test tests/

Exit status: 0: everything admitted; 1: something would be rejected; 2: bad input.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    options: output::OutputOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    Migrate(command::migrate::Migrate),
    Check(command::check::Check),
    Explain(command::explain::Explain),
    Suggest(command::suggest::Suggest),
    Diff(command::diff::Diff),
    CanUse(command::can_use::CanUse),
    Lint(command::lint::Lint),
    Test(command::test::Test),
    Completions(command::completions::Completions),
    #[command(hide = true)]
    Complete(command::complete::Complete),
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
        Command::Diff(diff) => diff.execute(options),
        Command::CanUse(can_use) => can_use.execute(options),
        Command::Lint(lint) => lint.execute(options),
        Command::Test(test) => test.execute(options),
        Command::Completions(completions) => completions.execute(Arguments::command()),
        Command::Complete(complete) => complete.execute(&Arguments::command()),
        Command::Man(manual) => manual.execute(Arguments::command()),
    };
    done.unwrap_or_else(|errors| {
        output::report(&errors);
        ExitCode::from(2)
    })
}
