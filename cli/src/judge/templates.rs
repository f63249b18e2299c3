//! Custom resources with pod templates: known ones, and anything with the structure of a template.

use pod_security_policy::pod::template::{self, PathSegment};
use serde_json::Value;

use crate::input::Object;

/// Kinds of operators, by API group, with the paths of their templates.
const KNOWN: &[(&str, &str, &[&str])] = &[
    ("actions.github.com", "AutoscalingRunnerSet", &["spec.template"]),
    ("agent.k8s.elastic.co", "Agent", ECK),
    ("agents.x-k8s.io", "Sandbox", &["spec.podTemplate"]),
    ("agones.dev", "Fleet", &["spec.template.spec.template"]),
    ("agones.dev", "GameServer", &["spec.template"]),
    ("agones.dev", "GameServerSet", &["spec.template.spec.template"]),
    ("apm.k8s.elastic.co", "ApmServer", &["spec.podTemplate"]),
    ("apps.kruise.io", "BroadcastJob", &["spec.template"]),
    ("apps.kruise.io", "CloneSet", &["spec.template"]),
    ("apps.kruise.io", "DaemonSet", &["spec.template"]),
    ("apps.kruise.io", "StatefulSet", &["spec.template"]),
    ("apps.openshift.io", "DeploymentConfig", &["spec.template"]),
    ("argoproj.io", "Rollout", &["spec.template"]),
    ("batch.volcano.sh", "Job", &["spec.tasks[*].template"]),
    ("beat.k8s.elastic.co", "Beat", ECK),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch", &["spec.nodeSets[*].podTemplate"]),
    ("enterprisesearch.k8s.elastic.co", "EnterpriseSearch", &["spec.podTemplate"]),
    (
        "flink.apache.org",
        "FlinkDeployment",
        &["spec.podTemplate", "spec.jobManager.podTemplate", "spec.taskManager.podTemplate"],
    ),
    ("jobset.x-k8s.io", "JobSet", &["spec.replicatedJobs[*].template.spec.template"]),
    ("keda.sh", "ScaledJob", &["spec.jobTargetRef.template"]),
    ("kibana.k8s.elastic.co", "Kibana", &["spec.podTemplate"]),
    ("kubeflow.org", "JAXJob", &["spec.jaxReplicaSpecs[*].template"]),
    ("kubeflow.org", "MPIJob", &["spec.mpiReplicaSpecs[*].template"]),
    ("kubeflow.org", "MXJob", &["spec.mxReplicaSpecs[*].template"]),
    ("kubeflow.org", "Notebook", &["spec.template"]),
    ("kubeflow.org", "PaddleJob", &["spec.paddleReplicaSpecs[*].template"]),
    ("kubeflow.org", "PyTorchJob", &["spec.pytorchReplicaSpecs[*].template"]),
    ("kubeflow.org", "TFJob", &["spec.tfReplicaSpecs[*].template"]),
    ("kubeflow.org", "XGBoostJob", &["spec.xgbReplicaSpecs[*].template"]),
    (
        "leaderworkerset.x-k8s.io",
        "LeaderWorkerSet",
        &["spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"],
    ),
    ("logstash.k8s.elastic.co", "Logstash", &["spec.podTemplate"]),
    ("maps.k8s.elastic.co", "ElasticMapsServer", &["spec.podTemplate"]),
    ("ray.io", "RayCluster", &["spec.headGroupSpec.template", "spec.workerGroupSpecs[*].template"]),
    (
        "ray.io",
        "RayJob",
        &["spec.rayClusterSpec.headGroupSpec.template", "spec.rayClusterSpec.workerGroupSpecs[*].template"],
    ),
    (
        "ray.io",
        "RayService",
        &[
            "spec.rayClusterConfig.headGroupSpec.template",
            "spec.rayClusterConfig.workerGroupSpecs[*].template",
        ],
    ),
    ("serving.knative.dev", "Configuration", &["spec.template"]),
    ("serving.knative.dev", "Service", &["spec.template"]),
    ("sparkoperator.k8s.io", "SparkApplication", &["spec.driver.template", "spec.executor.template"]),
];

const ECK: &[&str] =
    &["spec.daemonSet.podTemplate", "spec.deployment.podTemplate", "spec.statefulSet.podTemplate"];

/// Deeper templates are ignored.
const DEEPEST: usize = 16;

