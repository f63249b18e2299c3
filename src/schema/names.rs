//! Names as Kubernetes spells them.

/// The definition of a DNS-1123 subdomain, in the API server's words.
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Why a name is not a DNS-1123 subdomain; `None` if it is one.
#[must_use]
pub fn subdomain_problem(name: &str) -> Option<&'static str> {
    if name.len() > 253 {
        return Some("must be no more than 253 characters");
    }
    let well_formed = name.split('.').all(|label| is_label(label.as_bytes(), b""));
    (!well_formed).then_some(SUBDOMAIN)
}

/// Why a text is not the name of a label, which is a name with an optional prefix: `app`, `example.org/app`.
pub(crate) fn label_problem(text: &str) -> Option<&'static str> {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let ends = [name.chars().next(), name.chars().next_back()];
    let well_formed = name.len() <= 63
        && ends.into_iter().all(|end| end.is_some_and(|end| end.is_ascii_alphanumeric()))
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && prefix.is_none_or(|prefix| subdomain_problem(prefix).is_none());
    (!well_formed).then_some("must be the name of a label, such as `example.org/team`")
}

/// Whether a label starts and ends with a lower-case letter or a digit and holds nothing else but `-` and `extra`.
pub(crate) fn is_label(label: &[u8], extra: &[u8]) -> bool {
    let ends = [label.first(), label.last()];
    ends.into_iter().all(|end| end.is_some_and(|byte| is_alphanumeric(*byte)))
        && label.iter().all(|byte| is_alphanumeric(*byte) || *byte == b'-' || extra.contains(byte))
}

/// Whether a byte is a lower-case letter or a digit.
pub(crate) fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("app", true)]
    #[case::all_characters("App-1_a.B", true)]
    #[case::with_a_prefix("resource.kubernetes.io/admin-access", true)]
    #[case::longest(&"a".repeat(63), true)]
    #[case::too_long(&"a".repeat(64), false)]
    #[case::empty("", false)]
    #[case::a_prefix_alone("example.org/", false)]
    #[case::an_empty_prefix("/app", false)]
    #[case::two_prefixes("a/b/c", false)]
    #[case::a_pattern("example.org/*", false)]
    #[case::a_prefix_in_upper_case("Example.org/app", false)]
    #[case::a_dash_at_the_end("app-", false)]
    fn names_of_labels(#[case] text: &str, #[case] is_one: bool) {
        assert_eq!(label_problem(text).is_none(), is_one);
    }

    #[rstest]
    #[case::one_label("a")]
    #[case::labels("a.b-c.0d")]
    #[case::longest(&"a".repeat(253))]
    fn accepts(#[case] name: &str) {
        assert_eq!(subdomain_problem(name), None);
    }

    #[rstest]
    #[case::empty("")]
    #[case::upper_case("A")]
    #[case::underscore("a_b")]
    #[case::dash_at_the_end("a-")]
    #[case::empty_label("a..b")]
    #[case::dot_at_the_end("a.")]
    fn refuses(#[case] name: &str) {
        assert_eq!(subdomain_problem(name), Some(SUBDOMAIN));
    }

    #[test]
    fn refuses_254_characters() {
        assert_eq!(subdomain_problem(&"a".repeat(254)), Some("must be no more than 253 characters"));
    }
}
