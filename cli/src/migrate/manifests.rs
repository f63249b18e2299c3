//! The manifests that register policies with Kubewarden: always a pair, one mutating and one validating.

use serde_json::{Map, Value, json};

use crate::import::{Reach, Subject, labels};

/// Options of the registrations besides their settings.
#[derive(Clone, Debug)]
pub struct Form {
    /// Their kind.
    pub kind: Kind,
    /// The namespace of an `AdmissionPolicy`.
    pub namespace: Option<String>,
    /// The URL from which Kubewarden gets the policy.
    pub module: String,
    /// The policy server that runs it.
    pub policy_server: String,
    /// What happens to requests that are rejected.
    pub mode: Mode,
    /// Whether the audit scanner evaluates what is in the cluster.
    pub background_audit: bool,
    /// Whether the validating half applies in Kubewarden's own namespace as well.
    pub inside_kubewarden: bool,
}

/// The kind of the registrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Kind {
    /// For the whole cluster
    #[default]
    #[cfg_attr(feature = "cli", value(name = "ClusterAdmissionPolicy", alias = "clusteradmissionpolicy"))]
    Cluster,
    /// For one namespace
    #[cfg_attr(feature = "cli", value(name = "AdmissionPolicy", alias = "admissionpolicy"))]
    Namespace,
}

/// How rejected requests are handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Mode {
    /// They pass and are logged; nothing is filled in. So do all while the policy server is down
    #[default]
    Monitor,
    /// They are rejected, and so are all while the policy server is down
    Protect,
}

/// The label by which namespaces choose a policy where no grants do.
pub(crate) const CHOSEN: &str = "pod-security-policy";

/// Updates that change no governed field are not sent to the policy server, so that labels, finalizers and the status
/// can be updated while it is down.
const CHANGES_GOVERNED: &str = "request.operation != 'UPDATE' || !has(object.kind) || object.kind != 'Pod' \
    || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec \
    || [[object, oldObject], [oldObject, object]].exists(pair, \
    has(pair[0].metadata.annotations) && pair[0].metadata.annotations != null \
    && pair[0].metadata.annotations.exists(key, \
    (key.startsWith('seccomp.security.alpha.kubernetes.io/') \
    || key.startsWith('container.seccomp.security.alpha.kubernetes.io/') \
    || key.startsWith('container.apparmor.security.beta.kubernetes.io/')) \
    && !(has(pair[1].metadata.annotations) && pair[1].metadata.annotations != null \
    && key in pair[1].metadata.annotations \
    && pair[1].metadata.annotations[key] == pair[0].metadata.annotations[key])))";

/// Updates of namespaces that leave these labels are not sent to the policy server, so that namespaces can be deleted while
/// it is down.
fn labels_differ(labels: &[&str]) -> String {
    let of = |object: &str| {
        format!(
            "(has({object}.metadata.labels) && {object}.metadata.labels != null && label in {object}.metadata.labels ? [{object}.metadata.labels[label]] : [])"
        )
    };
    let labels = labels.join("', '");
    format!(
        "request.operation != 'UPDATE' || [ '{labels}' ].exists(label, {} != {})",
        of("object"),
        of("oldObject")
    )
}

/// What the reports of the audit scanner say about a registration.
const ANNOTATIONS: [(&str, &str); 3] = [
    ("io.kubewarden.policy.title", "pod-security-policy"),
    ("io.kubewarden.policy.category", "PSP"),
    ("io.kubewarden.policy.severity", "critical"),
];

/// The pair that registers settings.
pub(crate) fn pair(name: &str, settings: &Map<String, Value>, reach: &Reach, form: &Form) -> [Value; 2] {
    [
        registration(&format!("{name}-mutating"), true, settings.clone(), reach, form),
        validating(name, settings, reach, form),
    ]
}

/// The validating half by itself, for settings that fill nothing in.
pub(crate) fn validating(name: &str, settings: &Map<String, Value>, reach: &Reach, form: &Form) -> Value {
    let mut judging = Map::new();
    for (key, value) in settings {
        // Options stand before the policies, which are long.
        if key == "policies" || (key == "spec" && !judging.contains_key("mutate")) {
            judging.insert("mutate".to_owned(), false.into());
        }
        judging.insert(key.clone(), value.clone());
    }
    judging.entry("mutate").or_insert(Value::Bool(false));
    registration(&format!("{name}-validating"), false, judging, reach, form)
}

