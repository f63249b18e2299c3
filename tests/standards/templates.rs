//! Standards evaluate the written fields: a template is not evaluated by what its pods will be given.

use pod_security_policy::json::Reader;
use pod_security_policy::pod::{Kind, Pod, template};
use pod_security_policy::standards::{Standard, details};
use serde_json::{Value, json};

use crate::{compliant, container};

fn defaulted_pod_says(standard: &str, pod: &Value) -> String {
    let text = pod.to_string();
    let mut pod: Pod<'_> = Reader::document(&text).unwrap();
    template::default_pod(&mut pod);
    details(&standard.parse::<Standard>().unwrap().evaluate(&pod))
}

fn completed_template_says(standard: &str, kind: &str, template: &Value, claims: &Value) -> String {
    let object = json!({"spec": {"template": template, "volumeClaimTemplates": claims}}).to_string();
    let kind = Kind { group: "apps".into(), kind: kind.into() };
    let templates = template::find(&object, &template::built_in(&kind).unwrap()).unwrap();
    let mut pod = template::decode_pod(&templates[0]).unwrap();
    template::complete(&mut pod, &kind, &object).unwrap();
    details(&standard.parse::<Standard>().unwrap().evaluate(&pod))
}

fn on_the_host_network() -> Value {
    let ports = json!([{"containerPort": 80}, {"containerPort": 443, "hostPort": 8443}]);
    let mut pod = compliant(json!({"hostNetwork": true}));
    pod["spec"]["containers"] = json!([container("a", json!({"ports": ports}))]);
    pod
}

#[test]
fn a_pod_of_the_host_network_takes_its_ports() {
    assert_eq!(
        defaulted_pod_says("baseline", &on_the_host_network()),
        r#"host namespaces (hostNetwork=true), hostPort (container "a" uses hostPorts 80, 8443)"#
    );
}

#[test]
fn a_template_of_the_host_network_takes_those_that_it_states() {
    assert_eq!(
        completed_template_says("baseline", "Deployment", &on_the_host_network(), &json!(null)),
        r#"host namespaces (hostNetwork=true), hostPort (container "a" uses hostPort 8443)"#
    );
}

#[test]
fn a_volume_without_a_source_is_an_empty_dir_once_the_api_server_saw_it() {
    let pod = compliant(json!({"volumes": [{"name": "v"}]}));
    assert_eq!(defaulted_pod_says("restricted", &pod), "");
    assert_eq!(completed_template_says("restricted", "Deployment", &pod, &json!(null)), "");
}

#[test]
fn a_claim_does_not_hide_the_volume_whose_place_it_takes() {
    let template = compliant(json!({"volumes": [{"name": "data", "hostPath": {"path": "/"}}]}));
    let claims = json!([{"metadata": {"name": "data"}}]);
    assert_eq!(
        completed_template_says("baseline", "StatefulSet", &template, &claims),
        r#"hostPath volumes (volume "data")"#
    );
}
