//! The part of an object that identifies it.

/// What names an object, and what made it.
#[derive(Default)]
pub(super) struct Header {
    pub(super) api_version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) metadata: Metadata,
}

#[derive(Default)]
pub(super) struct Metadata {
    pub(super) name: Option<String>,
    pub(super) generate_name: Option<String>,
    pub(super) namespace: Option<String>,
    /// Whether it has a uid or a creation timestamp, which API servers set.
    pub(super) is_live: bool,
    pub(super) owners: Vec<Owned>,
}

/// An owner of an object.
#[derive(Default)]
pub(super) struct Owned {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) is_controller: bool,
}
