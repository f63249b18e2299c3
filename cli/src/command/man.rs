//! `man`: the manual.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::Man;
use kubectl_psp::error::{Error, Outcome};

use crate::output::print;

/// Print the manual page, or write the pages of all commands to a folder
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp man | man -l -
  kubectl psp man --output-dir /usr/local/share/man/man1")]
pub(crate) struct Manual {
    /// Write a page for each command there
    #[arg(long, value_name = "FOLDER")]
    output_dir: Option<PathBuf>,
    /// Overwrite files that are there
    #[arg(long, requires = "output_dir")]
    force: bool,
}

impl Manual {
    pub(crate) fn execute(&self, mut command: Command) -> Outcome<ExitCode> {
        command.build();
        let Some(folder) = &self.output_dir else {
            print(&page(command)?)?;
            return Ok(ExitCode::SUCCESS);
        };
        let write = |name: String, command: Command| {
            let file = folder.join(format!("{name}.1"));
            let unwritten =
                |error| Error::new(format_args!("{}: cannot be written: {error}", file.display()));
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&file, page(command).unwrap_or_default()))
                .map_err(unwritten)
        };
        if !self.force {
            let names =
                command.get_subcommands().map(|subcommand| format!("kubectl-psp-{}", subcommand.get_name()));
            let files = names.chain(["kubectl-psp".to_owned()]).map(|name| folder.join(format!("{name}.1")));
            super::refuse_to_overwrite(files.filter(|file| file.exists()))?;
        }
        for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
            write(format!("kubectl-psp-{}", subcommand.get_name()), subcommand.clone())?;
        }
        write("kubectl-psp".to_owned(), command.clone())?;
        Ok(ExitCode::SUCCESS)
    }
}

fn page(command: Command) -> Outcome<String> {
    let mut text = Vec::new();
    Man::new(command)
        .render(&mut text)
        .map_err(|error| Error::new(format_args!("the manual cannot be written: {error}")))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
