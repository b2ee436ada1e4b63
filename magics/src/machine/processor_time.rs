//! Processor time as Linux counts it in `/proc`: of the whole machine, and of this session's processes.

use std::collections::HashMap;
use std::fs;

/// The system counts in hundredths of a second on every Linux we run on.
const TICKS_PER_S: f64 = 100.0;

fn machine_ticks(stat: &str) -> Option<Vec<f64>> {
    stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().map(|ticks| ticks.parse().ok()).collect()
}

/// Seconds that all processors were busy with programs and the system since boot, from `/proc/stat`.
pub fn of_all(stat: &str) -> Option<f64> {
    // user, nice, system, (idle, iowait,) irq, softirq
    let ticks = machine_ticks(stat)?;
    Some([0, 1, 2, 5, 6].iter().map(|&at| ticks.get(at)).sum::<Option<f64>>()? / TICKS_PER_S)
}

/// Seconds the hypervisor gave to others, from `/proc/stat`.
pub fn stolen(stat: &str) -> Option<f64> {
    Some(machine_ticks(stat)?.get(7)? / TICKS_PER_S)
}

/// Seconds that a process and all its descendants have used, those that have ended and were waited for included.
pub fn of_tree(root: u32) -> Option<f64> {
    let mut processes: HashMap<u32, (u32, f64)> = HashMap::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ends while we look is told by its parent.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        processes.extend(parent_and_ticks(&stat).map(|found| (pid, found)));
    }
    processes.get(&root)?;
    let is_ours = |pid: u32| {
        // A parent that has gone ends the walk; a bound guards against a list that changed under us.
        std::iter::successors(Some(pid), |pid| processes.get(pid).map(|(parent, _)| *parent)).take(1000).any(|pid| pid == root)
    };
    Some(processes.iter().filter(|(pid, _)| is_ours(**pid)).map(|(_, (_, ticks))| ticks).sum::<f64>() / TICKS_PER_S)
}

/// Parent and ticks of `/proc/<pid>/stat`: user and system, its own and those of children that it has waited for.
fn parent_and_ticks(stat: &str) -> Option<(u32, f64)> {
    // The name in parentheses may hold anything.
    let fields: Vec<&str> = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|ticks| ticks.parse::<f64>().ok()).sum::<Option<f64>>()?;
    Some((fields.get(1)?.parse().ok()?, ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  475135 7 31924 100849 694 3 247 395 0 0\ncpu0 1 2 3\n";

    #[test]
    fn the_machine_is_read_by_place() {
        assert_eq!(of_all(STAT), Some((475_135.0 + 7.0 + 31_924.0 + 3.0 + 247.0) / 100.0));
        assert_eq!(stolen(STAT), Some(3.95));
        assert_eq!((of_all("nonsense"), stolen("nonsense")), (None, None));
    }

    #[test]
    fn names_of_processes_may_hold_anything() {
        let stat = "42 (a) b (c)) S 7 42 42 0 -1 4194304 1 2 3 4 100 20 30 5 20 0 1 0 99 1 2";
        assert_eq!(parent_and_ticks(stat), Some((7, 155.0)));
        assert_eq!(parent_and_ticks("42 (a) S"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_in_its_own_tree() {
        let begin = of_tree(std::process::id()).unwrap();
        let clock = std::time::Instant::now();
        while clock.elapsed().as_millis() < 200 {
            std::hint::black_box((0..1000_u64).sum::<u64>());
        }
        assert!(of_tree(std::process::id()).unwrap() > begin);
        assert_eq!(of_tree(u32::MAX), None);
    }
}
