//! `test`: policies, objects, and the verdicts that are expected.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use kubectl_psp::error::{Error, Outcome};
use kubectl_psp::policies::Modules;
use kubectl_psp::suite::{self, Format, Setting, Suite, Tested};

use super::{Manifests, ModuleOptions, now, stdin};
use crate::output::{self, OutputOptions, print};

/// Run tests of policies: files with policies, objects, and the verdicts that are expected of them
///
/// Exit status: 0 if all tests pass, 1 if one fails, 2 if the input is bad.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp test policies/tests/
  kubectl psp test -o junit tests.yaml > psp.xml
  kubectl psp test --record tests.yaml")]
pub(crate) struct Test {
    #[command(flatten)]
    modules: ModuleOptions,
    /// Write what holds today into the files, where it is not what is expected
    #[arg(long, conflicts_with = "output")]
    record: bool,
    /// How results are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: Format,
    #[command(flatten)]
    manifests: Manifests,
}

impl Test {
    pub(crate) fn execute(&self, options: OutputOptions) -> Outcome<ExitCode> {
        let modules = Modules { named: self.modules.named.clone() };
        let setting = Setting { modules, now: now(), stdin };
        let (suites, mut unread) = suite::read(&self.manifests.files()?);
        let mut tested = Tested::default();
        for suite in &suites {
            match suite.run(&setting) {
                Ok(ran) if self.record => write(suite, suite.record(&ran)?, options)?,
                Ok(ran) => tested.add(ran),
                Err(errors) => unread.fail(errors),
            }
        }
        if suites.is_empty() {
            unread.conclude(())?;
            let error = Error::new("there is no document with `tests` in the input");
            return Err(error.help("docs/cli.md has the form of such files").into());
        }
        if self.record {
            return unread.conclude(ExitCode::SUCCESS);
        }
        print(&tested.write(self.output, output::of_results())?)?;
        unread.conclude(if tested.summary.failed > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}

fn write(suite: &Suite, recorded: Option<suite::Recorded>, options: OutputOptions) -> Outcome<()> {
    let name = suite.name();
    let Some(recorded) = recorded else {
        options.note(&format!("{name}: all expectations hold"));
        return Ok(());
    };
    if name == "stdin" {
        return print(&recorded.text);
    }
    fs::write(Path::new(name), &recorded.text)
        .map_err(|error| Error::new(format_args!("{name}: cannot be written: {error}")))?;
    let noun = if recorded.expectations == 1 { "expectation" } else { "expectations" };
    options.note(&format!("{name}: {} {noun} recorded", recorded.expectations));
    if recorded.is_rewritten {
        options
            .warn(&format!("{name}: was written anew, without its comments: its layout could not be kept"));
    }
    Ok(())
}
