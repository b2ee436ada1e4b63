//! Rows and bytes per second, and how much of the memory's bandwidth that is.

use serde_json::json;

use crate::error::MagicError;
use crate::host::Host;
use crate::live::Live;
use crate::machine::{Bandwidth, LoadReading, Machine};
use crate::measure::fooled::Fooled;
use crate::measure::result::Fields;
use crate::stats::Summary;
use crate::units::{bytes, percent, rate};

/// Code that keeps more CPUs busy than this is held against the bandwidth of all threads.
const ONE_THREAD: f64 = 1.25;
/// The bandwidth is itself a measurement: what exceeds it by less than this does not surprise.
const SURPRISING: f64 = 1.15;

/// What one iteration works through, and what memory allows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Throughput {
    pub rows: Option<f64>,
    pub bytes: Option<f64>,
    /// Known when bytes are.
    pub bandwidth: Option<Bandwidth>,
    /// CPUs that the code keeps busy.
    pub cpus: f64,
}

/// The bandwidth of this machine's memory; measured at the first call in a session. `None` when the worker told none.
///
/// # Errors
/// No memory for the buffer, an interrupt, a dead worker.
pub fn bandwidth(host: &mut dyn Host, live: &Live) -> Result<Option<Bandwidth>, MagicError> {
    if let Some(known) = Bandwidth::known() {
        return Ok(Some(*known));
    }
    live.status("measuring the memory's bandwidth, once per session");
    let machine = Machine::read();
    let config = json!({"bytes": machine.bandwidth_buffer(), "threads": machine.available_cpus}).to_string();
    let mut told: Option<Bandwidth> = None;
    let load = LoadReading::now().load;
    host.measure_rust(&format!("lab::measure::bandwidth({config:?})?;"), &mut |event| {
        if event.kind == "result" {
            told = serde_json::from_value::<Bandwidth>(event.data).ok();
        }
    })?;
    // What we have just measured ourselves counts in the load; only more than that is other work.
    let busy = load.is_some_and(|load| load > machine.available_cpus as f64);
    Ok(told.map(|told| *Bandwidth { busy, ..told }.keep()))
}

impl Throughput {
    /// The amounts that were told.
    pub fn of(amounts: &[(String, f64)], cpus: f64) -> Self {
        let of = |name: &str| amounts.iter().find(|(known, _)| known == name).map(|(_, value)| *value).filter(|value| *value > 0.0);
        Self { rows: of("rows"), bytes: of("bytes"), bandwidth: None, cpus }
    }

    /// The most that memory allows this code, and with how many threads.
    fn most(&self) -> Option<(f64, usize)> {
        let bandwidth = self.bandwidth?;
        Some(if self.cpus > ONE_THREAD { (bandwidth.all, bandwidth.threads) } else { (bandwidth.one, 1) })
    }

    /// Whether the data may stay in a cache from one iteration to the next.
    fn fits_cache(&self) -> bool {
        self.bytes.zip(Machine::read().last_cache_bytes()).is_some_and(|(bytes, cache)| bytes <= cache as f64)
    }

    /// Rows of the table.
    pub fn table(&self, summary: &Summary) -> Vec<(&'static str, String)> {
        let per_second = |amount: f64, what: &str| {
            let interval = summary.ci.map(|(low, high)| format!(" [{}, {}]", rate(amount / high, what), rate(amount / low, what)));
            format!("{}{}", rate(amount / summary.median, what), interval.unwrap_or_default())
        };
        let mut table = Vec::new();
        if let Some(rows) = self.rows {
            table.push(("rows per second", per_second(rows, "rows")));
        }
        if let Some(amount) = self.bytes {
            table.push(("bytes per second", format!("{}, of {}", per_second(amount, "B"), bytes(amount as u64))));
            if let Some((most, threads)) = self.most() {
                let by = if threads == 1 { "one thread".to_owned() } else { format!("{threads} threads") };
                let cache = if self.fits_cache() { "; the data fit into a cache, which is faster" } else { "" };
                let share = percent(amount / summary.median / most);
                table.push((
                    "share of the memory's bandwidth",
                    format!("{share} of {} (sequential reading by {by}, measured){cache}", rate(most, "B")),
                ));
            }
        }
        table
    }

