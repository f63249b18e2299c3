//! Streams cases through one of the Go programs.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, bail, ensure};

use crate::case::{Answered, Question};

/// How many cases may be in flight. The oracle keeps far fewer, and answers whatever it has when nothing new comes,
/// so that this bounds memory and cannot stall.
const ON_THEIR_WAY: usize = 4096;

/// A running oracle: an iterator of the cases it was given, in order, each with its answer.
#[derive(Debug)]
pub struct Oracle<Q> {
    process: Child,
    answers: BufReader<ChildStdout>,
    asked: Receiver<Q>,
    asking: Option<JoinHandle<Result<()>>>,
}

impl<Q: Question + Send + 'static> Oracle<Q> {
    /// Starts a program and begins to send cases.
    ///
    /// # Errors
    ///
    /// When the program cannot be started.
    pub fn ask(program: &Path, cases: impl Iterator<Item = Result<Q>> + Send + 'static) -> Result<Self> {
        let mut process = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start the oracle `{}`", program.display()))?;
        let input = process.stdin.take().context("the oracle has no input")?;
        let answers = BufReader::new(process.stdout.take().context("the oracle has no output")?);
        let (questions, asked) = sync_channel(ON_THEIR_WAY);
        let asking = thread::spawn(move || {
            let mut input = BufWriter::new(input);
            for case in cases {
                let case = case?;
                let line = serde_json::to_string(&case)?;
                // INVARIANT: a case is in the channel before the oracle can have answered it.
                if questions.send(case).is_err() {
                    return Ok(());
                }
                writeln!(input, "{line}").context("the oracle stopped reading")?;
            }
            input.flush().context("the oracle stopped reading")
        });
        Ok(Self { process, answers, asked, asking: Some(asking) })
    }

    fn answer(&mut self) -> Result<Option<Answered<Q, Q::Answer>>> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return self.end().map(|()| None);
        }
        let case = self.asked.recv().context("the oracle answered more than it was asked")?;
        let result: Q::Answer = serde_json::from_str(&line)
            .with_context(|| format!("cannot read the oracle's answer to `{}`: {line}", case.name()))?;
        ensure!(
            Q::named(&result) == case.name(),
            "asked `{}`, answered `{}`",
            case.name(),
            Q::named(&result)
        );
        Ok(Some(Answered { case, result }))
    }

    /// Explains why there are no more answers: all cases are answered, or something failed.
    fn end(&mut self) -> Result<()> {
        let Some(asking) = self.asking.take() else { return Ok(()) };
        let status = self.process.wait()?;
        let unanswered = self.asked.try_recv().ok();
        // Frees the sender, should it still wait for room.
        self.asked = sync_channel(0).1;
        match asking.join() {
            Ok(asked) if status.success() => asked?,
            Ok(_) => {}
            Err(_) => bail!("the thread that asks the oracle panicked"),
        }
        match unanswered {
            Some(case) => bail!("the oracle ended with {status} before it answered `{}`", case.name()),
            None if status.success() => Ok(()),
            None => bail!("the oracle ended with {status}"),
        }
    }
}

impl<Q: Question + Send + 'static> Iterator for Oracle<Q> {
    type Item = Result<Answered<Q, Q::Answer>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.asking.as_ref()?;
        let answer = self.answer().transpose()?;
        if answer.is_err() {
            self.asking = None;
        }
        Some(answer)
    }
}

impl<Q> Drop for Oracle<Q> {
    fn drop(&mut self) {
        // Already ended in the normal case, in which both have no effect.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use std::{env, fs, process};

    use super::*;
    use crate::case::StandardCase;

    /// A shell program that stands in for an oracle.
    fn program(name: &str, script: &str) -> PathBuf {
        let path = env::temp_dir().join(format!("oracle-{}-{name}", process::id()));
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn cases(count: usize) -> impl Iterator<Item = Result<StandardCase>> + Send + 'static {
        (0..count).map(|number| Ok(StandardCase { name: format!("n{number}"), ..StandardCase::default() }))
    }

    const ECHO: &str =
        r#"sed 's/^{"name":\("[^"]*"\).*/{"name":\1,"allowed":true,"reason":"","detail":"","text":""}/'"#;

    #[test]
    fn answers_come_in_order_with_their_cases() {
        let answers: Vec<_> =
            Oracle::ask(&program("echo", ECHO), cases(10_000)).unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(answers.len(), 10_000);
        assert!(answers.iter().all(|answered| answered.case.name == answered.result.name));
    }

    #[test]
    fn an_oracle_that_ends_early_is_an_error() {
        let script = format!("head -n 5 | {ECHO}; exit 3");
        let answers: Vec<_> = Oracle::ask(&program("early", &script), cases(20_000)).unwrap().collect();
        let error = answers.last().unwrap().as_ref().unwrap_err().to_string();
        assert_eq!(answers.len(), 6);
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let error = Oracle::ask(Path::new("no/such/oracle"), cases(1)).unwrap_err().to_string();
        assert_eq!(error, "cannot start the oracle `no/such/oracle`");
    }
}
