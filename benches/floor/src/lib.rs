//! The cheapest possible policy: it accepts every request unread.
//!
//! The cost of a call before a policy reads its payload (instantiating the module, copying the request in, the
//! response out) is that of the protocol. This module has that cost only, so that the time of a policy can be
//! expressed as a multiple of it. It is never changed to suit a ratio.

use wapc_guest::{CallResult, register_function};

/// Registers the three functions of the Kubewarden protocol. The host calls it once per instance.
#[expect(unsafe_code, reason = "the host looks for this function by its plain name")]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", accept);
    register_function("validate_settings", accept_settings);
    register_function("protocol_version", kubewarden_policy_sdk::protocol_version_guest);
}

fn accept(_payload: &[u8]) -> CallResult {
    kubewarden_policy_sdk::accept_request()
}

fn accept_settings(_payload: &[u8]) -> CallResult {
    Ok(br#"{"valid":true}"#.to_vec())
}
