//! An interpreter in place of the policy server's engine: compiled in a minute, and fast enough for a few pods.
//!
//! The module's code and its responses are the same. There is no time limit, and there are no files and sockets, which
//! a policy does not have on the server either.

use std::{
    cell::RefCell,
    fmt,
    io::{self, Write as _},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use wasmi::{Caller, Engine, Linker, Memory, Store, TypedFunc, errors::LinkerError};

use crate::{
    Error,
    host_calls::{HostCalls, dispatch},
};

/// The functions that start a module, in the order of waPC.
const STARTS: [&str; 3] = ["_start", "_initialize", "wapc_init"];

/// A translated module.
pub(crate) struct Module {
    module: wasmi::Module,
    linker: Linker<Conversation>,
}

/// An instance of a module.
pub(crate) struct Guest {
    store: RefCell<Store<Conversation>>,
    guest_call: TypedFunc<(u32, u32), i32>,
}

/// The texts that are exchanged with an instance.
struct Conversation {
    host_calls: Arc<dyn HostCalls>,
    memory: Option<Memory>,
    operation: Vec<u8>,
    payload: Vec<u8>,
    /// The guest's response, or its error.
    response: Vec<u8>,
    /// The result of the guest's last host call.
    host_response: Result<Vec<u8>, String>,
}

impl Module {
    pub(crate) fn load(module: &[u8]) -> Result<Self, Error> {
        let engine = Engine::default();
        let module =
            wasmi::Module::new(&engine, module).map_err(|error| Error::ModuleNotLoaded(error.to_string()))?;
        let mut linker = Linker::new(&engine);
        link_wapc(&mut linker)
            .and_then(|()| link_wasi(&mut linker))
            .map_err(|error| Error::ModuleNotLoaded(error.to_string()))?;
        Ok(Self { module, linker })
    }

    pub(crate) fn instantiate(&self, host_calls: Arc<dyn HostCalls>) -> Result<Guest, Error> {
        self.start(host_calls).map_err(|error| Error::NotInstantiated(error.to_string()))
    }

    fn start(&self, host_calls: Arc<dyn HostCalls>) -> Result<Guest, wasmi::Error> {
        let conversation = Conversation {
            host_calls,
            memory: None,
            operation: Vec::new(),
            payload: Vec::new(),
            response: Vec::new(),
            host_response: Ok(Vec::new()),
        };
        let mut store = Store::new(self.linker.engine(), conversation);
        let instance = self.linker.instantiate_and_start(&mut store, &self.module)?;
        store.data_mut().memory = instance.get_memory(&store, "memory");
        for name in STARTS {
            if let Ok(start) = instance.get_typed_func::<(), ()>(&store, name) {
                start.call(&mut store, ())?;
            }
        }
        let guest_call = instance.get_typed_func(&store, "__guest_call")?;
        Ok(Guest { store: RefCell::new(store), guest_call })
    }
}

impl Guest {
    pub(crate) fn call(&self, operation: &str, payload: &[u8]) -> Result<Vec<u8>, Error> {
        let mut store = self.store.borrow_mut();
        let conversation = store.data_mut();
        conversation.operation = operation.into();
        conversation.payload = payload.into();
        let lengths = (length(operation.as_bytes()), length(payload));
        let called = self.guest_call.call(&mut *store, lengths);
        let response = std::mem::take(&mut store.data_mut().response);
        match called {
            Ok(1) => Ok(response),
            Ok(_) => {
                let error = String::from_utf8_lossy(&response);
                Err(Error::CallFailed(format!("Guest call failure: {error}")))
            }
            Err(error) => Err(Error::CallFailed(format!("Guest call failure: {error}"))),
        }
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guest")
    }
}

type Calling<'a> = Caller<'a, Conversation>;

fn link_wapc(linker: &mut Linker<Conversation>) -> Result<(), LinkerError> {
    const WAPC: &str = "wapc";

    linker.func_wrap(WAPC, "__guest_request", |mut guest: Calling<'_>, operation: u32, payload: u32| {
        let conversation = guest.data_mut();
        let name = std::mem::take(&mut conversation.operation);
        let text = std::mem::take(&mut conversation.payload);
        write(&mut guest, operation, &name)?;
        write(&mut guest, payload, &text)
    })?;
    linker.func_wrap(WAPC, "__guest_response", respond)?;
    linker.func_wrap(WAPC, "__guest_error", respond)?;
    linker.func_wrap(WAPC, "__host_call", host_call)?;
    linker.func_wrap(WAPC, "__host_response_len", |guest: Calling<'_>| length(response_of(&guest)))?;
    linker.func_wrap(WAPC, "__host_response", |mut guest: Calling<'_>, pointer: u32| {
        let text = response_of(&guest).to_vec();
        write(&mut guest, pointer, &text)
    })?;
    linker.func_wrap(WAPC, "__host_error_len", |guest: Calling<'_>| length(error_of(&guest)))?;
    linker.func_wrap(WAPC, "__host_error", |mut guest: Calling<'_>, pointer: u32| {
        let text = error_of(&guest).to_vec();
        write(&mut guest, pointer, &text)
    })?;
    linker.func_wrap(WAPC, "__console_log", |guest: Calling<'_>, pointer: u32, length: u32| {
        print(read(&guest, pointer, length)?)
    })?;
    Ok(())
}

