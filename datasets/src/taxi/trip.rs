//! One trip: what it costs, and what may be wrong with it.

use super::demand::{Demand, clock};
use super::zones::{AIRPORTS, Zones};
use crate::random::{Random, Weighted};

/// Share of the rows that are dirty.
pub const DIRTY: f64 = 0.003;
/// The condition, in SQL, that holds for all clean trips and for no dirty one.
pub const CLEAN: &str = "passenger_count BETWEEN 1 AND 6 AND fare_amount > 0 AND trip_distance < 1000 AND tpep_dropoff_datetime > tpep_pickup_datetime AND tpep_pickup_datetime >= '2024-01-01'";

/// What can be wrong with a trip; all kinds are equally frequent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dirt {
    /// No passenger was counted.
    Nobody,
    /// Passengers, rate code, flag, congestion surcharge and airport fee are missing.
    Missing,
    /// A refund: all amounts are negative, and there is no tip.
    Refund,
    /// It ends before it begins.
    Backwards,
    /// The meter counted thousands of miles.
    Meter,
    /// The clock was fifteen years late.
    Clock,
}

const DIRT: [Dirt; 6] = [Dirt::Nobody, Dirt::Missing, Dirt::Refund, Dirt::Backwards, Dirt::Meter, Dirt::Clock];

/// Stream of trips under a seed.
const TRIPS: u64 = 11;
/// Passengers 1 to 6, payment types 1 to 4, weights in hundredths.
const PASSENGERS: [f64; 6] = [72.0, 14.0, 5.0, 3.0, 3.0, 3.0];
const PAYMENTS: [f64; 4] = [78.0, 18.0, 2.0, 2.0];
const CARD: i64 = 1;
/// Shape 2: a gamma variate of this scale has twice the mean, 3 miles.
const DISTANCE_SCALE: f64 = 1.5;
/// Tips scatter evenly by so much around the planted fraction.
const TIP_SPREAD: f64 = 0.05;
/// Miles an hour in each hour of the day.
const SPEED: [f64; 24] = [
    16.0, 17.0, 18.0, 19.0, 20.0, 18.0, 15.0, 12.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 9.5, 9.0, 9.0, 9.0, 9.5, 11.0, 12.0, 13.0, 14.0,
    15.0,
];

/// The planted tip of a card trip in percent of the fare.
pub const fn tip_percent(passengers: i64) -> i64 {
    15 + passengers
}

/// A trip. Amounts in cents, distance in hundredths of a mile, moments in seconds since 1970-01-01.
#[derive(Debug, Clone, Copy)]
pub struct Trip {
    pub vendor: i64,
    pub pickup: i64,
    pub dropoff: i64,
    pub passengers: Option<i64>,
    pub distance: i64,
    pub rate_code: Option<i64>,
    /// `true` is `Y`.
    pub stored: Option<bool>,
    pub from: i32,
    pub to: i32,
    pub payment: i64,
    pub fare: i64,
    pub extra: i64,
    pub tax: i64,
    pub tip: i64,
    pub tolls: i64,
    pub improvement: i64,
    pub total: i64,
    pub congestion: Option<i64>,
    pub airport: Option<i64>,
}

/// Trips that begin in a part of the month.
pub struct Trips {
    rows: u64,
    seed: u64,
    /// The part of the month's demand, as shares of it.
    part: (f64, f64),
    stream: u64,
    demand: Demand,
    zones: Zones,
    passengers: Weighted,
    payments: Weighted,
}

impl Trips {
    /// So many trips over the whole month.
    pub fn month(rows: u64, seed: u64) -> Self {
        Self {
            rows,
            seed,
            part: (0.0, 1.0),
            stream: TRIPS,
            demand: Demand::new(),
            zones: Zones::new(),
            passengers: Weighted::new(&PASSENGERS),
            payments: Weighted::new(&PAYMENTS),
        }
    }

    /// So many other trips on one day, counted from 0.
    pub fn day(rows: u64, seed: u64, day: u64) -> Self {
        let month = Self::month(rows, seed);
        let part = (month.demand.before_day(day), month.demand.before_day(day + 1));
        Self { part, stream: TRIPS + 1, ..month }
    }

