//! `instructions`: how many instructions reviews take, which no other load on the machine changes.

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode};

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
        let mut code = ExitCode::SUCCESS;
        for (name, count) in &counts {
            let difference = recorded.get(name).map(|recorded| percent(*recorded, *count));
            let shown = difference.map_or_else(|| "not recorded".to_owned(), |by| format!("{by:+.2} %"));
            println!("{name:>26}: {count:>9} instructions, {shown}");
            if difference.is_none_or(|by| by.abs() > self.tolerance) {
                code = ExitCode::FAILURE;
            }
        }
        if code == ExitCode::FAILURE {
            eprintln!(
                "instructions: a count differs by more than {} % from {}: `make instructions RECORD=1` records today's",
                self.tolerance,
                self.recorded.display()
            );
        }
        Ok(code)
    }

    fn count(&self) -> Result<Counts, Error> {
        let module = fs::read(&self.policy)
            .map_err(|reason| Error::FileNotRead { path: self.policy.clone(), reason })?;
        let meter = Meter::new(&module)?;
        let settings = self.settings.read()?;
        let bare: Value = serde_json::from_slice(&settings.payload()?).map_err(Error::SettingsNotJson)?;
        let standards =
            json!({"podSecurityStandards": {"enforce": "baseline:v1.37", "warn": "restricted:v1.37"}});
        let mut reviews: Vec<(String, Settings, Value)> = Vec::new();
        for sample in Sample::ALL {
            reviews.push((sample.name().to_owned(), Settings::try_from(bare.clone())?, sample.review()));
        }
        let typical = Sample::Typical.review();
        for (name, outcome) in [
            ("accepted by the last of 50", Outcome::AcceptedByTheLast),
            ("rejected by 50", Outcome::RejectedByAll),
        ] {
            reviews.push((name.to_owned(), list_of_policies(&bare, POLICIES, outcome)?, typical.clone()));
        }
        reviews.push(("standards".to_owned(), Settings::try_from(standards)?, typical));
        let mut counts = Counts::new();
        for (name, settings, review) in reviews {
            let request = AdmissionRequest::from_value(review)?;
            let mut probe = meter.probe()?;
            probe.validate(&request.payload(&settings)?)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_a_share_of_what_is_recorded() {
        assert!((percent(200, 203) - 1.5).abs() < 1e-9 && (percent(200, 190) + 5.0).abs() < 1e-9);
    }
}