/// The calls of the module's standard library: no arguments, no environment, no files but the standard error.
fn link_wasi(linker: &mut Linker<Conversation>) -> Result<(), LinkerError> {
    const WASI: &str = "wasi_snapshot_preview1";
    const DONE: i32 = 0;
    type Errno = Result<i32, wasmi::Error>;

    linker.func_wrap(
        WASI,
        "environ_sizes_get",
        |mut guest: Calling<'_>, count: u32, size: u32| -> Errno {
            write(&mut guest, count, &[0; 4])?;
            write(&mut guest, size, &[0; 4])?;
            Ok(DONE)
        },
    )?;
    linker.func_wrap(WASI, "environ_get", |_: u32, _: u32| DONE)?;
    linker.func_wrap(
        WASI,
        "clock_time_get",
        |mut guest: Calling<'_>, _: u32, _: u64, time: u32| -> Errno {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
            write(&mut guest, time, &now.to_le_bytes())?;
            Ok(DONE)
        },
    )?;
    // It seeds hash tables. A policy has no secrets.
    linker.func_wrap(WASI, "random_get", |mut guest: Calling<'_>, pointer: u32, length: u32| -> Errno {
        write(&mut guest, pointer, &vec![7; length as usize])?;
        Ok(DONE)
    })?;
    linker.func_wrap(
        WASI,
        "fd_write",
        |mut guest: Calling<'_>, _: u32, vectors: u32, count: u32, written: u32| -> Errno {
            let mut total = 0_u32;
            for index in 0..count {
                let vector = vectors.saturating_add(index.saturating_mul(8));
                let (start, size) = (number(&guest, vector)?, number(&guest, vector.saturating_add(4))?);
                print(read(&guest, start, size)?)?;
                total = total.saturating_add(size);
            }
            write(&mut guest, written, &total.to_le_bytes())?;
            Ok(DONE)
        },
    )?;
    linker.func_wrap(WASI, "proc_exit", |status: i32| -> Result<(), wasmi::Error> {
        Err(wasmi::Error::i32_exit(status))
    })?;
    Ok(())
}

fn respond(mut guest: Calling<'_>, pointer: u32, length: u32) -> Result<(), wasmi::Error> {
    let response = read(&guest, pointer, length)?.to_vec();
    guest.data_mut().response = response;
    Ok(())
}

/// Each text as pointer and length: binding, namespace, operation, payload. The result is 1 for a response.
#[expect(clippy::too_many_arguments, reason = "the signature is that of waPC")]
fn host_call(
    mut guest: Calling<'_>,
    binding: u32,
    binding_length: u32,
    namespace: u32,
    namespace_length: u32,
    operation: u32,
    operation_length: u32,
    payload: u32,
    payload_length: u32,
) -> Result<i32, wasmi::Error> {
    let text = |pointer, length| {
        str::from_utf8(read(&guest, pointer, length)?).map_err(|error| wasmi::Error::new(error.to_string()))
    };
    let response = dispatch(
        &*guest.data().host_calls,
        text(binding, binding_length)?,
        text(namespace, namespace_length)?,
        text(operation, operation_length)?,
        read(&guest, payload, payload_length)?,
    );
    let succeeded = i32::from(response.is_ok());
    guest.data_mut().host_response = response;
    Ok(succeeded)
}

fn response_of<'a>(guest: &'a Calling<'_>) -> &'a [u8] {
    guest.data().host_response.as_deref().unwrap_or_default()
}

fn error_of<'a>(guest: &'a Calling<'_>) -> &'a [u8] {
    guest.data().host_response.as_ref().err().map(String::as_bytes).unwrap_or_default()
}

fn print(text: &[u8]) -> Result<(), wasmi::Error> {
    io::stderr().write_all(text).map_err(|error| wasmi::Error::new(error.to_string()))
}

fn length(text: &[u8]) -> u32 {
    // A guest has 4 GiB at most.
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

fn number(guest: &Calling<'_>, pointer: u32) -> Result<u32, wasmi::Error> {
    let bytes = read(guest, pointer, 4)?.try_into().map_err(|_| out_of_bounds())?;
    Ok(u32::from_le_bytes(bytes))
}

fn memory(guest: &Calling<'_>) -> Result<Memory, wasmi::Error> {
    guest.data().memory.ok_or_else(|| wasmi::Error::new("module exports no memory"))
}

fn read<'a>(guest: &'a Calling<'_>, pointer: u32, length: u32) -> Result<&'a [u8], wasmi::Error> {
    let start = pointer as usize;
    let end = start.saturating_add(length as usize);
    memory(guest)?.data(guest).get(start..end).ok_or_else(out_of_bounds)
}

fn write(guest: &mut Calling<'_>, pointer: u32, text: &[u8]) -> Result<(), wasmi::Error> {
    memory(guest)?.write(guest, pointer as usize, text).map_err(|_| out_of_bounds())
}

fn out_of_bounds() -> wasmi::Error {
    wasmi::Error::new("pointer outside of the guest's memory")
}
