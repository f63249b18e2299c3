//! Every field under a pod is known and has a class: a field that Kubernetes adds must not pass unnoticed.
//!
//! `conformance/golden/fields.txt` has the fields, as `conformance/field-oracle` reads them from the API's own types, and
//! `fields/classes.txt` their classes. The engine's table of known fields and two pages are made of the two.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::source::read;
use crate::tables::row;

const CLASSES: [&str; 4] = ["judged", "defaulted", "harmless", "limit"];

#[derive(Debug)]
struct Field {
    kind: String,
    key: String,
    since: String,
    /// The type of the value, if that has fields.
    of: String,
}

#[derive(Debug)]
struct Class {
    class: String,
    kind: String,
    keys: Vec<String>,
    /// The last version whose fields the line covers, where it covers all of a type.
    until: Option<String>,
    reason: String,
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn fields() -> Result<Vec<Field>> {
    let text = read("conformance/golden/fields.txt")?;
    let field = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let own = |index: usize| words.get(index).copied().unwrap_or_default().to_owned();
        Field { kind: own(0), key: own(1), since: own(2), of: own(3) }
    };
    Ok(lines(&text).map(field).collect())
}

fn classes() -> Result<Vec<Class>> {
    let class = |line: &str| {
        let (head, reason) = line.split_once(": ")?;
        let mut words = head.split(' ').map(str::to_owned);
        Some(Class {
            class: words.next().filter(|class| CLASSES.contains(&&**class))?,
            kind: words.next()?,
            keys: words.next()?.split(',').map(str::to_owned).collect(),
            until: words.next(),
            reason: reason.to_owned(),
        })
    };
    let text = read("xtask/src/fields/classes.txt")?;
    lines(&text).map(|line| class(line).with_context(|| format!("{line}: no class of a field"))).collect()
}

fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("1.")?.parse().ok()
}

impl Class {
    fn covers(&self, field: &Field) -> bool {
        let until = self.until.as_deref().and_then(minor);
        let all = until.zip(minor(&field.since)).is_some_and(|(until, since)| since <= until);
        self.kind == field.kind && (all || self.keys.contains(&field.key))
    }
}

/// The classes of the fields with this type and key.
fn classified<'c>(classes: &'c [Class], field: &Field) -> impl Iterator<Item = &'c Class> {
    classes.iter().filter(move |class| class.covers(field))
}

/// The fields by type, in the order of the API.
fn by_type(fields: &[Field]) -> BTreeMap<&str, Vec<&Field>> {
    let mut types: BTreeMap<&str, Vec<&Field>> = BTreeMap::new();
    for field in fields {
        types.entry(&field.kind).or_default().push(field);
    }
    types
}

/// What the engine searches for fields that it does not know.
pub(crate) fn table_of_the_engine() -> Result<String> {
    let fields = fields()?;
    let mut text = String::new();
    for (kind, mut fields) in by_type(&fields) {
        text.push_str(kind);
        // The engine searches them.
        fields.sort_by_key(|field| &field.key);
        for Field { key, of, .. } in fields {
            let of = if of.is_empty() { String::new() } else { format!(">{of}") };
            text += &format!(" {key}{of}");
        }
        text.push('\n');
    }
    Ok(text)
}

const HEAD: &str = "# Fields under a pod

What becomes of each field that a pod of Kubernetes 1.37 can have. A test fails when Kubernetes adds a field that has no
class here. A field that this version of the policy does not know is subject to the option `unknownFields`
([settings.md](settings.md)).

| Class | Meaning |
|---|---|
| judged | a rule, a check of the Pod Security Standards (`pss/`) or an option looks at it |
| defaulted | a policy can fill it in, and judges it |
| harmless | it gives a pod nothing that a policy guards |
| limit | it matters, and neither PodSecurityPolicy nor this policy governs it |

Fields without a version were there in Kubernetes 1.24 or before.

<!-- Generated: `make docs` -->
";

/// `docs/fields.md`
pub(crate) fn page() -> Result<String> {
    let (fields, classes) = (fields()?, classes()?);
    let mut page = HEAD.to_owned();
    for (kind, fields) in by_type(&fields) {
        page += &format!("\n## {kind}\n\n| Field | Since | Class | By what, or why |\n|---|---|---|---|\n");
        for field in fields {
            let class = classified(&classes, field).next();
            let (class, reason) = class.map_or(("", ""), |class| (&*class.class, &*class.reason));
            let since = if field.since == "1.24" { "" } else { &field.since };
            page += &row([&format!("`{}`", field.key), since, class, reason]);
        }
    }
    Ok(page)
}

