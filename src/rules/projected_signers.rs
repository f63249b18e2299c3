//! A projected volume can ask any signer of the cluster for a certificate in the name of the pod, and hold the trust
//! anchors of any.
//!
//! The API server looks at the form of a signer's name alone, and the signer decides whom it trusts. A bundle that is
//! chosen by its own name belongs to the signer that the name starts with, as the API server demands of bundles:
//! `example.com:ca:v1` to `example.com/ca`. One without such a start has no signer, so that only `*` lists it.

use std::borrow::Cow;

use crate::json::{Brief, Error, Quoted, Read, Reader, Text, Tree, lookup};
use crate::pod::volume_type::VolumeTypes;
use crate::pod::{Pod, VolumeDetail, VolumeSource};
use crate::rule::spec::Spec;
use crate::rule::{Entry, Findings, Rule};
use crate::rules;
use crate::schema::{Shape, doc_only};

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: Source::Certificate.setting(),
        purpose: doc_only("The signers whose certificates `projected` volumes may hold."),
        pod_fields: doc_only("`volumes[*].projected.sources[*].podCertificate.signerName`"),
        ..SIGNERS
    },
    Entry {
        id: Source::TrustBundle.setting(),
        purpose: doc_only("The signers whose trust anchors `projected` volumes may hold."),
        pod_fields: doc_only(
            "`signerName` and `name` of `volumes[*].projected.sources[*].clusterTrustBundle`",
        ),
        ..SIGNERS
    },
];

/// The common part of the two.
const SIGNERS: Entry = Entry {
    id: "",
    purpose: "",
    shape: Some(Shape::List(&Shape::Text)),
    reads: &["volumes"],
    annotations: &[],
    pod_fields: "",
    mutates: doc_only("nothing"),
    default: doc_only("empty: every signer is allowed, if `volumes` lists `projected`"),
};

/// A source of a projected volume that names a signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Certificate,
    TrustBundle,
}

/// Refuses signers that are not listed; a `*` at the end of a name matches the rest.
#[derive(Debug)]
pub(crate) struct Signers<'s> {
    source: Source,
    types: VolumeTypes,
    allowed: Vec<Text<'s>>,
}

/// A signer that a volume names: where in the volume, and who it is.
struct Named<'a> {
    place: String,
    value: Text<'a>,
    signer: Text<'a>,
}

impl Source {
    const fn setting(self) -> &'static str {
        match self {
            Source::Certificate => "allowedPodCertificateSigners",
            Source::TrustBundle => "allowedClusterTrustBundleSigners",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Source::Certificate => "podCertificate",
            Source::TrustBundle => "clusterTrustBundle",
        }
    }

    /// The signers that a projected volume, as JSON, names.
    fn named(self, text: &str) -> Read<Vec<Named<'_>>> {
        let tree: Tree<'_> = Reader::document(text)?;
        let mut named = Vec::new();
        for (index, source) in lookup::at(tree.root(), &["sources"])?.elements().enumerate() {
            let source = lookup::at(source, &[self.key()])?;
            if source.is_null() {
                continue;
            }
            let placed = |error: Error| error.in_path(&format!("sources[{index}].{}", self.key()));
            let text = |key| lookup::text(source, &[key]).map(Option::unwrap_or_default).map_err(placed);
            let (signer, name): (Text<'_>, Text<'_>) = (text("signerName")?, text("name")?);
            let by_name = self == Source::TrustBundle && signer.is_empty() && !name.is_empty();
            let field = if by_name { "name" } else { "signerName" };
            let place = format!("sources[{index}].{}.{field}", self.key());
            let signer = if by_name { signer_of_bundle(&name) } else { signer };
            let value = if by_name { name } else { signer.clone() };
            named.push(Named { place, value, signer });
        }
        Ok(named)
    }
}

/// The signer of a trust bundle with this name; empty if it has none.
fn signer_of_bundle(name: &str) -> Text<'static> {
    let signer = name.rsplit_once(':').map(|(signer, _)| signer.replacen(':', "/", 1));
    Cow::Owned(signer.unwrap_or_default())
}

pub(super) fn load_certificates<'s>(spec: &mut Spec<'_, 's>) -> Option<Signers<'s>> {
    load(spec, Source::Certificate)
}

pub(super) fn load_trust_bundles<'s>(spec: &mut Spec<'_, 's>) -> Option<Signers<'s>> {
    load(spec, Source::TrustBundle)
}

