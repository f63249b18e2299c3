//! Projected volumes, of which one carries the service account's token.

use std::cell::OnceCell;

use crate::json::{Read, Reader, Tree, Value, lookup};

/// The text of a projected volume, and what has been found out about it.
#[derive(Debug, Clone)]
pub struct Projected<'a> {
    /// The text as it is in the object.
    pub text: &'a str,
    is_token: OnceCell<bool>,
}

impl<'a> Projected<'a> {
    /// A volume whose source has this text.
    pub fn new(text: &'a str) -> Self {
        Projected { text, is_token: OnceCell::new() }
    }

    /// Whether it holds only the sources of a service account's token. All policies of a list may ask, so it is read once.
    pub(crate) fn is_token(&self) -> bool {
        let read = |volume: Tree<'_>| holds_only_tokens(volume.root());
        *self.is_token.get_or_init(|| Reader::document(self.text).and_then(read).unwrap_or(false))
    }
}

/// Whether a projected volume holds only the sources of a service account's token (`IsOnlyServiceAccountTokenSources`).
///
/// Read only when `secret` is listed and `projected` is not. A volume that cannot be read is not one.
fn holds_only_tokens(volume: Value<'_, '_>) -> Read<bool> {
    each(volume, "sources", |source| {
        let at = |key| lookup::at(source, &[key]);
        let [token, map, api] = [at("serviceAccountToken")?, at("configMap")?, at("downwardAPI")?];
        Ok(!(token.is_null() && map.is_null() && api.is_null())
            && (token.is_null()
                || (says(token, &["path"], &["token"])? && says(token, &["audience"], &[""])?))
            && (map.is_null() || says(map, &["name"], &["kube-root-ca.crt"])?)
            && each(api, "items", |item| {
                Ok(says(item, &["path"], &["namespace"])?
                    // The API server sets an absent version to v1.
                    && says(item, &["fieldRef", "apiVersion"], &["", "v1"])?
                    && says(item, &["fieldRef", "fieldPath"], &["metadata.namespace"])?)
            })?)
    })
}

/// Whether the string at the end of a path is one of the known ones; an absent one is empty.
fn says(value: Value<'_, '_>, way: &[&str], known: &[&str]) -> Read<bool> {
    lookup::text(value, way).map(|text| known.contains(&&*text.unwrap_or_default()))
}

/// Whether all elements of a list in an object match; an absent list has none.
fn each(object: Value<'_, '_>, key: &str, mut fits: impl FnMut(Value<'_, '_>) -> Read<bool>) -> Read<bool> {
    let list = lookup::at(object, &[key])?;
    let mut all = list.is_null() || list.is_list();
    for element in list.elements() {
        all = all && fits(element)?;
    }
    Ok(all)
}
