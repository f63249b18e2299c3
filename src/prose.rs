//! Sentences for people who read documentation.

/// A sentence that tools and documents print. The module prints none of them and is the smaller for it.
pub(crate) const fn prose(sentence: &'static str) -> &'static str {
    if cfg!(target_arch = "wasm32") { "" } else { sentence }
}
