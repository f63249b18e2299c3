//! The request: what it asks for, for whom, by whom.

use serde_json::Value;

use super::{Dimension, unique};
use crate::case::Case;
use crate::coverage::requests;
use crate::generate::requester_of;

pub(super) const DIMENSIONS: [Dimension; 7] = [
    Dimension { name: "request", values: &requests::REQUESTS, of: |case| vec![requests::request(case)] },
    Dimension { name: "requester", values: &REQUESTERS, of: |case| vec![requester(case)] },
    Dimension { name: "grants", values: &requests::GRANTS, of: requests::grants },
    Dimension {
        name: "policies",
        values: &["none", "one", "two", "three or four"],
        of: |case| vec![["none", "one", "two"].get(case.psps.len()).copied().unwrap_or("three or four")],
    },
    Dimension {
        name: "hint",
        values: &["none", "the only policy", "one of several", "an unknown policy", "empty"],
        of: |case| vec![hint(case)],
    },
    Dimension {
        name: "account",
        values: &["named", "named `default`", "by the old field", "none"],
        of: |case| vec![account(case)],
    },
    Dimension {
        name: "containers",
        values: &["regular", "init", "ephemeral", "several regular"],
        of: containers,
    },
];

const REQUESTERS: [&str; 19] = {
    let mut names = ["no user"; 19];
    let mut index = 0;
    while index < 18 {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            names[index] = crate::generate::REQUESTERS[index].1.what;
        }
        index += 1;
    }
    names
};

fn requester(case: &Case) -> &'static str {
    if case.no_user { "no user" } else { requester_of(case) }
}

fn text<'c>(case: &'c Case, path: &str) -> Option<&'c str> {
    case.pod.pointer(path).and_then(Value::as_str)
}

fn hint(case: &Case) -> &'static str {
    let Some(hint) = text(case, "/metadata/annotations/kubernetes.io~1psp") else { return "none" };
    let named = |policy: &Value| policy.pointer("/metadata/name").and_then(Value::as_str) == Some(hint);
    match (case.psps.iter().any(named), case.psps.len()) {
        _ if hint.is_empty() => "empty",
        (true, 1) => "the only policy",
        (true, _) => "one of several",
        (false, _) => "an unknown policy",
    }
}

fn account(case: &Case) -> &'static str {
    match (text(case, "/spec/serviceAccountName"), text(case, "/spec/serviceAccount")) {
        (Some("default"), _) => "named `default`",
        (Some(_), _) => "named",
        (None, Some(_)) => "by the old field",
        (None, None) => "none",
    }
}

fn containers(case: &Case) -> Vec<&'static str> {
    let count =
        |list: &str| case.pod.pointer(&format!("/spec/{list}")).and_then(Value::as_array).map_or(0, Vec::len);
    let present = [
        (count("containers") > 0, "regular"),
        (count("containers") > 1, "several regular"),
        (count("initContainers") > 0, "init"),
        (count("ephemeralContainers") > 0, "ephemeral"),
    ];
    unique(present.into_iter().filter(|(present, _)| *present).map(|(_, name)| name))
}
