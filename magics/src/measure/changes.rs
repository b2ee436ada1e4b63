//! What differs between two profiles.

use std::collections::BTreeMap;

use super::stacks::Profile;

/// How the share of one function differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub symbol: String,
    /// Shares of samples with this function innermost.
    pub before: f64,
    pub after: f64,
}

impl Change {
    /// Above zero: more than before.
    pub fn difference(&self) -> f64 {
        self.after - self.before
    }
}

/// Functions whose own share differs, most different first.
pub fn changes(before: &Profile, after: &Profile) -> Vec<Change> {
    let mut shares: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for hot in before.hot(usize::MAX) {
        shares.entry(hot.symbol).or_default().0 = hot.self_share;
    }
    for hot in after.hot(usize::MAX) {
        shares.entry(hot.symbol).or_default().1 = hot.self_share;
    }
    let mut changes: Vec<Change> = shares
        .into_iter()
        .map(|(symbol, (before, after))| Change { symbol, before, after })
        .filter(|change| change.before + change.after > 0.0)
        .collect();
    changes.sort_by(|a, b| b.difference().abs().total_cmp(&a.difference().abs()));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn most_different_first() {
        let profile = |f: u64, g: u64| {
            Profile::from_json(&json!([{"frames": ["f"], "count": f}, {"frames": ["g"], "count": g}, {"frames": ["h"], "count": 10}]))
        };
        let changes = changes(&profile(80, 10), &profile(10, 30));
        let told: Vec<_> = changes.iter().map(|c| (c.symbol.as_str(), (c.difference() * 100.0).round())).collect();
        assert_eq!(told, [("f", -60.0), ("g", 50.0), ("h", 10.0)]);
    }
}
