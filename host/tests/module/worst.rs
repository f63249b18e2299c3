//! The cost of any list, map or text that a tenant writes is linear in its length: steps are counted, not timed.

use policy_host::{Meter, Sample, WorstCase};

use crate::harness::path;

/// The memory that a request of 2 MB may take: 64 MiB.
const PAGES: u64 = 1024;
/// The steps that one policy may take for it: about a tenth of a second.
const STEPS: u64 = 800_000_000;
/// The steps and the pages that a call takes on a new instance.
fn cost(meter: &Meter, case: &WorstCase, bytes: usize) -> (u64, u64) {
    let mut probe = meter.probe().unwrap();
    probe.validate(&case.payload(bytes)).unwrap();
    let footprint = probe.footprint();
    (footprint.instructions, footprint.memory_pages)
}

#[test]
fn steps_grow_as_the_request_does_and_memory_stays_below_64_mib() {
    let meter = Meter::new(&std::fs::read(path()).unwrap()).unwrap();
    let mut faults = Vec::new();
    for case in WorstCase::ALL {
        let ((half, _), (whole, _)) = (cost(&meter, case, 100_000), cost(&meter, case, 200_000));
        // Sorting takes a little more than twice the steps.
        if whole * 10 > half * 22 {
            faults.push(format!("{}: {half} steps, {whole} when doubled", case.name));
        }
        let (steps, pages) = cost(&meter, case, 2_000_000);
        if pages > PAGES || steps > STEPS * case.allowance() as u64 {
            faults.push(format!("{}: {steps} steps and {pages} pages for 2 MB", case.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Every page that a call writes is a page fault on each new instance. One more than today's, as constants that shift in
/// memory can cost one (`--global-base` in .cargo/config.toml).
#[test]
fn an_ordinary_review_writes_few_pages() {
    let meter = Meter::new(&std::fs::read(path()).unwrap()).unwrap();
    let settings = std::fs::read_to_string("../benches/data/settings.yaml").unwrap();
    let settings: serde_json::Value = serde_saphyr::from_str(&settings).unwrap();
    let written = Sample::ALL.iter().map(|sample| {
        let mut probe = meter.probe().unwrap();
        let request = &sample.review()["request"];
        probe
            .validate(serde_json::json!({"request": request, "settings": settings}).to_string().as_bytes())
            .unwrap();
        (sample.name(), probe.footprint().written_pages)
    });
    let most =
        [("small", 5), ("typical", 8), ("typical-rejected", 9), ("typical-mutated", 12), ("large", 121)];
    let mut exceeded = Vec::new();
    for ((name, pages), (of, most)) in written.zip(most) {
        assert_eq!(name, of);
        if pages > most {
            exceeded.push(format!("{name}: {pages} pages of 4 KiB, at most {most}"));
        }
    }
    assert_eq!(exceeded, [""; 0]);
}
