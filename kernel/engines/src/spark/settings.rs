//! How a Spark server is to be started.

use serde_json::{Map, Value};

use crate::engine::failure;
use crate::limits;
use crate::sql_wire::SqlFailure;

/// The settings of `%engine start spark`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Threads of the server, or of all executors together.
    pub threads: usize,
    /// Heap of the server, and of each executor, in MiB.
    pub memory_mib: u64,
    /// Workers of a standalone cluster; none: one process does all.
    pub workers: Option<usize>,
}

impl Settings {
    /// Reads and checks `workers`, `memory`, `threads` and `master`.
    ///
    /// # Errors
    /// Class `Settings Error`, saying what is allowed.
    pub fn read(settings: &Map<String, Value>) -> Result<Settings, SqlFailure> {
        let wrong = |message: String| failure("Settings Error", message);
        let count = |name: &str, most: usize| match settings.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64().and_then(|count| usize::try_from(count).ok()) {
                Some(count) if (1..=most).contains(&count) => Ok(Some(count)),
                _ => Err(wrong(format!("`{name}` must be a number from 1 to {most}, not {value}"))),
            },
        };
        let workers = count("workers", 16)?;
        let threads = count("threads", 1024)?.unwrap_or_else(limits::threads);
        let workers = match settings.get("master").and_then(Value::as_str) {
            Some("cluster") => Some(workers.unwrap_or(2)),
            Some("local") if workers.is_some() => {
                return Err(wrong("`workers` are those of a cluster: leave out one of --workers and --master local".to_owned()));
            }
            None | Some("local") => workers,
            Some(other) => return Err(wrong(format!("`master` is `local` or `cluster`, not `{other}`"))),
        };
        let memory_mib = match settings.get("memory").and_then(Value::as_str) {
            None => 1024,
            Some(text) => mebibytes(text).ok_or_else(|| wrong(format!("`memory` is a size such as `512m` or `2g`, not `{text}`")))?,
        };
        if memory_mib < 512 {
            return Err(wrong(format!("Spark does not start with {memory_mib} MiB; give it at least 512m")));
        }
        let settings = Settings { threads, memory_mib, workers };
        match limits::memory_bytes() {
            Some(most) if settings.all_mib() * 1024 * 1024 > most => Err(wrong(format!(
                "{} MiB of heap in all is more than the {} MiB that engines may use on this machine; use less --memory or fewer --workers",
                settings.all_mib(),
                most / 1024 / 1024
            ))),
            _ => Ok(settings),
        }
    }

    /// Heap of all processes together.
    fn all_mib(&self) -> u64 {
        self.memory_mib * (1 + self.workers.unwrap_or(0) as u64)
    }

    /// Threads of one executor.
    pub fn cores_per_worker(&self) -> usize {
        self.threads.div_ceil(self.workers.unwrap_or(1))
    }

    /// In words, for people.
    pub fn words(&self) -> String {
        match self.workers {
            Some(workers) => format!(
                "standalone master with {workers} worker{}, {} thread{} and {} MiB each",
                if workers == 1 { "" } else { "s" },
                self.cores_per_worker(),
                if self.cores_per_worker() == 1 { "" } else { "s" },
                self.memory_mib
            ),
            None => format!("local[{}], {} MiB", self.threads, self.memory_mib),
        }
    }
}

/// `512m`, `2g`, `2GiB`, `1024` (MiB).
fn mebibytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.trim().parse().ok()?;
    let factor = match &text[digits.len()..] {
        "" | "m" | "mb" | "mib" => 1.0,
        "g" | "gb" | "gib" => 1024.0,
        _ => return None,
    };
    let mib = number * factor;
    (mib.is_finite() && (1.0..1e9).contains(&mib)).then_some(mib as u64)
}
