//! A progress bar for long input.

use std::cell::Cell;
use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kubectl_psp::input::Watch;

use super::OutputOptions;

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
    /// A bar that is not shown yet.
    pub(super) fn new(options: OutputOptions) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let is_shown = !options.quiet && std::io::stderr().is_terminal();
        Progress { options, bar, is_shown, read: Cell::new(0), expected: Cell::new(0) }
    }

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
        let options = OutputOptions { quiet: false, verbose: false, color: super::super::When::Auto };
        let progress = options.progress();
        progress.expect(1 << 20);
        progress.advance(1 << 20);
        assert!(!progress.is_long());
        progress.advance(LONG);
        assert!(progress.is_long());
    }
}
