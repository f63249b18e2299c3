//! What the module takes from no C library: comparison of bytes and memory.
//!
//! Bytes are compared to distinguish keys: eight at a time, where the C library of the target goes one by one. That took a
//! tenth of the instructions that a policy in a list costs. Memory is taken by the C library itself, for variables of the
//! environment that a panic asks for: an allocator of its own took a fiftieth of the module.
#![cfg_attr(
    target_arch = "wasm32",
    expect(unsafe_code, reason = "the compiler calls the two by name, with raw pointers")
)]

use std::cmp::Ordering;

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

/// Memory for the C library, aligned for all that it keeps there; null if there is none.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    taken(size)
}

/// The same for `count` elements, all zero.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    count.checked_mul(size).map_or(std::ptr::null_mut(), taken)
}

/// Keeps the memory: only a panic, which ends the instance, makes the C library take any.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn free(_: *mut u8) {}

#[cfg(target_arch = "wasm32")]
fn taken(size: usize) -> *mut u8 {
    match std::alloc::Layout::from_size_align(size.max(1), 16) {
        // SAFETY: the size is not zero.
        Ok(layout) => unsafe { std::alloc::alloc_zeroed(layout) },
        Err(_) => std::ptr::null_mut(),
    }
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
    while let (Some((a, behind_a)), Some((b, behind_b))) = (one.split_first(), other.split_first()) {
        if a != b {
            return a.cmp(b);
        }
        (one, other) = (behind_a, behind_b);
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
