//! Verbosity, colours, and progress.

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
    /// Applies the choice of colours to all output.
    pub(crate) fn set_up(self) {
        match self.color {
            When::Auto => {}
            When::Always => ColorChoice::Always.write_global(),
            When::Never => ColorChoice::Never.write_global(),
        }
    }

    /// A note, on standard error.
    pub(crate) fn note(self, text: &str) {
        self.say("note", AnsiColor::Cyan, text);
    }

    /// A warning, on standard error.
    pub(crate) fn warn(self, text: &str) {
        self.say("warning", AnsiColor::Yellow, text);
    }

    /// A warning without which the result misleads: printed with --quiet, too.
    pub(crate) fn insist(self, text: &str) {
        OutputOptions { quiet: false, ..self }.warn(text);
    }

    /// A note that is printed with --verbose.
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

    /// Shows progress on a terminal, once reading takes long.
    pub(crate) fn progress(self) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let is_shown = !self.quiet && std::io::stderr().is_terminal();
        Progress { options: self, bar, is_shown, read: Cell::new(0), expected: Cell::new(0) }
    }
}

/// At most so many skipped files are named: repositories have many.
const SKIPPED: usize = 10;

/// Smaller inputs are read before a bar would be noticed.
const LONG: u64 = 16 << 20;

/// A bar that is removed on drop.
pub(crate) struct Progress {
    options: OutputOptions,
    bar: ProgressBar,
    is_shown: bool,
    read: Cell<u64>,
    expected: Cell<u64>,
}

impl Progress {
    /// Whether the input is large enough for a progress bar.
    fn is_long(&self) -> bool {
        self.read.get().max(self.expected.get()) >= LONG
    }

    fn show(&self) {
        if !self.is_shown || !self.is_long() || !self.bar.is_hidden() {
            return;
        }
        // The length of a pipe is unknown.
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
