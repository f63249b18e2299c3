//! The command line of the host.

mod command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Runs one Kubewarden policy without a cluster
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(command::run::Run),
    Judge(command::judge::Judge),
    Bench(command::bench::Compare),
    Annotate(command::annotate::Annotate),
    Inspect(command::inspect::Inspect),
    ArtifactHub(command::artifact_hub::ArtifactHub),
    Sample(command::sample::PrintSample),
    Slopes(command::slopes::Slopes),
    Worst(command::worst::Worst),
}

fn main() -> ExitCode {
    // Logs of the policy are shown; the engine's description of a trap is in the response already.
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,policy_log=info,wapc=info,wasmtime_provider=off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(anstream::stderr).without_time().init();

    let done = match Arguments::parse().command {
        Command::Run(run) => run.execute(),
        Command::Judge(judge) => judge.execute(),
        Command::Bench(compare) => compare.execute(),
        Command::Annotate(annotate) => annotate.execute(),
        Command::Inspect(inspect) => inspect.execute(),
        Command::ArtifactHub(hub) => hub.execute(),
        Command::Sample(sample) => sample.execute(),
        Command::Slopes(slopes) => slopes.execute(),
        Command::Worst(worst) => worst.execute(),
    };
    done.unwrap_or_else(|error| {
        anstream::eprintln!("Error: {error}");
        ExitCode::FAILURE
    })
}
