//! The custom section of a module with the policy's metadata.

use wasm_encoder::{CustomSection, Module, RawSection};
use wasmparser::{Parser, Payload};

use crate::{Error, Metadata};

/// The section's name, by which kwctl, the policy server and catalogues find it.
const METADATA: &str = "io.kubewarden.metadata";

impl Metadata {
    /// Reads the metadata of a module; nothing if it has none.
    ///
    /// # Errors
    ///
    /// When the bytes are not a module, or the section cannot be parsed.
    pub fn of_module(module: &[u8]) -> Result<Option<Self>, Error> {
        for payload in Parser::new(0).parse_all(module) {
            if let Payload::CustomSection(section) = payload.map_err(not_a_module)?
                && section.name() == METADATA
            {
                return serde_json::from_slice(section.data()).map(Some).map_err(Error::MetadataNotRead);
            }
        }
        Ok(None)
    }

    /// The module with this metadata, replacing any existing one. All other sections are copied to the byte.
    ///
    /// # Errors
    ///
    /// When the bytes are not a module.
    pub fn written_into(&self, module: &[u8]) -> Result<Vec<u8>, Error> {
        let text = serde_json::to_vec(self).map_err(Error::PayloadNotWritten)?;
        let mut annotated = Module::new();
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload.map_err(not_a_module)?;
            if matches!(&payload, Payload::CustomSection(section) if section.name() == METADATA) {
                continue;
            }
            if let Some((id, data)) =
                payload.as_section().and_then(|(id, range)| Some((id, module.get(range)?)))
            {
                annotated.section(&RawSection { id, data });
            }
        }
        annotated.section(&CustomSection { name: METADATA.into(), data: text.into() });
        Ok(annotated.finish())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn not_a_module(error: wasmparser::BinaryReaderError) -> Error {
    Error::ModuleNotLoaded(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(mutating: bool) -> Metadata {
        Metadata::from_yaml(&format!("rules: []\nmutating: {mutating}\n")).unwrap()
    }

    #[test]
    fn what_was_written_is_read_and_the_rest_is_as_it_was() {
        let module =
            wat::parse_str(r#"(module (memory 1) (data (i32.const 0) "x") (func (export "f")))"#).unwrap();
        assert_eq!(Metadata::of_module(&module).unwrap(), None);

        let annotated = metadata(true).written_into(&module).unwrap();

        assert_eq!(Metadata::of_module(&annotated).unwrap(), Some(metadata(true)));
        assert!(annotated.starts_with(&module));
    }

    #[test]
    fn writing_again_replaces() {
        let once = metadata(true).written_into(&wat::parse_str("(module)").unwrap()).unwrap();
        let again = metadata(false).written_into(&once).unwrap();

        assert_eq!(Metadata::of_module(&again).unwrap(), Some(metadata(false)));
        assert_eq!(metadata(true).written_into(&again).unwrap(), once);
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(matches!(Metadata::of_module(b"text"), Err(Error::ModuleNotLoaded(_))));
        assert!(matches!(metadata(true).written_into(b"text"), Err(Error::ModuleNotLoaded(_))));
    }
}
