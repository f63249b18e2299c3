//! A constraint whose demands are being read.

use serde_json::Value;

use super::parameters::Parameters;
use crate::import::piece::Piece;

/// A constraint with its parameters.
#[derive(Debug)]
pub(super) struct Constraint<'o> {
    pub(super) parameters: Parameters<'o>,
    /// Whether containers of some images are exempt.
    pub(super) exempts: bool,
    /// Whether all containers are.
    pub(super) exempts_all: bool,
    /// What its pieces have in common.
    pub(super) base: Piece,
}

/// What a constraint demands.
pub(super) type Demanded = Result<Vec<Piece>, Why>;

/// Why a constraint becomes no piece.
#[derive(Debug)]
pub(super) enum Why {
    /// It rejects nothing.
    Nothing(String),
    /// Settings cannot say what it demands.
    Unsayable(String),
}

impl Why {
    pub(super) fn nothing<T>(reason: &str) -> Result<T, Why> {
        Err(Why::Nothing(reason.to_owned()))
    }

    pub(super) fn unsayable<T>(reason: &str) -> Result<T, Why> {
        Err(Why::Unsayable(reason.to_owned()))
    }
}

impl Constraint<'_> {
    /// A piece that demands nothing yet.
    pub(super) fn piece(&self) -> Piece {
        self.base.clone()
    }

    /// One piece that restricts one field.
    pub(super) fn restricts(&self, field: &str, value: impl Into<Value>) -> Demanded {
        let mut piece = self.piece();
        piece.set(field, value);
        Ok(vec![piece])
    }
}
