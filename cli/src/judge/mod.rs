//! An object before policies: what check, explain and suggest look at.

mod sent;
mod standard;

use pod_security_policy::admission::{Opinion, Report};
use pod_security_policy::graft::{Edit, Step};
use pod_security_policy::json::{Read, Reader};
use pod_security_policy::persistent_volumes::OnVolumes;
use pod_security_policy::pod::{ADMITTED_BY, Pod};
use pod_security_policy::request::{Kind, Request, User};
use pod_security_policy::settings::Settings;
use pod_security_policy::workloads;
use serde::Serialize;
use serde_json::Value;

use crate::input::Object;
use crate::policies::{Judge, Policies, Registration};
use standard::hold_to_standard;

pub(crate) use sent::Sent;
pub(crate) use standard::{Failing, blamed, failures};

/// What becomes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// Admitted as it is.
    Allowed,
    /// Admitted, once policies have filled something in.
    Changed,
    /// Not admitted, or of a workload: its pods would not be.
    Rejected,
}

impl Verdict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verdict::Allowed => "allowed",
            Verdict::Changed => "changed",
            Verdict::Rejected => "rejected",
        }
    }
}

/// An object that has been judged.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Judged {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Where it comes from.
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) verdict: Verdict,
    /// The policy that admits it.
    pub(crate) policy: Option<String>,
    pub(crate) changes: Vec<Change>,
    pub(crate) violations: Vec<Finding>,
    pub(crate) warnings: Vec<String>,
    /// What filling in changes, as a unified diff, if somebody asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<String>,
}

/// A field that a policy fills in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Change {
    pub(crate) path: String,
    pub(crate) value: Value,
}

/// An objection, and where the field stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Finding {
    pub(crate) policy: String,
    /// The rule that objects: a field of the PSP spec, `seccomp`, `appArmor`, a check of the Pod Security Standards as
    /// `pss/ID`, `authorization` where nothing may be used, or `request` where the object cannot be judged.
    pub(crate) rule: String,
    /// Empty if the object as a whole is meant.
    pub(crate) path: String,
    pub(crate) problem: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Who asks, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    /// The user; nobody if it is empty.
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
    /// The namespace of objects that name none.
    pub(crate) namespace: String,
}

/// Whether an object is one that these policies judge: one that holds pods, or what some settings judge beside them.
pub(crate) fn is_judged(object: &Object, policies: &Policies) -> bool {
    let kind = kind(object);
    kind.is_pod()
        || workloads::built_in(&kind).is_some()
        || policies.registrations.iter().any(|registration| match &registration.judge {
            Judge::Standard(_) => false,
            Judge::Settings(settings) => match (&*kind.group, &*kind.kind) {
                ("", "Namespace") => !settings.namespace_labels.is_empty(),
                ("", "PersistentVolume") => settings.persistent_volumes != OnVolumes::Ignore,
                _ => settings
                    .pod_templates
                    .iter()
                    .any(|known| known.group == kind.group && known.kind == kind.kind),
            },
        })
}

fn kind(object: &Object) -> Kind<'_> {
    Kind { group: object.group().into(), kind: (&*object.kind).into() }
}

impl Asker {
    /// The namespace that an object is made in.
    pub(crate) fn namespace_of<'o>(&'o self, object: &'o Object) -> &'o str {
        object.namespace.as_deref().unwrap_or(&self.namespace)
    }

    /// The request that makes the object.
    pub(crate) fn request<'o>(&'o self, object: &'o Object, json: &'o str) -> Request<'o> {
        Request {
            operation: "CREATE".into(),
            kind: kind(object),
            name: (&*object.name).into(),
            namespace: self.namespace_of(object).into(),
            user: User {
                username: (&*self.user).into(),
                groups: self.groups.iter().map(|group| group.as_str().into()).collect(),
            },
            object: Some(json),
            ..Request::default()
        }
    }
}

