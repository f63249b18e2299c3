//! The floor module.
