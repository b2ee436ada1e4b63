//! The companies. All are invented; a likeness to a listed one is chance.

/// A company.
pub struct Company {
    /// Four capital letters.
    pub symbol: &'static str,
    /// Name for tables and charts.
    pub name: &'static str,
}

/// Sectors; company `i` belongs to sector `i % 6`.
pub const SECTORS: [&str; 6] = ["Energy", "Materials", "Transport", "Health", "Software", "Retail"];

/// The symbol that the planted one follows (Transport).
pub const LEADER: usize = 2;
/// The symbol that follows the leader (Materials).
pub const FOLLOWER: usize = 7;

/// The sector number of company `i`.
pub const fn sector(i: usize) -> usize {
    i % SECTORS.len()
}

/// All companies, in the order used everywhere.
pub const ALL: [Company; 29] = [
    Company { symbol: "AMBR", name: "Amber Coast Energy" },
    Company { symbol: "BSLT", name: "Basalt and Lime" },
    Company { symbol: "CRVN", name: "Caravan Freight" },
    Company { symbol: "DLPH", name: "Delphin Health" },
    Company { symbol: "EKHO", name: "Ekho Systems" },
    Company { symbol: "FRNW", name: "Fernwick Stores" },
    Company { symbol: "GLMR", name: "Glimmer Power" },
    Company { symbol: "HRTH", name: "Hearthstone Clay" },
    Company { symbol: "ISLR", name: "Islander Ferries" },
    Company { symbol: "JRNA", name: "Jorana Clinics" },
    Company { symbol: "KLPT", name: "Keelpoint Data" },
    Company { symbol: "LNTN", name: "Lantern Market" },
    Company { symbol: "MRSW", name: "Marsh Wind" },
    Company { symbol: "NKLM", name: "Nikkelmark" },
    Company { symbol: "ORBC", name: "Orbital Couriers" },
    Company { symbol: "PLSM", name: "Pulsa Medical" },
    Company { symbol: "QNTL", name: "Quintal Logic" },
    Company { symbol: "RGGL", name: "Ruggle Bazaar" },
    Company { symbol: "SLNN", name: "Solenne Grid" },
    Company { symbol: "TMBP", name: "Timberline Pulp" },
    Company { symbol: "UMBR", name: "Umbra Rail" },
    Company { symbol: "VRDN", name: "Verdance Labs" },
    Company { symbol: "WVLT", name: "Wavelet Works" },
    Company { symbol: "XNIA", name: "Xenia Home" },
    Company { symbol: "YRRW", name: "Yarrow Gas" },
    Company { symbol: "ZNKA", name: "Zinka Alloys" },
    Company { symbol: "AGSY", name: "Argosy Lines" },
    Company { symbol: "BLSC", name: "Balsam Care" },
    Company { symbol: "CPHW", name: "Cipher Row" },
];