/// Judges the creation of an object: by what fills in first, then by what only judges.
pub(crate) fn judge(policies: &Policies, object: &Object, asker: &Asker, with_diff: bool) -> Judged {
    let start = object.start();
    let namespace = asker.namespace_of(object);
    let mut judged = Judged {
        kind: object.kind.clone(),
        namespace: namespace.to_owned(),
        name: object.name.clone(),
        file: start.file.to_string(),
        line: start.line,
        verdict: Verdict::Allowed,
        policy: None,
        changes: Vec::new(),
        violations: Vec::new(),
        warnings: Vec::new(),
        diff: None,
    };
    let sent = Sent::of(object, &object.json);
    let mut json = sent.json.clone();
    let mut rehearsed: Vec<(String, Vec<Edit<'static>>)> = Vec::new();
    for registration in policies.registrations.iter().filter(|one| one.reach.covers(object, namespace)) {
        match &registration.judge {
            Judge::Standard(standard) => {
                hold_to_standard(*standard, registration, object, &json, &mut judged);
            }
            Judge::Settings(settings) => {
                let request = asker.request(object, &json);
                let answer = settings.review(request.clone(), &policies.authority);
                judged.warnings.extend(answer.warnings);
                if let Some(reason) = answer.rejection {
                    object_to(settings, registration, &request, policies, object, &reason, &mut judged);
                    continue;
                }
                judged.policy = judged.policy.take().or(answer.policy);
                if object.kind != "Pod" {
                    // What the pods of a template would get is nowhere in the answer: nothing is written.
                    let reports = settings.report(&request, &policies.authority).unwrap_or_default();
                    for report in reports {
                        let edits = winning_edits(&report);
                        judged.note(&report.root, &edits);
                        rehearsed.push((report.root, edits));
                    }
                }
                judged.note("", &answer.edits);
                if let Some(mutated) = answer.mutated_object {
                    json = mutated;
                }
            }
        }
    }
    if !policies.registrations.iter().any(|one| one.reach.covers(object, namespace)) {
        judged.warnings.push("none of the policies is asked about it".to_owned());
    }
    for found in &mut judged.violations {
        let (path, problem) = sent.told(&found.path, &found.problem);
        let place = object.place(&path);
        *found = Finding { path, problem, line: place.line, column: place.column, ..found.clone() };
    }
    if !judged.violations.is_empty() {
        judged.policy = None;
        judged.verdict = Verdict::Rejected;
    } else if !judged.changes.is_empty() {
        judged.verdict = Verdict::Changed;
    }
    if with_diff {
        let mut after = serde_json::from_str(&json).unwrap_or_default();
        for (root, edits) in &rehearsed {
            edits.iter().for_each(|edit| apply(&mut after, root, edit));
        }
        let before = serde_json::from_str(&sent.json).unwrap_or_default();
        judged.diff = crate::report::diff::of(&before, &after, &judged.title());
    }
    judged
}

/// What the policy that admits the pod fills in.
pub(crate) fn winning_edits(report: &Report) -> Vec<Edit<'static>> {
    let winner = report.opinions.iter().find(|opinion| Some(&opinion.policy) == report.winner.as_ref());
    winner.map(|opinion| opinion.edits.clone()).unwrap_or_default()
}

/// Makes an edit in a tree; `root` leads to the pod.
pub(crate) fn apply(object: &mut Value, root: &str, edit: &Edit<'_>) {
    let Ok(value) = serde_json::from_str::<Value>(&edit.value) else { return };
    let mut here = object;
    for step in crate::input::steps(root.trim_end_matches('.')) {
        let next = match &step {
            crate::input::Step::Key(key) => here.get_mut(key),
            crate::input::Step::Index(index) => here.get_mut(index),
        };
        let Some(next) = next else { return };
        here = next;
    }
    for step in &edit.path {
        here = match step {
            Step::Key(key) => {
                if !here.is_object() {
                    *here = Value::Object(serde_json::Map::new());
                }
                let Some(members) = here.as_object_mut() else { return };
                members.entry((*key).to_owned()).or_insert(Value::Null)
            }
            Step::Index(index) => match here.get_mut(index) {
                Some(element) => element,
                None => return,
            },
        };
    }
    *here = value;
}

impl Judged {
    /// `Deployment shop/web`
    pub(crate) fn title(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }

