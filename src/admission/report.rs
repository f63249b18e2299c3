//! The result of every policy for a pod: more than a response needs, to explain a decision.
//!
//! A response stops at the first policy that admits a pod; a user wants to know what the others would have done, and
//! what each of them changes. The policy module never needs this, so it is not part of it.

use super::deny::{objections, unusable};
use super::response::Response;
use super::{Evaluator, Mode, PodReview, Verdict};
use crate::json::edit::Edit;
use crate::json::{Read, Reader};
use crate::pod::controllers::Controllers;
use crate::pod::diff::changes;
use crate::pod::{Pod, template};
use crate::policy::{Policy, Scope};
use crate::request::Request;
use crate::rule::{Action, Violation};
use crate::rules;
use crate::standards::{Exempted, Failure};

/// The results of the policies for one pod of an object that is created.
#[derive(Debug, Clone)]
pub struct Report {
    /// The path from the object to the pod, with a trailing dot: `spec.template.`, or nothing.
    pub root: String,
    /// The service account that the pod will run as, if it has one.
    pub service_account: Option<String>,
    /// The policy that admits the pod.
    pub winner: Option<String>,
    /// Why the pods of a workload will be rejected although `winner` admits them: none of their accounts may use it, or
    /// any other policy that admits them.
    pub missing_grant: Option<String>,
    /// Why no policy may be used at all, if that is so: `none may be used by user "alice" in namespace "shop"`
    pub unusable: Option<String>,
    /// Who creates the pods of a workload; not known for a pod.
    pub controllers: Controllers,
    /// The result of each policy, in the order in which they are tried.
    pub opinions: Vec<Opinion>,
    /// The checks of the enforced Pod Security Standard that the mutated pod fails. Workloads are not denied for them,
    /// but their pods will be.
    pub failures: Vec<Failure>,
}

/// The result of one policy for a pod.
#[derive(Debug, Clone)]
pub struct Opinion {
    /// The name of the policy.
    pub policy: String,
    /// Whether an account of the pod may use it; an error if that cannot be determined.
    pub granted: Result<bool, String>,
    /// The defaults that it sets.
    pub defaults: Vec<SetDefault>,
    /// The violations after mutation, with paths that start at the object.
    pub violations: Vec<Violation>,
    /// How many violations deny, whether spelt out or not.
    pub denials: usize,
}

/// A default that a policy sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetDefault {
    /// The rule that sets it.
    pub rule: &'static str,
    /// The value, with a path that starts at the pod.
    pub edit: Edit<'static>,
}

impl<'e> Evaluator<'e> {
    /// Evaluates every policy for every pod that the request is about: that of a Pod, or of each template.
    ///
    /// Requests are taken for creations. An object of a kind that is not reviewed has no report.
    ///
    /// # Errors
    ///
    /// If the object cannot be read.
    pub fn report(&self, request: &Request<'_>) -> Read<Vec<Report>> {
        let Some(object) = request.object else { return Ok(Vec::new()) };
        if request.kind.is_pod() {
            let mut pod: Box<Pod<'_>> = Reader::document(object)?;
            template::default_pod(&mut pod);
            let mode = if self.settings.mutate { Mode::Apply } else { Mode::Refuse };
            return Ok(vec![self.report_of(PodReview::of_pod(request, pod, mode))]);
        }
        let declared = self.settings.pod_templates.iter().filter(|known| known.kind == request.kind);
        let declared = declared.map(|known| known.path.clone());
        let mut reports = Vec::new();
        for path in template::built_in(&request.kind).into_iter().chain(declared) {
            for template in template::templates(object, &path)? {
                let mut pod = template::decode_pod(&template)?;
                template::complete(&mut pod, &request.kind, object)?;
                let root =
                    if template.path.is_empty() { String::new() } else { format!("{}.", template.path) };
                let controllers = Controllers::of(&request.kind, object)?;
                let review = PodReview { root, controllers, ..PodReview::of_pod(request, pod, Mode::DryRun) };
                reports.push(self.report_of(review));
            }
        }
        Ok(reports)
    }

