//! Days since 1970-01-01 to a civil date and back (proleptic Gregorian, Howard Hinnant's algorithms).

/// Year, month and day of a day number.
pub fn civil(days: i32) -> (i32, u32, u32) {
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_index + 2) / 5 + 1) as u32;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 } as u32;
    let year = (year_of_era + era * 400 + i64::from(month <= 2)) as i32;
    (year, month, day)
}

/// The `n`-th weekday (Monday to Friday, holidays ignored) on or after `first`, counted from 0.
pub fn nth_weekday(first: i32, n: u32) -> i32 {
    // 1970-01-01 was a Thursday: Monday is 0.
    let weekday = |day: i32| (day + 3).rem_euclid(7);
    let start = first
        + match weekday(first) {
            5 => 2,
            6 => 1,
            _ => 0,
        };
    let offset = weekday(start) as u32 + n;
    start - weekday(start) + (offset / 5 * 7 + offset % 5) as i32
}

#[cfg(test)]
mod tests {
    use super::{civil, nth_weekday};

    #[test]
    fn known_days() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(-1), (1969, 12, 31));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(19_724), (2024, 1, 2));
        assert_eq!(civil(19_782), (2024, 2, 29));
    }

    #[test]
    fn weekdays_skip_the_weekend() {
        // 2024-01-02 is a Tuesday: the fourth weekday after it is Monday the 8th.
        let days: Vec<_> = (0..6).map(|n| civil(nth_weekday(19_724, n)).2).collect();
        assert_eq!(days, [2, 3, 4, 5, 8, 9]);
        // From a Saturday the first is the Monday.
        assert_eq!(civil(nth_weekday(19_728, 0)).2, 8);
    }
}
