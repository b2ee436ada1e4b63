//! Which loaded library an address belongs to.
//!
//! Written while cells are loaded, read by the signal handler: a sorted table under a sequence lock, whose readers never wait. (A reader
//! that meets a writer knows no address; the next signal will.)

use std::ffi::{CStr, OsStr, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};

use super::symbols::Symbols;

/// What a library holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A cell's code, with the generic code it instantiates.
    Cell,
    /// Rust's standard library.
    Std,
    /// This library.
    Lab,
    /// The C library's mathematical functions, which touch no memory of ours.
    Math,
}

/// A loaded library; never unloaded, so never freed.
pub struct Object {
    pub kind: Kind,
    pub path: PathBuf,
    /// Device and inode: the file may have been replaced by the time its symbols are read.
    pub stamp: Option<(u64, u64)>,
    /// What to add to the file's addresses.
    pub base: usize,
    /// The handler needs its symbols.
    pub wanted: AtomicBool,
    /// Null until read.
    pub symbols: AtomicPtr<Symbols>,
}

#[derive(Default)]
struct Entry {
    start: AtomicUsize,
    end: AtomicUsize,
    object: AtomicPtr<Object>,
}

/// Odd while the table is written.
static VERSION: AtomicUsize = AtomicUsize::new(0);
static ENTRIES: AtomicPtr<Entry> = AtomicPtr::new(std::ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The writers' side: capacity of the table, and all objects.
static WRITER: Mutex<(usize, Vec<&'static Object>)> = Mutex::new((0, Vec::new()));

fn writer() -> std::sync::MutexGuard<'static, (usize, Vec<&'static Object>)> {
    WRITER.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The library that holds this code. Safe in a signal handler.
pub fn at(address: usize) -> Option<&'static Object> {
    let version = VERSION.load(Ordering::Acquire);
    if version & 1 == 1 {
        return None;
    }
    let (entries, count) = (ENTRIES.load(Ordering::Acquire), COUNT.load(Ordering::Acquire));
    if entries.is_null() {
        return None;
    }
    // SAFETY: tables are never freed, and one that was current while the count was `count` has at least that many entries: a writer
    // publishes a longer table before a higher count.
    let entries = unsafe { std::slice::from_raw_parts(entries, count) };
    let after = entries.partition_point(|entry| entry.start.load(Ordering::Relaxed) <= address);
    let entry = entries.get(after.checked_sub(1)?)?;
    let (end, object) = (entry.end.load(Ordering::Relaxed), entry.object.load(Ordering::Relaxed));
    fence(Ordering::Acquire);
    if VERSION.load(Ordering::Relaxed) != version || address >= end {
        return None;
    }
    // SAFETY: objects are leaked when they are recorded; the version says that the pointer was not half-written.
    unsafe { object.as_ref() }
}

struct Found {
    address: usize,
    base: usize,
    path: PathBuf,
    ranges: Vec<(usize, usize)>,
}

extern "C" fn examine(info: *mut libc::dl_phdr_info, _: usize, found: *mut c_void) -> c_int {
    // SAFETY: the loader's structure, and our own argument from `record`.
    let (info, found) = unsafe { (&*info, &mut *found.cast::<Found>()) };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: the loader's own array.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let base = info.dlpi_addr as usize;
    let code = headers.iter().filter(|header| header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_X != 0);
    let ranges: Vec<_> = code.map(|header| (base + header.p_vaddr as usize, base + (header.p_vaddr + header.p_memsz) as usize)).collect();
    let loads = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let holds = loads.map(|header| base + header.p_vaddr as usize..base + (header.p_vaddr + header.p_memsz) as usize);
    if !holds.into_iter().any(|range| range.contains(&found.address)) {
        return 0;
    }
    if !info.dlpi_name.is_null() {
        // SAFETY: the loader's own string.
        found.path = PathBuf::from(OsStr::from_bytes(unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes()));
    }
    found.base = base;
    found.ranges = ranges;
    1
}

/// Remembers the library that `address` is in.
pub fn record(address: usize, kind: Kind) {
    let mut found = Found { address, base: 0, path: PathBuf::new(), ranges: Vec::new() };
    // SAFETY: the callback gets a pointer that is valid for the whole call.
    unsafe { libc::dl_iterate_phdr(Some(examine), (&raw mut found).cast()) };
    let mut writer = writer();
    let fresh: Vec<_> = found.ranges.iter().copied().filter(|&(start, _)| at(start).is_none()).collect();
    if fresh.is_empty() {
        return;
    }
    let stamp = std::fs::metadata(&found.path).ok().map(|file| (file.dev(), file.ino()));
    let object: &'static Object = Box::leak(Box::new(Object {
        kind,
        path: found.path,
        stamp,
        base: found.base,
        wanted: AtomicBool::new(false),
        symbols: AtomicPtr::default(),
    }));
    writer.1.push(object);
    for (start, end) in fresh {
        insert(&mut writer.0, start, end, object);
    }
}

/// The library that was recorded last: most likely the running cell's.
pub fn newest() -> Option<&'static Object> {
    writer().1.iter().copied().rfind(|object| object.kind == Kind::Cell)
}

/// All objects whose symbols the handler asked for.
pub fn wanted() -> Vec<&'static Object> {
    writer()
        .1
        .iter()
        .copied()
        .filter(|object| object.wanted.load(Ordering::Acquire) && object.symbols.load(Ordering::Acquire).is_null())
        .collect()
}

fn insert(capacity: &mut usize, start: usize, end: usize, object: &'static Object) {
    let count = COUNT.load(Ordering::Relaxed);
    VERSION.fetch_add(1, Ordering::AcqRel);
    fence(Ordering::Release);
    if count == *capacity {
        // A handler may be reading the old table, so it stays: all old ones together are no longer than the new one.
        let longer: Vec<Entry> = (0..(count * 2).max(64)).map(|_| Entry::default()).collect();
        *capacity = longer.len();
        let longer = Box::leak(longer.into_boxed_slice());
        for (at, entry) in longer.iter().enumerate().take(count) {
            copy(self::entry(at), entry);
        }
        ENTRIES.store(longer.as_mut_ptr(), Ordering::Release);
    }
    let mut place = count;
    while place > 0 && entry(place - 1).start.load(Ordering::Relaxed) > start {
        copy(entry(place - 1), entry(place));
        place -= 1;
    }
    let entry = entry(place);
    entry.start.store(start, Ordering::Relaxed);
    entry.end.store(end, Ordering::Relaxed);
    entry.object.store(std::ptr::from_ref(object).cast_mut(), Ordering::Relaxed);
    COUNT.store(count + 1, Ordering::Release);
    VERSION.fetch_add(1, Ordering::Release);
}

/// An entry of the current table; for writers, who stay below its capacity.
fn entry(at: usize) -> &'static Entry {
    // SAFETY: `insert` made the table longer than any index it uses; tables are never freed.
    unsafe { &*ENTRIES.load(Ordering::Relaxed).add(at) }
}

fn copy(from: &Entry, to: &Entry) {
    to.start.store(from.start.load(Ordering::Relaxed), Ordering::Relaxed);
    to.end.store(from.end.load(Ordering::Relaxed), Ordering::Relaxed);
    to.object.store(from.object.load(Ordering::Relaxed), Ordering::Relaxed);
}
