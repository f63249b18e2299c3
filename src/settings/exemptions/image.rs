//! References to images, read as container runtimes read them.
//!
//! `nginx` is `docker.io/library/nginx`, and `nginx-evil.io/x` is not `nginx`. A digest decides which image runs and a
//! tag next to it has no effect, so a pattern with a tag never matches a reference with a digest. A malformed reference
//! matches nothing.

use crate::schema::names::is_label;

/// A reference in its parts.
struct Reference<'r> {
    registry: &'r str,
    /// Whether the repository is one of Docker's own, which are written without `library/`.
    is_official: bool,
    repository: &'r str,
    tag: Option<&'r str>,
    digest: Option<&'r str>,
}

/// Why a text is not a pattern; `None` if it is one.
pub(super) fn problem(text: &str) -> Option<&'static str> {
    let Some(prefix) = text.strip_suffix("/*") else {
        return match Reference::read(text) {
            None => Some("must be the reference of an image, or the start of one with `/*` at its end"),
            Some(Reference { tag: Some(_), digest: Some(_), .. }) => {
                Some("must have either a tag or a digest: next to a digest, a tag has no effect")
            }
            Some(_) => None,
        };
    };
    let well_formed = is_registry(prefix)
        || Reference::read(prefix).is_some_and(|read| read.tag.is_none() && read.digest.is_none());
    (!well_formed).then_some("must be a registry or a folder in one before `/*`")
}

/// Whether a pattern matches an image.
pub(super) fn fits(pattern: &str, image: &str) -> bool {
    let Some(image) = Reference::read(image) else { return false };
    let Some(prefix) = pattern.strip_suffix("/*") else {
        let Some(wanted) = Reference::read(pattern) else { return false };
        return wanted.name() == image.name()
            && match (wanted.tag, wanted.digest) {
                (None, None) => true,
                (_, Some(digest)) => image.digest == Some(digest),
                (Some(tag), None) => image.digest.is_none() && image.tag.unwrap_or("latest") == tag,
            };
    };
    if is_registry(prefix) {
        return registry(prefix) == image.registry;
    }
    let (host, folder) = split(prefix);
    // `library` is the folder that Docker's own repositories are in.
    let inside = |repository: &str| repository.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    host == image.registry && if image.is_official { folder == "library" } else { inside(image.repository) }
}

impl<'r> Reference<'r> {
    /// What it is called without tag and digest.
    fn name(&self) -> (&'r str, bool, &'r str) {
        (self.registry, self.is_official, self.repository)
    }

    fn read(text: &'r str) -> Option<Self> {
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        // In front of a slash, a colon is that of a port.
        let tagged = rest.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'));
        let (name, tag) = tagged.map_or((rest, None), |(name, tag)| (name, Some(tag)));
        let (registry, path) = split(name);
        let (is_official, repository) = match path.strip_prefix("library/") {
            _ if registry != "docker.io" => (false, path),
            Some(own) if !own.contains('/') => (true, own),
            _ => (!path.contains('/'), path),
        };
        let well_formed = repository.split('/').all(|part| is_label(part.as_bytes(), b"._"))
            && is_host(registry)
            && tag.is_none_or(is_tag)
            && digest.is_none_or(is_digest);
        well_formed.then_some(Reference { registry, is_official, repository, tag, digest })
    }
}

/// Splits a name into its registry and the rest. Without a dot, a colon or `localhost` in front, it is Docker's.
fn split(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((host, rest)) if is_registry(host) => (registry(host), rest),
        _ => ("docker.io", name),
    }
}

/// Whether the first part of a name is a registry.
fn is_registry(part: &str) -> bool {
    let named = part.contains(['.', ':'])
        || part == "localhost"
        || part.bytes().any(|byte| byte.is_ascii_uppercase());
    named && is_host(part)
}

/// The canonical name of a registry.
fn registry(host: &str) -> &str {
    if host == "index.docker.io" { "docker.io" } else { host }
}

fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    is_made_of(name, b".-") && is_made_of(port, b"") && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= 128 && is_made_of(tag, b"_.-")
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        is_made_of(algorithm, b"")
            && hex.len() >= 32
            && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