    /// Notes what is filled in. The annotation that names the winner is a mark and no change (spec 3.6).
    fn note(&mut self, root: &str, edits: &[Edit<'_>]) {
        for edit in edits.iter().filter(|edit| edit.path.last() != Some(&Step::Key(ADMITTED_BY))) {
            let change = Change {
                path: format!("{root}{edit}"),
                value: serde_json::from_str(&edit.value).unwrap_or_default(),
            };
            if !self.changes.contains(&change) {
                self.changes.push(change);
            }
        }
    }

    fn find(&mut self, object: &Object, policy: &str, rule: &str, path: &str, problem: String) {
        let place = object.place(path);
        self.violations.push(Finding {
            policy: policy.to_owned(),
            rule: rule.to_owned(),
            path: path.to_owned(),
            problem,
            line: place.line,
            column: place.column,
        });
    }
}

/// Spells out why settings reject a request.
fn object_to(
    settings: &Settings<'_>,
    registration: &Registration,
    request: &Request<'_>,
    policies: &Policies,
    object: &Object,
    reason: &str,
    judged: &mut Judged,
) {
    let before = judged.violations.len();
    for report in settings.report(request, &policies.authority).unwrap_or_default() {
        for failure in &report.failures {
            for (path, problem) in
                blamed(object, request.object.unwrap_or_default(), &report.root, failure, settings)
            {
                judged.find(object, &registration.name, &format!("pss/{}", failure.id), &path, problem);
            }
        }
        if report.winner.is_some() || report.opinions.is_empty() {
            continue;
        }
        let is_granted = |opinion: &&Opinion| opinion.granted == Ok(true);
        if object.kind == "Pod" && !report.opinions.iter().any(|opinion| is_granted(&opinion)) {
            let path = format!("{}spec.serviceAccountName", report.root);
            let problem = reason.rsplit_once(": ").map_or(reason, |(_, problem)| problem);
            judged.find(object, &registration.name, "authorization", &path, problem.to_owned());
            continue;
        }
        // Of a template, all are told where none is granted: the controller's own account may hold a grant.
        let some = report.opinions.iter().any(|opinion| is_granted(&opinion));
        for opinion in report.opinions.iter().filter(|opinion| !some || is_granted(opinion)) {
            for violation in &opinion.violations {
                if violation.action == pod_security_policy::violation::Action::Deny {
                    judged.find(
                        object,
                        &opinion.policy,
                        violation.rule,
                        &violation.path,
                        violation.problem.clone(),
                    );
                }
            }
            let untold = opinion.denials.saturating_sub(opinion.violations.len());
            if untold > 0 {
                judged.find(object, &opinion.policy, "request", "", format!("and {untold} more"));
            }
            if !settings.mutate && report.root.is_empty() {
                for edit in &opinion.edits {
                    let problem = format!("Required value: must be {}", edit.value);
                    judged.find(object, &opinion.policy, &rule_of(edit), &format!("{edit}"), problem);
                }
            }
        }
    }
    if judged.violations.len() == before {
        let (path, problem) = unreadable(reason);
        judged.find(object, &registration.name, "request", path, problem.to_owned());
    }
}

/// The path of a fault, which stands before the reason, and what is wrong there.
pub(crate) fn unreadable(reason: &str) -> (&str, &str) {
    let fault = reason.strip_prefix("the object cannot be read: ").unwrap_or(reason);
    match fault.split_once(": ") {
        Some((path, problem)) if !path.contains(' ') => (path, problem),
        _ => ("", reason),
    }
}

/// The rule that fills a field in.
pub(crate) fn rule_of(edit: &Edit<'_>) -> String {
    let last = edit.path.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(*key),
        Step::Index(_) => None,
    });
    match last.unwrap_or_default() {
        "seccompProfile" => "seccomp",
        "appArmorProfile" => "appArmor",
        "seLinuxOptions" => "seLinux",
        "runAsNonRoot" => "runAsUser",
        "add" => "defaultAddCapabilities",
        "drop" => "requiredDropCapabilities",
        "runtimeClassName" => "runtimeClass",
        other => other,
    }
    .to_owned()
}

/// The pods of an object as policies see them, with the way to each.
pub(crate) fn pods<'o>(object: &Object, json: &'o str) -> Read<Vec<(String, Pod<'o>)>> {
    let kind = kind(object);
    if kind.is_pod() {
        let mut pod: Pod<'_> = Reader::document(json)?;
        workloads::default_pod(&mut pod);
        if pod.service_account().is_none() {
            // It has never been sent: the API server is going to mount a token.
            workloads::complete(&mut pod, &kind, json)?;
        }
        return Ok(vec![(String::new(), pod)]);
    }
    let mut pods = Vec::new();
    if let Some(path) = workloads::built_in(&kind) {
        for template in workloads::find(json, &path)? {
            let mut pod = workloads::decode_pod(&template)?;
            workloads::complete(&mut pod, &kind, json)?;
            pods.push((format!("{}.", template.path), pod));
        }
    }
    Ok(pods)
}
