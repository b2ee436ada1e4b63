//! Seconds of trades, made on their own, and their merging in order of arrival.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, LazyLock};

use tpchgen_arrow::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use tpchgen_arrow::arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use tpchgen_arrow::arrow::error::ArrowError;

use crate::random::Random;
use crate::write::column;

/// Share of late trades.
pub const LATE: f64 = 0.02;
/// A late trade is late by at least and at most so many seconds.
pub const LEAST_S: f64 = 0.05;
pub const MOST_S: f64 = 2.0;
/// What is beyond the least is exponential with this mean, before it is cut at the most.
const MEAN_S: f64 = 0.25;

/// Streams under a seed.
const WALK: u64 = 41;
const TRADES: u64 = 42;
/// 2024-01-02 14:30:00 UTC in microseconds.
const START: i64 = 1_704_205_800_000_000;
/// Microseconds of a second, and that every trade takes to arrive.
const SECOND: f64 = 1e6;
const TRAVEL: f64 = 2000.0;
const SYMBOLS: [&str; 8] = ["AMBR", "BSLT", "CRVN", "DLPH", "EKHO", "FRNW", "GLMR", "HRTH"];
/// Volatility of the logarithm of a price in a second, and of a single trade around it.
const SECOND_VOLATILITY: f64 = 2e-4;
const TRADE_VOLATILITY: f64 = 1e-4;
/// Mean of the shares of a trade beyond the first.
const SHARES: f64 = 120.0;

/// A trade. The order of the fields is that of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick {
    arrival: i64,
    seq: i64,
    event: i64,
    symbol: usize,
    cents: i64,
    volume: i64,
}

/// The trades that happen in one second, in order of their own time.
pub struct Second {
    on_time: Vec<Tick>,
    late: Vec<Tick>,
}

/// All seconds of a feed.
pub struct Feed {
    rate: u64,
    seed: u64,
    /// Logarithm of the price of each symbol at the beginning of each second, and at the end of the last one.
    levels: Vec<[f64; SYMBOLS.len()]>,
}

impl Feed {
    /// A feed of so many seconds and trades a second.
    pub fn new(seconds: u64, rate: u64, seed: u64) -> Self {
        let mut random = Random::new(seed, &[WALK]);
        let mut level: [f64; SYMBOLS.len()] = std::array::from_fn(|_| libm::log(40.0) + 2.0 * random.uniform());
        let mut levels = vec![level];
        for _ in 0..seconds {
            level = level.map(|level| level + SECOND_VOLATILITY * random.normal());
            levels.push(level);
        }
        Self { rate, seed, levels }
    }

    /// The trades that happen in one second.
    pub fn second(&self, second: u64) -> Second {
        let mut random = Random::new(self.seed, &[TRADES, second]);
        let gap = SECOND / self.rate as f64;
        let mut made = Second { on_time: Vec::with_capacity(self.rate as usize), late: Vec::new() };
        for i in 0..self.rate {
            let seq = second * self.rate + i;
            let part = (i as f64 + random.uniform()) / self.rate as f64;
            let event = (second as f64 + part) * SECOND;
            let symbol = random.below(SYMBOLS.len() as u64) as usize;
            let (from, to) = (self.levels[second as usize][symbol], self.levels[second as usize + 1][symbol]);
            let level = from + part * (to - from) + TRADE_VOLATILITY * random.normal();
            let cents = (libm::exp(level) * 100.0).round() as i64;
            let volume = 1 + random.exponential(SHARES) as i64;
            // In the slot after its own, so that trades on time stay in order.
            let on_time = (seq as f64 + 1.0 + random.uniform()) * gap + TRAVEL;
            let is_late = random.chance(LATE);
            let arrival = if is_late { event + SECOND * (LEAST_S + random.exponential(MEAN_S)).min(MOST_S) } else { on_time };
            let tick = Tick { arrival: START + arrival as i64, seq: seq as i64, event: START + event as i64, symbol, cents, volume };
            if is_late { made.late.push(tick) } else { made.on_time.push(tick) }
        }
        made
    }
}

/// Seconds merged in order of arrival: late trades wait until it is their turn.
pub struct Merged<I> {
    seconds: I,
    waiting: BinaryHeap<Reverse<Tick>>,
}

impl<I: Iterator<Item = Second>> Merged<I> {
    /// Of seconds in their order.
    pub fn new(seconds: I) -> Self {
        Self { seconds, waiting: BinaryHeap::new() }
    }
}

impl<I: Iterator<Item = Second>> Iterator for Merged<I> {
    type Item = Vec<Tick>;

    fn next(&mut self) -> Option<Vec<Tick>> {
        let Some(second) = self.seconds.next() else {
            let mut rest: Vec<_> = std::mem::take(&mut self.waiting).into_iter().map(|Reverse(tick)| tick).collect();
            rest.sort_unstable();
            return (!rest.is_empty()).then_some(rest);
        };
        self.waiting.extend(second.late.into_iter().map(Reverse));
        let mut ticks = Vec::with_capacity(second.on_time.len() + self.waiting.len());
        for tick in second.on_time {
            while self.waiting.peek().is_some_and(|Reverse(late)| *late < tick) {
                ticks.extend(self.waiting.pop().map(|Reverse(late)| late));
            }
            ticks.push(tick);
        }
        Some(ticks)
    }
}

static TICKS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let time = |name| column(name, DataType::Timestamp(TimeUnit::Microsecond, None));
    Arc::new(Schema::new(vec![
        column("seq", DataType::Int64),
        time("event_time"),
        time("arrival_time"),
        column("symbol", DataType::Utf8View),
        column("price", DataType::Float64),
        column("volume", DataType::Int64),
    ]))
});

/// The schema of `ticks`.
pub fn schema() -> SchemaRef {
    Arc::clone(&TICKS)
}

/// Trades as a batch.
pub fn batch(ticks: &[Tick]) -> Result<RecordBatch, ArrowError> {
    let whole = |of: fn(&Tick) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(ticks.iter().map(of))) };
    let time = |of: fn(&Tick) -> i64| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from_iter_values(ticks.iter().map(of))) };
    let columns: Vec<ArrayRef> = vec![
        whole(|tick| tick.seq),
        time(|tick| tick.event),
        time(|tick| tick.arrival),
        Arc::new(StringViewArray::from_iter_values(ticks.iter().map(|tick| SYMBOLS[tick.symbol]))),
        Arc::new(Float64Array::from_iter_values(ticks.iter().map(|tick| tick.cents as f64 / 100.0))),
        whole(|tick| tick.volume),
    ];
    RecordBatch::try_new(schema(), columns)
}
