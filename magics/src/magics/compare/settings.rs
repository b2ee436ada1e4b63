//! The options of a comparison.

use super::parse::{Lang, Sections};
use crate::error::MagicError;
use crate::measure::sweep::{self, Sweep};
use crate::nearest::suggestion;
use crate::registry::Call;
use crate::stats::verdict::DELTA;

/// Seconds of measuring when `--budget` is absent.
pub const BUDGET_S: f64 = 10.0;
/// Relative tolerance of floats and decimals when `--tolerance` is absent.
pub const TOLERANCE: f64 = 1e-9;
/// Seconds after which an SQL variant is given up when `--timeout` is absent.
pub const TIMEOUT_S: f64 = 60.0;

/// Whether the order of rows counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Where both sides are sequences.
    Sequences,
    Always,
    Never,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Index of the variant that all others are compared with.
    pub baseline: usize,
    pub rounds: Option<usize>,
    pub budget_s: f64,
    pub delta: f64,
    pub tolerance: f64,
    pub order: Order,
    pub check: bool,
    /// Whether the peak of memory is measured as well.
    pub memory: bool,
    pub timeout_s: f64,
    pub label: Option<String>,
    pub title: Option<String>,
    pub out: Option<String>,
    /// Fresh Rust workers in which everything is repeated.
    pub processes: usize,
    pub sweep: Option<Sweep>,
    /// Bytes that one unit of the swept variable stands for.
    pub bytes: Option<f64>,
}

impl Settings {
    /// The options of a call.
    ///
    /// # Errors
    /// Values out of range, a baseline that is no variant, options that exclude each other.
    pub fn of(call: &Call, sections: &Sections) -> Result<Self, MagicError> {
        let options = &call.options;
        let labels = || sections.variants.iter().map(|variant| variant.label.as_str());
        let baseline = match options.text("baseline") {
            None => 0,
            Some(name) => labels().position(|label| label == name).ok_or_else(|| {
                let near = suggestion(name, labels()).map_or_else(String::new, |near| format!("{near} "));
                let all: Vec<String> = labels().map(|label| format!("`{label}`")).collect();
                let hint = format!("{near}variants are {}", all.join(", "));
                options.error_at("baseline", format!("no variant is labelled `{name}`"), Some(hint))
            })?,
        };
        let rounds = match options.int("rounds") {
            None => None,
            Some(rounds @ 1..=10_000) => usize::try_from(rounds).ok(),
            Some(rounds) => {
                let hint = "it takes 1 to 10000; intervals need 6".to_owned();
                return Err(options.error_at("rounds", format!("cannot run {rounds} rounds"), Some(hint)));
            }
        };
        let budget_s = positive_time(call, "budget", BUDGET_S)?;
        let timeout_s = positive_time(call, "timeout", TIMEOUT_S)?;
        let delta = match options.text("delta") {
            None => DELTA,
            Some(text) => share(text).filter(|delta| (0.0..1.0).contains(delta)).ok_or_else(|| {
                options.error_at("delta", format!("`{text}` is no relative difference"), Some("for example `--delta 2%`".into()))
            })?,
        };
        let tolerance = options.float("tolerance").unwrap_or(TOLERANCE);
        if !(0.0..1.0).contains(&tolerance) {
            let hint = format!("it is relative: 0 for exact, {TOLERANCE:e} by default");
            return Err(options.error_at("tolerance", format!("`{tolerance}` is no tolerance"), Some(hint)));
        }
        let order = match (options.flag("ordered"), options.flag("unordered")) {
            (true, true) => {
                return Err(options.error_at(
                    "unordered",
                    "`--ordered` and `--unordered` exclude each other",
                    Some("leave one out".into()),
                ));
            }
            (true, false) => Order::Always,
            (false, true) => Order::Never,
            (false, false) => Order::Sequences,
        };
        let sweep = options
            .text("sweep")
            .map(|text| sweep::parse(text).map_err(|why| options.error_at("sweep", why, Some("for example `--sweep n=1e3..1e6`".into()))));
        let sweep = sweep.transpose()?;
        let bytes = options.float("bytes");
        if let Some(given) = bytes {
            if sweep.is_none() {
                return Err(options.error_at("bytes", "`--bytes` is for a sweep", Some("add `--sweep n=1e3..1e6`".into())));
            }
            if given <= 0.0 {
                return Err(options.error_at("bytes", "a unit has more than no bytes", Some("for example `--bytes 8`".into())));
            }
        }
        if sweep.is_some() && options.has("out") {
            return Err(options.error_at("out", "a sweep is no single result to bind", Some("leave `--out` out".into())));
        }
        let processes = processes(call, sections)?;
        Ok(Self {
            baseline,
            processes,
            rounds,
            budget_s,
            delta,
            tolerance,
            order,
            check: !options.flag("no-check"),
            memory: options.flag("memory"),
            timeout_s,
            label: options.text("label").map(str::to_owned),
            title: options.text("title").map(str::to_owned),
            out: call.assign.clone().or_else(|| options.text("out").map(str::to_owned)),
            sweep,
            bytes,
        })
    }
}

/// `--processes`.
fn processes(call: &Call, sections: &Sections) -> Result<usize, MagicError> {
    let options = &call.options;
    let Some(given) = options.int("processes") else { return Ok(1) };
    if !(1..=50).contains(&given) {
        return Err(options.error_at("processes", format!("cannot use {given} processes"), Some("it takes 1 to 50; 5 are usual".into())));
    }
    if let Some(other) = sections.variants.iter().find(|variant| variant.lang != Lang::Rust) {
        let message = format!("`--processes` starts fresh Rust workers, and `{}` is {}", other.label, other.lang.name());
        let hint = "compare Rust variants only, or leave `--processes` out";
        return Err(options.error_at("processes", message, Some(hint.into())));
    }
    if options.has("sweep") {
        return Err(options.error_at("processes", "`--processes` and `--sweep` exclude each other", Some("leave one out".into())));
    }
    Ok(usize::try_from(given).unwrap_or(1))
}

fn positive_time(call: &Call, option: &str, default: f64) -> Result<f64, MagicError> {
    match call.options.duration_s(option) {
        None => Ok(default),
        Some(seconds) if seconds > 0.0 => Ok(seconds),
        Some(_) => {
            let hint = format!("for example `--{option} {default}s`");
            Err(call.options.error_at(option, "it must be longer than nothing", Some(hint)))
        }
    }
}

/// `2%`, `2 %` or `0.02`.
fn share(text: &str) -> Option<f64> {
    match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok().map(|value| value / 100.0),
        None => text.trim().parse().ok(),
    }
    .filter(|value| value.is_finite())
}
