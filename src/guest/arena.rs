//! Memory for one call: taken from the front, given back all at once.
//!
//! An instance lives for one request, so bookkeeping that lets memory be used again is work for nobody: this took a fifth
//! of a call's instructions. A host that keeps an instance warm must not see it grow either, so when everything that a
//! call took has been given back, the next one starts from the front again.
#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use core::arch::wasm32::{memory_grow, memory_size};
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

const PAGE: usize = 65_536;

/// The allocator. The module has one thread, so its state needs no lock.
pub(super) struct Arena {
    /// The first free byte; 0 before the first allocation.
    top: Cell<usize>,
    /// Where calls start: behind what was taken while the module was set up.
    base: Cell<usize>,
    /// How much memory there is.
    end: Cell<usize>,
    /// How many blocks are out that were taken since the set-up.
    out: Cell<usize>,
    /// Where memory begins that nobody ever had: it is still zero.
    fresh: Cell<usize>,
}

// SAFETY: wasm32-wasip1 has no threads.
unsafe impl Sync for Arena {}

unsafe extern "C" {
    /// The linker's name for the first byte behind the module's data.
    static __heap_base: u8;
}

impl Arena {
    pub(super) const fn new() -> Self {
        Arena {
            top: Cell::new(0),
            base: Cell::new(0),
            end: Cell::new(0),
            out: Cell::new(0),
            fresh: Cell::new(0),
        }
    }

    /// Keeps what has been taken so far for good: the set-up is over.
    pub(super) fn keep(&self) {
        self.base.set(self.top.get());
        self.out.set(0);
    }

    /// Takes memory, or none where the host grants no more.
    fn take(&self, size: usize, align: usize) -> Option<usize> {
        if self.top.get() == 0 {
            self.top.set((&raw const __heap_base).addr());
            self.end.set(memory_size(0) * PAGE);
        }
        let start = self.top.get().checked_next_multiple_of(align)?;
        let top = start.checked_add(size)?;
        if !self.reserve(top) {
            return None;
        }
        self.rise(top);
        Some(start)
    }

    /// Makes sure that there is memory up to `top`, unless the host grants no more.
    fn reserve(&self, top: usize) -> bool {
        let end = self.end.get();
        if top <= end {
            return true;
        }
        let pages = (top - end).div_ceil(PAGE);
        if memory_grow(0, pages) == usize::MAX {
            return false;
        }
        self.end.set(end + pages * PAGE);
        true
    }

    fn rise(&self, top: usize) {
        self.top.set(top);
        self.fresh.set(self.fresh.get().max(top));
    }
}

// SAFETY: blocks are disjoint, since each starts at or behind the end of the one before, until all that a call took has
// been given back; they are aligned, and within the memory that the host has granted.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(start) = self.take(layout.size(), layout.align()) else { return std::ptr::null_mut() };
        self.out.set(self.out.get() + 1);
        std::ptr::with_exposed_provenance_mut(start)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let fresh = self.fresh.get();
        // SAFETY: the caller's promise is the same.
        let block = unsafe { self.alloc(layout) };
        let used = fresh.saturating_sub(block.addr()).min(layout.size());
        if !block.is_null() && used > 0 {
            // SAFETY: that many bytes of the block lie where somebody has been.
            unsafe { block.write_bytes(0, used) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let start = block.addr();
        if start < self.base.get() {
            return;
        }
        let out = self.out.get().saturating_sub(1);
        self.out.set(out);
        if out == 0 {
            self.top.set(self.base.get());
        } else if start + layout.size() == self.top.get() {
            self.top.set(start);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = block.addr();
        // The last block grows where it is, into new memory if need be: a list that is read would be copied for each doubling,
        // and what it left is not used again.
        let is_last = start + layout.size() == self.top.get();
        if is_last && start.checked_add(size).is_some_and(|top| self.reserve(top)) {
            self.rise(start + size);
            return block;
        }
        let Some(moved) = self.take(size, layout.align()) else { return std::ptr::null_mut() };
        if start < self.base.get() {
            // The old block was kept for good and is not counted; the new one is.
            self.out.set(self.out.get() + 1);
        }
        let moved = std::ptr::with_exposed_provenance_mut(moved);
        // SAFETY: both blocks are at least as long, and the new one is none that is in use.
        unsafe { std::ptr::copy_nonoverlapping(block, moved, layout.size().min(size)) };
        moved
    }
}
