//! Dates and times as ISO text, and back, in the proleptic Gregorian calendar.

use std::fmt::Write;

const DAY: i64 = 86_400;

/// Year, month and day of a day counted from 1970-01-01.
pub fn civil(days: i64) -> (i64, u32, u32) {
    // Years begin in March here, so that the leap day is the last of its year; eras have 400 years.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Days from 1970-01-01; `None` when there is no such day.
pub fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > length {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = i64::from(if month > 2 { month - 3 } else { month + 9 });
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// `2024-02-29`.
pub fn date_text(days: i64) -> String {
    let mut text = String::with_capacity(10);
    push_date(&mut text, days);
    text
}

/// `2024-02-29 03:04:05.678`, without a fraction that is zero; `per_second` units, counted from 1970.
pub fn timestamp_text(value: i64, per_second: i64) -> String {
    let mut text = String::with_capacity(26);
    let seconds = value.div_euclid(per_second);
    push_date(&mut text, seconds.div_euclid(DAY));
    text.push(' ');
    push_clock(&mut text, seconds.rem_euclid(DAY), value.rem_euclid(per_second), per_second);
    text
}

/// `03:04:05.678`; hours go on beyond 24, negative times have a sign.
pub fn clock_text(value: i64, per_second: i64) -> String {
    let mut text = String::with_capacity(15);
    if value < 0 {
        text.push('-');
    }
    let size = i128::from(value).unsigned_abs();
    let unit = u128::from(per_second.unsigned_abs());
    // Both fit: they are smaller than `value`.
    push_clock(&mut text, (size / unit) as i64, (size % unit) as i64, per_second);
    text
}

fn push_date(text: &mut String, days: i64) {
    let (year, month, day) = civil(days);
    // Writing to a string does not fail.
    let _ = match year {
        1.. => write!(text, "{year:04}-{month:02}-{day:02}"),
        _ => write!(text, "{:04}-{month:02}-{day:02} (BC)", 1 - year),
    };
}

fn push_clock(text: &mut String, seconds: i64, fraction: i64, per_second: i64) {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let _ = write!(text, "{hours:02}:{minutes:02}:{seconds:02}");
    if fraction > 0 {
        let digits = per_second.ilog10() as usize;
        let _ = write!(text, ".{fraction:0digits$}");
        text.truncate(text.trim_end_matches('0').len());
    }
}

/// Days of `2024-02-29`.
pub fn parse_date(text: &str) -> Option<i64> {
    let (rest, days) = take_date(text)?;
    rest.is_empty().then_some(days)
}

/// Microseconds of `2024-02-29`, `2024-02-29 03:04`, `2024-02-29T03:04:05.678` (a zone of `Z`, `+00` or `+00:00` may follow).
/// More than six digits of a fraction are cut.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let (rest, days) = take_date(text)?;
    let clock = match rest.strip_prefix([' ', 'T']) {
        Some(clock) => {
            clock.strip_suffix('Z').or_else(|| clock.strip_suffix("+00:00")).or_else(|| clock.strip_suffix("+00")).unwrap_or(clock)
        }
        None if rest.is_empty() => "00:00:00",
        None => return None,
    };
    days.checked_mul(DAY * 1_000_000)?.checked_add(parse_clock(clock)?)
}

/// Microseconds of `03:04`, `03:04:05` or `03:04:05.678`.
pub fn parse_clock(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let seconds = parts.next().map_or(Some(0), |seconds| number(seconds, 2))?;
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    if !fraction.bytes().all(|b| b.is_ascii_digit()) || fraction.len() > 9 {
        return None;
    }
    let micros = format!("{fraction:0<6}").get(..6)?.parse::<i64>().ok()?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros)
}

fn take_date(text: &str) -> Option<(&str, i64)> {
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(text.get(..4)?, 4)?, number(text.get(5..7)?, 2)?, number(text.get(8..10)?, 2)?);
    Some((text.get(10..)?, days(year, month as u32, day as u32)?))
}

fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}
