//! One call: JSON through standard input, JSON to standard output.
//!
//! The page starts the module anew for each call. What the library borrows until the program ends, such as the text of
//! settings, is then gone with the call, however often someone types.

use std::io::{self, Read as _, Write as _};

fn main() -> io::Result<()> {
    let mut call = String::new();
    io::stdin().read_to_string(&mut call)?;
    io::stdout().write_all(web_functions::answer(&call).as_bytes())
}
