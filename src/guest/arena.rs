//! Memory for one call: taken from the front, released all at once.
//!
//! An instance lives for one request, so bookkeeping that lets memory be used again is wasted: it took a fifth of a
//! call's instructions. A host that keeps an instance warm must not see it grow either, so when everything that a call
//! took has been released, the next one starts from the front again.
//!
//! Few requests need more than a megabyte. A large pod does, and many policies may each take and release as much as the
//! pod is long: beyond that limit, released blocks are used again.
#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

const PAGE: usize = 65_536;
/// How much a call takes before blocks are used again.
const PLAIN: usize = 1 << 20;
/// The alignment of blocks beyond that limit; their sizes are multiples of it.
const UNIT: usize = 16;
/// How many sizes of blocks have a list of their own; larger ones share one.
const SIZES: usize = 32;
/// How many of the larger ones are looked at for one that is large enough.
const TRIES: usize = 16;

/// The allocator. The module has one thread, so its state needs no lock.
pub(super) struct Arena {
    /// The first free byte; 0 before the first allocation.
    top: Cell<usize>,
    /// The start of calls' memory: behind the memory that was taken while the module was set up.
    base: Cell<usize>,
    /// How much memory there is.
    end: Cell<usize>,
    /// How many blocks are out that were taken since the set-up.
    out: Cell<usize>,
    /// The start of the memory that was never used: it is still zero.
    fresh: Cell<usize>,
    /// The start of the blocks that are used again: all that start here or later have whole units.
    again: Cell<usize>,
    /// One unit less.
    plain: Cell<usize>,
    /// The first free block of each size there, and of the larger ones: each holds the address of the next one, larger
    /// ones their size as well. INVARIANT: all of them lie below `top`, which falls only to where a block in use
    /// started.
    free: [Cell<usize>; SIZES + 1],
}

// SAFETY: wasm32-wasip1 has no threads.
unsafe impl Sync for Arena {}

/// The memory that the host grants.
#[cfg(target_arch = "wasm32")]
mod memory {
    use super::PAGE;
    use core::arch::wasm32::{memory_grow, memory_size};

    unsafe extern "C" {
        /// The linker's name for the first byte behind the module's data.
        static __heap_base: u8;
    }

    /// Where it begins.
    pub(super) fn start() -> usize {
        (&raw const __heap_base).addr()
    }

    /// Where it ends.
    pub(super) fn end() -> usize {
        memory_size(0) * PAGE
    }

    /// Asks for more; the host may refuse.
    pub(super) fn grow(pages: usize) -> bool {
        memory_grow(0, pages) != usize::MAX
    }
}

impl Arena {
    pub(super) const fn new() -> Self {
        Arena {
            top: Cell::new(0),
            base: Cell::new(0),
            end: Cell::new(0),
            out: Cell::new(0),
            fresh: Cell::new(0),
            again: Cell::new(usize::MAX),
            plain: Cell::new(usize::MAX),
            free: [const { Cell::new(0) }; SIZES + 1],
        }
    }

    /// Keeps the memory that has been taken so far for good: the set-up is over.
    pub(super) fn keep(&self) {
        self.base.set(self.top.get());
        self.out.set(0);
        self.plain.set((self.top.get() + PLAIN).next_multiple_of(UNIT));
        self.again.set(self.plain.get() + UNIT);
    }

    /// Takes memory for a block.
    fn find(&self, layout: Layout) -> Option<usize> {
        // Aligned, such a block still starts below those that are used again.
        if self.top.get() < self.plain.get() && layout.align() <= UNIT {
            self.take(layout.size(), layout.align())
        } else {
            self.find_again(layout)
        }
    }

    /// Takes a free block, or a part of one, or new memory.
    #[inline(never)]
    fn find_again(&self, layout: Layout) -> Option<usize> {
        let size = whole(layout.size());
        if layout.align() <= UNIT {
            if let Some(first) =
                self.free.get(size / UNIT - 1).filter(|first| size / UNIT <= SIZES && first.get() != 0)
            {
                let block = first.get();
                first.set(word(block).get());
                return Some(block);
            }
            if let Some(part) = self.cut(size) {
                return Some(part);
            }
        }
        self.take(size, layout.align().max(UNIT))
    }

    /// Cuts a block off the end of a larger one.
    fn cut(&self, size: usize) -> Option<usize> {
        let mut before = self.free.last()?;
        for _ in 0..TRIES {
            let block = before.get();
            if block == 0 {
                return None;
            }
            let (next, length) = (word(block), word(block + size_of::<usize>()));
            // Small blocks leave the large ones whole: a list that is taken once more for each policy has to fit.
            if (size..=size.saturating_mul(8)).contains(&length.get()) {
                let rest = length.get() - size;
                if rest > SIZES * UNIT {
                    length.set(rest);
                } else {
                    before.set(next.get());
                    if rest > 0 {
                        self.keep_free(block, rest);
                    }
                }
                return Some(block + rest);
            }
            before = next;
        }
        None
    }

