//! Generates cases, runs an oracle on them, and reports their coverage.

mod commands;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};
use conformance::campaign::Tally;
use conformance::case::{Answered, Case, StandardCase};
use conformance::coverage::{self, Coverage};
use conformance::minimise::minimise;
use conformance::oracle::Oracle;
use conformance::subject::{Library, Subject};
use conformance::{files, generate, ours, standards};
use serde_json::{Value, json};

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write PodSecurityPolicy cases as JSON lines
    Generate(Generate),
    /// Write cases for the Pod Security Standards as JSON lines
    GeneratePss(Generate),
    /// Send PodSecurityPolicy cases through the oracle and write `{case, result}` lines
    Ask(Ask),
    /// Send cases for the Pod Security Standards through their oracle and write `{case, result}` lines
    AskPss(Ask),
    /// Generate PodSecurityPolicy cases, have them answered by the oracle and by this project, and compare
    Compare(Compare),
    /// Generate cases for the Pod Security Standards, have them answered by the original and by this project, and
    /// compare
    ComparePss(ComparePss),
    /// Have every case of a small world answered by the oracle and by this project, and compare
    Enumerate(commands::enumerate::Enumerate),
    /// Read and edit every short text over a small alphabet
    Texts(commands::texts::Texts),
    /// Report which pairs of values never met in generated cases
    Dimensions(commands::dimensions::Dimensions),
    /// Hold random or enumerated cases against the laws
    Laws(commands::laws::Laws),
    /// Fill in the pods of cases by this project, and write `{name, pod, mutated}` lines: an API server must accept what is
    /// written
    Mutate(Mutate),
    /// Print the deviations with their reasons, as the documentation has them
    Deviations,
    /// Read `{case, result}` lines of PodSecurityPolicy and report their coverage
    Coverage(Cover),
    /// Read `{case, result}` lines of the Pod Security Standards and report their coverage
    CoveragePss(Cover),
}

#[derive(Args)]
struct Generate {
    /// The same seed gives the same cases
    #[arg(long)]
    seed: u64,
    /// How many cases
    #[arg(long)]
    cases: u64,
    /// The index of the first case, to get one again without those before it
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Policies that the original accepted and settings reject
    #[arg(long)]
    rewritable: bool,
    /// Where to write; compressed if the name ends in `.gz`
    #[arg(long, default_value = "-")]
    out: PathBuf,
}

#[derive(Args)]
struct Ask {
    /// The Go program to ask
    #[arg(long)]
    oracle: PathBuf,
    /// The cases, one per line
    #[arg(default_value = "-")]
    cases: PathBuf,
    /// Where to write; compressed if the name ends in `.gz`
    #[arg(long, default_value = "-")]
    out: PathBuf,
}

#[derive(Args)]
struct Compare {
    /// The same seed gives the same cases
    #[arg(long)]
    seed: u64,
    /// How many cases
    #[arg(long)]
    cases: u64,
    /// The index of the first case
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// The Go program to run
    #[arg(long)]
    oracle: PathBuf,
    /// Run the library instead of the module
    #[arg(long, conflicts_with = "module")]
    native: bool,
    /// The module to run
    #[arg(long, required_unless_present = "native")]
    module: Option<PathBuf>,
    /// Keep one instance of the module for all cases
    #[arg(long)]
    warm: bool,
    /// How many examples of each deviation are shown
    #[arg(long, default_value_t = 0)]
    examples: usize,
    /// How many differences are made small and shown
    #[arg(long, default_value_t = 3)]
    show: usize,
}

#[derive(Args)]
struct ComparePss {
    /// The same seed gives the same cases
    #[arg(long)]
    seed: u64,
    /// How many pods
    #[arg(long)]
    cases: u64,
    /// The index of the first pod
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// The Go program to run
    #[arg(long)]
    oracle: PathBuf,
    /// Evaluate each pod at every level and version instead of at one
    #[arg(long)]
    every: bool,
}

#[derive(Args)]
struct Mutate {
    /// The same seed gives the same cases
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many cases are generated
    #[arg(long, default_value_t = 0)]
    cases: u64,
    /// Files with answered cases
    recorded: Vec<PathBuf>,
    /// Where to write; compressed if the name ends in `.gz`
    #[arg(long, default_value = "-")]
    out: PathBuf,
}