    fn report_of(&self, mut review: PodReview<'_, '_>) -> Report {
        if !self.settings.exemptions.is_empty() {
            // Exemptions are reported in the response.
            self.apply_exemptions(&mut review, &mut Response::accepted());
        }
        let review = &review;
        let adopted = review.adopted();
        let arrived: &Pod<'_> = adopted.as_ref().unwrap_or(&review.pod);
        let pass = self.tolerant(review);
        let mut grants = self.grants(review);
        let opinions: Vec<Opinion> = self
            .candidates(review)
            .map(|policy| {
                let mut pod = Box::new(arrived.clone());
                policy.mutate(&mut pod, &pass.scope);
                let (violations, denials) = objections(policy, review, &pod, &pass);
                Opinion {
                    policy: policy.name.to_string(),
                    granted: grants.allow(&policy.name),
                    defaults: defaults(policy, &review.pod, (arrived, &pod), &pass.scope),
                    violations,
                    denials,
                }
            })
            .collect();
        let (winner, missing_grant) = match self.select(review) {
            Ok(Verdict::Admitted { policy, pod, ungranted, .. }) => {
                (Some((policy.name.to_string(), pod)), ungranted)
            }
            Ok(Verdict::Denied(_)) | Err(_) => (None, None),
        };
        let may_use = opinions.is_empty() || opinions.iter().any(|opinion| opinion.granted != Ok(false));
        let failures = self.failures(review, winner.as_ref().map_or(&review.pod, |(_, pod)| pod));
        Report {
            root: review.root.clone(),
            service_account: review.service_account().map(str::to_owned),
            winner: winner.map(|(name, _)| name),
            missing_grant,
            unusable: (!may_use).then(|| unusable(&grants, review)),
            controllers: review.controllers,
            opinions,
            failures,
        }
    }

    fn failures(&self, review: &PodReview<'_, '_>, pod: &Pod<'_>) -> Vec<Failure> {
        let Some(standard) = self.settings.standards.enforce else { return Vec::new() };
        let exempted = Exempted { everywhere: review.scope.exempt, in_containers: &review.scope.exempt_in };
        let mut failures = standard.evaluate_exempting(pod, exempted);
        failures.retain(|failure| self.settings.enforcement.action(failure.index) == Action::Deny);
        failures
    }
}

/// The defaults that a policy sets in a pod, each with its rule. Rules are run one at a time to find that.
fn defaults(
    policy: &Policy<'_>,
    written: &Pod<'_>,
    (arrived, mutated): (&Pod<'_>, &Pod<'_>),
    scope: &Scope,
) -> Vec<SetDefault> {
    let edits = changes(written, mutated);
    if edits.is_empty() {
        return Vec::new();
    }
    let mut pod = Box::new(arrived.clone());
    // Annotations were turned into fields before.
    let mut known: Vec<SetDefault> =
        changes(written, arrived).into_iter().map(|edit| SetDefault { rule: ADOPTING, edit }).collect();
    for (index, entry) in rules::all() {
        let others = rules::all().filter(|(other, _)| *other != index);
        let exempt = others.fold(scope.exempt, |exempt, (other, _)| exempt.with(other));
        policy.mutate(&mut pod, &Scope { exempt, ..scope.clone() });
        for edit in changes(written, &pod) {
            if known.iter().all(|known| known.edit != edit) {
                known.retain(|known| known.edit.path != edit.path);
                known.push(SetDefault { rule: entry.id, edit });
            }
        }
    }
    let rule = |edit: &Edit<'_>| {
        let known = known.iter().find(|known| known.edit.path == edit.path);
        known.map_or(ADOPTING, |known| known.rule)
    };
    edits.into_iter().map(|edit| SetDefault { rule: rule(&edit), edit }).collect()
}

