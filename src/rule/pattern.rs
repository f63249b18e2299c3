//! Sysctl patterns and path prefixes.

use std::borrow::Cow;

use crate::json::Text;
use crate::schema::names::{is_alphanumeric, is_label};

/// A sysctl name, or the start of one when written with a `*` at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysctlPattern<'s> {
    written: Text<'s>,
    /// The dotted form, if it differs.
    dotted: Option<String>,
}

impl<'s> SysctlPattern<'s> {
    /// A pattern as written in a policy.
    pub fn new(text: Text<'s>) -> Self {
        let dotted = text.contains('/').then(|| dotted(&text).into_owned());
        SysctlPattern { written: text, dotted }
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.written
    }

    /// The pattern with every `/` written as a `.`.
    pub fn dotted(&self) -> &str {
        self.dotted.as_deref().unwrap_or(&self.written)
    }

    /// The prefix of the names that match, if the pattern is one.
    pub fn prefix(&self) -> Option<&str> {
        self.dotted().strip_suffix('*')
    }

    /// Whether the pattern matches `name`, which must be in its dotted form.
    pub fn matches(&self, name: &str) -> bool {
        match self.prefix() {
            Some(prefix) => name.starts_with(prefix),
            None => self.dotted() == name,
        }
    }

    /// Whether the dotted pattern is one that PodSecurityPolicy would have stored:
    /// `([a-z0-9]([-_a-z0-9]*[a-z0-9])?\.)*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]`
    pub fn is_well_formed(&self) -> bool {
        let dotted = self.dotted();
        let (parents, last) =
            dotted.rsplit_once('.').map_or((None, dotted), |(parents, last)| (Some(parents), last));
        let Some((end, start)) = last.as_bytes().split_last() else { return false };
        let start_is_well_formed = start.first().is_none_or(|first| is_alphanumeric(*first))
            && start.iter().all(|byte| is_alphanumeric(*byte) || b"-_".contains(byte));
        dotted.len() <= 253
            && (is_alphanumeric(*end) || *end == b'*')
            && start_is_well_formed
            && parents.is_none_or(|parents| parents.split('.').all(|label| is_label(label.as_bytes(), b"_")))
    }
}

/// The dotted form of a sysctl name: every `/` is a `.`.
///
/// `sysctl.d(5)` takes the first separator as the separator, and the other one as part of a name. Container runtimes do
/// not: `runc` and `crun` turn dots into slashes and open the path, so that `net.ipv4/ip_forward` sets what
/// `net.ipv4.ip_forward` sets.
pub fn dotted(name: &str) -> Cow<'_, str> {
    if name.contains('/') { Cow::Owned(name.replace('/', ".")) } else { Cow::Borrowed(name) }
}

/// Whether a path has an element `..`, which may lead out of what a prefix allows.
pub fn has_parent_element(path: &str) -> bool {
    path.split('/').any(|element| element == "..")
}

/// Whether a path of a node has an element `..`. On Windows `\` separates elements as well.
pub fn has_parent_dir(path: &str) -> bool {
    path.as_bytes().split(|byte| matches!(byte, b'/' | b'\\')).any(|element| element == b"..")
}

