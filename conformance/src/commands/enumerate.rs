//! Enumerates small worlds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use conformance::world::{Interactions, Pairs, Part, Rules, Selection, Slice, Tally, declared};

#[derive(Args)]
pub(crate) struct Enumerate {
    /// What is enumerated
    #[arg(long)]
    part: Name,
    #[command(flatten)]
    which: Which,
    /// The Go program to run
    #[arg(long)]
    oracle: PathBuf,
    /// How many differences are shown
    #[arg(long, default_value_t = 5)]
    show: usize,
}

/// Which cases are run; all unless something else is said.
#[derive(Args, Clone, Copy)]
pub(crate) struct Which {
    /// The k-th of n parts: `3/10`
    #[arg(long, value_parser = part, conflicts_with_all = ["seed", "case"])]
    slice: Option<Slice>,
    /// So many cases, others with each seed
    #[arg(long, requires = "cases", conflicts_with = "case")]
    seed: Option<u64>,
    /// How many
    #[arg(long, requires = "seed")]
    cases: Option<u64>,
    /// A single case, by its number
    #[arg(long)]
    case: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Name {
    /// Every combination of the values of each rule
    Rules,
    /// Reduced values of every two rules
    Pairs,
    /// Which of up to three policies is chosen
    Selection,
}

fn part(text: &str) -> Result<Slice> {
    let (k, n) = text.split_once('/').context("write it as `3/10`")?;
    let (k, n) = (k.parse()?, n.parse()?);
    ensure!((1..=n).contains(&k), "there is no part {k} of {n}");
    Ok(Slice::Part(k, n))
}

impl Which {
    pub(crate) fn seed(self) -> Option<(u64, u64)> {
        self.seed.zip(self.cases)
    }

    pub(crate) fn slice(self) -> Slice {
        match self {
            Self { slice: Some(slice), .. } => slice,
            Self { seed: Some(seed), cases: Some(cases), .. } => Slice::Seed(seed, cases),
            Self { case: Some(number), .. } => Slice::One(number),
            _ => Slice::Whole,
        }
    }
}

pub(crate) fn run(arguments: &Enumerate) -> Result<()> {
    let Enumerate { which, oracle, show, .. } = arguments;
    let slice = which.slice();
    match arguments.part {
        Name::Rules => compare(&Arc::new(Rules::load()?), slice, oracle, *show),
        Name::Selection => compare(&Arc::new(Selection::load()?), slice, oracle, *show),
        Name::Pairs => {
            let pairs = Arc::new(Pairs::load()?);
            compare(&pairs, slice, oracle, *show)?;
            interact(&pairs, slice)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
fn compare<P: Part + Send + 'static>(part: &Arc<P>, slice: Slice, oracle: &Path, show: usize) -> Result<()> {
    let tally = Tally::run(part, slice, oracle)?;
    println!(
        "| {} | Cases | Run | Agree | Deviate | Held by laws | Unexplained |\n|---|--:|--:|--:|--:|--:|--:|",
        part.name()
    );
    for (group, row) in part.groups().iter().zip(&tally.rows).filter(|(_, row)| row.cases > 0) {
        let sizes: Vec<String> = group.sizes.iter().map(ToString::to_string).collect();
        let product = format!("{} = {}", sizes.join(" × "), group.cases);
        println!(
            "| {} | {product} | {} | {} | {} | {} | {} |",
            group.name, row.cases, row.agreed, row.deviated, row.lawful, row.unexplained
        );
    }
    let total = tally.total();
    let complete = if total.cases == part.len() { "complete" } else { "a slice" };
    println!(
        "{}: {} of {} cases, {complete}: {} agree, {} deviate, {} are held by laws, {} are unexplained\n",
        part.name(),
        total.cases,
        part.len(),
        total.agreed,
        total.deviated,
        total.lawful,
        total.unexplained
    );
    for (name, count) in &tally.deviations {
        println!("{count:>9}  {name}");
    }
    for (case, difference) in tally.differences.iter().take(show) {
        println!(
            "\n{}: {}: {}\n{}",
            case.name,
            difference.what,
            difference.text,
            serde_json::to_string(case)?
        );
    }
    for (case, difference) in tally.differences.iter().skip(show) {
        let text: String = difference.text.chars().take(300).collect();
        println!("{}: {}: {text}", case.name, difference.what);
    }
    ensure!(total.unexplained == 0, "{} unexplained differences", total.unexplained);
    if slice.is_whole() && total.cases != part.len() {
        bail!("{} of {} cases were run", total.cases, part.len());
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
fn interact(pairs: &Pairs, slice: Slice) -> Result<()> {
    let found = Interactions::run(pairs, slice);
    println!(
        "{} pairs of rules, of which {} interact in {} combinations",
        pairs.groups().len(),
        found.found.len(),
        found.cases
    );
    for (pair, (count, _)) in &found.found {
        println!("{count:>9}  {pair}");
    }
    let surprises = found.surprises(&declared()?, slice.is_whole());
    ensure!(surprises.is_empty(), "interactions other than declared:\n{}", surprises.join("\n"));
    Ok(())
}
