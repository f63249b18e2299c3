//! Sysctl patterns and path prefixes.

use std::borrow::Cow;

use crate::json::Text;
use crate::names::{is_alphanumeric, is_label};

/// A sysctl name, or the start of one when written with a `*` at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysctlPattern<'s>(Text<'s>);

impl<'s> SysctlPattern<'s> {
    /// A pattern as a policy writes it.
    pub fn new(text: Text<'s>) -> Self {
        SysctlPattern(text)
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What names must start with, if this is the start of one.
    pub fn prefix(&self) -> Option<&str> {
        self.0.strip_suffix('*')
    }

    /// Whether the pattern stands for `name`, which must be in its dotted form.
    pub fn matches(&self, name: &str) -> bool {
        match self.prefix() {
            Some(prefix) => name.starts_with(prefix),
            None => self.0 == name,
        }
    }

    /// Whether the pattern is one that PodSecurityPolicy would have stored:
    /// `([a-z0-9]([-_a-z0-9]*[a-z0-9])?\.)*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]`
    pub fn is_well_formed(&self) -> bool {
        let (parents, last) = match self.0.rsplit_once('.') {
            Some((parents, last)) => (Some(parents), last),
            None => (None, &*self.0),
        };
        let Some((end, start)) = last.as_bytes().split_last() else { return false };
        let start_is_well_formed = start.first().is_none_or(|first| is_alphanumeric(*first))
            && start.iter().all(|byte| is_alphanumeric(*byte) || b"-_".contains(byte));
        self.0.len() <= 253
            && (is_alphanumeric(*end) || *end == b'*')
            && start_is_well_formed
            && parents.is_none_or(|parents| parents.split('.').all(|label| is_label(label.as_bytes(), b"_")))
    }
}

/// The dotted form of a sysctl name.
///
/// The kernel takes `kernel/msgmax` for `kernel.msgmax`: whichever separator comes first separates, and the other one
/// then stands for itself (`net/ipv4/conf/eth0.1/mtu` is `net.ipv4.conf.eth0/1.mtu`), as `sysctl.d(5)` has it.
pub fn dotted(name: &str) -> Cow<'_, str> {
    match name.find(['.', '/']).and_then(|at| name.as_bytes().get(at)) {
        Some(b'/') => name
            .chars()
            .map(|character| match character {
                '/' => '.',
                '.' => '/',
                other => other,
            })
            .collect(),
        _ => Cow::Borrowed(name),
    }
}

/// Whether a path has an element `..`, which may lead out of what a prefix allows.
pub fn leads_up(path: &str) -> bool {
    path.split('/').any(|element| element == "..")
}

/// Whether `path` is `prefix` or lies beneath it. Both must be absolute; `.`, `//` and a trailing `/` mean nothing.
pub fn lies_beneath(path: &str, prefix: &str) -> bool {
    let mut elements = elements(path);
    path.starts_with('/')
        && prefix.starts_with('/')
        && self::elements(prefix).all(|e| elements.next() == Some(e))
}

fn elements(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|element| !element.is_empty() && *element != ".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::name("kernel.msgmax", "kernel.msgmax", true)]
    #[case::longer_name("kernel.msgmax", "kernel.msgmax2", false)]
    #[case::prefix("kernel.msg*", "kernel.msgmax", true)]
    #[case::prefix_alone("net.*", "net", false)]
    #[case::everything("*", "anything", true)]
    #[case::case_counts("kernel.msgmax", "kernel.MsgMax", false)]
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
    #[case::slash("kernel/msgmax", false)]
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
    #[case::slashes_around_a_dot("net/ipv4/conf/eth0.1/mtu", "net.ipv4.conf.eth0/1.mtu")]
    #[case::dots_around_a_slash("net.ipv4.conf.eth0/1.mtu", "net.ipv4.conf.eth0/1.mtu")]
    #[case::neither("kernel", "kernel")]
    fn dots(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(dotted(name), expected);
    }

    #[rstest]
    #[case::itself("/foo", "/foo", true)]
    #[case::beneath("/foo/bar", "/foo", true)]
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
        assert_eq!(lies_beneath(path, prefix), expected);
    }

    #[rstest]
    #[case::in_the_middle("/foo/../etc", true)]
    #[case::at_the_end("/foo/..", true)]
    #[case::dots_in_a_name("/foo/..bar/b..z", false)]
    fn finds_the_way_up(#[case] path: &str, #[case] expected: bool) {
        assert_eq!(leads_up(path), expected);
    }
}
