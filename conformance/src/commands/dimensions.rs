//! Which pairs of values never met.

use anyhow::{Result, ensure};
use clap::Args;
use conformance::dimensions::Met;
use conformance::generate;

#[derive(Args)]
pub(crate) struct Dimensions {
    /// The same seed gives the same cases
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many cases
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// Show the pairs that cannot meet as well, with the reasons
    #[arg(long)]
    impossible: bool,
}

#[expect(clippy::print_stdout, reason = "the report is what was asked for")]
pub(crate) fn run(arguments: &Dimensions) -> Result<()> {
    let Dimensions { seed, cases, impossible } = *arguments;
    let met = Met::of(0..cases, &|index| generate::case(seed, index));
    let (known, blind): (Vec<_>, Vec<_>) = met.missed().partition(|missed| missed.reason.is_some());
    for missed in known.iter().filter(|_| impossible).chain(&blind) {
        println!("{} | {} | {}", missed.one, missed.other, missed.reason.unwrap_or("never drawn"));
    }
    println!(
        "seed {seed}: {} cases of requests, {} pairs of values: {} have met, {} cannot, {} never have",
        met.cases,
        met.pairs(),
        met.pairs() - known.len() - blind.len(),
        known.len(),
        blind.len()
    );
    ensure!(met.unlisted.is_empty(), "values that no dimension lists: {}", met.unlisted.join(", "));
    let wrong: Vec<String> = met.contradicted().collect();
    ensure!(wrong.is_empty(), "declared impossible, and drawn:\n{}", wrong.join("\n"));
    ensure!(blind.is_empty(), "{} pairs are possible and never drawn", blind.len());
    Ok(())
}
