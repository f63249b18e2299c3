//! The settings as a page of tables.

use pod_security_policy::schema::Shape;
use pod_security_policy::settings::OPTIONS;

use crate::tables::{annotations, fields, is_required, purpose, row};

const HEAD: &str = "\
# Settings

<!-- Generated: `make docs` -->

All keys are camelCase. An unknown key is an error at every depth, and a key whose value is `null` counts as absent. All errors are
reported at once, each with its path. The same as [JSON Schema](../schema/settings.schema.json), for editors and pipelines:
`# yaml-language-server: $schema=…` at the head of a file of settings makes an editor check it; there is one
for [whole registrations](../schema/registration.schema.json) too.

## Forms

**A bare spec.** Its name is `default`. PodSecurityPolicy kept seccomp and AppArmor in annotations, and so do settings:

```yaml
privileged: false
allowPrivilegeEscalation: false
requiredDropCapabilities: [ALL]
volumes: [configMap, downwardAPI, emptyDir, persistentVolumeClaim, projected, secret]
runAsUser: {rule: MustRunAsNonRoot}
seLinux: {rule: RunAsAny}
supplementalGroups: {rule: MustRunAs, ranges: [{min: 1, max: 65535}]}
fsGroup: {rule: MustRunAs, ranges: [{min: 1, max: 65535}]}
annotations:
  seccomp.security.alpha.kubernetes.io/allowedProfileNames: runtime/default
  seccomp.security.alpha.kubernetes.io/defaultProfileName: runtime/default
```

**A whole PodSecurityPolicy**, as exported from an old cluster. Options stand next to `spec`:

```yaml
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata:
  name: restricted
spec:
  runAsUser: {rule: MustRunAs, ranges: [{min: 1000, max: 65535}]}
  seLinux: {rule: RunAsAny}
  supplementalGroups: {rule: RunAsAny}
  fsGroup: {rule: RunAsAny}
  volumes: [\"*\"]
workloads: Warn
```

**Several.** Among the policies the requester may use, in name order, the first that admits the pod unchanged wins;
otherwise the first that admits it after defaulting. Its name is written into the annotation `kubernetes.io/psp`:

```yaml
authorization: RBAC
policies:
- metadata: {name: baseline}
  spec:
    volumes: [configMap, emptyDir, projected, secret]
    runAsUser: {rule: RunAsAny}
    seLinux: {rule: RunAsAny}
    supplementalGroups: {rule: RunAsAny}
    fsGroup: {rule: RunAsAny}
- metadata: {name: node-agents}
  spec:
    privileged: true
    hostNetwork: true
    volumes: [\"*\"]
    runAsUser: {rule: RunAsAny}
    seLinux: {rule: RunAsAny}
    supplementalGroups: {rule: RunAsAny}
    fsGroup: {rule: RunAsAny}
```

Kinds that carry pod templates are named with the path of the template:

```yaml
runAsUser: {rule: RunAsAny}
seLinux: {rule: RunAsAny}
supplementalGroups: {rule: RunAsAny}
fsGroup: {rule: RunAsAny}
volumes: [\"*\"]
podTemplates:
- {apiGroup: argoproj.io, kind: Rollout, path: spec.template}
- {apiGroup: batch.example.com, kind: Pipeline, path: \"spec.steps[*].template\"}
```

";

pub(crate) fn text() -> String {
    let mut page = HEAD.to_owned();
    page += "## Options\n\nNext to the fields of a spec, to `spec`, or to `policies`.\n\n";
    page += "| Option | Value | Meaning |\n|---|---|---|\n";
    for option in OPTIONS {
        rows(&mut page, option.name, option.shape, option.doc);
    }
    page += "\n## Fields of a spec\n\n| Field | Value | Meaning | Without it |\n|---|---|---|---|\n";
    for (entry, shape) in fields() {
        let default = if is_required(entry) { "**must be given**" } else { entry.default };
        page += &row([&format!("`{}`", entry.id), &value(shape), entry.purpose, default]);
        let mut inner = String::new();
        parts(&mut inner, entry.id, shape);
        page += &inner.replace(" |\n", " | |\n");
    }
    page += "\n## Annotations\n\n";
    page += "Under `metadata.annotations` of a PodSecurityPolicy, or under `annotations` next to the fields of a bare spec.\n\n";
    page += "| Annotation | Meaning |\n|---|---|\n";
    for (entry, name) in annotations() {
        let meaning = match name.rsplit('/').next() {
            Some("defaultProfileName") => "The profile that is filled in.".to_owned(),
            _ => format!("{} Without it: {}.", purpose(entry), entry.default),
        };
        page += &row([&format!("`{name}`"), &meaning]);
    }
    page
}

/// The row of a field, and those of its parts.
fn rows(page: &mut String, name: &str, shape: Shape, doc: &str) {
    *page += &row([&format!("`{name}`"), &value(shape), doc]);
    parts(page, name, shape);
}

fn parts(page: &mut String, name: &str, shape: Shape) {
    match shape {
        Shape::List(element) => parts(page, &format!("{name}[]"), *element),
        Shape::Map(value) => parts(page, &format!("{name}.*"), *value),
        Shape::Either(_, other) => parts(page, name, *other),
        Shape::Object(fields) => {
            for field in fields {
                rows(page, &format!("{name}.{}", field.name), field.shape, field.doc);
            }
        }
        Shape::Flag | Shape::Integer | Shape::Text | Shape::OneOf(_) | Shape::Any => {}
    }
}

fn value(shape: Shape) -> String {
    match shape {
        Shape::Flag => "`true` or `false`".to_owned(),
        Shape::Integer => "whole number".to_owned(),
        Shape::Text => "string".to_owned(),
        Shape::OneOf(known) => known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", "),
        Shape::List(element) => match *element {
            Shape::OneOf(_) => format!("list of {}", value(*element)),
            Shape::Object(_) => "list of objects".to_owned(),
            element => format!("list of {}s", value(element)),
        },
        Shape::Object(_) => "object".to_owned(),
        Shape::Map(inner) => format!("map to {}", value(*inner)),
        Shape::Either(one, other) => format!("{}, or {}", value(*one), value(*other)),
        Shape::Any => "any".to_owned(),
    }
}