/// Whether `path` starts with `prefix` as `PodSecurityPolicy` compared text: at the end of the prefix, a path element
/// ends. A `/` at the end of either means nothing.
pub fn starts_with_folder(path: &str, prefix: &str) -> bool {
    let (path, prefix) = (path.strip_suffix('/').unwrap_or(path), prefix.strip_suffix('/').unwrap_or(prefix));
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether `path` is `prefix` or is under it. Both must be absolute; `.`, `//` and a trailing `/` mean nothing.
pub fn is_within(path: &str, prefix: &str) -> bool {
    cleaned_is_within(&cleaned(path), &cleaned(prefix))
}

/// [`is_within`] for paths that are [`cleaned`]: of a long path this is done once for all prefixes.
pub(crate) fn cleaned_is_within(path: &str, prefix: &str) -> bool {
    let rest = if prefix == "/" { Some(path) } else { path.strip_prefix(prefix) };
    path.starts_with('/')
        && prefix.starts_with('/')
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// An absolute path without `.`, `//` and a trailing `/`. Any other path stays as it is.
pub(crate) fn cleaned(path: &str) -> Cow<'_, str> {
    if is_clean(path.as_bytes()) {
        return Cow::Borrowed(path);
    }
    let mut clean = String::with_capacity(path.len());
    let mut start = 0;
    for element in path.as_bytes().split(|byte| *byte == b'/') {
        let end = start + element.len();
        if !matches!(element, b"" | b".") {
            clean.push('/');
            clean.push_str(path.get(start..end).unwrap_or_default());
        }
        start = end + 1;
    }
    if clean.is_empty() {
        clean.push('/');
    }
    Cow::Owned(clean)
}

fn is_clean(path: &[u8]) -> bool {
    let is_unclean = |[one, next]: &[u8; 2]| *one == b'/' && matches!(next, b'/' | b'.');
    // A trailing slash of the root is part of it.
    !path.starts_with(b"/") || path == b"/" || !(path.ends_with(b"/") || path.array_windows().any(is_unclean))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    /// The meaning of [`is_within`], element by element.
    fn element_by_element(path: &str, prefix: &str) -> bool {
        let elements = |path: &str| -> Vec<String> {
            let all = path.split('/').filter(|element| !element.is_empty() && *element != ".");
            all.map(str::to_owned).collect()
        };
        path.starts_with('/') && prefix.starts_with('/') && elements(path).starts_with(&elements(prefix))
    }

    proptest! {
        #![proptest_config(crate::testing::config(1_000))]

        #[test]
        fn compares_elements(path in "[/.ab]{0,9}", prefix in "[/.ab]{0,5}") {
            prop_assert_eq!(is_within(&path, &prefix), element_by_element(&path, &prefix));
        }
    }

    #[rstest]
    #[case::name("kernel.msgmax", "kernel.msgmax", true)]
    #[case::longer_name("kernel.msgmax", "kernel.msgmax2", false)]
    #[case::prefix("kernel.msg*", "kernel.msgmax", true)]
    #[case::prefix_alone("net.*", "net", false)]
    #[case::everything("*", "anything", true)]
    #[case::case_counts("kernel.msgmax", "kernel.MsgMax", false)]
    #[case::a_pattern_with_slashes("kernel/msg*", "kernel.msgmax", true)]
    #[case::a_pattern_with_both("net.ipv4/ip_forward", "net.ipv4.ip_forward", true)]
    fn matches(#[case] pattern: &str, #[case] name: &str, #[case] expected: bool) {
        assert_eq!(SysctlPattern::new(pattern.into()).matches(name), expected);
    }

    #[rstest]
    #[case::name("kernel.msgmax", true)]
    #[case::everything("*", true)]
    #[case::prefix("net.*", true)]
    #[case::prefix_within_a_label("kernel.msg*", true)]
    #[case::dash_and_underscore("a-b_c.d", true)]
    #[case::one_letter("a", true)]
    #[case::dash_before_the_end("a-*", true)]
    #[case::star_in_the_middle("net.*.x", false)]
    #[case::slash("kernel/msgmax", true)]
    #[case::both_separators("net/ipv4.conf/*", true)]
    #[case::two_separators("net./ipv4", false)]
    #[case::upper_case("Kernel", false)]
    #[case::dot_at_the_end("kernel.", false)]
    #[case::empty_label("a..b", false)]
    #[case::dash_at_the_end("a-", false)]
    #[case::dash_at_the_start("-a", false)]
    #[case::label_ending_in_a_dash("a-.b", false)]
    #[case::empty("", false)]
    #[case::two_stars("a**", false)]
    #[case::too_long(&"a".repeat(254), false)]
    fn is_well_formed(#[case] pattern: &str, #[case] expected: bool) {
        assert_eq!(SysctlPattern::new(pattern.into()).is_well_formed(), expected);
    }

    #[rstest]
    #[case::dots("kernel.msgmax", "kernel.msgmax")]
    #[case::slashes("kernel/msgmax", "kernel.msgmax")]
    #[case::slashes_around_a_dot("net/ipv4/conf/eth0.1/mtu", "net.ipv4.conf.eth0.1.mtu")]
    #[case::dots_around_a_slash("net.ipv4.conf.eth0/1.mtu", "net.ipv4.conf.eth0.1.mtu")]
    #[case::a_slash_after_a_dot("net.ipv4/ip_forward", "net.ipv4.ip_forward")]
    #[case::a_slash_at_either_end("/kernel/", ".kernel.")]
    #[case::neither("kernel", "kernel")]
    fn dots(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(dotted(name), expected);
    }

    #[rstest]
    #[case::itself("/foo", "/foo", true)]
    #[case::below("/foo/bar", "/foo", true)]
    #[case::sibling_with_the_same_start("/foobar", "/foo", false)]
    #[case::above("/", "/foo", false)]
    #[case::slash_at_the_end("/foo/", "/foo", true)]
    #[case::slash_at_the_end_of_the_prefix("/foo", "/foo/", true)]
    #[case::two_slashes("//foo//bar", "/foo", true)]
    #[case::dot("/foo/./bar", "/foo/bar", true)]
    #[case::root_holds_all("/etc", "/", true)]
    #[case::root_holds_itself("/", "/", true)]
    #[case::root_holds_no_relative_path("etc", "/", false)]
    #[case::root_holds_no_empty_path("", "/", false)]
    #[case::relative_prefix("/foo", "foo", false)]
    fn lies(#[case] path: &str, #[case] prefix: &str, #[case] expected: bool) {
        assert_eq!(is_within(path, prefix), expected);
    }

    #[rstest]
    #[case::in_the_middle("/foo/../etc", true)]
    #[case::at_the_end("/foo/..", true)]
    #[case::dots_in_a_name("/foo/..bar/b..z", false)]
    fn finds_the_way_up(#[case] path: &str, #[case] expected: bool) {
        assert_eq!(has_parent_element(path), expected);
        assert_eq!(has_parent_dir(path), expected);
    }

    #[rstest]
    #[case::of_windows(r"c:\data\..\windows", true)]
    #[case::behind_a_slash(r"/data/..\etc", true)]
    #[case::at_the_end(r"c:\data\..", true)]
    #[case::of_a_pipe(r"\\.\pipe\agent", false)]
    #[case::dots_in_a_name(r"c:\..data\b..z", false)]
    fn a_backslash_separates_on_some_nodes(#[case] path: &str, #[case] expected: bool) {
        assert_eq!(has_parent_dir(path), expected);
    }

    #[rstest]
    #[case::itself(r"\\.\pipe\agent", r"\\.\pipe\agent", true)]
    #[case::slash_at_the_end("c:/data/", "c:/data", true)]
    #[case::slash_at_the_end_of_the_prefix("c:/data", "c:/data/", true)]
    #[case::within("c:/data/a", "c:/data", true)]
    #[case::a_drive("c:/data", "c:", true)]
    #[case::sibling_with_the_same_start("c:/database", "c:/data", false)]
    #[case::case_counts("C:/data", "c:/data", false)]
    #[case::backslashes_end_no_folder(r"c:\data\a", r"c:\data", false)]
    #[case::not_cleaned("c:/./data/a", "c:/data", false)]
    fn starts(#[case] path: &str, #[case] prefix: &str, #[case] expected: bool) {
        assert_eq!(starts_with_folder(path, prefix), expected);
    }
}
