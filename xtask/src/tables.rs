//! What the tables of the code say about settings.

use pod_security_policy::rule::Entry;
use pod_security_policy::rules;
use pod_security_policy::schema::Shape;

/// The fields of a PodSecurityPolicy spec, with their shapes.
pub(crate) fn fields() -> impl Iterator<Item = (&'static Entry, Shape)> {
    rules::all().filter_map(|(_, entry)| Some((entry, entry.shape?)))
}

/// The annotations of a PodSecurityPolicy that count.
pub(crate) fn annotations() -> impl Iterator<Item = (&'static Entry, &'static str)> {
    rules::all().flat_map(|(_, entry)| entry.annotations.iter().map(move |name| (entry, *name)))
}

/// Whether a policy without this field is refused.
pub(crate) fn is_required(entry: &Entry) -> bool {
    entry.default == "must be given"
}

/// The meaning of a field, and the behaviour without it.
pub(crate) fn meaning(entry: &Entry) -> String {
    match is_required(entry) {
        true => entry.purpose.to_owned(),
        false => format!("{} Without it: {}.", entry.purpose, entry.default),
    }
}

/// What the annotations of an entry mean, without their names.
pub(crate) fn purpose(entry: &Entry) -> &str {
    entry.purpose.split_once(" Annotations:").map_or(entry.purpose, |(purpose, _)| purpose)
}

/// The row of a table in a page.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> String {
    format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}
