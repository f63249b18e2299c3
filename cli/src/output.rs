//! What is written to the terminal: results, notes and errors, and in which colours.

mod diff;
mod frame;
mod progress;

use std::io::Write as _;

use anstream::ColorChoice;
use anstyle::AnsiColor;
use clap::{Args, ValueEnum};
use comfy_table::Table;
use kubectl_psp::error::{Error, Errors, Outcome};
use kubectl_psp::report::{Look, wrapped};

pub(crate) use diff::from_here;
pub(crate) use progress::Progress;

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
            let said = wrapped(&format!("{label}: {text}"), of_reports(), 2);
            anstream::eprintln!("{}", said.replacen(label, &format!("{style}{label}{style:#}"), 1));
        }
    }

    /// Shows progress on a terminal, once reading takes long.
    pub(crate) fn progress(self) -> Progress {
        Progress::new(self)
    }
}

/// The look of results, which are for standard output. Colours are stripped again where unwanted, by the stream.
pub(crate) fn of_results() -> Look {
    Look::new(Table::new().width(), true)
}

/// The look of reports, which are for standard error.
pub(crate) fn of_reports() -> Look {
    Look::new(Table::new().use_stderr().width(), true)
}

/// Writes a result to standard output. A closed pipe is not an error.
pub(crate) fn print(text: &str) -> Outcome<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(format_args!("standard output: cannot be written: {error}")).into())
        }
        _ => Ok(()),
    }
}

/// At most so many errors are printed: an invalid dump has thousands, all of one kind.
const PRINTED: usize = 10;

/// Prints errors to standard error, with their source lines.
pub(crate) fn report(errors: &Errors) {
    for error in errors.0.iter().take(PRINTED) {
        let style = AnsiColor::Red.on_default().bold();
        anstream::eprintln!("{style}error{style:#}: {error}");
        if let Some(frame) = error.place.as_ref().and_then(frame::of) {
            anstream::eprint!("{frame}");
        }
        if let Some(remedy) = &error.remedy {
            anstream::eprintln!("  help: {remedy}");
        }
    }
    let more = errors.0.len().saturating_sub(PRINTED);
    if more > 0 {
        let noun = if more == 1 { "error" } else { "errors" };
        anstream::eprintln!("and {more} more {noun}");
    }
}
