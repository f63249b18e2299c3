//! Counts the cost of a call where a clock is too noisy: instructions, and written memory. Also sets the clock
//! seen by the module.
//!
//! The provider of the other instances exposes neither its memory nor its clock, so this is a second, smaller
//! host. It responds to no host calls, and is never timed.

use std::time::Duration;

use wasmtime_provider::{
    wasmtime::{Caller, Engine, Extern, Instance, Linker, Memory, Module, Result, Store, TypedFunc},
    wasmtime_wasi::{
        HostWallClock, WasiCtxBuilder,
        p1::{self, WasiP1Ctx},
    },
};

use crate::{Error, server::configuration};

/// The page size of the host's kernel.
const HOST_PAGE: usize = 4096;

/// The cost of one call on a new instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// WebAssembly instructions executed, from the start of the instance to the end of the call.
    pub instructions: u64,
    /// Linear memory at the end of the call, in WebAssembly pages of 64 KiB.
    pub memory_pages: u64,
    /// Pages of 4 KiB that differ from the initial state of the module; each is a page fault.
    pub written_pages: usize,
}

/// A module, compiled once for any number of probes.
pub struct Meter {
    engine: Engine,
    module: Module,
}

impl Meter {
    /// Compiles a module.
    ///
    /// # Errors
    ///
    /// When it is not a module.
    pub fn new(module: &[u8]) -> Result<Self, Error> {
        let compile = || {
            let mut configuration = configuration();
            configuration.epoch_interruption(false).consume_fuel(true);
            let engine = Engine::new(&configuration)?;
            let module = Module::new(&engine, module)?;
            Ok(Meter { engine, module })
        };
        compile()
            .map_err(|error: wasmtime_provider::wasmtime::Error| Error::ModuleNotLoaded(error.to_string()))
    }

    /// Creates an instance.
    ///
    /// # Errors
    ///
    /// When it is not a policy module, or fails while it starts.
    pub fn probe(&self) -> Result<Probe, Error> {
        Probe::start(self, WasiCtxBuilder::new().build_p1())
            .map_err(|error| Error::NotInstantiated(error.to_string()))
    }
}

/// An instance with readable memory.
pub struct Probe {
    store: Store<Conversation>,
    memory: Memory,
    guest_call: TypedFunc<(i32, i32), i32>,
    pristine: Vec<u8>,
}

/// A clock that does not advance.
struct Stopped(Duration);

impl HostWallClock for Stopped {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

struct Conversation {
    wasi: WasiP1Ctx,
    operation: Vec<u8>,
    payload: Vec<u8>,
    answer: Vec<u8>,
}

impl Probe {
    /// Creates an instance of a module.
    ///
    /// # Errors
    ///
    /// When it is not a policy module, or fails while it starts.
    pub fn new(module: &[u8]) -> Result<Self, Error> {
        Meter::new(module)?.probe()
    }

    /// Creates an instance of a module with a fixed time, so long after the beginning of 1970 (UTC).
    ///
    /// # Errors
    ///
    /// When it is not a policy module, or fails while it starts.
    pub fn at(module: &[u8], time: Duration) -> Result<Self, Error> {
        Self::start(&Meter::new(module)?, WasiCtxBuilder::new().wall_clock(Stopped(time)).build_p1())
            .map_err(|error| Error::NotInstantiated(error.to_string()))
    }

    fn start(Meter { engine, module }: &Meter, wasi: WasiP1Ctx) -> Result<Self> {
        let mut linker = Linker::new(engine);
        p1::add_to_linker_sync(&mut linker, |conversation: &mut Conversation| &mut conversation.wasi)?;
        link_wapc(&mut linker)?;

        let conversation = Conversation { wasi, operation: vec![], payload: vec![], answer: vec![] };
        let mut store = Store::new(engine, conversation);
        store.set_fuel(u64::MAX)?;
        let instance = linker.instantiate(&mut store, module)?;
        let memory = memory_of(&instance, &mut store)?;
        let pristine = memory.data(&store).to_vec();
        for name in wapc::wapc_functions::REQUIRED_STARTS {
            if let Ok(start) = instance.get_typed_func::<(), ()>(&mut store, name) {
                start.call(&mut store, ())?;
            }
        }
        let guest_call = instance.get_typed_func(&mut store, wapc::wapc_functions::GUEST_CALL)?;
        Ok(Self { store, memory, guest_call, pristine })
    }

