//! The pods of an object.

use pod_security_policy::json::{Read, Reader};
use pod_security_policy::pod::Pod;
use pod_security_policy::pod::template;

use super::asker::kind;
use super::sent::was_sent;
use crate::input::Object;

/// The pods of an object as policies see them, with the way to each.
pub(crate) fn pods<'o>(object: &Object, json: &'o str) -> Read<Vec<(String, Pod<'o>)>> {
    let kind = kind(object);
    if kind.is_pod() {
        let mut pod: Pod<'_> = Reader::document(json)?;
        workloads::default_pod(&mut pod);
        if !was_sent(json) {
            // The API server is going to mount a token.
            workloads::complete(&mut pod, &kind, json)?;
        }
        return Ok(vec![(String::new(), pod)]);
    }
    let mut pods = Vec::new();
    if let Some(path) = workloads::built_in(&kind) {
        for template in workloads::find(json, &path)? {
            let mut pod = workloads::decode_pod(&template)?;
            workloads::complete(&mut pod, &kind, json)?;
            pods.push((format!("{}.", template.path), pod));
        }
    }
    Ok(pods)
}
