//! The Pod Security Standards, the successor of `PodSecurityPolicy` in Kubernetes.
//!
//! A [`Standard`] is a level as of a version. [`Standard::evaluate`] runs the checks that are in force there, each a
//! pure function of the pod, and [`Standard::violated`] words their results as Pod Security admission does (KEP-2579),
//! to the byte. Nothing is inherited here and nothing is defaulted: each value is evaluated where it is written.
//!
//! ```
//! use pod_security_policy::{json::Reader, pod::Pod, standards::Standard};
//!
//! let pod: Pod<'_> = Reader::document(r#"{"spec": {"hostPID": true, "containers": []}}"#).unwrap();
//! let baseline: Standard = "baseline:v1.37".parse().unwrap();
//! assert_eq!(baseline.evaluate(&pod)[0].detail, "hostPID=true");
//! ```

mod allow_privilege_escalation;
mod app_armor_profile;
mod capabilities_baseline;
mod capabilities_restricted;
mod host_namespaces;
mod host_path_volumes;
mod host_ports;
mod host_probes_and_host_lifecycle;
mod level;
mod phrases;
mod privileged;
mod proc_mount;
mod proc_mount_restricted;
mod restricted_volumes;
mod run_as_non_root;
mod run_as_user;
mod se_linux_options;
mod seccomp_profile_baseline;
mod seccomp_profile_restricted;
mod subject;
mod sysctls;
#[cfg(test)]
mod testing;
mod windows_host_process;

pub use capabilities_baseline::ALLOWED as BASELINE_CAPABILITIES;
pub use level::{Level, Standard, Unknown, Version};
pub use restricted_volumes::ALLOWED as RESTRICTED_VOLUMES;

use crate::pod::Pod;
use crate::rule::{ROOM, Row, RuleSet, RulesByContainer};
use crate::schema::doc_only;
use crate::schema::kubernetes::NEWEST;
use subject::{Objection, Subject};

/// Every check: those of baseline by their IDs, then those of restricted by theirs. Messages keep this order.
const CHECKS: &[Check] = &[
    app_armor_profile::CHECK,
    capabilities_baseline::CHECK,
    host_namespaces::CHECK,
    host_path_volumes::CHECK,
    host_ports::CHECK,
    host_probes_and_host_lifecycle::CHECK,
    privileged::CHECK,
    proc_mount::CHECK,
    se_linux_options::CHECK,
    seccomp_profile_baseline::CHECK,
    sysctls::CHECK,
    windows_host_process::CHECK,
    allow_privilege_escalation::CHECK,
    capabilities_restricted::CHECK,
    proc_mount_restricted::CHECK,
    restricted_volumes::CHECK,
    run_as_non_root::CHECK,
    run_as_user::CHECK,
    seccomp_profile_restricted::CHECK,
];

/// The checks of the restricted level that take the place of one of baseline there, as soon as they are in force: the ID
/// of that one, and the check.
const OVERRIDING: [(&str, &Check); 4] = [
    (capabilities_baseline::CHECK.id, &capabilities_restricted::CHECK),
    (host_path_volumes::CHECK.id, &restricted_volumes::CHECK),
    (proc_mount::CHECK.id, &proc_mount_restricted::CHECK),
    (seccomp_profile_baseline::CHECK.id, &seccomp_profile_restricted::CHECK),
];

/// How many checks there are.
pub(crate) const COUNT: usize = CHECKS.len();

/// The check that demands `runAsNonRoot: true`.
pub(crate) const NON_ROOT: &str = run_as_non_root::CHECK.id;

/// One demand of the standards.
#[derive(Debug)]
pub struct Check {
    /// Its ID in Kubernetes.
    pub id: &'static str,
    /// The level that it belongs to.
    pub level: Level,
    /// Its purpose, in one sentence.
    pub purpose: &'static str,
    /// The fields of the pod that it reads.
    pub pod_fields: &'static str,
    /// Its demands over time, the newest last.
    pub variants: &'static [Variant],
}

