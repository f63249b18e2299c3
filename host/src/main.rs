//! The command line of the host.

mod command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
#[cfg(feature = "server")]
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
    #[cfg(feature = "serve")]
    Serve(command::serve::Serve),
    #[cfg(feature = "server")]
    Bench(command::bench::Compare),
    #[cfg(feature = "server")]
    Annotate(command::annotate::Annotate),
    #[cfg(feature = "server")]
    Inspect(command::inspect::Inspect),
    #[cfg(feature = "server")]
    Instructions(command::instructions::Instructions),
    #[cfg(feature = "server")]
    ArtifactHub(command::artifact_hub::ArtifactHub),
    #[cfg(feature = "server")]
    Sample(command::sample::PrintSample),
    #[cfg(feature = "server")]
    Slopes(command::slopes::Slopes),
    #[cfg(feature = "server")]
    Worst(command::worst::Worst),
}

#[cfg(feature = "server")]
impl Command {
    /// Whether it goes on until it is stopped.
    fn serves(&self) -> bool {
        #[cfg(feature = "serve")]
        if let Self::Serve(_) = self {
            return true;
        }
        false
    }
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    #[cfg(feature = "server")]
    show_logs(&command);

    let done = match command {
        Command::Run(run) => run.execute(),
        Command::Judge(judge) => judge.execute(),
        #[cfg(feature = "serve")]
        Command::Serve(serve) => serve.execute(),
        #[cfg(feature = "server")]
        Command::Bench(compare) => compare.execute(),
        #[cfg(feature = "server")]
        Command::Annotate(annotate) => annotate.execute(),
        #[cfg(feature = "server")]
        Command::Inspect(inspect) => inspect.execute(),
        #[cfg(feature = "server")]
        Command::Instructions(instructions) => instructions.execute(),
        #[cfg(feature = "server")]
        Command::ArtifactHub(hub) => hub.execute(),
        #[cfg(feature = "server")]
        Command::Sample(sample) => sample.execute(),
        #[cfg(feature = "server")]
        Command::Slopes(slopes) => slopes.execute(),
        #[cfg(feature = "server")]
        Command::Worst(worst) => worst.execute(),
    };
    done.unwrap_or_else(|error| {
        anstream::eprintln!("Error: {error}");
        ExitCode::FAILURE
    })
}

/// Logs of the policy are shown; the engine's description of a trap is in the response already. A server logs what it
/// evaluates, and when.
#[cfg(feature = "server")]
fn show_logs(command: &Command) {
    let serves = command.serves();
    let own = if serves { ",policy_host=info" } else { "" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new(format!("warn,policy_log=info,wapc=info,wasmtime_provider=off{own}"))
    });
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(anstream::stderr);
    if serves { logs.init() } else { logs.without_time().init() }
}