#[derive(Args)]
struct Cover {
    /// The answered cases, one per line
    #[arg(default_value = "-")]
    answers: PathBuf,
    /// Fail unless the cases are balanced and, if they are 20,000 or more, leave nothing out
    #[arg(long)]
    assert: bool,
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Generate(arguments) => {
            let indexes = arguments.from..arguments.from.saturating_add(arguments.cases);
            let generated = if arguments.rewritable { generate::rewritable_case } else { generate::case };
            files::write(&arguments.out, indexes.map(|index| Ok(generated(arguments.seed, index))))
        }
        Command::GeneratePss(arguments) => {
            let indexes = arguments.from..arguments.from.saturating_add(arguments.cases);
            files::write(
                &arguments.out,
                indexes.map(|index| Ok(generate::standard_case(arguments.seed, index))),
            )
        }
        Command::Ask(arguments) => {
            let cases = files::read::<Case>(&arguments.cases)?;
            files::write(&arguments.out, Oracle::ask(&arguments.oracle, cases)?)
        }
        Command::AskPss(arguments) => {
            let cases = files::read::<StandardCase>(&arguments.cases)?;
            files::write(&arguments.out, Oracle::ask(&arguments.oracle, cases)?)
        }
        Command::Compare(arguments) => compare(&arguments),
        Command::ComparePss(arguments) => compare_pss(&arguments),
        Command::Enumerate(arguments) => commands::enumerate::run(&arguments),
        Command::Dimensions(arguments) => commands::dimensions::run(&arguments),
        Command::Texts(arguments) => commands::texts::run(&arguments),
        Command::Laws(arguments) => commands::laws::run(&arguments),
        Command::Mutate(arguments) => mutate(&arguments),
        Command::Deviations => {
            print_deviations();
            Ok(())
        }
        Command::Coverage(arguments) => report::<coverage::Policies>(&arguments),
        Command::CoveragePss(arguments) => report::<coverage::Standards>(&arguments),
    }
}

/// The pods that are created and changed.
fn mutate(arguments: &Mutate) -> Result<()> {
    let mut written: Vec<Result<Value>> = Vec::new();
    let mut add = |case: &Case| {
        if (case.op.is_empty() || case.op == "CREATE")
            && case.sub.is_empty()
            && let Some(mutated) = ours::natively(case).mutated
        {
            written.push(Ok(json!({"name": case.name, "pod": case.pod, "mutated": mutated})));
        }
    };
    for file in &arguments.recorded {
        for answered in files::read::<Answered<Case, Value>>(file)? {
            add(&answered?.case);
        }
    }
    for index in 0..arguments.cases {
        add(&generate::case(arguments.seed, index));
    }
    files::write(&arguments.out, written.into_iter())
}

#[expect(clippy::print_stdout, reason = "the table is what was asked for")]
fn print_deviations() {
    print!("{}", conformance::deviations::as_markdown());
}

/// The implementation of our side.
fn subject(arguments: &Compare) -> Result<Box<dyn Subject>> {
    match &arguments.module {
        None => Ok(Box::new(Library)),
        #[cfg(feature = "module")]
        Some(path) => Ok(Box::new(conformance::module::Module::load(path, arguments.warm)?)),
        #[cfg(not(feature = "module"))]
        Some(_) => anyhow::bail!("built without the feature `module`: pass --native"),
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
fn compare(arguments: &Compare) -> Result<()> {
    let Compare { seed, cases, from, .. } = *arguments;
    let mut subject = subject(arguments)?;
    let subject = &mut *subject;
    let tally = Tally::run(&arguments.oracle, subject, seed, from..from.saturating_add(cases))?;
    for table in tally.tables() {
        println!("{table}");
    }
    println!(
        "seed {seed}: {} cases, {} agree, {} differ without a reason",
        tally.cases, tally.agreed, tally.unexplained
    );
    for (name, shown) in &tally.deviations {
        println!("{:>9}  {name}", shown.count);
        for (case, difference) in shown.examples.iter().take(arguments.examples) {
            println!("           {case}: {difference}");
        }
    }
    for (answered, difference) in tally.differences.iter().take(arguments.show) {
        let (case, difference) = minimise(&arguments.oracle, subject, &answered.case, difference)?;
        println!("\n{}: {}\n{}", difference.what, difference.text, serde_json::to_string(&case)?);
    }
    for (answered, difference) in tally.differences.iter().skip(arguments.show) {
        println!("{}: {}: {}", answered.case.name, difference.what, difference.text);
    }
    let unseen: Vec<&str> = tally.unseen().collect();
    ensure!(unseen.is_empty(), "deviations that never showed: {}", unseen.join(", "));
    ensure!(tally.unexplained == 0, "{} unexplained differences", tally.unexplained);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
fn compare_pss(arguments: &ComparePss) -> Result<()> {
    let ComparePss { seed, cases, from, every, .. } = *arguments;
    let tally = standards::Tally::run(&arguments.oracle, seed, from..from.saturating_add(cases), every)?;
    let standards::Tally { cases, allowed, agreed, two_sources, unexplained, .. } = tally;
    println!(
        "seed {seed}: {cases} cases, {allowed} allowed, {agreed} agree, {two_sources} with two sources, {unexplained} differ"
    );
    for (answered, ours) in &tally.differences {
        println!("{}\n  theirs: {}\n  ours: {ours}", answered.case.name, answered.result.text);
    }
    ensure!(unexplained == 0, "{unexplained} unexplained differences");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is what was asked for")]
fn report<C: Coverage>(arguments: &Cover) -> Result<()> {
    let mut coverage = C::default();
    let mut cases = 0_u64;
    for answered in files::read(&arguments.answers)? {
        coverage.add(&answered?);
        cases += 1;
    }
    let tables = coverage.tables();
    for table in &tables {
        println!("{table}");
    }
    if arguments.assert {
        let faults: Vec<String> =
            tables.iter().flat_map(|table| table.faults(cases >= coverage::ENOUGH)).collect();
        ensure!(faults.is_empty(), "not covered:\n{}", faults.join("\n"));
    }
    Ok(())
}