/// The rule that reads annotations of pods as fields.
const ADOPTING: &str = "seccomp";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::admission::cluster::{Cluster, Question};
    use crate::pod::Kind;
    use crate::settings::Settings;

    /// A cluster in which all accounts may use all policies but one.
    struct AllBut(&'static str);

    impl Cluster for AllBut {
        fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
            Ok(question.policy != self.0)
        }
    }

    fn settings() -> Value {
        let any = json!({"rule": "RunAsAny"});
        let spec = |over: Value| {
            let mut spec = json!({"runAsUser": any, "seLinux": any, "supplementalGroups": any, "fsGroup": any,
                "volumes": ["*"]});
            spec.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
            spec
        };
        let named = |name: &str, over| json!({"metadata": {"name": name}, "spec": spec(over)});
        json!({"authorization": "RBAC", "policies": [
            named("a", json!({"readOnlyRootFilesystem": true})),
            named("b", json!({"allowedProcMountTypes": ["Unmasked"]})),
            named("c", json!({})),
        ]})
    }

    fn report(kind: Kind<'static>, object: &Value) -> Vec<Report> {
        report_with(&settings(), kind, object)
    }

    fn report_with(settings: &Value, kind: Kind<'static>, object: &Value) -> Vec<Report> {
        let (settings, object) = (settings.to_string(), object.to_string());
        let settings = Settings::parse(&settings).unwrap();
        let request = Request {
            operation: "CREATE".into(),
            kind,
            namespace: "shop".into(),
            object: Some(&object),
            ..Request::default()
        };
        Evaluator::new(&settings, &AllBut("c")).report(&request).unwrap()
    }

    fn reported(report: &Report) -> Vec<(String, bool, Vec<String>, Vec<String>)> {
        let opinions = report.opinions.iter().map(|opinion| {
            let edit = |SetDefault { rule, edit }: &SetDefault| format!("{rule}: {edit} = {}", edit.value);
            let edits = opinion.defaults.iter().map(edit).collect();
            let violations = opinion.violations.iter().map(|violation| violation.path.clone()).collect();
            (opinion.policy.clone(), opinion.granted.clone().unwrap(), edits, violations)
        });
        opinions.collect()
    }

    #[test]
    fn every_policy_has_its_say_about_a_pod() {
        let pod = json!({"spec": {"serviceAccountName": "web", "containers": [{"name": "c"}]}});
        let reports = report(Kind { group: "".into(), kind: "Pod".into() }, &pod);
        let [report] = reports.as_slice() else { panic!("{reports:?}") };
        assert_eq!((report.winner.as_deref(), report.service_account.as_deref()), (Some("a"), Some("web")));
        let path = "spec.containers[0].securityContext.readOnlyRootFilesystem";
        let written = format!("readOnlyRootFilesystem: {path} = true");
        let refused = "spec.containers[0].securityContext.procMount".to_owned();
        assert_eq!(
            reported(report),
            [
                ("a".to_owned(), true, vec![written], vec![]),
                ("b".to_owned(), true, vec![], vec![refused]),
                ("c".to_owned(), false, vec![], vec![]),
            ]
        );
    }

    fn of_a_pod(settings: &Value, pod: &Value) -> Report {
        report_with(settings, Kind { group: "".into(), kind: "Pod".into() }, pod).remove(0)
    }

    /// The settings with their first policy, and this over them.
    fn one_policy(over: Value) -> Value {
        let mut settings = settings();
        settings["policies"].as_array_mut().unwrap().truncate(1);
        settings.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        settings
    }

    #[test]
    fn each_default_has_the_rule_that_sets_it() {
        let mut settings = one_policy(json!({"authorization": "None"}));
        settings["policies"][0]["spec"]["runAsUser"] =
            json!({"rule": "MustRunAs", "ranges": [{"min": 7, "max": 7}]});
        settings["policies"][0]["spec"]["defaultAddCapabilities"] = json!(["CHOWN"]);
        let pod = json!({
            "metadata": {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "runtime/default"}},
            "spec": {"containers": [{"name": "c"}]},
        });
        settings["policies"][0]["metadata"]["annotations"] =
            json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*"});
        let report = of_a_pod(&settings, &pod);
        let within = "spec.containers[0].securityContext";
        assert_eq!(
            reported(&report)[0].2,
            [
                "seccomp: spec.securityContext.seccompProfile = {\"type\":\"RuntimeDefault\"}".to_owned(),
                format!("runAsUser: {within}.runAsUser = 7"),
                format!("defaultAddCapabilities: {within}.capabilities.add = [\"CHOWN\"]"),
                format!("readOnlyRootFilesystem: {within}.readOnlyRootFilesystem = true"),
            ]
        );
    }

    #[test]
    fn exemptions_count() {
        let exemption = json!({"name": "e", "match": {"namespaces": ["shop"]}, "rules": ["hostPID"]});
        let pod = json!({"spec": {"hostPID": true, "containers": [{"name": "c"}]}});
        let denied = |over: Value| of_a_pod(&one_policy(over), &pod).opinions[0].denials;
        assert_eq!((denied(json!({})), denied(json!({"exemptions": [exemption]}))), (1, 0));
    }

    #[test]
    fn that_no_policy_may_be_used_is_said() {
        let pod = json!({"spec": {"serviceAccountName": "web", "containers": [{"name": "c"}]}});
        assert_eq!(of_a_pod(&settings(), &pod).unusable, None);
        let mut only_c = settings();
        only_c["policies"].as_array_mut().unwrap().drain(..2);
        assert_eq!(
            of_a_pod(&only_c, &pod).unusable.as_deref(),
            Some("none may be used by service account \"shop/web\" in namespace \"shop\"")
        );
        let standard = json!({"podSecurityStandards": {"enforce": "baseline"}});
        assert_eq!(of_a_pod(&standard, &pod).unusable, None, "there is none to be used");
    }

    #[test]
    fn failed_checks_are_those_that_deny() {
        let failed = |enforcement: Value| {
            let settings = json!({"podSecurityStandards": {"enforce": "baseline"}, "enforcement": {"rules": enforcement}});
            let pod = json!({"spec": {"hostPID": true, "containers": [{"name": "c", "securityContext": {"privileged": true}}]}});
            of_a_pod(&settings, &pod).failures.iter().map(|failure| failure.id).collect::<Vec<_>>()
        };
        assert_eq!(failed(json!({})), ["hostNamespaces", "privileged"]);
        assert_eq!(failed(json!({"pss/privileged": "Warn"})), ["hostNamespaces"]);
    }

    #[test]
    fn templates_that_are_declared_have_a_report_of_their_own() {
        let template =
            |name: &str| json!({"kind": name, "apiGroup": "example.com", "path": format!("spec.{name}")});
        let settings = one_policy(json!({"podTemplates": [
            template("Robot"), template("Machine"), {"kind": "Robot", "apiGroup": "example.org", "path": "spec.other"},
        ]}));
        let pod = json!({"spec": {"containers": [{"name": "c"}]}});
        let object = json!({"spec": {"Robot": pod, "Machine": pod, "other": pod}});
        let kind = Kind { group: "example.com".into(), kind: "Robot".into() };
        let reports = report_with(&settings, kind, &object);
        let roots: Vec<_> = reports.iter().map(|report| (&*report.root, report.controllers)).collect();
        assert_eq!(roots, [("spec.Robot.", Controllers::Unknown)]);
        let built_in = report(
            Kind { group: "apps".into(), kind: "Deployment".into() },
            &json!({"spec": {"template": pod}}),
        );
        assert_eq!(built_in[0].controllers, Controllers::BuiltIn("replicaset-controller"));
    }

    #[test]
    fn objections_to_a_template_have_paths_from_the_root_of_the_object() {
        let pod = json!({"spec": {"containers": [{"name": "c"}]}});
        let job = json!({"spec": {"jobTemplate": {"spec": {"template": pod}}}});
        let reports = report(Kind { group: "batch".into(), kind: "CronJob".into() }, &job);
        let [report] = reports.as_slice() else { panic!("{reports:?}") };
        assert_eq!(
            (&*report.root, report.service_account.as_deref()),
            ("spec.jobTemplate.spec.template.", Some("default"))
        );
        assert_eq!(
            report.opinions[1].violations[0].path,
            "spec.jobTemplate.spec.template.spec.containers[0].securityContext.procMount"
        );
    }

    #[test]
    fn a_kind_that_is_not_judged_has_no_report() {
        assert!(report(Kind { group: "".into(), kind: "Service".into() }, &json!({"spec": {}})).is_empty());
    }
}
