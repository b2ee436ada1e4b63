//! Reading the card.

use std::fs;
use std::sync::OnceLock;

use serde::Serialize;
use sysinfo::{CpuRefreshKind, System};

use super::{caches, limits, virt};

/// What is known of this machine. Sizes are bytes, frequencies MHz.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// CPU model as the system names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    pub arch: String,
    /// Logical CPUs of the machine.
    pub logical_cpus: usize,
    /// Physical cores of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical_cores: Option<usize>,
    /// CPUs this process may use: affinity and cgroup quota included.
    pub available_cpus: usize,
    /// CPUs by affinity alone, as a list: `0-1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<String>,
    /// CPUs' worth of time the cgroup allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup_cpus: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup_memory_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mhz: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turbo: Option<bool>,
    /// Caches of the first CPU, smallest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<caches::Cache>,
    pub ram_bytes: u64,
    pub swap_bytes: u64,
    /// `KVM`, `Docker` …; absent on bare metal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub virtual_layers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
}

impl Machine {
    /// The card of this machine; read once, for none of it changes while the kernel runs.
    pub fn read() -> &'static Self {
        static MACHINE: OnceLock<Machine> = OnceLock::new();
        MACHINE.get_or_init(Self::read_now)
    }

    fn read_now() -> Self {
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        let system = System::new().ok().map(|mut system| {
            system.refresh_cpu_list(CpuRefreshKind::everything());
            system.refresh_memory();
            system
        });
        let cpus = system.as_ref().map(System::cpus).unwrap_or_default();
        let cpu = cpus.first().map(|c| c.brand().trim().to_owned()).filter(|b| !b.is_empty());
        Self {
            cpu,
            arch: std::env::consts::ARCH.to_owned(),
            logical_cpus: cpus.len().max(available),
            physical_cores: System::physical_core_count().ok().filter(|n| *n > 0),
            available_cpus: available,
            affinity: limits::affinity(),
            cgroup_cpus: limits::cpu_quota(),
            cgroup_memory_bytes: limits::memory(),
            mhz: cpus.first().map(sysinfo::Cpu::frequency).filter(|mhz| *mhz > 0),
            governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            turbo: turbo(),
            caches: caches::read(),
            ram_bytes: system.as_ref().map_or(0, System::total_memory),
            swap_bytes: system.as_ref().map_or(0, System::total_swap),
            virtual_layers: virt::layers(),
            kernel: System::kernel_version().ok(),
            os: System::long_os_version().ok(),
        }
    }

    /// Hardware threads per core, when there are more than one.
    pub fn smt(&self) -> Option<usize> {
        let cores = self.physical_cores?;
        (cores > 0 && self.logical_cpus.is_multiple_of(cores)).then(|| self.logical_cpus / cores).filter(|n| *n > 1)
    }

    /// Physical cores within the CPUs this process may use, when that is fewer than those CPUs.
    pub fn usable_cores(&self) -> Option<usize> {
        let smt = self.smt()?;
        // With all CPUs at hand; under a quota or a mask one cannot know which siblings are meant.
        (self.available_cpus == self.logical_cpus).then(|| self.available_cpus / smt)
    }

    /// Why this process may not use all CPUs of the machine; `None` when it may.
    pub fn cpu_limit(&self) -> Option<&'static str> {
        if self.available_cpus >= self.logical_cpus {
            return None;
        }
        // `available_parallelism` takes the smaller of both, and a quota's whole CPUs.
        let quota = self.cgroup_cpus.is_some_and(|quota| (quota.floor().max(1.0) as usize) <= self.available_cpus);
        Some(if quota { "cgroup quota" } else { "affinity" })
    }

    /// Shortest time one clock cycle takes, in seconds; a fast CPU's when the frequency is unknown.
    pub fn cycle_s(&self) -> f64 {
        1e-6 / self.mhz.map_or(4000.0, |mhz| mhz as f64)
    }
}

fn turbo() -> Option<bool> {
    let intel = line("/sys/devices/system/cpu/intel_pstate/no_turbo").map(|v| v == "0");
    intel.or_else(|| line("/sys/devices/system/cpu/cpufreq/boost").map(|v| v == "1"))
}

/// The trimmed text of a small file; `None` when it cannot be read or is empty.
pub(super) fn line(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_card() {
        let machine = Machine::read();
        assert!(machine.available_cpus >= 1 && machine.logical_cpus >= machine.available_cpus);
        assert!(machine.ram_bytes > 0);
        let json = serde_json::to_value(machine).unwrap();
        assert!(json["available_cpus"].is_number());
        // Absent, never null or zero.
        assert!(json.as_object().unwrap().values().all(|v| !v.is_null()));
    }

    #[test]
    fn threads_per_core() {
        let machine = Machine { logical_cpus: 8, physical_cores: Some(4), available_cpus: 8, ..Machine::read().clone() };
        assert_eq!((machine.smt(), machine.usable_cores()), (Some(2), Some(4)));
        let plain = Machine { logical_cpus: 4, physical_cores: Some(4), available_cpus: 4, ..machine.clone() };
        assert_eq!((plain.smt(), plain.usable_cores()), (None, None));
        let quota = Machine { available_cpus: 2, affinity: None, cgroup_cpus: Some(2.5), ..machine };
        assert_eq!(quota.cpu_limit(), Some("cgroup quota"));
        assert_eq!(Machine { cgroup_cpus: Some(6.0), ..quota.clone() }.cpu_limit(), Some("affinity"));
        assert_eq!(plain.cpu_limit(), None);
        assert_eq!(quota.usable_cores(), None);
    }
}