/// Whether a text holds letters, digits and these signs, and nothing else.
fn is_made_of(text: &str, signs: &[u8]) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || signs.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const SHA: &str = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[rstest]
    #[case::itself("nginx", "nginx", true)]
    #[case::any_tag("nginx", "nginx:1.27", true)]
    #[case::any_digest("nginx", &format!("nginx{SHA}"), true)]
    #[case::in_full("nginx", "docker.io/library/nginx", true)]
    #[case::the_registrys_other_name("nginx", "index.docker.io/library/nginx:1", true)]
    #[case::in_full_and_short("docker.io/library/nginx", "nginx", true)]
    #[case::half_short("docker.io/nginx", "library/nginx", true)]
    #[case::s29_longer_name("nginx", "nginx-evil", false)]
    #[case::s29_longer_host("nginx", "nginx-evil.io/x", false)]
    #[case::s29_folder("nginx", "nginx/nginx", false)]
    #[case::s29_another_registry("nginx", "evil.io/library/nginx", false)]
    #[case::s29_a_registry_named_like_it("docker.io/library/nginx", "docker.io.evil.io/library/nginx", false)]
    #[case::library_is_a_folder_like_others_elsewhere("r.io/nginx", "r.io/library/nginx", false)]
    #[case::library_with_folders_is_no_short_name("a/b", "library/a/b", false)]
    #[case::a_port_is_part_of_the_registry("r.io/app", "r.io:5000/app", false)]
    #[case::a_port_is_no_tag("r.io:5000/app", "r.io:5000/app:1", true)]
    #[case::localhost("localhost/app", "localhost/app", true)]
    #[case::localhost_is_a_registry("localhost/app", "docker.io/localhost/app", false)]
    #[case::capitals_are_a_registrys("APP/web", "APP/web:1", true)]
    #[case::case_of_the_host("r.io/app", "R.io/app", false)]
    #[case::tag("r.io/app:1", "r.io/app:1", true)]
    #[case::another_tag("r.io/app:1", "r.io/app:2", false)]
    #[case::longer_tag("r.io/app:1", "r.io/app:1.1", false)]
    #[case::no_tag_is_latest("r.io/app:latest", "r.io/app", true)]
    #[case::no_tag_is_no_other("r.io/app:1", "r.io/app", false)]
    #[case::a_tag_says_nothing_beside_a_digest("r.io/app:1", &format!("r.io/app:1{SHA}"), false)]
    #[case::digest(&format!("r.io/app{SHA}"), &format!("r.io/app{SHA}"), true)]
    #[case::digest_beside_a_tag(&format!("r.io/app{SHA}"), &format!("r.io/app:9{SHA}"), true)]
    #[case::another_digest(&format!("r.io/app{SHA}"), &format!("r.io/app@sha256:{}", "0".repeat(64)), false)]
    #[case::no_digest(&format!("r.io/app{SHA}"), "r.io/app", false)]
    #[case::beneath_a_registry("r.io/*", "r.io/a/b/c:1", true)]
    #[case::beneath_another("r.io/*", "r.io.evil.io/a", false)]
    #[case::beneath_its_port("r.io/*", "r.io:5000/a", false)]
    #[case::beneath_a_folder("r.io/team/*", "r.io/team/app", true)]
    #[case::beneath_a_folder_at_any_depth("r.io/team/*", "r.io/team/sub/app", true)]
    #[case::a_folder_is_not_beneath_itself("r.io/team/*", "r.io/team", false)]
    #[case::s29_beneath_a_longer_folder("r.io/team/*", "r.io/team-evil/app", false)]
    #[case::climbing("r.io/team/*", "r.io/team/../evil/app", false)]
    #[case::beneath_dockers_folder("team/*", "docker.io/team/app", true)]
    #[case::a_folder_is_no_registry("team/*", "team.evil.io/app", false)]
    #[case::dockers_own("library/*", "nginx", true)]
    #[case::dockers_own_in_full("docker.io/library/*", "docker.io/library/nginx", true)]
    #[case::dockers_all("docker.io/*", "team/app", true)]
    #[case::dockers_all_are_not_dockers_own("docker.io/library/*", "team/app", false)]
    #[case::deep_beneath_library("docker.io/library/*", "docker.io/library/a/b", true)]
    #[case::empty("nginx", "", false)]
    #[case::white_space("nginx", "nginx ", false)]
    #[case::line_feed("nginx", "nginx\n", false)]
    #[case::upper_case("nginx", "NGINX", false)]
    #[case::empty_tag("nginx", "nginx:", false)]
    #[case::empty_part("r.io/*", "r.io//app", false)]
    #[case::short_digest("nginx", "nginx@sha256:00", false)]
    #[case::two_digests("nginx", &format!("nginx{SHA}{SHA}"), false)]
    #[case::a_user_in_the_registry("r.io/*", "r.io@evil.io/app", false)]
    fn fits(#[case] pattern: &str, #[case] image: &str, #[case] expected: bool) {
        assert_eq!((problem(pattern), super::fits(pattern, image)), (None, expected));
    }

    const NO_REFERENCE: &str = "must be the reference of an image, or the start of one with `/*` at its end";
    const NO_FOLDER: &str = "must be a registry or a folder in one before `/*`";

    #[rstest]
    #[case::empty("", NO_REFERENCE)]
    #[case::everything("*", NO_REFERENCE)]
    #[case::prefix("nginx*", NO_REFERENCE)]
    #[case::in_the_middle("r.io/*/app", NO_REFERENCE)]
    #[case::slash_at_the_end("r.io/team/", NO_REFERENCE)]
    #[case::slash_in_front("/app", NO_REFERENCE)]
    #[case::of_nothing("/*", NO_FOLDER)]
    #[case::twice("r.io/*/*", NO_FOLDER)]
    #[case::of_a_tag("r.io/app:1/*", NO_FOLDER)]
    #[case::both(&format!("r.io/app:1{SHA}"), "must have either a tag or a digest: next to a digest, a tag has no effect")]
    fn refuses(#[case] pattern: &str, #[case] expected: &str) {
        assert_eq!(problem(pattern), Some(expected));
    }
}