    /// The sign that not all of the data was read.
    pub fn sign(&self, median_s: f64) -> Option<Fooled> {
        let (amount, bandwidth) = (self.bytes?, self.bandwidth?);
        let reached = amount / median_s;
        (reached > SURPRISING * bandwidth.all && !self.fits_cache()).then_some(Fooled::AboveBandwidth(reached, bandwidth.all))
    }

    /// Fields of the variant.
    pub fn fields(&self, fields: Fields, median_s: f64) -> Fields {
        let reached = self.bytes.map(|bytes| bytes / median_s);
        fields
            .maybe("input_rows", self.rows)
            .maybe("rows_per_s", self.rows.map(|rows| rows / median_s))
            .maybe("input_bytes", self.bytes)
            .maybe("bytes_per_s", reached)
            .maybe("bandwidth_share", reached.zip(self.most()).map(|(reached, (most, _))| reached / most))
    }
}

/// `--rows` and `--bytes` that were given, as text.
pub fn asked<'a>(call: &'a crate::registry::Call) -> Vec<(&'static str, &'a str)> {
    ["rows", "bytes"].into_iter().filter_map(|name| Some((name, call.options.text(name)?))).collect()
}

/// Rust statements that tell the amounts.
pub fn rust_code(amounts: &[(&str, &str)]) -> String {
    // The literal `1e6` is a float already; `as` takes both.
    amounts.iter().map(|(name, text)| format!(" lab::measure::amount({name:?}, ({text}) as f64);")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(median: f64) -> Summary {
        Summary::of(&[median; 11]).unwrap()
    }

    fn read(bytes: f64, cpus: f64) -> Throughput {
        let bandwidth = Some(Bandwidth { one: 10e9, all: 20e9, threads: 2, bytes: 128 << 20, busy: false });
        Throughput { bandwidth, ..Throughput::of(&[("bytes".into(), bytes), ("rows".into(), bytes / 8.0)], cpus) }
    }

    #[test]
    fn rates_and_shares() {
        let table = read(1e12, 1.0).table(&summary(200.0));
        assert_eq!(table[0].1, "625 M rows/s [625 M rows/s, 625 M rows/s]");
        assert!(
            table[1].1.starts_with("5.00 GB/s [") && table[2].1.starts_with("50.0 % of 10.0 GB/s (sequential reading by one thread"),
            "{table:?}"
        );
        assert!(read(1e12, 1.9).table(&summary(200.0))[2].1.starts_with("25.0 % of 20.0 GB/s (sequential reading by 2 threads"));
        let value = read(1e12, 1.0).fields(Fields::default(), 200.0).value();
        assert_eq!((value["bytes_per_s"].as_f64(), value["bandwidth_share"].as_f64()), (Some(5e9), Some(0.5)));
    }

    #[test]
    fn faster_than_memory_is_a_sign_unless_the_data_fit_a_cache() {
        assert!(matches!(read(1e12, 1.0).sign(10.0), Some(Fooled::AboveBandwidth(..))));
        assert_eq!(read(1e12, 1.0).sign(100.0), None);
        if Machine::read().last_cache_bytes().is_some() {
            assert_eq!(read(1024.0, 1.0).sign(1e-9), None);
        }
    }

    #[test]
    fn nothing_told_is_nothing() {
        assert!(Throughput::of(&[("rows".into(), 0.0)], 1.0).table(&summary(1.0)).is_empty());
        assert_eq!(rust_code(&[("rows", "v.len()")]), " lab::measure::amount(\"rows\", (v.len()) as f64);");
    }
}
