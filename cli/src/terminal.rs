//! How much is said, in which colours, and how far long input has been read.

use std::io::IsTerminal as _;
use std::time::Duration;

use anstream::ColorChoice;
use anstyle::AnsiColor;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::input::Watch;

/// Options of every command.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Voice {
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

impl Voice {
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
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if self.quiet || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        } else if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left")
        {
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Progress(bar)
    }
}

/// A bar that is gone when nobody holds it any more.
pub(crate) struct Progress(ProgressBar);

impl Watch for Progress {
    fn expect(&self, bytes: u64) {
        self.0.inc_length(bytes);
    }

    fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
