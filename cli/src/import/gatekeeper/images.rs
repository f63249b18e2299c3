//! `exemptImages`: containers that a constraint does not look at.

use pod_security_policy::settings::Settings;
use serde_json::{Map, Value, json};

use super::selection::Selection;
use crate::import::piece::Inexact;

/// The key of the parameter.
pub(super) const KEY: &str = "parameters.exemptImages";

/// What becomes of exempt images.
#[derive(Debug, Default)]
pub(super) struct Exempt {
    /// Whether every image is exempt.
    pub(super) all: bool,
    /// Whether any is.
    pub(super) any: bool,
    pub(super) exemptions: Vec<Map<String, Value>>,
    pub(super) inexact: Vec<Inexact>,
}

/// Reads the images that a constraint with this title exempts.
pub(super) fn read(images: &[String], title: &str, selection: &Selection) -> Exempt {
    if images.is_empty() {
        return Exempt::default();
    }
    let mut exempt = Exempt { all: images.iter().any(|image| image == "*"), any: true, ..Exempt::default() };
    if exempt.all {
        return exempt;
    }
    let mut note = |images: &[&String], is: &str, because: &str| {
        let images: Vec<String> = images.iter().map(|image| format!("`{image}`")).collect();
        exempt.inexact.push(Inexact {
            key: KEY.to_owned(),
            was: format!("containers of {} were exempt", images.join(", ")),
            is: is.to_owned(),
            because: because.to_owned(),
        });
    };
    if selection.namespaces.is_empty() {
        let because = "authors of pods choose images, so that they exempt only together with namespaces, which neither the constraint nor a dump names (--namespaces)";
        note(&images.iter().collect::<Vec<_>>(), "they are judged", because);
        return exempt;
    }
    let (sayable, unsayable): (Vec<_>, Vec<_>) =
        images.iter().partition(|image| pattern(image).is_some_and(|pattern| is_accepted(&pattern)));
    if !unsayable.is_empty() {
        let because = "an exemption names a whole image, or a registry or folder with `/*`";
        note(&unsayable, "they are judged", because);
    }
    if sayable.is_empty() {
        return exempt;
    }
    note(
        &sayable,
        "the same, by whatever name a runtime reads as that image",
        "`nginx` is `docker.io/library/nginx:latest`, where Gatekeeper compared texts",
    );
    if selection.is_open {
        note(
            &sayable,
            "the same, but not in namespaces that are made later",
            "an exemption names its namespaces",
        );
    }
    let patterns: Vec<String> = sayable.iter().filter_map(|image| pattern(image)).collect();
    let exemption = json!({"name": title, "reason": "exemptImages of a Gatekeeper constraint",
        "match": {"namespaces": selection.namespaces, "images": patterns}});
    exempt.exemptions.extend(exemption.as_object().cloned());
    exempt
}

/// The pattern of an exemption that matches an image of Gatekeeper's, or nothing more.
fn pattern(image: &str) -> Option<String> {
    if let Some(start) = image.strip_suffix('*') {
        return start.ends_with('/').then(|| image.to_owned());
    }
    let name = image.rsplit('/').next()?;
    Some(match (image.split_once('@'), name.contains(':')) {
        // Next to a digest a tag has no effect.
        (Some((tagged, digest)), _) => {
            let tag = tagged.rsplit('/').next()?.split_once(':').map_or(0, |(_, tag)| tag.len() + 1);
            let untagged = tagged.get(..tagged.len() - tag)?;
            format!("{untagged}@{digest}")
        }
        (None, true) => image.to_owned(),
        // Without a tag a pattern would match every one.
        (None, false) => format!("{image}:latest"),
    })
}

/// Whether settings accept a pattern.
fn is_accepted(pattern: &str) -> bool {
    let settings = json!({"podSecurityStandards": {"enforce": "baseline"}, "exemptions": [
        {"name": "x", "match": {"namespaces": ["x"], "images": [pattern]}, "rules": ["pss/*"]}]});
    Settings::parse(&settings.to_string()).is_ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::folder("safe.io/tools/*", Some("safe.io/tools/*"))]
    #[case::registry("safe.io/*", Some("safe.io/*"))]
    #[case::start_of_a_name("safe.io/tool-*", None)]
    #[case::without_a_tag("nginx", Some("nginx:latest"))]
    #[case::with_a_tag("safe.io:5000/nginx:1", Some("safe.io:5000/nginx:1"))]
    #[case::with_a_port("safe.io:5000/nginx", Some("safe.io:5000/nginx:latest"))]
    #[case::with_a_digest("safe.io:5000/nginx:1@sha256:ab", Some("safe.io:5000/nginx@sha256:ab"))]
    fn becomes_a_pattern(#[case] image: &str, #[case] expected: Option<&str>) {
        assert_eq!(pattern(image).as_deref(), expected);
    }

    #[test]
    fn malformed_images_are_not_accepted() {
        assert!(is_accepted("safe.io/*"));
        assert!(!is_accepted("Not An Image"));
    }
}
