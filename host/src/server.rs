//! The engine of the policy server.
//!
//! Engine, pre-instantiated module and time limit are those of the policy server 1.36, so that measurements here match
//! the cost in a cluster.

use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use wapc::WapcHost;
use wasmtime_provider::{
    EpochDeadlines, WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre,
    wasmtime::{self, Config, Engine},
};

use crate::{
    Error,
    host_calls::{HostCalls, dispatch},
};

/// The server's clock ticks once a second, and interrupts a policy at the second tick.
const TICK: Duration = Duration::from_secs(1);
const DEADLINE: u64 = 2;

/// The provider's message for an interrupted call. It has no error type of its own.
const INTERRUPTED: &str = "guest code interrupted, execution deadline exceeded";

/// As above, where the module was still starting.
const INTERRUPTED_AT_START: &str = "init interrupted, execution deadline exceeded";

/// A compiled module.
pub(crate) struct Module {
    prepared: WasmtimeEngineProviderPre,
    clock: Arc<Clock>,
}

impl Module {
    pub(crate) fn load(module: &[u8]) -> Result<Self, Error> {
        let engine = Engine::new(&configuration()).map_err(not_loaded)?;
        let compiled = wasmtime::Module::new(&engine, module).map_err(not_loaded)?;
        let clock = Arc::new(Clock::start(engine.clone()));
        let prepared = WasmtimeEngineProviderBuilder::new()
            .engine(engine)
            .module(compiled)
            .build_pre()
            .map_err(not_loaded)?;
        Ok(Self { prepared, clock })
    }

    pub(crate) fn instantiate(&self, host_calls: Arc<dyn HostCalls>) -> Result<Guest, Error> {
        self.instantiate_within(DEADLINE, host_calls)
    }

    pub(crate) fn instantiate_within(
        &self,
        ticks: u64,
        host_calls: Arc<dyn HostCalls>,
    ) -> Result<Guest, Error> {
        let deadlines = EpochDeadlines { wapc_init: ticks, wapc_func: ticks };
        let engine = self.prepared.rehydrate(Some(deadlines)).map_err(not_instantiated)?;
        let callback = move |_: u64, binding: &str, namespace: &str, operation: &str, payload: &[u8]| {
            dispatch(&*host_calls, binding, namespace, operation, payload).map_err(Into::into)
        };
        let host = WapcHost::new(Box::new(engine), Some(Box::new(callback)));
        let host = host.map_err(|error| match error.to_string() {
            text if text.contains(INTERRUPTED_AT_START) => Error::OutOfTime,
            text => Error::NotInstantiated(text),
        })?;
        Ok(Guest { host, _clock: Arc::clone(&self.clock) })
    }
}

/// An instance of a module.
#[derive(Debug)]
pub(crate) struct Guest {
    host: WapcHost,
    // The clock must keep ticking as long as any instance may have to be interrupted.
    _clock: Arc<Clock>,
}

impl Guest {
    pub(crate) fn call(&self, operation: &str, payload: &[u8]) -> Result<Vec<u8>, Error> {
        self.host.call(operation, payload).map_err(|error| match error.to_string() {
            text if text.contains(INTERRUPTED) => Error::OutOfTime,
            text => Error::CallFailed(text),
        })
    }
}

/// The policy server's configuration of WebAssembly; `bench` gives it to every module it compares.
pub(crate) fn configuration() -> Config {
    let mut configuration = Config::new();
    configuration.wasm_function_references(true);
    configuration.epoch_interruption(true);
    configuration
}

/// Advances an engine's epoch while it lives.
#[derive(Debug)]
struct Clock {
    _alive: Sender<()>,
}

impl Clock {
    fn start(engine: Engine) -> Self {
        let (alive, ended) = mpsc::channel();
        thread::spawn(move || {
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        });
        Self { _alive: alive }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn not_loaded(error: impl ToString) -> Error {
    Error::ModuleNotLoaded(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn not_instantiated(error: impl ToString) -> Error {
    Error::NotInstantiated(error.to_string())
}
