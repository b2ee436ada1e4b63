//! The most memory that the process had in RAM, counted by the system so that no reading can miss it.

/// Runs `code` once; beside its value, the bytes by which the process's resident memory grew at most while it ran.
///
/// What was freed before is given back first: memory that the allocator holds in reserve would hide what the code needs.
/// `None` where Linux does not let a process reset its peak (`/proc/self/clear_refs`).
pub fn peak_memory<T>(code: impl FnOnce() -> T) -> (T, Option<u64>) {
    // SAFETY: hands free pages back to the system; other threads may allocate meanwhile.
    unsafe { libc::malloc_trim(0) };
    let start = if forget_peak() { peak() } else { None };
    let value = code();
    let grown = start.and_then(|start| Some(peak()?.saturating_sub(start)));
    (value, grown)
}

/// The most that was in RAM since [`forget_peak`], in bytes.
pub(super) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Lets the system count the peak anew, from what is in RAM now.
pub(super) fn forget_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}
