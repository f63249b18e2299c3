//! `validate.podSecurity`: a level of the Pod Security Standards, without some controls.

use pod_security_policy::pod::safe_sysctls;
use pod_security_policy::standards::{BASELINE_CAPABILITIES, Level, Standard};
use serde_json::{Map, Value, json};

use super::demand;
use super::fact::Unread;
use super::matching::{is_pattern, names_of, texts};
use crate::import::piece::Piece;

/// A control of the standards, as its documentation calls it.
struct Control {
    name: &'static str,
    checks: &'static [&'static str],
    /// Whether it reads fields of the pod.
    of_pod: bool,
    /// Whether it reads fields of containers.
    of_containers: bool,
}

const fn control(
    name: &'static str,
    checks: &'static [&'static str],
    of_pod: bool,
    of_containers: bool,
) -> Control {
    Control { name, checks, of_pod, of_containers }
}

const CONTROLS: [Control; 17] = [
    control("HostProcess", &["windowsHostProcess"], true, true),
    control("Host Namespaces", &["hostNamespaces"], true, false),
    control("Privileged Containers", &["privileged"], false, true),
    control("Capabilities", &["capabilities_baseline", "capabilities_restricted"], false, true),
    control("HostPath Volumes", &["hostPathVolumes"], true, false),
    control("Host Ports", &["hostPorts"], false, true),
    control("Host Probes / Lifecycle Hooks", &["hostProbesAndHostLifecycle"], false, true),
    control("AppArmor", &["appArmorProfile"], true, false),
    control("SELinux", &["seLinuxOptions"], true, true),
    control("/proc Mount Type", &["procMount", "procMount_restricted"], false, true),
    control("Seccomp", &["seccompProfile_baseline", "seccompProfile_restricted"], true, true),
    control("Sysctls", &["sysctls"], true, false),
    control("Volume Types", &["restrictedVolumes"], true, false),
    control("Privilege Escalation", &["allowPrivilegeEscalation"], false, true),
    control("Running as Non-root", &["runAsNonRoot"], true, true),
    control("Running as Non-root user", &["runAsUser"], true, true),
    control("Running as Non-root user (v1.23+)", &["runAsUser"], true, true),
];

/// The pieces of a rule with a level; `more` are further exclusions.
pub(super) fn pieces(
    rule: &Value,
    more: &[Value],
    piece: Piece,
    namespaces: &[String],
    at: &str,
) -> Result<Vec<Piece>, Unread> {
    let text = |key: &str| rule.get(key).and_then(Value::as_str);
    let known = ["level", "version", "exclude"];
    let unknown = rule.as_object().into_iter().flat_map(Map::keys).find(|key| !known.contains(&key.as_str()));
    if let Some(key) = unknown {
        return Err(Unread::new(format!("{at}.{key}"), "is not known"));
    }
    let level = format!("{}:{}", text("level").unwrap_or_default(), text("version").unwrap_or("latest"));
    let standard: Standard =
        level.parse().map_err(|problem| Unread::new(at, format_args!("`{level}`: {problem}")))?;
    let excluded: Vec<Value> =
        rule.get("exclude").and_then(Value::as_array).into_iter().flatten().chain(more).cloned().collect();
    let mut exclusion =
        Exclusion { level, standard, template: piece.clone(), rest: piece, more: Vec::new(), namespaces };
    if excluded.is_empty() {
        exclusion.rest.demand(&exclusion.level, None);
        return Ok(vec![exclusion.rest]);
    }
    let mut checks: Vec<&'static str> = standard.checks().map(|(_, check)| check.id).collect();
    for control in &CONTROLS {
        let entries: Vec<&Value> = excluded.iter().filter(|entry| name(entry) == control.name).collect();
        if !entries.is_empty() && exclusion.takes_out(control, &entries) {
            checks.retain(|check| !control.checks.contains(check));
        }
    }
    let is_known = |entry: &&Value| CONTROLS.iter().any(|control| control.name == name(entry));
    if let Some(entry) = excluded.iter().find(|entry| !is_known(entry)) {
        let name = name(entry);
        return Err(Unread::new(
            format!("{at}.exclude"),
            format_args!("`{name}` is not a control of the standards"),
        ));
    }
    let host_paths_stay = !excluded.iter().any(|entry| name(entry) == "HostPath Volumes");
    if standard.level == Level::Restricted && !checks.contains(&"restrictedVolumes") && host_paths_stay {
        let mut piece = exclusion.template.clone();
        piece.demand(&exclusion.level.replacen("restricted", "baseline", 1), Some(vec!["hostPathVolumes"]));
        exclusion.more.push(piece);
    }
    if !checks.is_empty() {
        exclusion.rest.demand(&exclusion.level, Some(checks));
        exclusion.more.insert(0, exclusion.rest);
    }
    Ok(exclusion.more)
}

