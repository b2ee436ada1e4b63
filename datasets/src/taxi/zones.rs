//! From where to where: 265 unequal zones, in pairs that much traffic runs between.

use crate::random::{Random, Weighted};

/// Zones are numbered from 1 to this.
pub const ZONES: usize = 265;
/// The airports; a trip that starts there pays a fee.
pub const AIRPORTS: [i32; 2] = [132, 138];

/// Zones of this popularity and above count as the centre, where the congestion surcharge is due.
const CENTRE: usize = 90;
/// Share of trips that stay in their zone, and of those that go to the zone's partner.
const SAME: f64 = 0.06;
const PARTNER: f64 = 0.18;

/// The city.
pub struct Zones {
    popularity: Weighted,
}

/// A trip's two ends.
pub struct Route {
    /// Where it begins.
    pub from: i32,
    /// Where it ends.
    pub to: i32,
    /// Whether it begins in the centre.
    pub central: bool,
}

impl Zones {
    /// The city, the same for every seed.
    pub fn new() -> Self {
        let weights: Vec<_> = (0..ZONES).map(|rank| 1.0 / libm::pow(rank as f64 + 8.0, 1.1)).collect();
        Self { popularity: Weighted::new(&weights) }
    }

    /// A trip.
    pub fn route(&self, random: &mut Random) -> Route {
        let from = self.popularity.draw(random);
        let to = match random.uniform() {
            x if x < SAME => from,
            // The last zone has no partner.
            x if x < SAME + PARTNER => (from ^ 1).min(ZONES - 1),
            _ => self.popularity.draw(random),
        };
        Route { from: number(from), to: number(to), central: from < CENTRE }
    }
}

/// The zone of this rank: neighbours in popularity lie apart.
fn number(rank: usize) -> i32 {
    ((rank * 97 + 160) % ZONES + 1) as i32
}

#[cfg(test)]
mod tests {
    use super::{ZONES, number};

    #[test]
    fn every_zone_has_a_rank() {
        let mut numbers: Vec<_> = (0..ZONES).map(number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=265).collect::<Vec<_>>());
    }
}
