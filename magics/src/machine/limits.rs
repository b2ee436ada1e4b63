//! What this process is allowed: CPU affinity and cgroup limits, of version 2 and 1.

use std::fs;
use std::path::{Path, PathBuf};

use super::card::line;

/// CPUs this process may run on, as a list: `0-3`.
pub fn affinity() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|l| l.strip_prefix("Cpus_allowed_list:")).map(|l| l.trim().to_owned())
}

/// CPUs' worth of time: the tightest quota on the way up from this process's cgroup.
pub fn cpu_quota() -> Option<f64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let v2 = folders(&groups, "", "/sys/fs/cgroup").into_iter().filter_map(|d| parse_cpu_max(&read(&d, "cpu.max")?));
    let v1 = folders(&groups, "cpu", "/sys/fs/cgroup/cpu").into_iter().filter_map(|d| {
        let (quota, period) = (read(&d, "cpu.cfs_quota_us")?, read(&d, "cpu.cfs_period_us")?);
        parse_cpu_max(&format!("{quota} {period}"))
    });
    v2.chain(v1).min_by(f64::total_cmp)
}

/// Bytes of memory the cgroup allows.
pub fn memory() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let v2 = folders(&groups, "", "/sys/fs/cgroup").into_iter().filter_map(|d| read(&d, "memory.max")?.parse().ok());
    let v1 =
        folders(&groups, "memory", "/sys/fs/cgroup/memory").into_iter().filter_map(|d| read(&d, "memory.limit_in_bytes")?.parse().ok());
    // Version 1 writes "no limit" as a number near 2^63.
    v2.chain(v1).filter(|bytes: &u64| *bytes < 1 << 60).min()
}

/// The folders from this process's cgroup of `controller` up to the root of the mount.
fn folders(groups: &str, controller: &str, mount: &str) -> Vec<PathBuf> {
    let path = groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (names, path) = (parts.next()?, parts.next()?);
        names.split(',').any(|n| n == controller).then_some(path)
    });
    let Some(path) = path else { return Vec::new() };
    let leaf = Path::new(mount).join(path.trim_start_matches('/'));
    leaf.ancestors().take_while(|p| p.starts_with(mount)).map(Path::to_path_buf).collect()
}

fn read(folder: &Path, file: &str) -> Option<String> {
    line(folder.join(file).to_str()?)
}

/// `200000 100000` is 2 CPUs; `max` or -1 is no limit.
fn parse_cpu_max(text: &str) -> Option<f64> {
    let mut parts = text.split_whitespace();
    let quota: f64 = parts.next()?.parse().ok()?;
    let period: f64 = parts.next().unwrap_or("100000").parse().ok()?;
    (quota > 0.0 && period > 0.0).then_some(quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas() {
        assert_eq!(parse_cpu_max("150000 100000"), Some(1.5));
        assert_eq!((parse_cpu_max("max 100000"), parse_cpu_max("-1 100000"), parse_cpu_max("")), (None, None, None));
    }

    #[test]
    fn folders_go_up_to_the_mount() {
        let groups = "4:memory:/a/b\n1:cpu,cpuacct:/x\n0::/c\n";
        let shown =
            |controller, mount| -> Vec<String> { folders(groups, controller, mount).iter().map(|p| p.display().to_string()).collect() };
        assert_eq!(shown("", "/sys/fs/cgroup"), ["/sys/fs/cgroup/c", "/sys/fs/cgroup"]);
        assert_eq!(shown("cpu", "/sys/fs/cgroup/cpu"), ["/sys/fs/cgroup/cpu/x", "/sys/fs/cgroup/cpu"]);
        assert!(shown("none", "/m").is_empty());
    }
}