fn name(entry: &Value) -> &str {
    entry.get("controlName").and_then(Value::as_str).unwrap_or_default()
}

struct Exclusion<'n> {
    level: String,
    standard: Standard,
    /// The piece before anything is demanded.
    template: Piece,
    /// The piece for the checks that stay as they are.
    rest: Piece,
    /// Pieces for what is demanded instead of a check.
    more: Vec<Piece>,
    /// The namespaces of a dump.
    namespaces: &'n [String],
}

impl Exclusion<'_> {
    /// Whether the checks of a control are taken out of the level, for nothing or for something else.
    fn takes_out(&mut self, control: &Control, entries: &[&Value]) -> bool {
        let whole: Vec<&&Value> =
            entries.iter().filter(|entry| entry.get("restrictedField").is_none()).collect();
        let images: Vec<String> = whole.iter().flat_map(|entry| texts(entry.get("images"))).collect();
        let pod = whole.iter().any(|entry| texts(entry.get("images")).is_empty());
        let containers = images.iter().any(|image| image == "*");
        if (pod || !control.of_pod) && (containers || !control.of_containers) {
            return true;
        }
        if let Some(piece) = self.by_values(control, entries) {
            self.more.push(piece);
            return true;
        }
        for entry in entries.iter().filter(|entry| entry.get("restrictedField").is_some()) {
            let field = entry.get("restrictedField").and_then(Value::as_str).unwrap_or_default();
            let values = texts(entry.get("values")).join(", ");
            self.stricter(
                control,
                format!("{values} in {field} excluded"),
                "a check is demanded with all of its values",
            );
        }
        if pod && control.of_pod {
            self.stricter(
                control,
                "excluded for fields of the pod".to_owned(),
                "a check judges pod and containers together",
            );
        }
        if images.is_empty() {
            return false;
        }
        match self.by_images(control, &images) {
            Some(piece) => {
                self.more.push(piece);
                true
            }
            None => {
                let reason = "exemptions by image need namespaces, and name images with a tag or end in `/*`";
                self.stricter(control, format!("excluded for {}", images.join(", ")), reason);
                false
            }
        }
    }

    fn stricter(&mut self, control: &Control, was: String, because: &str) {
        self.rest.differs(&format!("exclude {}", control.name), was, "demanded everywhere", because);
    }

    /// A piece that demands the control but of containers with these images.
    fn by_images(&self, control: &Control, images: &[String]) -> Option<Piece> {
        images.iter().all(|image| is_sayable(image)).then_some(())?;
        let in_reach = names_of(&self.template.reach);
        let namespaces = in_reach.clone().unwrap_or_else(|| self.namespaces.to_vec());
        (!namespaces.is_empty()).then_some(())?;
        let mut piece = self.template.clone();
        piece.demand(&self.level, Some(control.checks.to_vec()));
        let Value::Object(exemption) = json!({
            "name": format!("{}-images", control.name.to_lowercase().replace([' ', '/'], "-").trim_matches('-')),
            "reason": format!("excluded by {}", piece.title),
            "match": {"namespaces": namespaces, "images": images},
        }) else {
            return None;
        };
        piece.exemptions.push(exemption);
        let key = format!("exclude {}", control.name);
        if in_reach.is_none() {
            piece.differs(
                &key,
                "excluded in every namespace",
                "in the namespaces of the dump",
                "exemptions by image need namespaces",
            );
        }
        piece.differs(
            &key,
            "images compared as they are written",
            "as runtimes read them: `nginx` is `docker.io/library/nginx`",
            "two names of an image are one image",
        );
        Some(piece)
    }

    /// A piece that demands the control with further values.
    fn by_values(&self, control: &Control, entries: &[&Value]) -> Option<Piece> {
        let mut piece = self.template.clone();
        match control.name {
            "Capabilities" => {
                let more = of_containers(entries, "securityContext.capabilities.add")?;
                let is_restricted =
                    self.standard.checks().any(|(_, check)| check.id == "capabilities_restricted");
                let mut allowed: Vec<String> = if is_restricted {
                    vec!["NET_BIND_SERVICE".to_owned()]
                } else {
                    BASELINE_CAPABILITIES.map(str::to_owned).to_vec()
                };
                allowed.extend(more);
                piece.set("allowedCapabilities", allowed);
                if is_restricted {
                    piece.set("requiredDropCapabilities", json!(["ALL"]));
                }
            }
            "Host Ports" => {
                let ports = of_containers(entries, "ports[*].hostPort")?;
                let range =
                    |port: &String| port.parse::<u16>().ok().map(|port| json!({"min": port, "max": port}));
                piece.set("hostPorts", ports.iter().map(range).collect::<Option<Vec<_>>>()?);
            }
            "Host Namespaces" => {
                let fields = ["hostNetwork", "hostPID", "hostIPC"];
                let is_freed = |field: &&str| {
                    let values = of_field(entries, &format!("spec.{field}"));
                    values.is_some_and(|values| values.iter().any(|value| value == "true"))
                };
                entries.iter().all(|entry| entry.get("restrictedField").is_some()).then_some(())?;
                for field in fields.iter().filter(|field| !is_freed(field)) {
                    piece.set(field, false);
                }
            }
            "Sysctls" => {
                let mut names = of_field(entries, "spec.securityContext.sysctls[*].name")?;
                let minor = self.standard.version.minor();
                names.extend(safe_sysctls(minor).map(str::to_owned));
                demand::sysctls(&names, &mut piece)?;
            }
            _ => return None,
        }
        Some(piece)
    }
}

