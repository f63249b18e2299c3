//! A projected volume can ask any signer of the cluster for a certificate in the name of the pod, and hold the trust
//! anchors of any.
//!
//! The API server looks at the form of a signer's name alone, and the signer decides whom it trusts. A bundle that is
//! chosen by its own name belongs to the signer that the name starts with, as the API server demands of bundles:
//! `example.com:ca:v1` to `example.com/ca`. One without such a start has no signer, so that only `*` lists it.

use crate::json::{Brief, Quoted, Read, Reader, Text, decode, once};
use crate::pod::volume_type::VolumeTypes;
use crate::pod::{Pod, Projected, VolumeDetail};
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::rules::is_refused_by_type;
use crate::schema::Shape;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: Source::Certificate.setting(),
        purpose: "The signers whose certificates `projected` volumes may hold.",
        pod_fields: "`volumes[*].projected.sources[*].podCertificate.signerName`",
        ..SIGNERS
    },
    Entry {
        id: Source::TrustBundle.setting(),
        purpose: "The signers whose trust anchors `projected` volumes may hold.",
        pod_fields: "`signerName` and `name` of `volumes[*].projected.sources[*].clusterTrustBundle`",
        ..SIGNERS
    },
];

/// The common part of the two.
const SIGNERS: Entry = Entry {
    shape: Some(Shape::List(&Shape::Text)),
    reads: &["volumes"],
    default: "empty: every signer is allowed, if `volumes` lists `projected`",
    ..Entry::USUAL
};

/// A source of a projected volume that names a signer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Certificate,
    TrustBundle,
}

/// Refuses signers that are not listed; a `*` at the end of a name matches the rest.
pub(crate) struct Signers<'s> {
    source: Source,
    types: VolumeTypes,
    allowed: Vec<Text<'s>>,
}

decode! {
    /// What a source names. It is read in passing: a volume can have very many sources.
    struct Named<'a> {
        signer_name: Text<'a> = "signerName",
        name: Text<'a> = "name",
    }
}

/// The domain of a signer, and its path in that; a signer without a path has none.
type Signer<'n> = (&'n str, Option<&'n str>);

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

    /// Shows each source of a projected volume, as JSON, that is of this kind, with its index.
    fn each<'a>(self, volume: &'a str, show: &mut dyn FnMut(usize, &Named<'a>)) -> Read<()> {
        let mut seen = 0;
        Reader::new(volume).object(|reader, key| {
            if key != "sources" {
                return reader.skip_unchecked();
            }
            once(&mut seen, 0)?;
            if reader.null()? {
                return Ok(());
            }
            reader.list(|reader, index| {
                let mut seen = 0;
                reader.object(|reader, key| {
                    if key != self.key() {
                        return reader.skip_unchecked();
                    }
                    once(&mut seen, 0)?;
                    if !reader.null()? {
                        show(index, &reader.value()?);
                    }
                    Ok(())
                })
            })
        })
    }

    /// The field that names the signer, its value, and the signer.
    fn signer<'n>(self, named: &'n Named<'_>) -> (&'static str, &'n str, Signer<'n>) {
        let Named { signer_name, name } = named;
        if self == Source::TrustBundle && signer_name.is_empty() && !name.is_empty() {
            let signer = name.rsplit_once(':').map_or("", |(signer, _)| signer);
            return ("name", name, split(signer, ':'));
        }
        ("signerName", signer_name, split(signer_name, '/'))
    }
}

fn split(signer: &str, separator: char) -> Signer<'_> {
    signer.split_once(separator).map_or((signer, None), |(domain, path)| (domain, Some(path)))
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
            spec.invalid(format_args!("{}[{index}]", source.setting()), Quoted(name), problem);
        }
    }
    if allowed.is_empty() { None } else { Some(Signers { source, types: spec.volume_types(), allowed }) }
}

impl Signers<'_> {
    fn allow(&self, (domain, path): Signer<'_>) -> bool {
        self.allowed.iter().any(|allowed| {
            let start = allowed.strip_suffix('*');
            match split(start.unwrap_or(allowed), '/') {
                (of, None) => start.is_some() && domain.starts_with(of),
                (of, Some(rest)) => {
                    let fits = |path: &str| path.starts_with(rest) && (start.is_some() || path == rest);
                    domain == of && path.is_some_and(fits)
                }
            }
        })
    }
}

impl Rule for Signers<'_> {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, volume) in pod.judged_volumes() {
            let Some(VolumeDetail::Projected(Projected { text, .. })) = volume.detail() else { continue };
            if is_refused_by_type(volume, self.types, found) {
                continue;
            }
            let key = self.source.key();
            let read = self.source.each(text, &mut |nth, named| {
                let (field, value, signer) = self.source.signer(named);
                if !self.allow(signer) {
                    let field = format_args!("spec.volumes[{index}].projected.sources[{nth}].{key}.{field}");
                    found.invalid(field, Quoted(value), "signer is not allowed to be used");
                }
            });
            // What cannot be read cannot be allowed.
            if let Err(error) = read {
                let field = format_args!("spec.volumes[{index}].projected");
                found.forbidden(field, Brief(&error.to_string()));
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
    #[case::of_another_start(certificates(json!(["exam*"])), certificate("other.com/ab"), Rejected(
        "spec.volumes[0].projected.sources[1].podCertificate.signerName: Invalid value: \"other.com/ab\": signer is not allowed to be used"))]
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