/// The demand of a check from some version on.
#[derive(Debug)]
pub struct Variant {
    /// The minor version; the demand holds until the next variant's.
    pub since: u64,
    judge: Judge,
}

type Judge = fn(&Subject<'_>) -> Option<Objection>;

/// A check that a pod fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The ID of the check.
    pub id: &'static str,
    /// Its [`index`].
    pub index: usize,
    /// The forbidden or missing value, in a few words.
    pub reason: &'static str,
    /// The pod and containers that set it.
    pub detail: String,
}

/// Who is exempt from which checks, by their [`index`]: in the numbering of all rules, behind those of PSP.
#[derive(Debug, Clone, Copy)]
pub struct Exempted<'e> {
    /// The checks that are not run.
    pub everywhere: RuleSet,
    /// The checks that skip single containers.
    pub in_containers: &'e RulesByContainer,
}

impl Default for Exempted<'_> {
    fn default() -> Self {
        static NOWHERE: RulesByContainer = RulesByContainer::NONE;
        Exempted { everywhere: RuleSet::NONE, in_containers: &NOWHERE }
    }
}

/// The checks whose demand became stricter, and when; every other change of a demand only relaxed it. Until v1.19, when
/// the field appeared, profiles were read from annotations.
const TIGHTENED: &[(&str, u64)] = &[("seccompProfile_baseline", 19)];

/// Every check with its index.
pub fn all() -> impl Iterator<Item = (usize, &'static Check)> + Clone {
    (crate::rules::COUNT..).zip(CHECKS)
}

/// The index of the check with this ID.
pub fn index(id: &str) -> Option<usize> {
    all().find(|(_, check)| check.id == id).map(|(index, _)| index)
}

impl Level {
    /// The oldest version at which the level lacks none of the checks of a standard, whose level must not be stricter.
    pub fn oldest_version_with(self, standard: Standard) -> Version {
        let lacks_nothing =
            |version: &Version| Standard { level: self, version: *version }.missing(standard).is_empty();
        (0..=NEWEST).map(Version::Minor).find(lacks_nothing).unwrap_or(Version::LATEST)
    }
}

impl Check {
    /// The check of the restricted level that takes the place of this one there, as soon as it is in force.
    pub fn overridden_by(&self) -> Option<&'static Check> {
        OVERRIDING.iter().find(|(id, _)| *id == self.id).map(|(_, check)| *check)
    }

    /// The check of the baseline level whose place this one takes at the restricted level, as soon as it is in force.
    pub fn overrides(&self) -> Option<&'static str> {
        OVERRIDING.iter().find(|(_, check)| check.id == self.id).map(|(id, _)| *id)
    }

    /// The demand of the check at a version; `None` if it is younger.
    pub fn at(&self, version: Version) -> Option<&'static Variant> {
        self.variants.iter().rev().find(|variant| variant.since <= version.minor())
    }
}

impl Standard {
    /// The checks that are in force, with their indexes.
    pub fn checks(self) -> impl Iterator<Item = (usize, &'static Check)> {
        all().filter(move |(_, check)| self.variant(check).is_some())
    }

