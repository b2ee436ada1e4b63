//! What the processor and the system count while code runs.
//!
//! Hardware counters need a machine that offers them; most virtual ones do not. The system's own counters come from
//! `perf_event_open` as well, or from `getrusage` where that is forbidden. What is not known is absent, never 0.

use serde_json::{Map, Value, json};

/// Name in the result, and the event.
#[cfg(target_os = "linux")]
fn events() -> Vec<(&'static str, perf_event::events::Event)> {
    use perf_event::events::{Hardware, Software};
    vec![
        ("cycles", Hardware::CPU_CYCLES.into()),
        ("instructions", Hardware::INSTRUCTIONS.into()),
        ("branches", Hardware::BRANCH_INSTRUCTIONS.into()),
        ("branch_misses", Hardware::BRANCH_MISSES.into()),
        ("cache_references", Hardware::CACHE_REFERENCES.into()),
        ("cache_misses", Hardware::CACHE_MISSES.into()),
        ("task_clock_ns", Software::TASK_CLOCK.into()),
        ("page_faults", Software::PAGE_FAULTS.into()),
        ("context_switches", Software::CONTEXT_SWITCHES.into()),
        ("cpu_migrations", Software::CPU_MIGRATIONS.into()),
    ]
}

/// One event, counted on every thread that there was at the beginning and those that these have started.
#[cfg(target_os = "linux")]
struct Counted {
    name: &'static str,
    counters: Vec<perf_event::Counter>,
}

/// Counting since [`Counters::start`].
pub struct Counters {
    #[cfg(target_os = "linux")]
    counted: Vec<Counted>,
    /// Why there are no hardware counters.
    missing: Option<String>,
    usage: libc::rusage,
}

fn usage() -> libc::rusage {
    // SAFETY: plain data that the system fills.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    }
}

impl Counters {
    /// Begins to count; what cannot be counted is left out.
    pub fn start() -> Self {
        #[cfg(target_os = "linux")]
        {
            let threads: Vec<libc::pid_t> = std::fs::read_dir("/proc/self/task")
                .map(|tasks| tasks.flatten().filter_map(|task| task.file_name().to_str()?.parse().ok()).collect())
                .unwrap_or_default();
            let (mut counted, mut missing) = (Vec::new(), None);
            for (name, event) in events() {
                let open = |thread: &libc::pid_t| {
                    perf_event::Builder::new().kind(event.clone()).observe_pid(*thread).any_cpu().inherit(true).build()
                };
                match threads.iter().map(open).collect::<std::io::Result<Vec<_>>>() {
                    Ok(counters) => counted.push(Counted { name, counters }),
                    Err(error) if name == "cycles" => missing = Some(reason(&error)),
                    Err(_) => {}
                }
            }
            let mut counters = Self { counted, missing, usage: usage() };
            for counter in counters.counted.iter_mut().flat_map(|counted| &mut counted.counters) {
                let _ = counter.enable();
            }
            counters
        }
        #[cfg(not(target_os = "linux"))]
        Self { missing: Some("this system is not Linux".to_owned()), usage: usage() }
    }

    /// What was counted: numbers by name, and `hardware_missing`, a reason, where the processor's own are not to be had.
    pub fn stop(self) -> Value {
        let (before, after) = (self.usage, usage());
        let mut told = Map::new();
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
        told.insert("user_s".into(), json!(seconds(after.ru_utime) - seconds(before.ru_utime)));
        told.insert("system_s".into(), json!(seconds(after.ru_stime) - seconds(before.ru_stime)));
        told.insert("page_faults".into(), json!(after.ru_minflt - before.ru_minflt + after.ru_majflt - before.ru_majflt));
        told.insert("major_faults".into(), json!(after.ru_majflt - before.ru_majflt));
        told.insert("context_switches".into(), json!(after.ru_nvcsw - before.ru_nvcsw + after.ru_nivcsw - before.ru_nivcsw));
        told.insert("involuntary_switches".into(), json!(after.ru_nivcsw - before.ru_nivcsw));
        #[cfg(target_os = "linux")]
        for mut counted in self.counted {
            // A counter that shared its place in the processor with others ran a part of the time only.
            let sum = counted.counters.iter_mut().try_fold(0.0, |sum, counter| {
                counter.disable().ok()?;
                let read = counter.read_count_and_time().ok()?;
                let share = if read.time_enabled == 0 { 1.0 } else { read.time_running as f64 / read.time_enabled as f64 };
                if read.time_enabled > 0 && read.time_running == 0 { None } else { Some(sum + read.count as f64 / share.max(1e-9)) }
            });
            if let Some(sum) = sum {
                told.insert(counted.name.into(), json!(sum.round() as u64));
            }
        }
        if let Some(missing) = self.missing {
            told.insert("hardware_missing".into(), json!(missing));
        }
        Value::Object(told)
    }
}

/// Why the processor's counters could not be opened, in words.
#[cfg(target_os = "linux")]
fn reason(error: &std::io::Error) -> String {
    let paranoid = std::fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").unwrap_or_default();
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENODEV | libc::EOPNOTSUPP) => "the machine offers none, as most virtual machines".to_owned(),
        Some(libc::EACCES | libc::EPERM) => {
            format!("the system forbids them: kernel.perf_event_paranoid is {}, or the container's filter", paranoid.trim())
        }
        Some(libc::ENOSYS) => "the system has no perf_event_open".to_owned(),
        _ => error.to_string(),
    }
}
