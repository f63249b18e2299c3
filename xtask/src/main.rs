//! `cargo xtask`: writes the generated files, and names those that changed.

use anyhow::Result;

fn main() -> Result<()> {
    for file in xtask::generated()?.into_iter().chain([xtask::counted()?]) {
        if file.write()? {
            eprintln!("{}", file.path);
        }
    }
    Ok(())
}
