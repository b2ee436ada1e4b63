//! Which of all stored results are asked for: filters, and a store made of what is left.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::Value;

use super::Store;
use super::file::Line;

/// Filters; an absent one lets everything through.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filters {
    pub magic: Option<String>,
    /// A pattern with `*` and `?`.
    pub label: Option<String>,
    /// A pattern for the notebook's file name, with or without its ending.
    pub notebook: Option<String>,
    pub since: Option<DateTime<Utc>>,
}

impl Filters {
    fn label_fits(&self, label: &str) -> bool {
        self.label.as_deref().is_none_or(|pattern| fits(pattern, label))
    }

    fn magic_fits(&self, magic: &str) -> bool {
        self.magic.as_deref().is_none_or(|wanted| wanted.trim_start_matches('%') == magic)
    }

    fn line_fits(&self, line: &Line) -> bool {
        let notebook = line.notebook.as_deref().unwrap_or("");
        let in_notebook =
            self.notebook.as_deref().is_none_or(|pattern| fits(pattern, notebook) || fits(pattern, notebook.trim_end_matches(".ipynb")));
        in_notebook && self.since.is_none_or(|since| line.utc >= since) && self.magic_fits(line.result["magic"].as_str().unwrap_or(""))
    }

    /// The lines that fit; of each, some labels may not.
    pub fn lines(&self, lines: Vec<Line>) -> Vec<Line> {
        lines.into_iter().filter(|line| self.line_fits(line) && line.labels.iter().any(|label| self.label_fits(label))).collect()
    }

    /// The session's measurements that fit.
    pub fn session(&self, store: &Store) -> Store {
        let mut chosen = store.clone();
        chosen.entries.retain(|entry| self.label_fits(&entry.label) && self.magic_fits(entry.magic()));
        chosen
    }

    /// The latest measurement of each label, notebook by notebook. Where there are several notebooks, `name: ` stands before its labels.
    pub fn store(&self, lines: &[Line]) -> Store {
        let name = |line: &Line| line.notebook.as_deref().map(|name| name.trim_end_matches(".ipynb").to_owned());
        let mut notebooks: Vec<Option<String>> = lines.iter().map(name).collect();
        notebooks.sort();
        notebooks.dedup();
        let mut store = Store::new();
        for line in lines {
            let labels = line.labels.iter().map(|label| match (notebooks.len() > 1, name(line)) {
                (true, Some(notebook)) => format!("{notebook}: {label}"),
                (true, None) => format!("(no notebook): {label}"),
                (false, _) => label.clone(),
            });
            store.take(&line.result, labels);
        }
        // A label with a size must still end in it, and a pattern is about the label alone.
        let own = |label: &str| match label.split_once(": ") {
            Some((_, own)) if notebooks.len() > 1 => own.to_owned(),
            _ => label.to_owned(),
        };
        store.entries.retain(|entry| self.label_fits(&own(&entry.label)));
        store
    }
}

/// Whether a text fits a pattern in which `*` is any text and `?` any character; letters of either case.
pub fn fits(pattern: &str, text: &str) -> bool {
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    let (pattern, text) = (lower(pattern), lower(text));
    // Remembers the last star: what follows it may start anywhere.
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// A point in time: `2026-11-26`, `2026-11-26T10:00:00Z`, or how long ago: `90m`, `3h`, `2d`, `1w`.
pub fn since(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(day.and_hms_opt(0, 0, 0)?.and_utc());
    }
    let unit = text.chars().last()?;
    let number: i64 = text[..text.len() - unit.len_utf8()].trim().parse().ok().filter(|n| (0..100_000).contains(n))?;
    let ago = match unit {
        'm' => Duration::minutes(number),
        'h' => Duration::hours(number),
        'd' => Duration::days(number),
        'w' => Duration::weeks(number),
        _ => return None,
    };
    now.checked_sub_signed(ago)
}