/// The values that entries exclude for a field.
fn of_field(entries: &[&Value], field: &str) -> Option<Vec<String>> {
    let is_of = |entry: &&&Value| entry.get("restrictedField").and_then(Value::as_str) == Some(field);
    let values: Vec<String> =
        entries.iter().filter(is_of).flat_map(|entry| texts(entry.get("values"))).collect();
    (!values.is_empty() && !values.iter().any(|value| is_pattern(value))).then_some(values)
}

/// The values that entries exclude for a field of all containers, whatever their image.
fn of_containers(entries: &[&Value], field: &str) -> Option<Vec<String>> {
    let any_image: Vec<&Value> = entries
        .iter()
        .copied()
        .filter(|entry| texts(entry.get("images")).iter().any(|image| image == "*"))
        .collect();
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    let mut each = lists.iter().map(|list| of_field(&any_image, &format!("spec.{list}[*].{field}")));
    let first = each.next()??;
    each.all(|other| {
        other.is_some_and(|other| {
            first.iter().all(|value| other.contains(value)) && other.len() == first.len()
        })
    })
    .then_some(first)
}

/// Whether a pattern for images is one of an exemption: a tag or digest, or a folder.
fn is_sayable(image: &str) -> bool {
    let plain = image.strip_suffix("/*").unwrap_or(image);
    if is_pattern(plain) {
        return false;
    }
    let name = plain.rsplit('/').next().unwrap_or_default();
    plain.len() != image.len() || name.contains([':', '@'])
}
