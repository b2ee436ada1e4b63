//! How much of the machine an engine may use.

/// Threads an engine may use: what this process is allowed to run at once.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Bytes of memory an engine may use: 60 % of the machine's, or of the container's limit if that is
/// smaller, so that the kernel, the cells and the browser keep room. `None` if neither is known.
pub fn memory_bytes() -> Option<u64> {
    let total = [physical_memory(), cgroup_limit()].into_iter().flatten().min()?;
    Some(total / 10 * 6)
}

fn physical_memory() -> Option<u64> {
    // SAFETY: plain queries of system constants.
    let (pages, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    u64::try_from(pages).ok()?.checked_mul(u64::try_from(size).ok()?).filter(|bytes| *bytes > 0)
}

/// The smallest memory limit of the control groups this process is in (version 2, then version 1).
fn cgroup_limit() -> Option<u64> {
    let membership = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut limits = Vec::new();
    for line in membership.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            list if list.split(',').any(|c| c == "memory") => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        // A limit may stand on any group above; inside a container the path may not exist, the root does.
        let mut group = path.trim_end_matches('/');
        loop {
            limits.extend(read_limit(&format!("{root}{group}/{file}")));
            match group.rfind('/') {
                Some(cut) => group = &group[..cut],
                None => break,
            }
        }
    }
    limits.into_iter().min()
}

fn read_limit(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok().filter(|bytes| *bytes > 0)
}
