//! Enumerates small worlds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use conformance::world::{
    Group, Interactions, Numbers, Pairs, Part, Record, Row, Rules, Selection, Slice, Standards, Tally,
    declared, recorded,
};

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
    /// The file with the numbers of whole enumerations, to write these to
    #[arg(long)]
    record: Option<PathBuf>,
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
    /// Every combination of the fields of each rule, by the Pod Security Standards
    Standards,
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
    let Enumerate { which, oracle, show, record, .. } = arguments;
    let slice = which.slice();
    let record = record.as_deref();
    match arguments.part {
        Name::Rules => compare(&Arc::new(Rules::load()?), slice, oracle, *show, record),
        Name::Selection => compare(&Arc::new(Selection::load()?), slice, oracle, *show, record),
        Name::Standards => standards(slice, oracle, *show),
        Name::Pairs => {
            let pairs = Arc::new(Pairs::load()?);
            compare(&pairs, slice, oracle, *show, record)?;
            interact(&pairs, slice)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
fn compare<P: Part + Send + 'static>(
    part: &Arc<P>,
    slice: Slice,
    oracle: &Path,
    show: usize,
    record: Option<&Path>,
) -> Result<()> {
    let tally = Tally::run(part, slice, oracle)?;
    let total = table(part.name(), part.groups(), &tally.rows);
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
    verdict(&total, part.len(), slice)?;
    if slice.is_whole() { numbers(part.name(), Numbers::of(part.groups(), &tally), record) } else { Ok(()) }
}

/// Holds the numbers of a whole enumeration against the recorded ones, or records them.
fn numbers(part: &str, found: Numbers, file: Option<&Path>) -> Result<()> {
    if let Some(file) = file {
        let mut record: Record = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        record.insert(part.to_owned(), found);
        return Ok(std::fs::write(file, serde_json::to_string_pretty(&record)? + "\n")?);
    }
    let before = recorded()?.remove(part).unwrap_or_default();
    let changed = before.differences(&found);
    ensure!(changed.is_empty(), "other numbers than recorded:\n{}", changed.join("\n"));
    Ok(())
}

/// Prints what became of each group, and the sum.
#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
fn table(name: &str, groups: &[Group], rows: &[Row]) -> Row {
    println!(
        "| {name} | Cases | Run | Agree | Deviate | Held by laws | Unexplained |\n|---|--:|--:|--:|--:|--:|--:|"
    );
    let mut total = Row::default();
    for (group, row) in groups.iter().zip(rows).filter(|(_, row)| row.cases > 0) {
        let sizes: Vec<String> = group.sizes.iter().map(ToString::to_string).collect();
        let Row { cases, agreed, deviated, lawful, unexplained } = row;
        println!(
            "| {} | {} = {} | {cases} | {agreed} | {deviated} | {lawful} | {unexplained} |",
            group.name,
            sizes.join(" × "),
            group.cases
        );
        total = total.and(row);
    }
    let all: u64 = groups.iter().map(|group| group.cases).sum();
    let complete = if total.cases == all { "complete" } else { "a slice" };
    let Row { cases, agreed, deviated, lawful, unexplained } = total;
    println!(
        "{name}: {cases} of {all} cases, {complete}: {agreed} agree, {deviated} deviate, {lawful} are held by laws, {unexplained} are unexplained\n"
    );
    total
}

fn verdict(total: &Row, all: u64, slice: Slice) -> Result<()> {
    ensure!(total.unexplained == 0, "{} unexplained differences", total.unexplained);
    ensure!(!slice.is_whole() || total.cases == all, "{} of {all} cases were run", total.cases);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
fn standards(slice: Slice, oracle: &Path, show: usize) -> Result<()> {
    let standards = Arc::new(Standards::load()?);
    let (rows, differences) = standards.run(slice, oracle)?;
    let total = table("standards", &standards.groups, &rows);
    for (name, text) in differences.iter().take(show) {
        println!("{name}: {text}");
    }
    verdict(&total, standards.cases(), slice)
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
