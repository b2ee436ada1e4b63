//! One trading day after the other: daily open and close first, then the bridge between them, cut into bars.

use super::factors;
use crate::calendar::nth_weekday;
use crate::random::Random;

/// Bars of a day, 14:30 to 18:30 UTC, both ends included.
pub const MINUTES: u32 = 241;
/// Points of the price path in a minute.
const POINTS: usize = 5;
/// Steps of the bridge of a day.
const STEPS: usize = MINUTES as usize * POINTS - 1;
/// 2024-01-02 as days since 1970-01-01.
const FIRST_DAY: i32 = 19_724;
/// 14:30 as minutes of the day.
const OPENING: i64 = 14 * 60 + 30;
/// Share of a day's variance that falls in the night before it.
const NIGHT: f64 = 0.2;
/// Yearly growth of the logarithm of each price, and trading days of a year.
const DRIFT: f64 = 0.05;
const YEAR: f64 = 252.0;
/// How much larger the closing auction is than another bar.
const AUCTION: f64 = 8.0;

/// Kinds of random stream.
const COMPANY: u64 = 1;
const DAILY: u64 = 2;
const INTRADAY: u64 = 3;
const VOLUME: u64 = 4;

/// Open, high, low, close in cents, and shares traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// First price.
    pub open: i64,
    /// Highest price.
    pub high: i64,
    /// Lowest price.
    pub low: i64,
    /// Last price.
    pub close: i64,
    /// Shares traded, at least 1.
    pub volume: i64,
}

/// A day of all symbols.
pub struct Day {
    /// Days since 1970-01-01.
    pub date: i32,
    /// The bars of each symbol, [`MINUTES`] of them.
    pub bars: Vec<Vec<Bar>>,
}

impl Day {
    /// When bar `minute` begins, in milliseconds since 1970-01-01 UTC.
    pub fn timestamp(&self, minute: usize) -> i64 {
        (i64::from(self.date) * 24 * 60 + OPENING + minute as i64) * 60_000
    }
}

/// Constant of a company: volatility of the logarithm of the price in a day, and usual shares a minute.
struct Company {
    volatility: f64,
    shares: f64,
    /// Logarithm of the last close, in currency units.
    log_close: f64,
}

/// The state of the market between two days.
pub struct Market {
    seed: u64,
    day: u32,
    companies: Vec<Company>,
}

impl Market {
    /// The market before its first day, with the first `symbols` companies.
    pub fn new(seed: u64, symbols: usize) -> Self {
        let company = |i: usize| {
            let mut random = Random::new(seed, &[COMPANY, i as u64]);
            let price = 40.0 * libm::exp(2.0 * random.uniform());
            let yearly = 0.18 + 0.27 * random.uniform();
            let shares = 500.0 * libm::exp(3.0 * random.uniform());
            Company { volatility: yearly / libm::sqrt(YEAR), shares, log_close: libm::log(price) }
        };
        Self { seed, day: 0, companies: (0..symbols).map(company).collect() }
    }

    /// The next trading day.
    pub fn next_day(&mut self) -> Day {
        let (number, symbols) = (u64::from(self.day), self.companies.len());
        let daily = factors::steps(self.seed, DAILY, number, symbols, 2);
        let inner = factors::steps(self.seed, INTRADAY, number, symbols, STEPS);
        let mut bars = Vec::with_capacity(symbols);
        for (i, company) in self.companies.iter_mut().enumerate() {
            let night = company.volatility * libm::sqrt(NIGHT);
            let light = company.volatility * libm::sqrt(1.0 - NIGHT);
            let open = company.log_close + night * daily[i][0];
            let close = open + DRIFT / YEAR + light * daily[i][1];
            let path = bridge(open, close, light, &inner[i]);
            let mut random = Random::new(self.seed, &[VOLUME, number, i as u64]);
            bars.push(cut(&path, company.shares, light, &mut random));
            company.log_close = close;
        }
        let date = nth_weekday(FIRST_DAY, self.day);
        self.day += 1;
        Day { date, bars }
    }
}

/// Prices in cents along a Brownian bridge of the logarithm from `open` to `close`, whose free motion over the day would
/// have standard deviation `volatility`.
fn bridge(open: f64, close: f64, volatility: f64, steps: &[f64]) -> Vec<i64> {
    let n = steps.len() as f64;
    let scale = volatility / libm::sqrt(n);
    let end: f64 = steps.iter().sum::<f64>() * scale;
    let mut walk = 0.0;
    let mut path = Vec::with_capacity(steps.len() + 1);
    path.push(cents(open));
    for (k, step) in steps.iter().enumerate() {
        walk += step * scale;
        let part = (k + 1) as f64 / n;
        path.push(cents(open + part * (close - open) + walk - part * end));
    }
    path
}

fn cents(log_price: f64) -> i64 {
    ((libm::exp(log_price) * 100.0).round() as i64).max(1)
}

/// Cuts a path into bars and adds volume: more at both ends of the day and in minutes of large moves.
fn cut(path: &[i64], shares: f64, volatility: f64, random: &mut Random) -> Vec<Bar> {
    let usual_move = volatility / libm::sqrt(f64::from(MINUTES));
    let bar = |(minute, points): (usize, &[i64])| {
        let (open, close) = (points[0], points[points.len() - 1]);
        let (low, high) = points.iter().fold((open, open), |(low, high), &p| (low.min(p), high.max(p)));
        let from_noon = 2.0 * minute as f64 / f64::from(MINUTES - 1) - 1.0;
        let moved = ((close - open) as f64 / open as f64).abs() / usual_move;
        let noise = libm::exp(0.4 * random.normal() - 0.08);
        let auction = if minute + 1 == MINUTES as usize { AUCTION } else { 1.0 };
        let traded = shares * (0.5 + 1.5 * from_noon * from_noon) * (1.0 + 0.5 * moved) * noise * auction;
        Bar { open, high, low, close, volume: (traded.round() as i64).max(1) }
    };
    path.chunks_exact(POINTS).enumerate().map(bar).collect()
}
