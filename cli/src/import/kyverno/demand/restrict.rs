//! Restrictions that add up.

use serde_json::Value;

use crate::import::neutral;
use crate::import::piece::Piece;

/// Restricts a field, in addition to what the piece demands of it; `None` if no value demands both.
pub(in crate::import::kyverno) fn restrict(
    piece: &mut Piece,
    field: &str,
    value: impl Into<Value>,
) -> Option<()> {
    let value = value.into();
    let value = match piece.spec.get(field) {
        Some(own) => neutral::both(field, own, &value)?,
        None => value,
    };
    piece.set(field, value);
    Some(())
}

/// Restricts an annotation; `None` if it has another value.
pub(super) fn annotate(piece: &mut Piece, key: &str, value: impl Into<Value>) -> Option<()> {
    let value = value.into();
    if piece.annotations.get(key).is_some_and(|own| *own != value) {
        return None;
    }
    piece.annotate(key, value);
    Some(())
}
