//! Values of the chart, generated from a number: policies of the comparison with the original, options by their tables.

use conformance::generate::case;
use pod_security_policy::schema::Shape;
use pod_security_policy::settings::{OPTIONS, Settings};
use serde_json::{Map, Value, json};

/// Words for the options' strings; which of them an option takes is up to the policy.
const WORDS: &[&str] = &[
    "baseline",
    "restricted:v1.31",
    "spec.template",
    "Rollout",
    "argoproj.io",
    "kube-system",
    "shop/web",
    "alice",
    "registry.example.com/*",
    "privileged",
    "pss/*",
    "2027-01-31",
    "v1.34",
    "example.com/guarded",
];

/// A small generator of numbers: the same seed gives the same values everywhere.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.below(choices.len())]
    }
}

/// Any value of a shape.
fn value(shape: Shape, numbers: &mut Numbers) -> Value {
    match shape {
        Shape::Flag => json!(numbers.below(2) == 0),
        Shape::Integer => json!(numbers.below(1000)),
        Shape::Text | Shape::Any => json!(numbers.pick(WORDS)),
        Shape::OneOf(known) => json!(numbers.pick(known)),
        Shape::Either(one, other) => value(if numbers.below(2) == 0 { *one } else { *other }, numbers),
        Shape::List(element) => (0..1 + numbers.below(2)).map(|_| value(*element, numbers)).collect(),
        Shape::Map(element) => json!({*numbers.pick(WORDS): value(*element, numbers)}),
        Shape::Object(fields) => {
            let given = fields.iter().filter(|_| numbers.below(2) == 0).collect::<Vec<_>>();
            given
                .into_iter()
                .map(|field| (field.name.to_owned(), value(field.shape, numbers)))
                .collect::<Map<_, _>>()
                .into()
        }
    }
}

/// Helm reads numbers as floating point, which has no whole numbers above this one.
const LARGEST: i64 = 1 << 53;

fn is_read_by_helm(value: &Value) -> bool {
    match value {
        // It removes a key where values are merged, and is no value in a list.
        Value::Null => false,
        Value::Number(number) => number.as_i64().is_some_and(|number| number.abs() <= LARGEST),
        Value::Array(elements) => elements.iter().all(is_read_by_helm),
        Value::Object(members) => members.values().all(is_read_by_helm),
        _ => true,
    }
}

/// Settings that the policy accepts: one to three policies, and options.
fn settings(seed: u64, numbers: &mut Numbers) -> Map<String, Value> {
    let mut policies: Vec<Value> = Vec::new();
    let wanted = 1 + numbers.below(3);
    for index in 0.. {
        for mut policy in case(seed, index).psps {
            policy["metadata"]["name"] = json!(format!("policy-{}", policies.len()));
            if is_read_by_helm(&policy) && Settings::parse(&json!({"policies": [policy]}).to_string()).is_ok()
            {
                policies.push(policy);
            }
        }
        if policies.len() >= wanted {
            break;
        }
    }
    policies.truncate(wanted);
    let mut settings = match numbers.below(3) {
        // One policy, as the fields of its spec.
        0 => {
            let mut bare = policies[0]["spec"].as_object().unwrap().clone();
            if let Some(annotations) = policies[0].pointer("/metadata/annotations") {
                bare.insert("annotations".to_owned(), annotations.clone());
            }
            bare
        }
        _ => Map::from_iter([
            ("policies".to_owned(), json!(policies)),
            ("authorization".to_owned(), json!(numbers.pick(&["RBAC", "None"]))),
        ]),
    };
    for option in OPTIONS.iter().filter(|option| option.name != "authorization") {
        if numbers.below(2) == 0 {
            continue;
        }
        for _ in 0..200 {
            let mut more = settings.clone();
            more.insert(option.name.to_owned(), value(option.shape, numbers));
            if Settings::parse(&Value::from(more.clone()).to_string()).is_ok() {
                settings = more;
                break;
            }
        }
    }
    settings
}

/// Values of the chart with these settings: the settings, and everything.
pub(crate) fn values(seed: u64) -> (Map<String, Value>, Value) {
    let mut numbers = Numbers(seed);
    let settings = settings(seed, &mut numbers);
    let mut values = settings.clone();
    let mut own = |key: &str, value: Value| values.insert(key.to_owned(), value);
    own("mode", json!(numbers.pick(&["monitor", "protect"])));
    own(
        "exemptNamespaces",
        numbers.pick(&[json!([]), json!(["kube-system"]), json!(["@rke2", "shop"])]).clone(),
    );
    if numbers.below(2) == 0 {
        own("failurePolicy", json!(numbers.pick(&["Ignore", "Fail"])));
        own("mutating", json!({"mode": "protect", "annotations": {"argocd.argoproj.io/sync-wave": "1"}}));
        own(
            "module",
            json!({"registry": "registry.example.com:5000", "digest": format!("sha256:{}", "0".repeat(64))}),
        );
        own("policyServer", json!({"name": "psp", "create": true, "replicas": 3}));
    }
    (settings, values.into())
}