fn load<'s>(spec: &mut Spec<'_, 's>, source: Source) -> Option<Signers<'s>> {
    let allowed = spec.texts(source.setting());
    for (index, name) in allowed.iter().enumerate() {
        let problem = match name.strip_suffix('*').unwrap_or(name) {
            "" if !name.is_empty() => None,
            "" => Some("must not be empty"),
            start if start.contains('*') => Some("a `*` may only be at the end"),
            start if start == &**name && !start.contains('/') => Some("must be a domain, `/` and a path"),
            _ => None,
        };
        if let Some(problem) = problem {
            let place = format_args!("{}[{index}]", source.setting());
            spec.problem(place, format_args!("Invalid value: {}: {problem}", Quoted(name)));
        }
    }
    if allowed.is_empty() { None } else { Some(Signers { source, types: spec.volume_types(), allowed }) }
}

impl Signers<'_> {
    fn allow(&self, signer: &str) -> bool {
        self.allowed.iter().any(|allowed| match allowed.strip_suffix('*') {
            Some(start) => signer.starts_with(start),
            None => allowed == signer,
        })
    }
}

impl Rule for Signers<'_> {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, volume) in pod.judged_volumes() {
            let Some(VolumeSource { detail: VolumeDetail::Projected(text), .. }) = &volume.source else {
                continue;
            };
            if found.denies(const { rules::number("volumes") }) && !self.types.allow(volume) {
                continue;
            }
            match self.source.named(text) {
                Ok(named) => {
                    for Named { place, value, .. } in named.iter().filter(|named| !self.allow(&named.signer))
                    {
                        let field = format_args!("spec.volumes[{index}].projected.{place}");
                        found.invalid(field, Quoted(value), "signer is not allowed to be used");
                    }
                }
                // What cannot be read cannot be allowed.
                Err(error) => {
                    let field = format_args!("spec.volumes[{index}].projected");
                    found.forbidden(field, Brief(&error.to_string()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Objected, Rejected};
    use crate::testing::{judge_pod, problems, review_added};

    fn certificates(signers: Value) -> Value {
        json!({"volumes": ["projected"], "allowedPodCertificateSigners": signers})
    }

    fn bundles(signers: Value) -> Value {
        json!({"volumes": ["projected"], "allowedClusterTrustBundleSigners": signers})
    }

    fn volume(sources: Value) -> Value {
        json!({"spec": {"volumes": [{"name": "v", "projected": {"sources": sources}}]}})
    }

    fn certificate(signer: &str) -> Value {
        volume(
            json!([{"secret": {"name": "s"}}, {"podCertificate": {"signerName": signer, "keyType": "ED25519"}}]),
        )
    }

    #[rstest]
    #[case::any_without_the_key(json!({"volumes": ["projected"]}), certificate("kubernetes.io/kube-apiserver-client-kubelet"), Admitted)]
    #[case::listed(certificates(json!(["example.com/a"])), certificate("example.com/a"), Admitted)]
    #[case::another(certificates(json!(["example.com/a"])), certificate("example.com/ab"), Rejected(
        "spec.volumes[0].projected.sources[1].podCertificate.signerName: Invalid value: \"example.com/ab\": signer is not allowed to be used"))]
    #[case::of_a_domain(certificates(json!(["a.org/b", "example.com/*"])), certificate("example.com/ab"), Admitted)]
    #[case::of_another_domain(certificates(json!(["example.com/*"])), certificate("example.com.org/ab"), Rejected(
        "spec.volumes[0].projected.sources[1].podCertificate.signerName: Invalid value: \"example.com.org/ab\": signer is not allowed to be used"))]
    #[case::any_by_name(certificates(json!(["*"])), certificate("example.com/a"), Admitted)]
    #[case::an_empty_list_allows_any(certificates(json!([])), certificate("example.com/a"), Admitted)]
    #[case::null_is_absent(certificates(Value::Null), certificate("example.com/a"), Admitted)]
    #[case::unnamed(certificates(json!(["example.com/a"])), volume(json!([{"podCertificate": {}}])), Rejected(
        "spec.volumes[0].projected.sources[0].podCertificate.signerName: Invalid value: \"\": signer is not allowed to be used"))]
    #[case::other_sources(certificates(json!(["a.b/d"])), volume(json!([{"secret": {}}, {"podCertificate": null}, {"clusterTrustBundle": {"signerName": "a.b/c"}}])), Admitted)]
    #[case::no_sources(certificates(json!(["a.b/d"])), volume(json!(null)), Admitted)]
    #[case::each_source_counts(certificates(json!(["a.b/c"])),
        volume(json!([{"podCertificate": {"signerName": "x.y/1"}}, {"podCertificate": {"signerName": "a.b/c"}}, {"podCertificate": {"signerName": "x.y/2"}}])), Objected(&[
        "spec.volumes[0].projected.sources[0].podCertificate.signerName: Invalid value: \"x.y/1\": signer is not allowed to be used",
        "spec.volumes[0].projected.sources[2].podCertificate.signerName: Invalid value: \"x.y/2\": signer is not allowed to be used"]))]
    #[case::unreadable(certificates(json!(["*"])), volume(json!([{"podCertificate": {"signerName": 5}}])), Rejected(
        "spec.volumes[0].projected: Forbidden: sources[0].podCertificate.signerName: must be a string, not 5"))]
    #[case::refused_for_its_type_alone(json!({"allowedPodCertificateSigners": ["a.b/d"]}), certificate("example.com/a"), Rejected(
        "spec.volumes[0]: Invalid value: \"projected\": projected volumes are not allowed to be used"))]
    fn judges_certificates(#[case] policy: Value, #[case] pod: Value, #[case] expected: Outcome) {
        judge_pod(policy, pod, expected);
    }

    #[rstest]
    #[case::any_without_the_key(json!({"volumes": ["projected"]}), json!({"signerName": "a.b/c"}), Admitted)]
    #[case::listed(bundles(json!(["a.b/c"])), json!({"signerName": "a.b/c", "labelSelector": {}}), Admitted)]
    #[case::another(bundles(json!(["a.b/c"])), json!({"signerName": "a.b/d"}), Rejected(
        "spec.volumes[0].projected.sources[0].clusterTrustBundle.signerName: Invalid value: \"a.b/d\": signer is not allowed to be used"))]
    #[case::by_name(bundles(json!(["a.b/c"])), json!({"name": "a.b:c:v1"}), Admitted)]
    #[case::by_name_of_another_signer(bundles(json!(["a.b/c"])), json!({"name": "a.b:cc:v1"}), Rejected(
        "spec.volumes[0].projected.sources[0].clusterTrustBundle.name: Invalid value: \"a.b:cc:v1\": signer is not allowed to be used"))]
    #[case::by_name_without_a_signer(bundles(json!(["a.b/*"])), json!({"name": "corporate"}), Rejected(
        "spec.volumes[0].projected.sources[0].clusterTrustBundle.name: Invalid value: \"corporate\": signer is not allowed to be used"))]
    #[case::any_by_name(bundles(json!(["*"])), json!({"name": "corporate"}), Admitted)]
    #[case::the_signer_counts_where_both_are_given(bundles(json!(["a.b/c"])), json!({"name": "a.b:c:v1", "signerName": "x.y/z"}), Rejected(
        "spec.volumes[0].projected.sources[0].clusterTrustBundle.signerName: Invalid value: \"x.y/z\": signer is not allowed to be used"))]
    fn judges_trust_bundles(#[case] policy: Value, #[case] bundle: Value, #[case] expected: Outcome) {
        judge_pod(policy, volume(json!([{"clusterTrustBundle": bundle}])), expected);
    }

    #[rstest]
    #[case::that_mounts_it(json!([{"name": "v"}]), Some(
        "spec.volumes[0].projected.sources[1].podCertificate.signerName: Invalid value: \"a.b/c\": signer is not allowed to be used"))]
    #[case::that_does_not(json!([]), None)]
    fn judges_what_is_there_for_an_added_container(#[case] mounts: Value, #[case] expected: Option<&str>) {
        let response = review_added(
            certificates(json!(["a.b/d"])),
            certificate("a.b/c"),
            json!({"volumeMounts": mounts}),
        );
        assert_eq!(response.rejection.as_deref(), expected);
    }

    #[rstest]
    #[case::empty("", "must not be empty")]
    #[case::star_inside("a.b/*/c", "a `*` may only be at the end")]
    #[case::two_stars("a.b/**", "a `*` may only be at the end")]
    #[case::no_path("example.com", "must be a domain, `/` and a path")]
    fn refuses_settings(#[case] name: &str, #[case] expected: &str) {
        for setting in ["allowedPodCertificateSigners", "allowedClusterTrustBundleSigners"] {
            let policy = json!({setting: ["a.b/c", "*", "a.b*", name]});
            let expected = format!("{setting}[3]: Invalid value: {name:?}: {expected}");
            assert_eq!(problems(&policy), expected);
        }
    }
}