const VERSIONS: &str = "# Versions of Kubernetes

What Kubernetes 1.25 to 1.37 changed about pods, as far as policies are concerned. Fields are those of the API's types, alpha ones
included: an API server drops a field whose feature is switched off. [fields.md](fields.md) says what becomes of each.

The setting `kubernetesVersion` fixes the lists that grew: safe sysctls, types of volumes, and what `latest` of the Pod Security Standards stands
for. On a cluster that is older than 1.37, set it to that cluster's version:

```yaml
kubernetesVersion: \"1.30\"
podSecurityStandards: {enforce: restricted}
```

Quotes are necessary: YAML reads 1.30 as the number 1.3. A policy under 1.30 cannot list the volume type `image`, and `net.ipv4.tcp_rmem` is an unsafe
sysctl there. `kubectl psp lint` lists what a newer version would admit or reject.

<!-- Generated: `make docs` -->
";

/// `docs/kubernetes-versions.md`
pub(crate) fn versions() -> Result<String> {
    let (fields, notes) = (fields()?, read("xtask/src/fields/versions.txt")?);
    let mut page = VERSIONS.to_owned();
    for minor in 25..=37 {
        let version = format!("1.{minor}");
        page += &format!("\n## {version}\n\n");
        for note in lines(&notes).filter_map(|line| line.strip_prefix(&*version)?.strip_prefix(": ")) {
            page += &format!("* {note}\n");
        }
        let new = fields.iter().filter(|field| field.since == version);
        let new: Vec<String> = new.map(|field| format!("`{}.{}`", field.kind, field.key)).collect();
        if !new.is_empty() {
            page += &format!("* New fields: {}.\n", new.join(", "));
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use pod_security_policy::{rules, standards};

    use super::*;

    #[test]
    fn every_field_has_one_class() {
        let classes = classes().unwrap();
        let wrong: Vec<String> = fields()
            .unwrap()
            .iter()
            .map(|field| (field, classified(&classes, field).count()))
            .filter(|(_, count)| *count != 1)
            .map(|(field, count)| format!("{}.{} ({}): {count} classes", field.kind, field.key, field.since))
            .collect();
        assert_eq!(wrong, [""; 0], "write a line into xtask/src/fields/classes.txt");
    }

    #[test]
    fn every_class_has_a_field() {
        let fields = fields().unwrap();
        for class in classes().unwrap() {
            assert!(fields.iter().any(|field| class.covers(field)), "{class:?}");
            assert_eq!(class.until.is_some(), class.keys == ["*"], "{class:?}");
            for key in class.keys.iter().filter(|key| *key != "*") {
                assert!(
                    fields.iter().any(|field| field.kind == class.kind && field.key == *key),
                    "{class:?}: {key}"
                );
            }
        }
    }

    /// A new field of a type that is classified as a whole has no class either.
    #[test]
    fn a_field_of_a_newer_version_has_no_class() {
        let field = |kind: &str| Field {
            kind: kind.to_owned(),
            key: "futureDanger".to_owned(),
            since: "1.38".to_owned(),
            of: String::new(),
        };
        for kind in ["SecurityContext", "NFSVolumeSource"] {
            assert_eq!(classified(&classes().unwrap(), &field(kind)).count(), 0, "{kind}");
        }
    }

    /// The rules and checks that a reason names exist.
    #[test]
    fn what_judges_a_field_exists() {
        let options = ["resourceClaims", "persistentVolumes", "exemptions"];
        let known = |name: &str| {
            let rule = name.split('.').next().unwrap_or_default();
            match name.strip_prefix("pss/") {
                Some(check) => standards::all().any(|(_, known)| known.id.starts_with(check)),
                None => rules::index(rule).is_some() || options.contains(&rule),
            }
        };
        for class in classes().unwrap() {
            let names: Vec<&str> = class.reason.split(", ").collect();
            // Other reasons are sentences.
            if names.iter().all(|name| !name.contains(' ')) {
                names.iter().for_each(|name| assert!(known(name), "{class:?}: {name}"));
            }
        }
    }
}