    /// The trips of one piece of `size` rows.
    pub fn piece(&self, piece: u64, size: u64) -> Vec<Trip> {
        let mut random = Random::new(self.seed, &[self.stream, piece]);
        (piece * size..((piece + 1) * size).min(self.rows)).map(|row| self.trip(row, &mut random)).collect()
    }

    fn trip(&self, row: u64, random: &mut Random) -> Trip {
        // One moment in each of `rows` equal parts of the demand: sorted, whatever the piece.
        let share = (row as f64 + random.uniform()) / self.rows as f64;
        let pickup = self.demand.moment(self.part.0 + share * (self.part.1 - self.part.0));
        let (hour, weekday) = clock(pickup);
        let route = self.zones.route(random);
        let passengers = self.passengers.draw(random) as i64 + 1;
        let payment = self.payments.draw(random) as i64 + 1;
        let (vendor, rate_code) = (1 + i64::from(random.chance(0.75)), if random.chance(0.03) { 2 } else { 1 });

        let miles = -DISTANCE_SCALE * libm::log((1.0 - random.uniform()) * (1.0 - random.uniform()));
        let distance = ((miles * 100.0).round() as i64).max(10);
        let speed = SPEED[hour] * (0.8 + 0.4 * random.uniform());
        let seconds = 60 + (distance as f64 * 36.0 / speed) as i64;

        let fare = 250 + (5 * distance + 1) / 2;
        let tip = if payment == CARD {
            let fraction = tip_percent(passengers) as f64 / 100.0 + TIP_SPREAD * (2.0 * random.uniform() - 1.0);
            (fare as f64 * fraction).round() as i64
        } else {
            0
        };
        let extra = match hour {
            16..20 if weekday < 5 => 250,
            20.. | 0..6 => 100,
            _ => 0,
        };
        let tolls = if distance > 800 && random.chance(0.4) { 694 } else { 0 };
        let congestion = if route.central { 250 } else { 0 };
        let airport = if AIRPORTS.contains(&route.from) { 175 } else { 0 };
        let (tax, improvement) = (50, 100);
        let trip = Trip {
            vendor,
            pickup,
            dropoff: pickup + seconds,
            passengers: Some(passengers),
            distance,
            rate_code: Some(rate_code),
            stored: Some(random.chance(0.005)),
            from: route.from,
            to: route.to,
            payment,
            fare,
            extra,
            tax,
            tip,
            tolls,
            improvement,
            total: fare + extra + tax + tip + tolls + improvement + congestion + airport,
            congestion: Some(congestion),
            airport: Some(airport),
        };
        if random.chance(DIRTY) { soil(trip, DIRT[random.below(6) as usize], random) } else { trip }
    }
}

fn soil(trip: Trip, dirt: Dirt, random: &mut Random) -> Trip {
    match dirt {
        Dirt::Nobody => Trip { passengers: Some(0), ..trip },
        Dirt::Missing => Trip { passengers: None, rate_code: None, stored: None, congestion: None, airport: None, ..trip },
        Dirt::Refund => {
            let minus = |amount: Option<i64>| amount.map(|amount| -amount);
            Trip {
                fare: -trip.fare,
                extra: -trip.extra,
                tax: -trip.tax,
                tip: 0,
                tolls: -trip.tolls,
                improvement: -trip.improvement,
                total: trip.tip - trip.total,
                congestion: minus(trip.congestion),
                airport: minus(trip.airport),
                ..trip
            }
        }
        Dirt::Backwards => Trip { dropoff: trip.pickup - 1 - random.below(3600) as i64, ..trip },
        Dirt::Meter => Trip { distance: trip.distance * 1000 + 100_000, ..trip },
        // 5479 days are fifteen years.
        Dirt::Clock => Trip { pickup: trip.pickup - 5479 * 86_400, dropoff: trip.dropoff - 5479 * 86_400, ..trip },
    }
}
