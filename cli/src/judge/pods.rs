//! The pods of an object.

use pod_security_policy::json::{Read, Reader};
use pod_security_policy::pod::{Pod, template};

use super::requester::kind;
use crate::input::Object;

/// The pods of an object as policies see them, each with its path.
pub(crate) fn pods<'o>(object: &Object, json: &'o str) -> Read<Vec<(String, Pod<'o>)>> {
    let kind = kind(object);
    if kind.is_pod() {
        let mut pod: Pod<'_> = Reader::document(json)?;
        template::default_pod(&mut pod);
        if !object.is_live {
            // The API server will mount a token.
            template::complete(&mut pod, &kind, json)?;
        }
        return Ok(vec![(String::new(), pod)]);
    }
    let mut pods = Vec::new();
    if let Some(path) = template::built_in(&kind) {
        for template in template::find(json, &path)? {
            let mut pod = template::decode_pod(&template)?;
            template::complete(&mut pod, &kind, json)?;
            pods.push((format!("{}.", template.path), *pod));
        }
    }
    Ok(pods)
}