fn registration(
    name: &str,
    mutating: bool,
    settings: Map<String, Value>,
    reach: &Reach,
    form: &Form,
) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), name.into());
    let own = form.namespace.as_ref().filter(|_| form.kind == Kind::Namespace);
    let namespace = reach.namespace.as_ref().or(own);
    let kind = if namespace.is_some() { "AdmissionPolicy" } else { "ClusterAdmissionPolicy" };
    if let Some(namespace) = namespace {
        metadata.insert("namespace".to_owned(), namespace.clone().into());
    }
    metadata.insert(
        "annotations".to_owned(),
        Map::from_iter(ANNOTATIONS.map(|(key, value)| (key.to_owned(), value.into()))).into(),
    );
    let (mode, failure_policy) = match form.mode {
        Mode::Monitor => ("monitor", "Ignore"),
        Mode::Protect => ("protect", "Fail"),
    };
    let mut members = vec![
        ("policyServer", reach.policy_server.as_ref().unwrap_or(&form.policy_server).clone().into()),
        ("module", form.module.clone().into()),
        ("mode", mode.into()),
        ("mutating", mutating.into()),
        ("failurePolicy", failure_policy.into()),
        // An audit would count "would be mutated" as a pass.
        ("backgroundAudit", (form.background_audit && !mutating).into()),
        ("timeoutSeconds", 10.into()),
    ];
    if namespace.is_none() {
        if form.inside_kubewarden && !mutating {
            members.push(("allowInsideAdmissionControllerNamespace", true.into()));
        }
        // No object of the cluster is read: RBAC is queried with SubjectAccessReview.
        members.push(("contextAwareResources", json!([])));
        if !reach.namespaces.is_empty() {
            members.push(("namespaceSelector", json!({"matchExpressions": reach.namespaces})));
        }
    }
    if !reach.objects.is_empty() {
        members.push(("objectSelector", json!({"matchExpressions": reach.objects})));
    }
    let mut conditions: Vec<Value> = reach
        .conditions
        .iter()
        .map(|(name, expression)| json!({"name": name, "expression": expression}))
        .collect();
    match reach.subject {
        Subject::Namespaces if !mutating => {
            let expression = labels_differ(&labels().collect::<Vec<_>>());
            conditions.push(json!({"name": "labels-differ", "expression": expression}));
        }
        Subject::Pods if !mutating => {
            conditions.push(json!({"name": "pod-changes-what-is-governed", "expression": CHANGES_GOVERNED}));
        }
        Subject::Pods | Subject::Namespaces => {}
    }
    if !conditions.is_empty() {
        members.push(("matchConditions", conditions.into()));
    }
    members.push(("rules", rules(mutating, reach)));
    members.push(("settings", Value::Object(settings)));
    let spec: Map<String, Value> = members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    json!({"apiVersion": "policies.kubewarden.io/v1", "kind": kind, "metadata": metadata, "spec": spec})
}

/// Subresources need a rule of their own: combined with other resources, the audit scanner drops the policy. Those of
/// namespaces are listed because the API server keeps labels that are sent to them.
fn rules(mutating: bool, reach: &Reach) -> Value {
    let rule = |group: &str, resources: &[&str], operations: &[&str]| json!({"apiGroups": [group], "apiVersions": ["v1"], "resources": resources, "operations": operations});
    let both = &["CREATE", "UPDATE"];
    if reach.subject == Subject::Namespaces {
        let subresources = rule("", &["namespaces/status", "namespaces/finalize"], &["UPDATE"]);
        let itself = rule("", &["namespaces"], if mutating { &["CREATE"] } else { both });
        return if mutating || reach.pods_only { json!([itself]) } else { json!([itself, subresources]) };
    }
    if mutating {
        return json!([
            rule("", &["pods"], &["CREATE"]),
            rule("", &["pods/ephemeralcontainers"], &["UPDATE"])
        ]);
    }
    if reach.pods_only {
        return json!([rule("", &["pods"], both)]);
    }
    json!([
        rule("", &["pods"], both),
        rule("", &["pods/ephemeralcontainers"], &["UPDATE"]),
        rule("", &["replicationcontrollers", "podtemplates"], both),
        rule("apps", &["deployments", "replicasets", "statefulsets", "daemonsets"], both),
        rule("batch", &["jobs", "cronjobs"], both),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pair_is_the_shipped_one() {
        let shipped = ["mutating", "validating"].map(|half| {
            let file = format!("{}/../manifests/{half}.yaml", env!("CARGO_MANIFEST_DIR"));
            crate::input::read_all(&[file.into()], || Box::new(std::io::empty())).unwrap().remove(0).value()
        });
        let Value::Object(settings) = shipped[0]["spec"]["settings"].clone() else {
            panic!("settings are an object")
        };
        let form = Form {
            kind: Kind::Cluster,
            namespace: None,
            module: shipped[0]["spec"]["module"].as_str().unwrap().to_owned(),
            policy_server: "default".to_owned(),
            mode: Mode::Monitor,
            background_audit: true,
            inside_kubewarden: false,
        };
        let mut reach = Reach::default();
        reach.not_in(&["kube-system".to_owned()]);
        assert_eq!(pair("pod-security-policy", &settings, &reach, &form), shipped);
    }

    #[test]
    fn namespaces_are_sent_as_in_the_shipped_registration() {
        let file = format!("{}/../manifests/namespaces.yaml", env!("CARGO_MANIFEST_DIR"));
        let shipped =
            crate::input::read_all(&[file.into()], || Box::new(std::io::empty())).unwrap().remove(0).value();
        let guarded = [labels().collect(), vec!["resource.kubernetes.io/admin-access"]].concat();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let expression = shipped["spec"]["matchConditions"][0]["expression"].as_str().unwrap();
        assert_eq!(words(expression), labels_differ(&guarded));
        let reach = Reach { subject: Subject::Namespaces, ..Reach::default() };
        assert_eq!(shipped["spec"]["rules"], rules(false, &reach));
    }

    #[test]
    fn protecting_registrations_fail_and_the_validating_one_may_apply_to_kubewarden() {
        let form = Form {
            kind: Kind::Cluster,
            namespace: None,
            module: "file:///policy.wasm".to_owned(),
            policy_server: "default".to_owned(),
            mode: Mode::Protect,
            background_audit: true,
            inside_kubewarden: true,
        };
        let own = pair("psp", &Map::new(), &Reach::default(), &form).map(|half| {
            let spec = &half["spec"];
            (
                spec["mode"].clone(),
                spec["failurePolicy"].clone(),
                spec.get("allowInsideAdmissionControllerNamespace").cloned(),
            )
        });
        assert_eq!(
            own,
            [
                ("protect".into(), "Fail".into(), None),
                ("protect".into(), "Fail".into(), Some(Value::Bool(true)))
            ]
        );
    }
}
