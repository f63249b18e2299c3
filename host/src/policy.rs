//! A module, loaded once, and its instances: a new one for every request, as on the policy server.

use std::{fs, path::Path, sync::Arc};

use serde_json::Value;

#[cfg(not(feature = "server"))]
use crate::interpreter::{Guest, Module};
#[cfg(feature = "server")]
use crate::server::{Guest, Module};
use crate::{
    Error,
    host_calls::HostCalls,
    request::{AdmissionRequest, Settings, payload},
    response::{AdmissionResponse, SettingsVerdict},
};

/// A policy module, compiled and ready to be instantiated.
pub struct Policy {
    module: Module,
    size: usize,
}

impl Policy {
    /// Compiles the module in a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is not a module.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let module = fs::read(path).map_err(|reason| Error::FileNotRead { path: path.into(), reason })?;
        let loaded = match module.starts_with(b"\0asm") {
            true => Self::load(&module),
            false => Err(Error::ModuleNotLoaded("it is not WebAssembly".to_owned())),
        };
        loaded.map_err(|error| error.in_file(path))
    }

    /// Compiles a module, given as WebAssembly or as its text form.
    ///
    /// # Errors
    ///
    /// When it is not a module, or imports functions that a policy may not use.
    pub fn load(module: &[u8]) -> Result<Self, Error> {
        Ok(Self { module: Module::load(module)?, size: module.len() })
    }

    /// The module's size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// A new instance that handles calls in sequence: a warm policy.
    ///
    /// # Errors
    ///
    /// When the module fails while it starts.
    pub fn instance(&self, host_calls: Arc<dyn HostCalls>) -> Result<Instance, Error> {
        Ok(Instance { guest: self.module.instantiate(host_calls)? })
    }

    /// A new instance whose calls may each take so many seconds, where [`instance`](Self::instance) allows two.
    ///
    /// # Errors
    ///
    /// When the module fails while it starts.
    #[cfg(feature = "server")]
    pub fn instance_within(&self, seconds: u64, host_calls: Arc<dyn HostCalls>) -> Result<Instance, Error> {
        Ok(Instance { guest: self.module.instantiate_within(seconds, host_calls)? })
    }

    /// Evaluates a request on a new instance, given as JSON. The settings are not validated first.
    ///
    /// # Errors
    ///
    /// When request or settings cannot be read, or the module fails while it starts. A later error of the policy is a
    /// rejection.
    pub fn validate(
        &self,
        request_json: &str,
        settings_json: &str,
        host_calls: Arc<dyn HostCalls>,
    ) -> Result<AdmissionResponse, Error> {
        let request = AdmissionRequest::from_json(request_json)?;
        let settings = Settings::from_json(settings_json)?;
        self.instance(host_calls)?.review(&request, &settings)
    }

    /// Validates settings on a new instance, given as JSON.
    ///
    /// # Errors
    ///
    /// When the settings cannot be read, or the module fails while it starts.
    pub fn validate_settings(
        &self,
        settings_json: &str,
        host_calls: Arc<dyn HostCalls>,
    ) -> Result<SettingsVerdict, Error> {
        let settings = Settings::from_json(settings_json)?;
        self.instance(host_calls)?.validate_settings(&settings)
    }
}

/// One instance of a policy. A server creates one for every request; a warm one handles many.
#[derive(Debug)]
pub struct Instance {
    guest: Guest,
}

impl Instance {
    /// Calls a function of the guest by its waPC name.
    ///
    /// # Errors
    ///
    /// When the guest returns an error, traps, or takes too long.
    pub fn call(&self, operation: &str, payload: &[u8]) -> Result<Vec<u8>, Error> {
        self.guest.call(operation, payload)
    }

    /// Evaluates a request.
    ///
    /// # Errors
    ///
    /// When the payload cannot be written. An error of the policy is a rejection.
    pub fn review(
        &self,
        request: &AdmissionRequest,
        settings: &Settings,
    ) -> Result<AdmissionResponse, Error> {
        Ok(self.respond(&request.uid, request.object.as_ref(), &request.payload(settings)?))
    }

    /// Evaluates a request of any form: a policy may be about more than the API server's.
    ///
    /// # Errors
    ///
    /// As [`review`](Self::review).
    pub fn review_raw(&self, request: &Value, settings: &Settings) -> Result<AdmissionResponse, Error> {
        let uid = request.get("uid").and_then(Value::as_str).unwrap_or_default();
        Ok(self.respond(uid, Some(request), &payload(request, settings)?))
    }

    fn respond(&self, uid: &str, object: Option<&Value>, payload: &[u8]) -> AdmissionResponse {
        match self.call("validate", payload) {
            Ok(answer) => AdmissionResponse::from_guest(uid, object, &answer),
            Err(Error::OutOfTime) => AdmissionResponse::out_of_time(uid),
            Err(error) => AdmissionResponse::internal_server_error(uid, error),
        }
    }

    /// Validates settings with the policy. A policy that fails to respond rejects them.
    ///
    /// # Errors
    ///
    /// When the payload cannot be written.
    pub fn validate_settings(&self, settings: &Settings) -> Result<SettingsVerdict, Error> {
        let answer = self.call("validate_settings", &settings.payload()?);
        let verdict = answer
            .map_err(|error| format!("Error invoking settings validation callback: {error}"))
            .and_then(|answer| {
                serde_json::from_slice(&answer)
                    .map_err(|error| format!("error: invalid response from policy: {error}"))
            });
        Ok(verdict.unwrap_or_else(|message| SettingsVerdict { valid: false, message: Some(message) }))
    }

    /// The version of the Kubewarden protocol that the policy speaks.
    ///
    /// # Errors
    ///
    /// When the policy does not report a version, or an invalid one.
    pub fn protocol_version(&self) -> Result<String, Error> {
        let answer = self.call("protocol_version", &[])?;
        serde_json::from_slice(&answer)
            .map_err(|error| Error::CallFailed(format!("protocol version is not a JSON string: {error}")))
    }
}
