//! The cost of a policy, as a multiple of the floor module.
//!
//! Batches of both modules alternate, so that other load on the machine affects both. A time is the median of its
//! batches' medians.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{Error, Policy, Unanswered, policy::Instance};

/// Calls timed in sequence before the other module has its turn.
const BATCH: usize = 20;

/// The time of one call, in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Times {
    /// The floor module's.
    pub floor: f64,
    /// The policy's.
    pub policy: f64,
}

impl Times {
    /// How many times the floor's time the policy takes.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.policy / self.floor
    }
}

/// Two modules, and how often to call them.
pub struct Bench<'a> {
    /// Accepts everything unread.
    pub floor: &'a Policy,
    /// The measured policy.
    pub policy: &'a Policy,
    /// How often each is called for a measurement.
    pub iterations: usize,
}

impl Bench<'_> {
    /// Times a call on a new instance, from creating the instance to dropping it, as a server does for every request.
    ///
    /// # Errors
    ///
    /// When a module fails.
    pub fn fresh(&self, payload: &[u8]) -> Result<Times, Error> {
        let host_calls: Arc<dyn crate::HostCalls> = Arc::new(Unanswered);
        let call = |policy: &Policy| {
            let start = Instant::now();
            let instance = policy.instance(Arc::clone(&host_calls))?;
            instance.call("validate", payload)?;
            drop(instance);
            Ok(start.elapsed())
        };
        alternate(self.iterations, || call(self.floor), || call(self.policy))
    }

    /// Times a call on an instance that has handled calls before.
    ///
    /// # Errors
    ///
    /// When a module fails.
    pub fn warm(&self, payload: &[u8]) -> Result<Times, Error> {
        let (floor, policy) =
            (self.floor.instance(Arc::new(Unanswered))?, self.policy.instance(Arc::new(Unanswered))?);
        let call = |instance: &Instance| {
            let start = Instant::now();
            instance.call("validate", payload)?;
            Ok(start.elapsed())
        };
        alternate(self.iterations, || call(&floor), || call(&policy))
    }
}

fn alternate(
    iterations: usize,
    floor: impl Fn() -> Result<Duration, Error>,
    policy: impl Fn() -> Result<Duration, Error>,
) -> Result<Times, Error> {
    batch(&floor)?;
    batch(&policy)?;
    let (mut floors, mut policies) = (Vec::new(), Vec::new());
    for turn in 0..iterations.div_ceil(BATCH).max(1) {
        if turn.is_multiple_of(2) {
            floors.push(batch(&floor)?);
            policies.push(batch(&policy)?);
        } else {
            policies.push(batch(&policy)?);
            floors.push(batch(&floor)?);
        }
    }
    Ok(Times { floor: microseconds(median(floors)), policy: microseconds(median(policies)) })
}

fn batch(call: impl Fn() -> Result<Duration, Error>) -> Result<Duration, Error> {
    (0..BATCH).map(|_| call()).collect::<Result<_, _>>().map(median)
}

fn median(mut times: Vec<Duration>) -> Duration {
    let middle = times.len() / 2;
    if times.is_empty() {
        return Duration::ZERO;
    }
    *times.select_nth_unstable(middle).1
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_ignores_outliers() {
        let times = [9000, 2, 1, 3, 2].map(Duration::from_micros);

        assert_eq!(median(times.to_vec()), Duration::from_micros(2));
        assert_eq!(median(vec![]), Duration::ZERO);
    }
}
