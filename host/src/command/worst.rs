//! `worst`: the cost of worst-case requests.

use std::{fs, path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

use anstream::{eprintln, println};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use policy_host::{Error, Meter, Policy, Unanswered, WorstCase};

/// Measure a policy with requests that are as bad as they can be: its time on new instances, its steps and its memory
#[derive(Debug, Args)]
pub(crate) struct Worst {
    /// The policy's module
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The size of the requests
    #[arg(long, value_name = "BYTES", default_value_t = 2_000_000)]
    bytes: usize,
    /// How often to time each; the fastest counts, and 0 only counts steps
    #[arg(long, value_name = "N", default_value_t = 5)]
    iterations: usize,
    /// Only cases whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Fail if a call takes longer; of several policies, each may
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 100.0)]
    max_time: f64,
    /// Fail if a call needs more pages of 64 KiB
    #[arg(long, value_name = "N", default_value_t = 1024)]
    max_pages: u64,
}

impl Worst {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        let module = fs::read(&self.policy)
            .map_err(|reason| Error::FileNotRead { path: self.policy.clone(), reason })?;
        let (policy, meter) = (Policy::load(&module)?, Meter::new(&module)?);
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED).set_header([
            "much of",
            "policies",
            "verdict",
            "bytes",
            "ms",
            "million steps",
            "when doubled",
            "memory, 64 KiB",
            "answer, bytes",
        ]);
        let mut code = ExitCode::SUCCESS;
        for case in WorstCase::ALL.iter().filter(|case| case.name.contains(&self.only)) {
            let payload = case.payload(self.bytes);
            let mut time: Option<f64> = None;
            for _ in 0..self.iterations {
                let start = Instant::now();
                let instance = policy.instance(Arc::new(Unanswered))?;
                instance.call("validate", &payload)?;
                drop(instance);
                let elapsed = start.elapsed().as_secs_f64() * 1e3;
                time = Some(time.map_or(elapsed, |time| time.min(elapsed)));
            }
            let (half, _, _) = measure(&meter, &case.payload(self.bytes / 2))?;
            let (steps, pages, answer) = measure(&meter, &payload)?;
            table.add_row([
                case.name.to_owned(),
                case.policies().to_string(),
                verdict(&answer).to_owned(),
                payload.len().to_string(),
                time.map_or_else(String::new, |time| format!("{time:.1}")),
                format!("{:.1}", millions(steps)),
                format!("{:.2}", millions(steps) / millions(half)),
                pages.to_string(),
                answer.len().to_string(),
            ]);
            let max_time = self.max_time * f64::from(u32::try_from(case.allowance()).unwrap_or(u32::MAX));
            let is_slow = time.is_some_and(|time| time > max_time);
            if is_slow || pages > self.max_pages {
                let max_pages = self.max_pages;
                let time = time.unwrap_or_default();
                eprintln!(
                    "{}: {time:.1} ms and {pages} pages, but at most {max_time} ms and {max_pages} pages are allowed",
                    case.name
                );
                code = ExitCode::FAILURE;
            }
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("{table}");
        Ok(code)
    }
}

/// Instructions, pages at the end, and the response.
fn measure(meter: &Meter, payload: &[u8]) -> Result<(u64, u64, Vec<u8>), Error> {
    let mut probe = meter.probe()?;
    let answer = probe.validate(payload)?;
    let footprint = probe.footprint();
    Ok((footprint.instructions, footprint.memory_pages, answer))
}

#[expect(clippy::cast_precision_loss, reason = "a step more or less makes no difference")]
fn millions(steps: u64) -> f64 {
    steps as f64 / 1e6
}

fn verdict(answer: &[u8]) -> &'static str {
    match answer {
        answer if answer.starts_with(br#"{"accepted":true,"mutated_object":"#) => "mutated",
        answer if answer.starts_with(br#"{"accepted":true"#) => "allowed",
        _ => "denied",
    }
}