/// The paths of the pod templates of a custom resource, as `podTemplates` spells them. The object itself has the empty
/// path.
pub(super) fn ways(object: &Object) -> Vec<String> {
    // Revision history, for rollbacks; controllers create pods from the object itself.
    if (object.group(), &*object.kind) == ("apps", "ControllerRevision") {
        return Vec::new();
    }
    let known = KNOWN.iter().find(|(group, kind, _)| (*group, *kind) == (object.group(), &*object.kind));
    if let Some((.., ways)) = known {
        let leads = |way: &&&str| leads_to_pods(&object.json, way);
        return ways.iter().filter(leads).map(ToString::to_string).collect();
    }
    // Most objects have no such key, and need no further search.
    if !object.json.contains("\"containers\"") {
        return Vec::new();
    }
    let mut found = Vec::new();
    search(&object.value(), &mut Vec::new(), &mut found);
    found.dedup();
    joined(found).iter().map(|way| way.join(".").replace(".[*]", "[*]")).collect()
}

/// Whether a template with a spec is at this path.
fn leads_to_pods(json: &str, way: &str) -> bool {
    let path: Option<Vec<PathSegment<'_>>> = template::parse_path(&format!("{way}.spec"));
    // A map where a list is expected, or the reverse: not a template.
    path.is_none_or(|path| template::find(json, &path).map_or(true, |found| !found.is_empty()))
}

/// Looks for objects whose `spec` has a list of `containers`.
fn search(value: &Value, way: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if way.len() > DEEPEST {
        return;
    }
    match value {
        Value::Object(members) => {
            if value.get("spec").is_some_and(is_pod) {
                found.push(way.clone());
                return;
            }
            for (key, member) in members {
                way.push(key.clone());
                search(member, way, found);
                way.pop();
            }
        }
        Value::Array(elements) => {
            way.push("[*]".to_owned());
            elements.iter().for_each(|element| search(element, way, found));
            way.pop();
        }
        _ => {}
    }
}

fn is_pod(spec: &Value) -> bool {
    let is_container = |one: &Value| one.get("image").is_some() || one.get("name").is_some();
    let containers = spec.get("containers").and_then(Value::as_array);
    containers.is_some_and(|containers| containers.iter().any(is_container))
}

/// Paths that differ in one key are one path through a map with keys chosen by the author.
fn joined(mut ways: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut at = 0;
    while let Some(way) = ways.get(at).cloned() {
        let differs = |other: &&Vec<String>| {
            other.len() == way.len()
                && other.iter().zip(&way).filter(|(one, other)| one != other).count() == 1
        };
        match ways.iter().skip(at + 1).find(differs) {
            Some(other) => {
                let either = |(one, other): (&String, &String)| {
                    if one == other { one.clone() } else { "[*]".to_owned() }
                };
                let way = way.iter().zip(other).map(either).collect::<Vec<_>>();
                let is_other = |known: &Vec<String>| {
                    known.len() != way.len()
                        || way.iter().zip(known).any(|(one, other)| one != "[*]" && one != other)
                };
                ways.retain(is_other);
                ways.insert(at.min(ways.len()), way);
            }
            None => at += 1,
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn pod() -> Value {
        json!({"spec": {"containers": [{"name": "c"}]}})
    }

    #[rstest]
    #[case::known("argoproj.io/v1alpha1", "Rollout", json!({"template": pod()}), &["spec.template"])]
    #[case::known_without("argoproj.io/v1alpha1", "Rollout", json!({"workloadRef": {"kind": "Deployment"}}), &[])]
    #[case::partial("elasticsearch.k8s.elastic.co/v1", "Elasticsearch",
        json!({"nodeSets": [{"podTemplate": {"spec": {"hostNetwork": true}}}]}), &["spec.nodeSets[*].podTemplate"])]
    #[case::of_labels("elasticsearch.k8s.elastic.co/v1", "Elasticsearch",
        json!({"nodeSets": [{"podTemplate": {"metadata": {}}}]}), &[])]
    #[case::of_another_group("batch.example.com/v1", "Job", json!({"template": pod()}), &["spec.template"])]
    #[case::by_role("example.com/v1", "Farm", json!({"roles": {"a": {"pod": pod()}, "b": {"pod": pod()}}, "more": [pod()]}),
        &["spec.roles[*].pod", "spec.more[*]"])]
    #[case::schema("example.com/v1", "Schema", json!({"spec": {"containers": {"type": "array"}}}), &[])]
    #[case::history("apps/v1", "ControllerRevision", json!({"template": pod()}), &[])]
    fn templates_are_found(
        #[case] api_version: &str,
        #[case] kind: &str,
        #[case] spec: Value,
        #[case] expected: &[&str],
    ) {
        let object =
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec});
        assert_eq!(ways(&Object::of_value(&object)), expected);
    }

    #[test]
    fn a_revision_is_its_own_template() {
        let mut revision = pod();
        revision["apiVersion"] = "serving.knative.dev/v1".into();
        revision["kind"] = "Revision".into();
        assert_eq!(ways(&Object::of_value(&revision)), [""]);
    }
}
