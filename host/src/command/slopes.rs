//! `slopes`: how a policy's time grows with its input.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anstream::{eprintln, println};
use clap::Args;
use policy_host::{
    AdmissionRequest, Bench, Error, Outcome, Policy, Sample, Settings, Times, Unanswered, list_of_policies,
};
use serde_json::{Value, json};

use super::SettingsSource;

/// Time a policy under longer and longer lists of policies, and for larger and larger pods
#[derive(Debug, Args)]
pub(crate) struct Slopes {
    /// The module that accepts everything unread
    #[arg(long, value_name = "FILE")]
    floor: PathBuf,
    /// The policy's module
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// A bare PodSecurityPolicy that accepts the typical sample as it is
    #[command(flatten)]
    settings: SettingsSource,
    /// How often to call each module for each size
    #[arg(long, value_name = "N", default_value_t = 1000)]
    iterations: usize,
    /// Fail if the policy takes longer, on new instances under 20 policies, than this multiple of the floor's time
    #[arg(long, value_name = "RATIO", default_value_t = 4.0)]
    max_ratio: f64,
}

/// How many policies are in the list.
const POLICIES: [usize; 5] = [1, 5, 10, 20, 50];
/// How many containers are in the pod.
const CONTAINERS: [usize; 5] = [1, 4, 8, 16, 32];
/// The length of the list that must stay below the limit.
const LIMITED: usize = 20;

impl Slopes {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        let (floor, policy) = (Policy::from_file(&self.floor)?, Policy::from_file(&self.policy)?);
        let bench = Bench { floor: &floor, policy: &policy, iterations: self.iterations };
        let bare =
            serde_json::from_slice(&self.settings.read()?.payload()?).map_err(Error::SettingsNotJson)?;

        let mut code = ExitCode::SUCCESS;
        let mut points = Vec::new();
        for count in POLICIES {
            let settings = list_of_policies(&bare, count, Outcome::RejectedByAll)?;
            let times = measure(&bench, &settings, &Sample::Typical.review(), false)?;
            report(&format!("{count} policies reject"), &times);
            points.push((count, times));
        }
        println!("each policy: {:.2} µs", slope(&points));
        points.clear();
        for count in POLICIES {
            let settings = list_of_policies(&bare, count, Outcome::AcceptedByTheLast)?;
            let times = measure(&bench, &settings, &Sample::Typical.review(), true)?;
            report(&format!("last of {count} accepts"), &times);
            if count == LIMITED && times.ratio() > self.max_ratio {
                eprintln!(
                    "last of {count} accepts: {:.2} times the floor, but at most {:.2} is allowed",
                    times.ratio(),
                    self.max_ratio
                );
                code = ExitCode::FAILURE;
            }
            points.push((count, times));
        }
        println!("each policy: {:.2} µs", slope(&points));
        points.clear();
        for count in CONTAINERS {
            let times = measure(&bench, &Settings::try_from(bare.clone())?, &with_containers(count), true)?;
            report(&format!("{count} containers"), &times);
            points.push((count, times));
        }
        println!("each container: {:.2} µs above the floor's", slope(&points));
        Ok(code)
    }
}

/// Times a review, whose verdict must be the expected one.
fn measure(bench: &Bench<'_>, settings: &Settings, review: &Value, allowed: bool) -> Result<Times, Error> {
    let request = AdmissionRequest::from_value(review.clone())?;
    let response = bench.policy.instance(Arc::new(Unanswered))?.review(&request, settings)?;
    if response.allowed != allowed {
        let verdict = if allowed { "rejected: " } else { "accepted" };
        return Err(Error::NotMeasured(format!("the sample is {verdict}{}", response.message())));
    }
    bench.fresh(&request.payload(settings)?)
}

fn report(size: &str, times: &Times) {
    println!(
        "{size:>20}: {:>7.1} µs, floor {:>6.1} µs, ratio {:.2}",
        times.policy,
        times.floor,
        times.ratio()
    );
}

/// The typical sample with so many containers.
fn with_containers(count: usize) -> Value {
    let mut review = Sample::Typical.review();
    if let Some(containers) =
        review.pointer_mut("/request/object/spec/containers").and_then(Value::as_array_mut)
    {
        let mut copies = containers.iter().cycle().take(count).cloned().collect::<Vec<_>>();
        for (number, container) in copies.iter_mut().enumerate() {
            if let Some(members) = container.as_object_mut() {
                members.insert("name".to_owned(), json!(format!("worker-{number}")));
            }
        }
        *containers = copies;
    }
    review
}

/// The line through the points, by least squares: microseconds above the floor, for each one more.
#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
fn slope(points: &[(usize, Times)]) -> f64 {
    let above = |times: &Times| times.policy - times.floor;
    let count = points.len() as f64;
    let middle = points.iter().map(|(size, _)| *size as f64).sum::<f64>() / count;
    let height = points.iter().map(|(_, times)| above(times)).sum::<f64>() / count;
    let (rise, run) = points.iter().fold((0.0, 0.0), |(rise, run), (size, times)| {
        let distance = *size as f64 - middle;
        (rise + distance * (above(times) - height), run + distance * distance)
    });
    rise / run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope() {
        let points = [1_u8, 3, 8]
            .map(|size| (usize::from(size), Times { floor: 10.0, policy: 15.0 + 2.5 * f64::from(size) }));

        assert!((slope(&points) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn samples_have_as_many_containers_as_they_should() {
        for count in CONTAINERS {
            let review = with_containers(count);
            assert_eq!(
                review.pointer("/request/object/spec/containers").unwrap().as_array().unwrap().len(),
                count
            );
        }
    }
}
