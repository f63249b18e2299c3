//! The frozen responses of the original, against those of the module; grants come from the host.

use std::path::Path;

use conformance::campaign::Tally;
use conformance::case::Case;
use conformance::files;
use conformance::module::Module;
use conformance::ours::{self, Answer};
use conformance::subject::Subject;
use rstest::rstest;
use serde_json::Value;

use crate::harness;

/// The module, which must respond like the library.
struct Deployed(Module);

impl Subject for Deployed {
    fn answer(&mut self, case: &Case, options: &Value) -> anyhow::Result<Answer> {
        let answer = self.0.answer(case, options)?;
        assert_eq!(
            answer,
            ours::natively_with(case, options),
            "{}: the module and the library differ",
            case.name
        );
        Ok(answer)
    }

    fn problems(&mut self, case: &Case) -> anyhow::Result<Option<String>> {
        let problems = self.0.problems(case)?;
        assert_eq!(problems, ours::problems(case), "{}: the module and the library differ", case.name);
        Ok(problems)
    }
}

#[rstest]
#[case::tricky_pods("golden", 172)]
#[case::pods("admission", 4000)]
#[case::policies("settings", 400)]
#[case::of_all_kinds("generated", 5000)]
fn the_module_answers_as_the_original_did(#[case] file: &str, #[case] cases: u64) {
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../conformance/golden/{file}.jsonl.gz"));
    let mut module = Deployed(Module::load(&harness::path(), false).unwrap());
    let mut tally = Tally::default();
    for answered in files::read(&frozen).unwrap() {
        tally.add(&mut module, answered.unwrap()).unwrap();
    }
    let reported: Vec<_> = tally
        .differences
        .iter()
        .take(20)
        .map(|(answered, difference)| (&answered.case.name, difference))
        .collect();
    assert_eq!((tally.cases, tally.unexplained), (cases, 0), "cases, unexplained differences: {reported:?}");
    let deviating: u64 = tally.deviations.values().map(|shown| shown.count).sum();
    assert_eq!(tally.agreed + deviating, cases);
}
