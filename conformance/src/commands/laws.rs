//! Holds cases against the laws.

use anyhow::{Result, ensure};
use clap::Args;
use conformance::case::Case;
use conformance::generate;
use conformance::laws::{LAWS, Lawbook};
use conformance::world::{Pairs, Part, Rules, Selection};

use super::enumerate::Which;

#[derive(Args)]
pub(crate) struct Laws {
    #[command(flatten)]
    which: Which,
    /// Enumerated cases instead of random ones
    #[arg(long)]
    world: bool,
    /// How many cases that break a law are shown
    #[arg(long, default_value_t = 10)]
    show: usize,
}

/// Random cases, unless another number is given.
const RANDOM: u64 = 100_000;

#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
pub(crate) fn run(arguments: &Laws) -> Result<()> {
    let slice = arguments.which.slice();
    let mut book = Lawbook::default();
    if arguments.world {
        let parts: [Box<dyn Part>; 3] =
            [Box::new(Rules::load()?), Box::new(Pairs::load()?), Box::new(Selection::load()?)];
        for part in &parts {
            let numbers = slice.numbers(part.len());
            book.hold(&numbers, &|number| part.at(number).map(|(_, query)| query.case().clone()));
        }
    } else {
        let (seed, cases) = arguments.which.seed().unwrap_or((1, RANDOM));
        book.hold(&(0..cases), &|index| Some(generate::case(seed, index)));
    }
    println!("| Law | Cases | It says something | Broken |\n|---|--:|--:|--:|");
    for (law, row) in LAWS.iter().zip(&book.rows) {
        println!(
            "| {}: {} | {} | {} | {} |",
            law.name,
            law.says,
            book.cases,
            row.held + row.broken,
            row.broken
        );
    }
    let shown = |(law, case, text): &(&str, Case, String)| -> Result<()> {
        println!("\n{}: {law}: {text}\n{}", case.name, serde_json::to_string(case)?);
        Ok(())
    };
    book.broken.iter().take(arguments.show).try_for_each(shown)?;
    let broken: u64 = book.rows.iter().map(|row| row.broken).sum();
    ensure!(broken == 0, "laws are broken {broken} times");
    Ok(())
}
