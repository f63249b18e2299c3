//! `bench`: a policy's time as a multiple of the floor module's.

mod report;

use std::{fs, path::Path, path::PathBuf, process::ExitCode, sync::Arc};

use self::report::{Growth, Report, Row};
use super::SettingsSource;
use anstream::{eprintln, println};
use clap::Args;
use policy_host::{
    AdmissionRequest, AdmissionResponse, Bench, Error, Policy, Probe, Sample, Settings, Unanswered, read_text,
};

/// Time a policy against the floor module, on new instances and on warm ones
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The module that accepts everything unread
    #[arg(long, value_name = "FILE")]
    floor: PathBuf,
    /// The policy's module
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    #[command(flatten)]
    settings: SettingsSource,
    /// A request to measure with, repeatable; all samples of `policy-host sample` if there is none
    #[arg(long = "request", value_name = "NAME=FILE", value_parser = named::<PathBuf>)]
    requests: Vec<(String, PathBuf)>,
    /// How often to call each module for each request
    #[arg(long, value_name = "N", default_value_t = 2000)]
    iterations: usize,
    /// Fail if the policy takes longer on new instances than this multiple of the floor's time, repeatable
    #[arg(long = "max-ratio", value_name = "NAME=RATIO", value_parser = named::<f64>)]
    max_ratios: Vec<(String, f64)>,
    /// Also make this many calls on one instance, and fail if its memory still grows in the second half
    #[arg(long, value_name = "N")]
    memory: Option<usize>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        let settings = self.settings.read()?;
        let requests = self.requests()?;
        for (name, _) in &self.max_ratios {
            if !requests.iter().any(|(known, _)| known == name) {
                return Err(Error::NotMeasured(format!("--max-ratio {name}: no request has that name")));
            }
        }
        let (floor, policy) = (Policy::from_file(&self.floor)?, Policy::from_file(&self.policy)?);
        let module = read_bytes(&self.policy)?;
        let bench = Bench { floor: &floor, policy: &policy, iterations: self.iterations };

        let mut report = Report {
            floor_bytes: floor.size(),
            policy_bytes: policy.size(),
            requests: Vec::new(),
            memory: Vec::new(),
        };
        for (name, request) in &requests {
            report.requests.push(measure(&bench, &module, name, request, &settings)?);
            if let Some(calls) = self.memory {
                report.memory.push(grow(&module, name, &request.payload(&settings)?, calls)?);
            }
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report).map_err(Error::PayloadNotWritten)?);
        } else {
            report.show();
        }
        Ok(self.judge(&report))
    }

    fn requests(&self) -> Result<Vec<(String, AdmissionRequest)>, Error> {
        if self.requests.is_empty() {
            let samples = Sample::ALL.iter();
            return samples
                .map(|sample| Ok((sample.name().to_owned(), AdmissionRequest::from_value(sample.review())?)))
                .collect();
        }
        let read = |(name, path): &(String, PathBuf)| {
            let request = AdmissionRequest::from_json(&read_text(path)?);
            Ok((name.clone(), request.map_err(|error| error.in_file(path))?))
        };
        self.requests.iter().map(read).collect()
    }

    fn judge(&self, report: &Report) -> ExitCode {
        let mut code = ExitCode::SUCCESS;
        for (name, limit) in &self.max_ratios {
            for row in report.requests.iter().filter(|row| row.name == *name && row.fresh_ratio > *limit) {
                eprintln!(
                    "{name}: {:.2} times the floor, but at most {limit:.2} is allowed",
                    row.fresh_ratio
                );
                code = ExitCode::FAILURE;
            }
        }
        for growth in report.memory.iter().filter(|growth| growth.after_all > growth.after_half) {
            let Growth { name, calls, after_half, after_all, .. } = growth;
            eprintln!(
                "{name}: memory grows from {after_half} to {after_all} pages in the second half of {calls} calls"
            );
            code = ExitCode::FAILURE;
        }
        code
    }
}

fn measure(
    bench: &Bench<'_>,
    module: &[u8],
    name: &str,
    request: &AdmissionRequest,
    settings: &Settings,
) -> Result<Row, Error> {
    let response = bench.policy.instance(Arc::new(Unanswered))?.review(request, settings)?;
    let payload = request.payload(settings)?;
    let (fresh, warm) = (bench.fresh(&payload)?, bench.warm(&payload)?);
    let mut probe = Probe::new(module)?;
    probe.validate(&payload)?;
    let footprint = probe.footprint();
    Ok(Row {
        name: name.to_owned(),
        verdict: verdict(&response),
        bytes: payload.len(),
        fresh,
        fresh_ratio: fresh.ratio(),
        warm,
        warm_ratio: warm.ratio(),
        instructions: footprint.instructions,
        memory_pages: footprint.memory_pages,
        written_pages: footprint.written_pages,
    })
}

fn grow(module: &[u8], name: &str, payload: &[u8], calls: usize) -> Result<Growth, Error> {
    let mut probe = Probe::new(module)?;
    let mut pages_after = |calls: usize| -> Result<u64, Error> {
        for _ in 0..calls {
            probe.validate(payload)?;
        }
        Ok(probe.memory_pages())
    };
    let after_one = pages_after(1)?;
    let half = calls / 2;
    let after_half = pages_after(half.saturating_sub(1))?;
    let after_all = pages_after(calls.saturating_sub(half))?;
    Ok(Growth { name: name.to_owned(), calls, after_one, after_half, after_all })
}

fn verdict(response: &AdmissionResponse) -> &'static str {
    match (response.allowed, response.changes.is_empty()) {
        (false, _) => "denied",
        (true, false) => "mutated",
        (true, true) => "allowed",
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|reason| Error::FileNotRead { path: path.into(), reason })
}

fn named<T: std::str::FromStr>(argument: &str) -> Result<(String, T), String> {
    let (name, value) = argument.split_once('=').ok_or("it lacks the `=`")?;
    let value = value.parse().map_err(|_| format!("`{value}` cannot be read"))?;
    Ok((name.to_owned(), value))
}