/// One row per variant, for spreadsheets: headings, then rows.
pub fn csv(lines: &[Line]) -> String {
    const HEADINGS: &[&str] = &[
        "utc",
        "notebook",
        "session",
        "magic",
        "label",
        "title",
        "lang",
        "engine",
        "engine_version",
        "status",
        "reason",
        "median_s",
        "ci_low_s",
        "ci_high_s",
        "min_s",
        "samples",
        "threads",
        "rows",
        "peak_bytes",
        "noise",
        "load_before",
        "cpu",
        "available_cpus",
        "rustc",
        "code_sha256",
    ];
    let mut out = HEADINGS.join(",");
    out.push_str("\r\n");
    for line in lines {
        let result = &line.result;
        for (variant, label) in super::timings(result).into_iter().zip(&line.labels) {
            let samples = variant["samples_s"].as_array().map(|samples| Value::from(samples.len()));
            let fields = [
                Value::from(line.utc.to_rfc3339()),
                Value::from(line.notebook.clone().unwrap_or_default()),
                Value::from(line.session.clone()),
                result["magic"].clone(),
                Value::from(label.clone()),
                result["title"].clone(),
                variant["lang"].clone(),
                variant["engine"].clone(),
                variant["engine_version"].clone(),
                variant["status"].clone(),
                variant["reason"].clone(),
                variant["median_s"].clone(),
                variant["ci_s"][0].clone(),
                variant["ci_s"][1].clone(),
                variant["min_s"].clone(),
                samples.unwrap_or_default(),
                variant["threads"].clone(),
                variant["rows"].clone(),
                variant["peak_bytes"].clone(),
                result["noise"]["level"].clone(),
                result["machine"]["load_before"].clone(),
                result["machine"]["cpu"].clone(),
                result["machine"]["available_cpus"].clone(),
                result["build"]["rustc"].clone(),
                result["code_sha256"].clone(),
            ];
            out.push_str(&fields.iter().map(field).collect::<Vec<_>>().join(","));
            out.push_str("\r\n");
        }
    }
    out
}

/// A CSV field (RFC 4180).
fn field(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(notebook: Option<&str>, magic: &str, label: &str, median: f64) -> Line {
        let result = json!({"schema": 1, "magic": magic, "title": "t, \"x\"", "variants": [
            {"label": label, "lang": "rust", "status": "ok", "median_s": median, "ci_s": [median * 0.9, median * 1.1], "samples_s": [median]}]});
        Line { notebook: notebook.map(str::to_owned), ..Line::now(vec![label.to_owned()], &result) }
    }

    fn labels(store: &Store) -> Vec<&str> {
        store.all().iter().map(|known| known.label.as_str()).collect()
    }

    #[test]
    fn patterns() {
        for (pattern, text) in [("*", ""), ("a*c", "abbc"), ("31_*", "31_sqlite"), ("A?", "ab"), ("*x*", "axb"), ("a", "a")] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("?", ""), ("a*d", "abc"), ("", "a")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn points_in_time() {
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        let text = |text| since(text, now).map(|time| time.to_rfc3339());
        assert_eq!(text("2d").as_deref(), Some("2026-11-24T12:00:00+00:00"));
        assert_eq!(text("2026-11-01").as_deref(), Some("2026-11-01T00:00:00+00:00"));
        assert_eq!(text("2026-11-01T03:00:00+01:00").as_deref(), Some("2026-11-01T02:00:00+00:00"));
        assert!(["", "yesterday", "-3d", "3y", "é"].iter().all(|word| since(word, now).is_none()));
    }

    #[test]
    fn the_latest_of_each_notebook_counts() {
        let lines = [
            line(Some("22_a.ipynb"), "timeit", "sum @ 10", 1.0),
            line(Some("31_b.ipynb"), "sql", "sum @ 10", 2.0),
            line(Some("22_a.ipynb"), "timeit", "sum @ 10", 3.0),
        ];
        let all = Filters::default();
        let store = all.store(&lines);
        assert_eq!(labels(&store), ["22_a: sum @ 10", "31_b: sum @ 10"]);
        assert_eq!(store.get("22_a: sum @ 10").unwrap().median().unwrap().value, 3.0);
        let some = Filters { notebook: Some("22*".into()), label: Some("sum*".into()), ..Filters::default() };
        let chosen = some.lines(lines.to_vec());
        assert_eq!((chosen.len(), labels(&some.store(&chosen))), (2, vec!["sum @ 10"]));
        let sql = Filters { magic: Some("sql".into()), ..Filters::default() };
        assert_eq!(sql.lines(lines.to_vec()).len(), 1);
        let later = Filters { since: Some(Utc::now() + Duration::hours(1)), ..Filters::default() };
        assert!(later.lines(lines.to_vec()).is_empty());
    }

    #[test]
    fn csv_is_quoted_and_whole() {
        let text = csv(&[line(None, "timeit", "a", 0.5)]);
        let rows: Vec<_> = text.split("\r\n").collect();
        assert_eq!(rows[0].split(',').count(), 25);
        assert!(rows[1].contains(",timeit,a,\"t, \"\"x\"\"\",rust,,,ok,,0.5,0.45,0.55"), "{}", rows[1]);
    }
}
