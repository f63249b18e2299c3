//! A waPC host.
fn main() {}
