//! An allocator that counts while somebody asks, and costs one look at a flag otherwise.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

/// The system's allocator, counting.
pub struct Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicI64 = AtomicI64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);

/// What happened while somebody counted.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// How often memory was asked for.
    pub allocations: i64,
    /// How many more bytes are in use afterwards.
    pub live_bytes: i64,
}

/// Counts what `work` allocates. Nothing is counted in a program that has not made [`Counting`] its allocator.
pub fn during<T>(work: impl FnOnce() -> T) -> (T, Counts) {
    ALLOCATIONS.store(0, Relaxed);
    LIVE.store(0, Relaxed);
    COUNTS.store(true, Relaxed);
    let done = work();
    COUNTS.store(false, Relaxed);
    (done, Counts { allocations: ALLOCATIONS.load(Relaxed), live_bytes: LIVE.load(Relaxed) })
}

fn note(allocations: i64, bytes: i64) {
    if COUNTS.load(Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Relaxed);
        LIVE.fetch_add(bytes, Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it came; counting touches no memory of the caller's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: the caller promises what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: the caller promises what the system's allocator asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size as i64 - layout.size() as i64);
        // SAFETY: the caller promises what the system's allocator asks for, and `at` came from it.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note(0, -(layout.size() as i64));
        // SAFETY: the caller promises what the system's allocator asks for, and `at` came from it.
        unsafe { System.dealloc(at, layout) }
    }
}
