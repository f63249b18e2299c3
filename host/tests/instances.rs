//! Guarantees of the library about instances and host calls.

#![expect(clippy::unwrap_used, reason = "a test whose guest cannot be built has failed")]

mod common;

use std::sync::Arc;

use common::{REQUEST, YES, answering, guest};
use policy_host::{Grants, Policy, Probe, Recorder, SubjectAccessReview, Unanswered};

/// Counts its calls in the message: `0`, `1`, …
fn counting() -> Policy {
    let text = r#"{"accepted":false,"message":"/"}"#;
    let body = format!(
        "(i32.store8 (i32.const {place}) (i32.add (i32.load8_u (i32.const {place})) (i32.const 1))) (call $answer)",
        place = text.find('/').unwrap()
    );
    Policy::load(&guest(text, &body)).unwrap()
}

#[test]
fn each_request_gets_a_new_instance() {
    let policy = counting();

    for _ in 0..3 {
        let response = policy.validate(REQUEST, "{}", Arc::new(Unanswered)).unwrap();
        assert_eq!(response.message(), "0");
    }
}

#[test]
fn a_warm_instance_remembers() {
    let instance = counting().instance(Arc::new(Unanswered)).unwrap();

    let answers = [(); 3].map(|()| String::from_utf8(instance.call("validate", b"{}").unwrap()).unwrap());

    assert!(answers[0].contains("\"0\"") && answers[2].contains("\"2\""), "{answers:?}");
}

#[test]
fn guests_have_a_clock_and_random_numbers() {
    let body = "(if (i32.or (call $clock (i32.const 0) (i64.const 1) (i32.const 1024))
            (call $random (i32.const 1032) (i32.const 8))) (then unreachable))
        (if (i64.eqz (i64.load (i32.const 1024))) (then unreachable))
        (call $answer)";
    let policy = Policy::load(&guest(YES, body)).unwrap();

    assert!(policy.validate(REQUEST, "{}", Arc::new(Unanswered)).unwrap().allowed);
}

#[test]
fn questions_are_answered_by_a_rule_and_recorded() {
    let grants = Arc::new(Recorder::new(Grants(|review: &SubjectAccessReview| review.user == "alice")));
    let instance =
        Policy::load(&guest(YES, "(call $ask)")).unwrap().instance(Arc::clone(&grants) as _).unwrap();

    let answer = instance.call("validate", b"{}").unwrap();

    assert_eq!(answer, br#"{"allowed":true}"#);
    assert_eq!(grants.calls().len(), 1);
    assert!(grants.calls()[0].payload.contains("podsecuritypolicies"), "{:?}", grants.calls());
}

#[test]
fn settings_verdicts_and_versions_are_read() {
    let refusing = Policy::load(&answering(r#"{"valid":false,"message":"no"}"#)).unwrap();
    let trapping = Policy::load(&guest("", "unreachable")).unwrap();
    let versioned = Policy::load(&answering("\"v1\"")).unwrap();

    let refused = refusing.validate_settings("null", Arc::new(Unanswered)).unwrap();
    let trapped = trapping.validate_settings("{}", Arc::new(Unanswered)).unwrap();

    assert_eq!((refused.valid, refused.message.as_deref()), (false, Some("no")));
    assert!(trapped.message.unwrap().starts_with("Error invoking settings validation callback: "));
    assert_eq!(versioned.instance(Arc::new(Unanswered)).unwrap().protocol_version().unwrap(), "v1");
}

#[test]
fn modules_with_foreign_imports_are_refused() {
    let module = wat::parse_str("(module (import \"env\" \"launch\" (func)))").unwrap();

    let error = Policy::load(&module).err().unwrap().to_string();

    assert!(error.starts_with("module cannot be loaded: ") && error.contains("launch"), "{error}");
}

#[test]
fn a_probe_counts_instructions_and_memory() {
    let body = "(i32.store (i32.const 32768) (i32.const 1)) (call $answer)";
    let mut probe = Probe::new(&guest(YES, body)).unwrap();
    let before = probe.footprint();

    let answer = probe.validate(b"{}").unwrap();

    let after = probe.footprint();
    assert_eq!(answer, YES.as_bytes());
    assert_eq!((before.written_pages, after.written_pages, after.memory_pages), (0, 1, 1));
    assert!(after.instructions > before.instructions);
}
