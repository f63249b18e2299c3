//! Which checks there are, and which are in force when.

use pod_security_policy::pod::safe_sysctls;
use pod_security_policy::rules;
use pod_security_policy::schema::kubernetes::NEWEST;
use pod_security_policy::standards::{Level, Standard, Version, all, index};
use rstest::rstest;

/// The IDs in the order of messages; the tests count them from 1.
const IDS: [&str; 19] = [
    "appArmorProfile",
    "capabilities_baseline",
    "hostNamespaces",
    "hostPathVolumes",
    "hostPorts",
    "hostProbesAndHostLifecycle",
    "privileged",
    "procMount",
    "seLinuxOptions",
    "seccompProfile_baseline",
    "sysctls",
    "windowsHostProcess",
    "allowPrivilegeEscalation",
    "capabilities_restricted",
    "procMount_restricted",
    "restrictedVolumes",
    "runAsNonRoot",
    "runAsUser",
    "seccompProfile_restricted",
];

#[test]
fn the_checks_stand_in_their_order() {
    assert_eq!(all().map(|(_, check)| check.id).collect::<Vec<_>>(), IDS);
    assert!(IDS[..12].is_sorted() && IDS[12..].is_sorted());
}

#[test]
fn the_first_twelve_are_of_baseline() {
    let baseline = all().filter(|(_, check)| check.level == Level::Baseline).count();
    assert_eq!(baseline, 12);
    assert!(all().take(12).all(|(_, check)| check.level == Level::Baseline));
    assert!(all().skip(12).all(|(_, check)| check.level == Level::Restricted));
}

#[test]
fn checks_are_numbered_behind_the_rules() {
    assert_eq!(rules::COUNT, rules::all().count());
    assert_eq!(index("appArmorProfile"), Some(rules::COUNT));
    assert_eq!(index("seccompProfile_restricted"), Some(rules::COUNT + 18));
    assert_eq!(index("seccompProfile"), None);
    assert!(all().all(|(index, _)| index < 64), "a set of rules has 64 places");
}

#[test]
fn every_check_is_documented() {
    for (_, check) in all() {
        assert!(check.purpose.ends_with('.') && !check.pod_fields.is_empty(), "{}", check.id);
    }
}

#[test]
fn variants_come_in_the_order_of_versions() {
    assert!(all().all(|(_, check)| check.variants.is_sorted_by(|one, next| one.since < next.since)));
}

#[test]
fn overriding_goes_both_ways() {
    for (_, check) in all().filter(|(_, check)| check.overrides().is_some()) {
        let overridden = all().find(|(_, other)| check.overrides() == Some(other.id)).unwrap().1;
        assert_eq!(overridden.overridden_by().map(|by| by.id), Some(check.id));
    }
}

#[test]
fn four_checks_of_baseline_are_overridden() {
    let overridden: Vec<_> =
        all().filter_map(|(_, check)| Some((check.id, check.overridden_by()?.id))).collect();
    assert_eq!(
        overridden,
        [
            ("capabilities_baseline", "capabilities_restricted"),
            ("hostPathVolumes", "restrictedVolumes"),
            ("procMount", "procMount_restricted"),
            ("seccompProfile_baseline", "seccompProfile_restricted"),
        ]
    );
}

/// `latest` stands for it, so that a check or a list that is younger would never be in force.
#[test]
fn nothing_is_younger_than_the_newest_version() {
    let checks = all().flat_map(|(_, check)| check.variants).map(|variant| variant.since).max();
    assert_eq!(checks, Some(NEWEST));
    assert_eq!(safe_sysctls(NEWEST).count(), safe_sysctls(u64::MAX).count());
}

#[rstest]
#[case::v1_0(0..=7, &[1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 16, 17])]
#[case::v1_8(8..=18, &[1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 16, 17])]
#[case::v1_19(19..=21, &[1, 2, 3, 5, 7, 8, 9, 11, 12, 13, 16, 17, 19])]
#[case::v1_22(22..=22, &[1, 3, 5, 7, 8, 9, 11, 12, 13, 14, 16, 17, 19])]
#[case::v1_23(23..=33, &[1, 3, 5, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19])]
#[case::v1_34(34..=34, &[1, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19])]
#[case::v1_35(35..=40, &[1, 3, 5, 6, 7, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19])]
#[case::far_off(99..=99, &[1, 3, 5, 6, 7, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19])]
fn checks_in_force_at_restricted(#[case] minors: std::ops::RangeInclusive<u64>, #[case] expected: &[usize]) {
    for minor in minors {
        assert_eq!(in_force(Level::Restricted, Version::Minor(minor)), expected, "v1.{minor}");
    }
}

#[test]
fn checks_in_force_at_baseline() {
    for minor in 0..=33 {
        let expected = [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12];
        assert_eq!(in_force(Level::Baseline, Version::Minor(minor)), expected, "v1.{minor}");
    }
    for minor in 34..=40 {
        let expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        assert_eq!(in_force(Level::Baseline, Version::Minor(minor)), expected, "v1.{minor}");
    }
}

#[test]
fn latest_is_the_newest_version() {
    for level in Level::ALL {
        assert_eq!(in_force(level, Version::LATEST), in_force(level, Version::Minor(NEWEST)));
    }
}

#[test]
fn nothing_is_in_force_at_privileged() {
    assert!(in_force(Level::Privileged, Version::LATEST).is_empty());
}

/// The checks in force, counted from 1.
fn in_force(level: Level, version: Version) -> Vec<usize> {
    Standard { level, version }.checks().map(|(index, _)| index - rules::COUNT + 1).collect()
}
