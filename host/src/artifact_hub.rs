//! The Artifact Hub package of a policy: `artifacthub-pkg.yml`, made from the metadata.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{Error, Metadata, yaml::to_yaml};

/// The package file of Artifact Hub, with the fields that Kubewarden policies use.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "Artifact Hub's own names")]
pub struct ArtifactHubPackage {
    pub version: Version,
    pub name: String,
    pub display_name: String,
    pub created_at: String,
    pub description: String,
    pub license: String,
    #[serde(rename = "homeURL")]
    pub home_url: String,
    pub containers_images: Vec<ContainerImage>,
    pub keywords: Vec<String>,
    pub links: Vec<Link>,
    pub install: String,
    pub maintainers: Vec<Maintainer>,
    pub provider: Provider,
    pub recommendations: Vec<Recommendation>,
    pub annotations: BTreeMap<String, String>,
}

/// Where the module is pulled from.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "Artifact Hub's own names")]
pub struct ContainerImage {
    pub name: String,
    pub image: String,
}

/// A page about the policy.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "Artifact Hub's own names")]
pub struct Link {
    pub name: String,
    pub url: String,
}

/// The maintainer.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "Artifact Hub's own names")]
pub struct Maintainer {
    pub name: String,
    pub email: String,
}

/// The provider of this kind of package.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "Artifact Hub's own names")]
pub struct Provider {
    pub name: String,
}

/// A recommended package.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "Artifact Hub's own names")]
pub struct Recommendation {
    pub url: String,
}

impl ArtifactHubPackage {
    /// Makes the package file from the metadata.
    ///
    /// # Errors
    ///
    /// When the metadata lacks an annotation that Artifact Hub needs, or has a malformed one.
    pub fn new(metadata: &Metadata, created_at: &str, questions: Option<String>) -> Result<Self, Error> {
        let policy = |key: &str| metadata.annotation(&format!("io.kubewarden.policy.{key}"));
        let hub = |key: &str| metadata.annotation(&format!("io.artifacthub.{key}"));
        let version = Version::parse(policy("version")?).map_err(|error| {
            Error::MetadataRefused(format!("annotations[io.kubewarden.policy.version]: {error}"))
        })?;
        let image = format!("{}:v{version}", policy("ociUrl")?);
        let source = policy("source")?;
        let mut annotations = BTreeMap::from([
            ("kubewarden/mutation".to_owned(), metadata.mutating.to_string()),
            ("kubewarden/resources".to_owned(), hub("resources")?.to_owned()),
            ("kubewarden/rules".to_owned(), to_yaml(&metadata.rules)?),
        ]);
        if !metadata.context_aware_resources.is_empty() {
            let resources = to_yaml(&metadata.context_aware_resources)?;
            annotations.insert("kubewarden/contextAwareResources".to_owned(), resources);
        }
        annotations.extend(questions.map(|questions| ("kubewarden/questions-ui".to_owned(), questions)));
        Ok(Self {
            name: policy("title")?.to_owned(),
            display_name: hub("displayName")?.to_owned(),
            created_at: created_at.to_owned(),
            description: policy("description")?.to_owned(),
            license: policy("license")?.to_owned(),
            home_url: policy("url")?.to_owned(),
            keywords: hub("keywords")?.split(',').map(|word| word.trim().to_owned()).collect(),
            links: vec![
                Link {
                    name: "policy".to_owned(),
                    url: format!("{source}/releases/download/v{version}/policy.wasm"),
                },
                Link { name: "source".to_owned(), url: source.to_owned() },
            ],
            install: install(&image),
            maintainers: policy("author")?.split(',').map(maintainer).collect::<Result<_, _>>()?,
            provider: Provider { name: "kubewarden".to_owned() },
            recommendations: vec![Recommendation {
                url: "https://artifacthub.io/packages/helm/kubewarden/kubewarden-controller".to_owned(),
            }],
            containers_images: vec![ContainerImage { name: "policy".to_owned(), image }],
            annotations,
            version,
        })
    }
}

/// `Name <address>`
fn maintainer(text: &str) -> Result<Maintainer, Error> {
    let parts = text.trim().strip_suffix('>').and_then(|text| text.split_once('<'));
    match parts.map(|(name, email)| (name.trim(), email.trim())) {
        Some((name, email)) if !name.is_empty() && email.contains('@') => {
            Ok(Maintainer { name: name.to_owned(), email: email.to_owned() })
        }
        _ => Err(Error::MetadataRefused(
            "annotations[io.kubewarden.policy.author]: must be `Name <address>`, several joined by `,`"
                .to_owned(),
        )),
    }
}

fn install(image: &str) -> String {
    format!(
        "Apply the [pair of registrations](https://github.com/pod-security-policy/pod-security-policy/tree/main/manifests), \
         or write a first one from the module:\n\
         ```console\n\
         kwctl pull registry://{image}\n\
         kwctl scaffold manifest --type ClusterAdmissionPolicy registry://{image}\n\
         ```\n"
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one("Ada <ada@example.com>", "Ada", "ada@example.com")]
    #[case::spaces("  Ada L.  < ada@example.com > ", "Ada L.", "ada@example.com")]
    fn maintainers_have_a_name_and_an_address(#[case] text: &str, #[case] name: &str, #[case] email: &str) {
        let expected = Maintainer { name: name.to_owned(), email: email.to_owned() };

        assert_eq!(maintainer(text).unwrap(), expected);
    }

    #[rstest]
    #[case::no_address("Ada")]
    #[case::no_name("<ada@example.com>")]
    #[case::not_an_address("Ada <ada>")]
    #[case::open("Ada <ada@example.com")]
    fn others_are_refused(#[case] text: &str) {
        let reported = maintainer(text).unwrap_err().to_string();

        assert_eq!(
            reported,
            "metadata: annotations[io.kubewarden.policy.author]: must be `Name <address>`, several joined by `,`"
        );
    }
}
