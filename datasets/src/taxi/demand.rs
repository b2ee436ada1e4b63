//! When people want a taxi: a weight for each hour of January 2024, and the inverse of their sum.

/// Days of the month.
pub const DAYS: u64 = 31;
/// 2024-01-01 00:00:00, a Monday, in seconds since 1970-01-01.
pub const START: i64 = 1_704_067_200;

/// Trips in each hour of a weekday and of a weekend, in thousandths of the busiest hour.
const WEEKDAY: [u32; 24] =
    [200, 110, 70, 50, 60, 110, 280, 520, 660, 620, 600, 640, 700, 720, 780, 800, 820, 920, 1000, 940, 820, 760, 620, 400];
const WEEKEND: [u32; 24] =
    [620, 540, 440, 300, 160, 90, 120, 190, 310, 450, 580, 680, 740, 760, 770, 760, 750, 780, 820, 780, 700, 680, 680, 640];
/// Busier days weigh more, Monday first, in hundredths.
const DAY: [u32; 7] = [86, 95, 99, 103, 108, 107, 88];

/// Seconds of an hour.
const HOUR: f64 = 3600.0;

/// The demand of the month, summed up.
pub struct Demand {
    /// The sum of all weights before each hour, and at the end of the last one.
    sums: Vec<f64>,
}

impl Demand {
    /// Of January 2024.
    pub fn new() -> Self {
        let mut sums = vec![0.0];
        let mut sum = 0.0;
        for day in 0..DAYS as usize {
            let weekday = day % 7;
            let hours = if weekday < 5 { &WEEKDAY } else { &WEEKEND };
            for weight in hours {
                sum += f64::from(weight * DAY[weekday]);
                sums.push(sum);
            }
        }
        Self { sums }
    }

    /// The share of the month's trips that come before this day, counted from 0.
    pub fn before_day(&self, day: u64) -> f64 {
        self.sums[24 * day.min(DAYS) as usize] / self.sums[self.sums.len() - 1]
    }

    /// The moment, in seconds since 1970-01-01, before which this share of the month's trips begins (0 to below 1).
    pub fn moment(&self, share: f64) -> i64 {
        let wanted = share * self.sums[self.sums.len() - 1];
        let hour = self.sums.partition_point(|sum| *sum <= wanted).clamp(1, self.sums.len() - 1) - 1;
        let within = (wanted - self.sums[hour]) / (self.sums[hour + 1] - self.sums[hour]);
        START + ((hour as f64 + within) * HOUR) as i64
    }
}

/// Hour of the day (0 to 23) and weekday (0 is Monday) of a moment.
pub fn clock(moment: i64) -> (usize, usize) {
    // 1970-01-01 was a Thursday.
    let weekday = (moment.div_euclid(86_400) + 3).rem_euclid(7);
    ((moment.rem_euclid(86_400) / 3600) as usize, weekday as usize)
}

#[cfg(test)]
mod tests {
    use super::{DAYS, Demand, START, clock};

    #[test]
    fn moments_cover_the_month_in_order() {
        let demand = Demand::new();
        let moments: Vec<_> = (0..1000).map(|i| demand.moment(f64::from(i) / 1000.0)).collect();
        assert_eq!(moments[0], START);
        assert!(moments.is_sorted() && moments[999] < START + 31 * 86_400 && moments[999] > START + 30 * 86_400);
        assert_eq!((demand.before_day(0), demand.before_day(DAYS)), (0.0, 1.0));
        assert_eq!(demand.moment(demand.before_day(14)), START + 14 * 86_400);
    }

    #[test]
    fn the_clock_knows_weekdays() {
        assert_eq!(clock(START), (0, 0));
        assert_eq!(clock(START + 5 * 86_400 + 13 * 3600 + 59), (13, 5));
    }
}
