//! What "the same" means between the original code and ours.

use pod_security_policy::admission::review;
use pod_security_policy::answer::Answer;
use pod_security_policy::cluster::{Cluster, Question};
use pod_security_policy::settings::Settings;
use serde_json::{Value, json};

/// The grants of a case; a case without any lets everybody use everything.
struct Grants<'c>(&'c Value);

impl Cluster for Grants<'_> {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        Ok(self.0.as_array().into_iter().flatten().any(|grant| {
            let matches = |key: &str, value: &str| {
                matches!(grant[key].as_str(), None | Some("")) || grant[key] == value
            };
            let subject = grant["Subject"].as_str().unwrap_or_default();
            let named = subject == question.user || question.groups.iter().any(|group| group == subject);
            named
                && grant["Policy"] == question.policy
                && matches("Group", question.api_group)
                && matches("Namespace", question.namespace)
        }))
    }
}

pub(crate) fn answer(case: &Value) -> Answer {
    let pod = &case["Pod"];
    let update = case["Op"] == "UPDATE";
    let grants = case.get("Grants");
    let settings = json!({
        "policies": case["Psps"],
        "authorization": if grants.is_some() { "RBAC" } else { "None" },
    });
    let user = if case["NoUser"] == true {
        json!({})
    } else {
        json!({"username": case["User"], "groups": case["Groups"]})
    };
    let request = json!({
        "uid": "1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "subResource": case["Sub"],
        "operation": if update { "UPDATE" } else { "CREATE" },
        "namespace": pod["metadata"]["namespace"],
        "name": pod["metadata"]["name"],
        "userInfo": user,
        "object": pod,
        "oldObject": case["OldPod"],
    });
    let payload = json!({"request": request, "settings": settings}).to_string();
    review(&payload, &Grants(grants.unwrap_or(&Value::Null)))
}

/// Whether verdict, winner and governed fields agree.
pub(crate) fn admission(case: &Value, result: &Value) -> Result<(), String> {
    let answer = answer(case);
    let update = case["Op"] == "UPDATE";
    let original = if update { &result["validate"] } else { &result["admit"] };
    let admitted = original == "ok" || (update && original.is_null());
    if admitted != answer.is_accepted() {
        return Err(format!("the original says {original}, we say {:?}", answer.rejection));
    }
    if !admitted {
        return Ok(());
    }
    if update {
        let winner = &result["audit"]["podsecuritypolicy.policy.k8s.io/validate-policy"];
        return equal("winner", winner, &json!(answer.policy));
    }
    if result["pod"].is_null() || !case["Sub"].is_null() {
        return Ok(());
    }
    let winner = &result["audit"]["podsecuritypolicy.policy.k8s.io/admit-policy"];
    equal("winner", winner, &json!(answer.policy))?;
    let ours = answer
        .mutated_object
        .map_or_else(|| case["Pod"].clone(), |text| serde_json::from_str(&text).unwrap());
    let theirs = if result["stored"].is_null() { &result["pod"] } else { &result["stored"] };
    equal("fields", &governed(theirs), &governed(&ours))
}

fn equal(what: &str, original: &Value, ours: &Value) -> Result<(), String> {
    if original == ours {
        Ok(())
    } else {
        Err(format!("{what}: the original has {original}, we have {ours}"))
    }
}

/// The fields that a policy may write, with absent, `null` and empty made alike.
fn governed(pod: &Value) -> Value {
    let spec = &pod["spec"];
    let containers: Vec<Value> = ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .flat_map(|list| spec[list].as_array().cloned().unwrap_or_default())
        .map(|container| {
            let mut context = container["securityContext"].clone();
            let annotation = format!(
                "container.apparmor.security.beta.kubernetes.io/{}",
                container["name"].as_str().unwrap_or_default()
            );
            let field =
                context.get("appArmorProfile").or_else(|| spec["securityContext"].get("appArmorProfile"));
            let profile = match field {
                Some(profile) => match (profile["type"].as_str(), profile["localhostProfile"].as_str()) {
                    (Some("RuntimeDefault"), _) => "runtime/default".to_owned(),
                    (Some("Unconfined"), _) => "unconfined".to_owned(),
                    (_, path) => format!("localhost/{}", path.unwrap_or_default()),
                },
                None => pod["metadata"]["annotations"][&annotation].as_str().unwrap_or_default().to_owned(),
            };
            if let Some(context) = context.as_object_mut() {
                context.remove("appArmorProfile");
                // No rule writes it; the original's API server, its feature switched off, resets it when it stores.
                context.remove("procMount");
            }
            json!({"name": container["name"], "securityContext": dense(&context), "appArmor": profile})
        })
        .collect();
    let mut context = spec["securityContext"].clone();
    if let Some(context) = context.as_object_mut() {
        context.remove("hostNetwork");
    }
    json!({
        "containers": containers,
        "securityContext": dense(&context),
        "runtimeClassName": spec["runtimeClassName"],
        "psp": pod["metadata"]["annotations"]["kubernetes.io/psp"],
    })
}

/// A value without `null`s and empty objects and lists.
fn dense(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: serde_json::Map<_, _> =
                members.iter().map(|(k, v)| (k.clone(), dense(v))).filter(|(_, v)| !v.is_null()).collect();
            if members.is_empty() { Value::Null } else { Value::Object(members) }
        }
        Value::Array(elements) if elements.is_empty() => Value::Null,
        other => other.clone(),
    }
}

/// Whether the verdict on a policy agrees, and every field that the original names is named by us.
pub(crate) fn settings(case: &Value, result: &Value) -> Result<(), String> {
    let text = json!({"policies": case["Psps"]}).to_string();
    let ours = Settings::parse(&text).err().map(|problems| problems.to_string());
    let errors: Vec<&str> =
        result["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if errors.is_empty() && super::deviations::is_stricter(case) {
        return Ok(());
    }
    if errors.is_empty() != ours.is_none() {
        return Err(format!("the original says {errors:?}, we say {ours:?}"));
    }
    let ours = ours.unwrap_or_default();
    for error in errors {
        let field = field(error);
        if !ours.contains(&format!("policies[0].{field}")) {
            return Err(format!("{field} of {error:?} is not named in {ours:?}"));
        }
    }
    Ok(())
}

/// The field that an error of the original names: its paths are irregular.
fn field(error: &str) -> String {
    let path = error.split(": ").next().unwrap_or_default();
    let path = path
        .replace("allowedFlexVolumes.allowedFlexVolumes", "allowedFlexVolumes")
        .replace("allowedCSIDrivers.allowedCSIDriver", "allowedCSIDrivers")
        .replace(".items", "");
    if path.starts_with("spec.") || path.starts_with("metadata") { path } else { format!("spec.{path}") }
}
