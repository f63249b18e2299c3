//! `instructions`: how many instructions reviews take, which no other load on the machine changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::ExitCode,
};

use anstream::{eprintln, println};
use clap::Args;
use policy_host::{AdmissionRequest, Error, Meter, Outcome, Sample, Settings, list_of_policies, read_text};
use serde_json::{Value, json};

use super::SettingsSource;

/// Count the instructions of eight reviews, and compare them with those that are recorded
#[derive(Debug, Args)]
pub(crate) struct Instructions {
    /// The policy's module
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// A bare PodSecurityPolicy that accepts the typical sample as it is
    #[command(flatten)]
    settings: SettingsSource,
    /// The recorded counts, as JSON
    #[arg(long, value_name = "FILE")]
    recorded: PathBuf,
    /// Fail where a count differs by more than this, in percent: a gain is recorded as well, or the next loss would be hidden
    #[arg(long, value_name = "PERCENT", default_value_t = 2.0)]
    tolerance: f64,
    /// Record today's counts instead
    #[arg(long)]
    record: bool,
}

/// How long the lists of policies are.
const POLICIES: usize = 50;

type Counts = BTreeMap<String, u64>;

impl Instructions {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        let counts = self.count()?;
        if self.record {
            let text = serde_json::to_string_pretty(&counts).map_err(Error::PayloadNotWritten)?;
            fs::write(&self.recorded, text + "\n")
                .map_err(|reason| Error::FileNotWritten { path: self.recorded.clone(), reason })?;
            return Ok(ExitCode::SUCCESS);
        }
        let recorded: Counts =
            serde_json::from_str(&read_text(&self.recorded)?).map_err(Error::SettingsNotJson)?;
        let (lines, is_close) = compared(&recorded, &counts, self.tolerance);
        lines.iter().for_each(|line| println!("{line}"));
        if is_close {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!(
            "instructions: a count differs by more than {} % from {}: `make instructions RECORD=1` records today's",
            self.tolerance,
            self.recorded.display()
        );
        Ok(ExitCode::FAILURE)
    }

    fn count(&self) -> Result<Counts, Error> {
        let module = fs::read(&self.policy)
            .map_err(|reason| Error::FileNotRead { path: self.policy.clone(), reason })?;
        let meter = Meter::new(&module)?;
        let settings = self.settings.read()?;
        let bare: Value = serde_json::from_slice(&settings.payload()?).map_err(Error::SettingsNotJson)?;
        let standards =
            json!({"podSecurityStandards": {"enforce": "baseline:v1.37", "warn": "restricted:v1.37"}});
        let mut reviews: Vec<(String, Settings, Value, bool)> = Vec::new();
        for sample in Sample::ALL {
            let accepted = *sample != Sample::TypicalRejected;
            let settings = Settings::try_from(bare.clone())?;
            reviews.push((sample.name().to_owned(), settings, sample.review(), accepted));
        }
        let typical = Sample::Typical.review();
        for (name, outcome) in [
            ("accepted by the last of 50", Outcome::AcceptedByTheLast),
            ("rejected by 50", Outcome::RejectedByAll),
        ] {
            let settings = list_of_policies(&bare, POLICIES, outcome)?;
            let accepted = outcome == Outcome::AcceptedByTheLast;
            reviews.push((name.to_owned(), settings, typical.clone(), accepted));
        }
        reviews.push(("standards".to_owned(), Settings::try_from(standards)?, typical, true));
        let mut counts = Counts::new();
        for (name, settings, review, accepted) in reviews {
            let request = AdmissionRequest::from_value(review)?;
            let mut probe = meter.probe()?;
            let answer = probe.validate(&request.payload(&settings)?)?;
            let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
            if answer.get("accepted") != Some(&Value::Bool(accepted)) {
                return Err(Error::NotMeasured(format!("{name}: the verdict is another one: {answer}")));
            }
            counts.insert(name, probe.footprint().instructions);
        }
        Ok(counts)
    }
}

/// By how much a count differs from the recorded one.
#[expect(clippy::cast_precision_loss, reason = "a share of a percent counts, not one instruction")]
fn percent(recorded: u64, count: u64) -> f64 {
    (count as f64 / recorded as f64 - 1.0) * 100.0
}

/// A line for each review that is counted or recorded, and whether all are close to what is recorded.
fn compared(recorded: &Counts, counts: &Counts, tolerance: f64) -> (Vec<String>, bool) {
    let names: BTreeSet<&String> = recorded.keys().chain(counts.keys()).collect();
    let mut is_close = true;
    let lines = names.into_iter().map(|name| {
        let (text, close) = match (recorded.get(name), counts.get(name)) {
            (Some(recorded), Some(count)) => {
                let by = percent(*recorded, *count);
                (format!("{count} instructions, {by:+.2} %"), by.abs() <= tolerance)
            }
            (None, Some(count)) => (format!("{count} instructions, not recorded"), false),
            (_, None) => ("recorded, but not counted".to_owned(), false),
        };
        is_close &= close;
        format!("{name:>26}: {text}")
    });
    let lines = lines.collect();
    (lines, is_close)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(counts: &[(&str, u64)]) -> Counts {
        counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn counts_are_close_within_the_tolerance_and_all_are_compared() {
        let recorded = counts(&[("small", 1000)]);
        for (now, expected) in [
            (counts(&[("small", 1019)]), true),
            (counts(&[("small", 981)]), true),
            (counts(&[("small", 1021)]), false),
            (counts(&[("small", 979)]), false),
            (counts(&[("small", 1000), ("large", 1)]), false),
            (counts(&[]), false),
        ] {
            assert_eq!(compared(&recorded, &now, 2.0).1, expected, "{now:?}");
        }
        let (lines, _) = compared(&recorded, &counts(&[("large", 7), ("small", 1021)]), 2.0);
        let trimmed: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
        assert_eq!(trimmed, ["large: 7 instructions, not recorded", "small: 1021 instructions, +2.10 %"]);
    }
}
