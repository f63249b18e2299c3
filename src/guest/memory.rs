//! Functions of the C library in a version of the module's own: they compare bytes, and take memory.
//!
//! Bytes are compared to distinguish keys: eight at a time, where the C library of the target goes one by one. That took a
//! tenth of the instructions that a policy in a list costs. Memory is taken by the C library itself, for variables of the
//! environment that a panic asks for: an allocator of its own took a fiftieth of the module. There is no `realloc`: whatever
//! would need it brings the library's allocator, and two of them do not link.
#![expect(unsafe_code, reason = "the compiler and the C library call them by name, with raw pointers")]

use std::alloc::{Layout, alloc_zeroed};
use std::cmp::Ordering;
use std::ptr::null_mut;

/// Whether the first `length` bytes behind both pointers differ; 0 if not.
///
/// # Safety
///
/// As C demands: both pointers are good for reads of `length` bytes.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, length: usize) -> i32 {
    // SAFETY: the caller's promise is the same.
    unsafe { memcmp(one, other, length) }
}

/// How the first `length` bytes behind both pointers compare: below, at or above 0.
///
/// # Safety
///
/// As C demands: both pointers are good for reads of `length` bytes.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, length: usize) -> i32 {
    use std::slice::from_raw_parts;
    // SAFETY: the caller promises as many bytes. A null pointer, which no slice may have, comes with no length in Rust.
    order(unsafe { from_raw_parts(one, length) }, unsafe { from_raw_parts(other, length) }) as i32
}

/// Memory for the C library.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    taken(1, size)
}

/// The same for `count` elements.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    taken(count, size)
}

/// Keeps the memory: only a panic, which ends the instance, makes the C library take any.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn free(_: *mut u8) {}

/// Zeroed memory for `count` elements, aligned for all that C keeps there; null if there is none.
fn taken(count: usize, size: usize) -> *mut u8 {
    let layout = count.checked_mul(size).map(|size| Layout::from_size_align(size.max(1), 16));
    let Some(Ok(layout)) = layout else { return null_mut() };
    // SAFETY: the size is not zero.
    unsafe { alloc_zeroed(layout) }
}

/// How slices of the same length compare. Without the comparison of slices, which would come back here.
#[inline(always)]
fn order(mut one: &[u8], mut other: &[u8]) -> Ordering {
    while let (Some((a, behind_a)), Some((b, behind_b))) =
        (one.split_first_chunk(), other.split_first_chunk())
    {
        // The first byte weighs most.
        let (a, b) = (u64::from_be_bytes(*a), u64::from_be_bytes(*b));
        if a != b {
            return a.cmp(&b);
        }
        (one, other) = (behind_a, behind_b);
    }
    let differ = one.iter().zip(other).find(|(a, b)| a != b);
    differ.map_or(Ordering::Equal, |(a, b)| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use std::alloc::dealloc;

    #[rstest]
    #[case::nothing(0, 0, 1)]
    #[case::bytes(1, 7, 7)]
    #[case::elements(3, 24, 72)]
    fn memory_is_zero_and_aligned(#[case] count: usize, #[case] size: usize, #[case] bytes: usize) {
        let memory = taken(count, size);
        assert!(!memory.is_null() && memory.addr().is_multiple_of(16));
        // SAFETY: so many bytes have been taken.
        assert_eq!(unsafe { std::slice::from_raw_parts(memory, bytes) }, vec![0; bytes]);
        // SAFETY: taken with this layout.
        unsafe { dealloc(memory, Layout::from_size_align(bytes, 16).unwrap()) };
    }

    #[rstest]
    #[case::their_product_overflows(usize::MAX, 2)]
    #[case::more_than_there_can_be(1, usize::MAX)]
    fn too_much_memory_is_none(#[case] count: usize, #[case] size: usize) {
        assert!(taken(count, size).is_null());
    }

    proptest! {
        #[test]
        fn orders_as_slices_do(one: Vec<u8>, other: Vec<u8>) {
            let length = one.len().min(other.len());
            prop_assert_eq!(order(&one[..length], &other[..length]), one[..length].cmp(&other[..length]));
        }

        #[test]
        fn finds_the_one_byte_that_differs(bytes: Vec<u8>, at: prop::sample::Index, by in 1_u8..) {
            prop_assume!(!bytes.is_empty());
            let mut other = bytes.clone();
            let at = at.index(bytes.len());
            other[at] = other[at].wrapping_add(by);
            prop_assert_eq!(order(&bytes, &other), bytes.cmp(&other));
            prop_assert_eq!(order(&bytes, &bytes), Ordering::Equal);
        }
    }
}