    /// Keeps a block of whole units to be used again.
    fn keep_free(&self, block: usize, size: usize) {
        let list = (size / UNIT - 1).min(SIZES);
        let Some(first) = self.free.get(list) else { return };
        word(block).set(first.get());
        if list == SIZES {
            word(block + size_of::<usize>()).set(size);
        }
        first.set(block);
    }

    /// Releases a block.
    fn give_back(&self, start: usize, size: usize) {
        if self.top.get() >= self.again.get() {
            self.give_back_again(start, size);
        } else if start + size == self.top.get() {
            self.top.set(start);
        }
    }

    #[inline(never)]
    fn give_back_again(&self, start: usize, size: usize) {
        let again = self.again.get();
        let end = start + if start < again { size } else { whole(size) };
        // The part past the limit, if the block grew past it.
        let (first, units) = (start.max(again), end.saturating_sub(start.max(again)) / UNIT);
        if end == self.top.get() {
            self.top.set(start);
        } else if units > 0 {
            self.keep_free(first, units * UNIT);
        }
    }

    /// Takes memory, or none where the host grants no more.
    fn take(&self, size: usize, align: usize) -> Option<usize> {
        if self.top.get() == 0 {
            self.top.set(memory::start());
            self.end.set(memory::end());
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
        if !memory::grow(pages) {
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

/// The size of a block of whole units.
fn whole(size: usize) -> usize {
    size.max(1).next_multiple_of(UNIT)
}

/// A word of a free block.
fn word(address: usize) -> &'static Cell<usize> {
    // SAFETY: only addresses of free blocks and of the word behind come here: aligned memory that is granted for good
    // and that has no other reference until the block is handed out, when this reference is no longer used. A `Cell` is
    // what it holds.
    unsafe { &*std::ptr::with_exposed_provenance::<Cell<usize>>(address) }
}

// SAFETY: blocks are disjoint, since each starts at or behind the end of the one before, until all that a call took has
// been released, or is a free one or a part of it that is handed out once; they are aligned, and within the memory that
// the host has granted.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(start) = self.find(layout) else { return std::ptr::null_mut() };
        self.out.set(self.out.get() + 1);
        std::ptr::with_exposed_provenance_mut(start)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let fresh = self.fresh.get();
        // SAFETY: the caller's promise is the same.
        let block = unsafe { self.alloc(layout) };
        let used = fresh.saturating_sub(block.addr()).min(layout.size());
        if !block.is_null() && used > 0 {
            // SAFETY: that many bytes of the block are in memory that was used before.
            unsafe { block.write_bytes(0, used) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let start = block.expose_provenance();
        if start < self.base.get() {
            return;
        }
        let out = self.out.get().saturating_sub(1);
        self.out.set(out);
        if out > 0 {
            self.give_back(start, layout.size());
            return;
        }
        if self.top.get() > self.again.get() {
            self.free.iter().for_each(|first| first.set(0));
        }
        self.top.set(self.base.get());
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = block.expose_provenance();
        let in_units = start >= self.again.get();
        let (old, new) = if in_units { (whole(layout.size()), whole(size)) } else { (layout.size(), size) };
        // The last block grows in place, into new memory if need be: otherwise a list that is read would be copied for
        // each doubling, and its old memory is not used again.
        if start + old == self.top.get() && start.checked_add(new).is_some_and(|top| self.reserve(top)) {
            self.rise(start + new);
            return block;
        }
        if new <= old && in_units {
            return block;
        }
        // SAFETY: the alignment is that of a layout.
        let layout_of_new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        let Some(moved) = self.find(layout_of_new) else { return std::ptr::null_mut() };
        let moved = std::ptr::with_exposed_provenance_mut(moved);
        // SAFETY: both blocks are at least as long, and the new one is not in use.
        unsafe { std::ptr::copy_nonoverlapping(block, moved, layout.size().min(size)) };
        if start < self.base.get() {
            // The old block was kept for good and is not counted; the new one is.
            self.out.set(self.out.get() + 1);
        } else {
            self.give_back(start, layout.size());
        }
        moved
    }
}

/// Memory to test with.
#[cfg(not(target_arch = "wasm32"))]
mod memory {
    use super::PAGE;
    use std::cell::Cell;

    const PAGES: usize = 512;

    thread_local! {
        static MEMORY: Vec<Cell<u128>> = vec![Cell::new(0); PAGES * PAGE / size_of::<u128>()];
        static GRANTED: Cell<usize> = const { Cell::new(1) };
    }

    pub(super) fn start() -> usize {
        // Not aligned, as the end of the module's data is not.
        MEMORY.with(|memory| memory.as_ptr().expose_provenance()) + 4
    }

    pub(super) fn end() -> usize {
        start() - 4 + GRANTED.get() * PAGE
    }

    pub(super) fn grow(pages: usize) -> bool {
        let granted = GRANTED.get() + pages;
        GRANTED.set(granted.min(PAGES));
        granted <= PAGES
    }

    pub(super) fn granted() -> usize {
        GRANTED.get()
    }

    /// All of it once more.
    pub(super) fn reset() {
        MEMORY.with(|memory| memory.iter().for_each(|word| word.set(0)));
        GRANTED.set(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A block in use, and the value of every byte of it.
    struct Used {
        block: *mut u8,
        layout: Layout,
        mark: u8,
    }

    impl Used {
        fn fill(&self) {
            unsafe { self.block.write_bytes(self.mark, self.layout.size()) };
        }

        #[track_caller]
        fn check(&self, length: usize) {
            let bytes = unsafe { std::slice::from_raw_parts(self.block, length) };
            assert!(bytes.iter().all(|byte| *byte == self.mark));
            assert_eq!(self.block.addr() % self.layout.align(), 0);
        }
    }

    fn arena() -> Arena {
        memory::reset();
        let arena = Arena::new();
        unsafe { arena.alloc(Layout::new::<[u8; 100]>()) };
        arena.keep();
        arena
    }

    fn layout(size: usize, align: u32) -> Layout {
        Layout::from_size_align(size, 1 << align).unwrap()
    }

    #[derive(Debug, Clone)]
    enum Turn {
        Take { size: usize, align: u32, zeroed: bool },
        Give(prop::sample::Index),
        Grow(prop::sample::Index, usize),
    }

    fn turns() -> impl Strategy<Value = Vec<Turn>> {
        let size = || prop_oneof![4 => 1..600_usize, 2 => 1..20_000_usize, 1 => 1..200_000_usize];
        let turn = prop_oneof![
            3 => (size(), 0..5_u32, any::<bool>()).prop_map(|(size, align, zeroed)| Turn::Take { size, align, zeroed }),
            2 => any::<prop::sample::Index>().prop_map(Turn::Give),
            1 => (any::<prop::sample::Index>(), size()).prop_map(|(which, size)| Turn::Grow(which, size)),
        ];
        prop::collection::vec(turn, 1..300)
    }

    proptest! {
        #![proptest_config(crate::testing::config(24))]

        #[test]
        fn blocks_keep_what_is_written_to_them(turns in turns()) {
            let arena = arena();
            let mut used: Vec<Used> = Vec::new();
            for (mark, turn) in (1..=u8::MAX).cycle().zip(turns) {
                match turn {
                    Turn::Take { size, align, zeroed } => {
                        let layout = layout(size, align);
                        let block = unsafe { if zeroed { arena.alloc_zeroed(layout) } else { arena.alloc(layout) } };
                        if block.is_null() {
                            continue;
                        }
                        if zeroed {
                            Used { block, layout, mark: 0 }.check(size);
                        }
                        used.push(Used { block, layout, mark });
                        used.last().unwrap().fill();
                    }
                    Turn::Give(_) | Turn::Grow(..) if used.is_empty() => {}
                    Turn::Give(which) => {
                        let one = used.swap_remove(which.index(used.len()));
                        one.check(one.layout.size());
                        let Used { block, layout, .. } = one;
                        unsafe { arena.dealloc(block, layout) };
                    }
                    Turn::Grow(which, size) => {
                        let which = which.index(used.len());
                        let one = &mut used[which];
                        let (block, old) = (unsafe { arena.realloc(one.block, one.layout, size) }, one.layout.size());
                        if block.is_null() {
                            continue;
                        }
                        one.block = block;
                        one.check(old.min(size));
                        one.layout = Layout::from_size_align(size, one.layout.align()).unwrap();
                        one.fill();
                    }
                }
                if mark % 32 == 0 {
                    used.iter().for_each(|one| one.check(one.layout.size()));
                }
            }
            used.iter().for_each(|one| one.check(one.layout.size()));
            let top = arena.top.get();
            used.drain(..).for_each(|one| unsafe { arena.dealloc(one.block, one.layout) });
            prop_assert!(arena.top.get() == arena.base.get() || top == arena.base.get());
        }
    }

    #[test]
    fn what_is_taken_and_given_back_over_and_over_is_used_again() {
        let arena = arena();
        let take = |size| unsafe { arena.alloc(layout(size, 3)) };
        // Like a pod that stays, and the values that each policy in turn writes into it.
        take(2 << 20);
        let mut pages = Vec::new();
        for _ in 0..50 {
            let sizes = [24, 100, 17, 480, 4_000, 70_000];
            let blocks: Vec<_> =
                sizes.iter().cycle().take(300).map(|size| (take(*size), layout(*size, 3))).collect();
            blocks.into_iter().for_each(|(block, layout)| unsafe { arena.dealloc(block, layout) });
            pages.push(memory::granted());
        }
        assert_eq!(pages.last(), pages.first());
    }

    #[test]
    fn the_next_call_starts_from_the_front() {
        let arena = arena();
        for _ in 0..3 {
            let blocks = [100, 3 << 20, 100, 5_000, 100]
                .map(|size| (unsafe { arena.alloc(layout(size, 2)) }, layout(size, 2)));
            assert_eq!(blocks[0].0.addr(), arena.base.get().next_multiple_of(4));
            blocks.into_iter().for_each(|(block, layout)| unsafe { arena.dealloc(block, layout) });
            assert_eq!(arena.top.get(), arena.base.get());
        }
    }
}
