//! Every short text, read and edited.

use anyhow::{Result, ensure};
use clap::Args;
use conformance::texts::TRIALS;

use super::enumerate::Which;

#[derive(Args)]
pub(crate) struct Texts {
    #[command(flatten)]
    which: Which,
}

#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
pub(crate) fn run(arguments: &Texts) -> Result<()> {
    let slice = arguments.which.slice();
    let mut broken = 0;
    println!("| Texts | Letters | Length | All | Tried | JSON | Broken |\n|---|---|--:|--:|--:|--:|--:|");
    for trial in TRIALS {
        let tried = trial.run(slice);
        let letters = trial.alphabet.map(|letter| format!("`` {letter} ``")).join(" ");
        println!(
            "| {} | {letters} | {} | {} | {} | {} | {} |",
            trial.name,
            trial.length,
            trial.texts(),
            tried.texts,
            tried.valid,
            tried.broken
        );
        for (text, how) in &tried.examples {
            println!("{text:?}: {how}");
        }
        broken += tried.broken;
        ensure!(
            !slice.is_whole() || tried.texts == trial.texts(),
            "{}: not all texts were tried",
            trial.name
        );
    }
    ensure!(broken == 0, "{broken} texts break a promise");
    Ok(())
}
