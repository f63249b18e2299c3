//! Runs everything that reads text on damaged input.
//!
//! The inputs are the recorded cases, damaged at random ([`damage`]); the promises of each target are in [`targets`].
//! There is no guidance by coverage, which would need another compiler: the corpus already reaches every rule, and the
//! damage knows the parts of JSON. A promise that is broken ends the run with the input and the seed.

mod corpus;
mod damage;
mod targets;

use std::panic::catch_unwind;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use cpu_time::ThreadTime;

use damage::Rng;
use targets::{TARGETS, Target};

/// No single run may take longer: the API server waits for a response.
const PATIENCE: Duration = Duration::from_millis(100);
/// The first run of a kind pays for what it loads; what is slow again is slow.
const ATTEMPTS: usize = 5;

#[derive(Parser)]
struct Cli {
    /// How long in all; each target gets its share
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// The same seed damages the same way
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The target to run alone
    #[arg(long)]
    target: Option<String>,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let chosen: Vec<&Target> =
        TARGETS.iter().filter(|target| cli.target.as_ref().is_none_or(|name| name == target.name)).collect();
    if chosen.is_empty() {
        bail!("there is no such target; there are: {}", TARGETS.map(|target| target.name).join(", "));
    }
    let share = Duration::from_secs_f64(cli.minutes * 60.0 / f64::from(u32::try_from(chosen.len())?));
    for target in chosen {
        run(target, share, cli.seed)?;
    }
    Ok(())
}

fn run(target: &Target, share: Duration, seed: u64) -> Result<()> {
    let corpus = (target.corpus)()?;
    let mut rng = Rng::new(seed);
    // Time of the processor, not of the clock: the machine may be busy with something else.
    let (start, mut runs, mut slowest) = (ThreadTime::now(), 0_u64, Duration::ZERO);
    while start.elapsed() < share {
        let input = rng.damaged(&corpus);
        let took = once(target, &input, seed)?;
        slowest = slowest.max(took);
        runs += 1;
    }
    println!(
        "{:12} {runs:>10} runs in {:>5.0} s, slowest {:>6.2} ms",
        target.name,
        start.elapsed().as_secs_f64(),
        slowest.as_secs_f64() * 1000.0
    );
    Ok(())
}

/// Runs the target on one input, again if that was slow, and returns how long it takes.
fn once(target: &Target, input: &str, seed: u64) -> Result<Duration> {
    let mut least = Duration::MAX;
    for _ in 0..ATTEMPTS {
        let start = ThreadTime::now();
        if catch_unwind(|| (target.check)(input)).is_err() {
            bail!("target {}, seed {seed}: the promise is broken by:\n{input}", target.name);
        }
        least = least.min(start.elapsed());
        if least <= PATIENCE {
            return Ok(least);
        }
    }
    bail!("target {}, seed {seed}: {least:?} for:\n{input}", target.name)
}
