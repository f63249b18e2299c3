//! How much is said, in which colours, and how far long input has been read.

use std::cell::Cell;
use std::io::IsTerminal as _;

use anstream::ColorChoice;
use anstyle::AnsiColor;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::input::Watch;

/// Options of every command.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct OutputOptions {
    /// Say nothing but the result and errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Say more: what was skipped, and why
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(crate) verbose: bool,
    /// When to use colours; `auto` heeds NO_COLOR and whether it writes to a terminal
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum When {
    #[default]
    Auto,
    Always,
    Never,
}

impl OutputOptions {
    /// Makes the choice of colours hold for all output.
    pub(crate) fn set_up(self) {
        match self.color {
            When::Auto => {}
            When::Always => ColorChoice::Always.write_global(),
            When::Never => ColorChoice::Never.write_global(),
        }
    }

    /// Something to know, on standard error.
    pub(crate) fn note(self, text: &str) {
        self.say("note", AnsiColor::Cyan, text);
    }

    /// Something to mind, on standard error.
    pub(crate) fn warn(self, text: &str) {
        self.say("warning", AnsiColor::Yellow, text);
    }

    /// Something without which the result misleads: told to those who want to hear nothing, too.
    pub(crate) fn insist(self, text: &str) {
        OutputOptions { quiet: false, ..self }.warn(text);
    }

    /// Something that only some want to know.
    pub(crate) fn detail(self, text: &str) {
        if self.verbose {
            self.say("note", AnsiColor::Cyan, text);
        }
    }

    fn say(self, label: &str, color: AnsiColor, text: &str) {
        if !self.quiet {
            let style = color.on_default().bold();
            anstream::eprintln!("{style}{label}{style:#}: {text}");
        }
    }

    /// Shows how far reading has come, once it takes long and only on a terminal.
    pub(crate) fn progress(self) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let is_shown = !self.quiet && std::io::stderr().is_terminal();
        Progress { options: self, bar, is_shown, read: Cell::new(0), expected: Cell::new(0) }
    }
}

/// So many files that are skipped are named: repositories hold many.
const SKIPPED: usize = 10;

/// Less is read before anybody could look at a bar.
const LONG: u64 = 16 << 20;

/// A bar that is gone when nobody holds it any more.
pub(crate) struct Progress {
    options: OutputOptions,
    bar: ProgressBar,
    is_shown: bool,
    read: Cell<u64>,
    expected: Cell<u64>,
}

impl Progress {
    /// Whether there is so much to read that people wait for it.
    fn is_long(&self) -> bool {
        self.read.get().max(self.expected.get()) >= LONG
    }

    fn show(&self) {
        if !self.is_shown || !self.is_long() || !self.bar.is_hidden() {
            return;
        }
        // Of a pipe, nobody knows how long it is.
        let known = self.expected.get() >= self.read.get();
        let template =
            if known { "{bar:40} {bytes} of {total_bytes}, {eta} left" } else { "{spinner} {bytes} read" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
        self.bar.set_position(self.read.get());
    }
}

impl Watch for Progress {
    fn expect(&self, bytes: u64) {
        self.expected.set(self.expected.get().saturating_add(bytes));
        self.bar.inc_length(bytes);
        self.show();
    }

    fn advance(&self, bytes: u64) {
        self.read.set(self.read.get().saturating_add(bytes));
        self.bar.inc(bytes);
        self.show();
    }

    fn skip(&self, what: &str, nth: usize) {
        match nth {
            1..=SKIPPED => self.options.note(what),
            _ if self.options.verbose => self.options.note(what),
            _ if nth == SKIPPED + 1 => self.options.note("more files are skipped; --verbose names them"),
            _ => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_input_is_worth_a_bar() {
        let options = OutputOptions { quiet: false, verbose: false, color: When::Auto };
        let progress = options.progress();
        progress.expect(1 << 20);
        progress.advance(1 << 20);
        assert!(!progress.is_long());
        progress.advance(LONG);
        assert!(progress.is_long());
    }
}