    /// The demand of a check here; `None` if it is not in force.
    fn variant(self, check: &Check) -> Option<&'static Variant> {
        // Whether the other check applies to the pod at hand makes no difference.
        let is_overridden = check
            .overridden_by()
            .is_some_and(|other| other.level <= self.level && other.at(self.version).is_some());
        if check.level > self.level || is_overridden { None } else { check.at(self.version) }
    }

    /// The checks of another standard that are missing here: younger than this version, of a stricter level, or in
    /// force with a demand that has become stricter since. A check of the restricted level that took the place of one
    /// of baseline counts as that one.
    pub fn missing(self, other: Standard) -> Vec<&'static Check> {
        let is_covered = |check: &'static Check| match (self.variant(check), other.variant(check)) {
            (Some(ours), Some(theirs)) => TIGHTENED
                .iter()
                .filter(|(id, _)| *id == check.id)
                .all(|(_, since)| ours.since >= *since || theirs.since < *since),
            _ => check.overridden_by().is_some_and(|stricter| self.variant(stricter).is_some()),
        };
        other.checks().map(|(_, check)| check).filter(|check| !is_covered(check)).collect()
    }

    /// The checks that the pod fails, in their order.
    pub fn evaluate(self, pod: &Pod<'_>) -> Vec<Failure> {
        self.evaluate_exempting(pod, Exempted::default())
    }

    /// The checks that the pod would fail without the exempt containers.
    ///
    /// An exempt container's own fields and annotations do not count; those of the pod do, even where only exempt
    /// containers inherit them.
    pub fn evaluate_exempting(self, pod: &Pod<'_>, exempted: Exempted<'_>) -> Vec<Failure> {
        let mut failures = Vec::new();
        for (index, check) in all() {
            let Some(variant) = self.variant(check).filter(|_| !exempted.everywhere.has(index)) else {
                continue;
            };
            let subject = Subject { pod, exempt: exempted.in_containers, check: index };
            if let Some(Objection { reason, detail }) = (variant.judge)(&subject) {
                failures.push(Failure { id: check.id, index, reason, detail });
            }
        }
        failures
    }

    /// Whether the check [`NON_ROOT`] rejects the pod if a container leaves open whether it may run as root.
    pub(crate) fn demands_non_root(self, pod: &Pod<'_>) -> bool {
        self.variant(&run_as_non_root::CHECK).is_some_and(|variant| !run_as_non_root::exempts(variant, pod))
    }

    /// The text of a denial: `violates PodSecurity "restricted:latest": privileged (…), hostPort (…)`.
    pub fn violated<'f>(self, failures: impl IntoIterator<Item = &'f Failure>) -> String {
        [self.named("violates"), details(failures)].concat()
    }

    /// The text of a warning and in the audit log: `would violate PodSecurity "restricted:latest": …`.
    pub fn would_be_violated<'f>(self, failures: impl IntoIterator<Item = &'f Failure>) -> String {
        [self.named("would violate"), details(failures)].concat()
    }

    /// The API server's response: `pods "web" is forbidden: violates PodSecurity "restricted:latest": …`. A pod that is
    /// still to be named has no name.
    pub fn forbidden<'f>(self, name: &str, failures: impl IntoIterator<Item = &'f Failure>) -> String {
        let name = if name.is_empty() { String::new() } else { [" \"", name, "\""].concat() };
        ["pods", &name, " is forbidden: ", &self.violated(failures)].concat()
    }

    /// The standard for the audit log: `restricted:latest (v1.37)`, as Pod Security admission prints it (its annotation
    /// `enforce-policy`) and with the version that `latest` then was. `privileged` is the same at every version.
    pub fn resolved(self) -> String {
        match (self.level, self.version) {
            (Level::Baseline | Level::Restricted, Version::Latest(minor)) => {
                format!("{self} ({})", Version::Minor(minor))
            }
            _ => self.to_string(),
        }
    }

    fn named(self, verb: &str) -> String {
        format!("{verb} PodSecurity \"{self}\": ")
    }
}

/// The reasons alone: `privileged, hostPort`. They group pods that fail alike.
pub fn reasons<'f>(failures: impl IntoIterator<Item = &'f Failure>) -> String {
    failures.into_iter().map(|failure| failure.reason).collect::<Vec<_>>().join(", ")
}

/// The reasons with their details: `privileged (…), hostPort (…)`. A detail can be empty: that of a sysctl without a
/// name is.
pub fn details<'f>(failures: impl IntoIterator<Item = &'f Failure>) -> String {
    // A page less than the available room: other text precedes it.
    let mut row = Row::new(", ", ROOM - 1024);
    for Failure { reason, detail, .. } in failures {
        let (open, close) = if detail.is_empty() { ("", "") } else { (" (", ")") };
        row.push(&[reason, open, detail, close].concat());
    }
    row.end(0)
}