    /// Evaluates a payload with the policy, and returns its response.
    ///
    /// # Errors
    ///
    /// When the guest traps or returns an error.
    pub fn validate(&mut self, payload: &[u8]) -> Result<Vec<u8>, Error> {
        let operation = b"validate".to_vec();
        let lengths = (length(&operation), length(payload));
        let conversation = self.store.data_mut();
        conversation.operation = operation;
        conversation.payload = payload.to_vec();
        let called = self.guest_call.call(&mut self.store, lengths);
        let succeeded = called.map_err(|error| Error::CallFailed(error.to_string()))?;
        let answer = std::mem::take(&mut self.store.data_mut().answer);
        match succeeded {
            1 => Ok(answer),
            _ => Err(Error::CallFailed(String::from_utf8_lossy(&answer).into_owned())),
        }
    }

    /// The size of the instance's memory, in pages of 64 KiB.
    #[must_use]
    pub fn memory_pages(&self) -> u64 {
        self.memory.size(&self.store)
    }

    /// The cost of the instance so far.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        let memory = self.memory.data(&self.store);
        let written = memory.chunks(HOST_PAGE).enumerate().filter(|(page, now)| {
            let start = page * HOST_PAGE;
            match self.pristine.get(start..start + now.len()) {
                Some(before) => before != *now,
                None => now.iter().any(|byte| *byte != 0),
            }
        });
        Footprint {
            instructions: u64::MAX - self.store.get_fuel().unwrap_or(u64::MAX),
            memory_pages: self.memory_pages(),
            written_pages: written.count(),
        }
    }
}

fn memory_of(instance: &Instance, store: &mut Store<Conversation>) -> Result<Memory> {
    instance
        .get_memory(store, "memory")
        .ok_or_else(|| wasmtime_provider::wasmtime::Error::msg("module exports no memory"))
}

fn length(bytes: &[u8]) -> i32 {
    // A guest has 4 GiB at most, and reads this as unsigned.
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).cast_signed()
}

fn link_wapc(linker: &mut Linker<Conversation>) -> Result<()> {
    const WAPC: &str = "wapc";
    type Guest<'a> = Caller<'a, Conversation>;

    linker.func_wrap(WAPC, "__guest_request", |mut guest: Guest, operation: i32, payload: i32| {
        let Conversation { operation: name, payload: bytes, .. } = guest.data();
        let (name, bytes) = (name.clone(), bytes.clone());
        write(&mut guest, operation, &name)?;
        write(&mut guest, payload, &bytes)
    })?;
    let answer = |mut guest: Guest, pointer: i32, length: i32| {
        let answer = read(&mut guest, pointer, length)?;
        guest.data_mut().answer = answer;
        Ok(())
    };
    linker.func_wrap(WAPC, "__guest_response", answer)?;
    linker.func_wrap(WAPC, "__guest_error", answer)?;
    linker.func_wrap(
        WAPC,
        "__host_call",
        |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| 0_i32,
    )?;
    linker.func_wrap(WAPC, "__host_response", |_: i32| {})?;
    linker.func_wrap(WAPC, "__host_response_len", || 0_i32)?;
    linker.func_wrap(WAPC, "__host_error", |_: i32| {})?;
    linker.func_wrap(WAPC, "__host_error_len", || 0_i32)?;
    linker.func_wrap(WAPC, "__console_log", |_: i32, _: i32| {})?;
    Ok(())
}

fn memory<'a>(guest: &'a mut Caller<'_, Conversation>) -> Result<&'a mut [u8]> {
    match guest.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory.data_mut(guest)),
        _ => Err(wasmtime_provider::wasmtime::Error::msg("module exports no memory")),
    }
}

fn write(guest: &mut Caller<'_, Conversation>, pointer: i32, bytes: &[u8]) -> Result<()> {
    let start = pointer.cast_unsigned() as usize;
    let end = start.saturating_add(bytes.len());
    let place = memory(guest)?.get_mut(start..end).ok_or_else(out_of_bounds)?;
    place.copy_from_slice(bytes);
    Ok(())
}

fn read(guest: &mut Caller<'_, Conversation>, pointer: i32, length: i32) -> Result<Vec<u8>> {
    let start = pointer.cast_unsigned() as usize;
    let end = start.saturating_add(length.cast_unsigned() as usize);
    Ok(memory(guest)?.get(start..end).ok_or_else(out_of_bounds)?.to_vec())
}

fn out_of_bounds() -> wasmtime_provider::wasmtime::Error {
    wasmtime_provider::wasmtime::Error::msg("pointer outside of the guest's memory")
}
