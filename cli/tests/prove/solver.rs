//! The answers against those of z3, where it is installed.

use assert_cmd::Command;
use kubectl_psp::prove::prove;
use serde_json::{Value, json};

use super::{load, psp, requester};

/// The ranges of users, the allowed capabilities as bits, and whether containers may be privileged.
type Drawn = (Vec<(u64, u64)>, u64, bool);

/// Ranges of users, capabilities and `privileged`, in the words of a solver: a container for each old policy, all of which
/// a new policy admits and of which each old one rejects one.
#[test]
fn a_solver_gives_the_same_answers() {
    if Command::new("z3").arg("--version").output().is_err() {
        eprintln!("z3 is not installed: nothing is compared");
        return;
    }
    let mut state = 7_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut answers = [0, 0];
    for _ in 0..60 {
        let mut set = || -> Vec<Drawn> {
            let mut policy = || {
                let ranges =
                    (0..1 + draw(2)).map(|_| (draw(6), 3 + draw(6))).map(|(min, more)| (min, min + more / 2));
                (ranges.collect(), draw(4), draw(3) == 0)
            };
            vec![policy(), policy()]
        };
        let (old, mut new) = (set(), set());
        // Often one that is as wide as an old one at most.
        for (new, old) in new.iter_mut().zip(&old) {
            if draw(4) > 0 {
                *new = (old.0.clone(), old.1 & draw(4), old.2 && draw(2) == 0);
            }
        }
        let load = |set: &[Drawn]| {
            let policies = set.iter().enumerate().map(|(nth, (ranges, names, privileged))| {
                let ranges: Vec<Value> =
                    ranges.iter().map(|(min, max)| json!({"min": min, "max": max})).collect();
                let names: Vec<&str> = [("KILL", 1), ("CHOWN", 2)]
                    .iter()
                    .filter(|(_, bit)| names & bit != 0)
                    .map(|(name, _)| *name)
                    .collect();
                psp(
                    &format!("p{nth}"),
                    json!({"runAsUser": {"rule": "MayRunAs", "ranges": ranges},
                    "allowedCapabilities": names, "privileged": privileged}),
                )
            });
            load(&policies.collect::<Vec<_>>(), &[])
        };
        let admits = |nth: usize, (ranges, names, privileged): &Drawn| {
            let ranges: String = ranges
                .iter()
                .map(|(min, max)| format!("(and (<= {min} u{nth}) (<= u{nth} {max})) "))
                .collect();
            format!(
                "(and (or (= u{nth} (- 1)) {ranges}) (or (= c{nth} 0) (and (= c{nth} 1) {}) (and (= c{nth} 2) {})) (or (not p{nth}) {privileged}))",
                names & 1 != 0,
                names & 2 != 0
            )
        };
        let variables: String = (0..old.len())
            .map(|nth| format!("(declare-const u{nth} Int)(declare-const c{nth} Int)(declare-const p{nth} Bool)(assert (and (<= (- 1) u{nth}) (<= 0 c{nth}) (<= c{nth} 3)))"))
            .collect();
        let one = |policy| (0..old.len()).map(|nth| admits(nth, policy)).collect::<String>();
        let all: String = new.iter().map(|policy| format!("(and {}) ", one(policy))).collect();
        let rejected: String =
            old.iter().enumerate().map(|(nth, policy)| format!("(not {}) ", admits(nth, policy))).collect();
        let script = format!("{variables}(assert (or {all}))(assert (and {rejected}))(check-sat)");
        let solved = Command::new("z3").args(["-smt2", "-in"]).write_stdin(script.clone()).output().unwrap();
        let expected = match String::from_utf8(solved.stdout).unwrap().trim() {
            "sat" => true,
            "unsat" => false,
            other => panic!("{other}: {script}"),
        };
        let gained = prove(&load(&old), &load(&new), &requester()).gained;
        assert_eq!((gained.undecided, !gained.witnesses.is_empty()), (Vec::new(), expected), "{script}");
        answers[usize::from(expected)] += 1;
    }
    assert!(answers.iter().all(|count| *count > 5), "{answers:?}");
}
