//! One fixed colour and one marker per engine, through the whole course.
//!
//! Colours are Okabe and Ito's, told apart by people with every common kind of colour blindness; the marker says
//! the same in black and white.

use super::svg::Colour;

pub const BLUE: Colour = Colour::rgb(0x00, 0x72, 0xB2);
pub const ORANGE: Colour = Colour::rgb(0xE6, 0x9F, 0x00);
pub const GREEN: Colour = Colour::rgb(0x00, 0x9E, 0x73);
pub const SKY: Colour = Colour::rgb(0x56, 0xB4, 0xE9);
pub const VERMILLION: Colour = Colour::rgb(0xD5, 0x5E, 0x00);
pub const PURPLE: Colour = Colour::rgb(0xCC, 0x79, 0xA7);
pub const YELLOW: Colour = Colour::rgb(0xF0, 0xE4, 0x42);
pub const BLACK: Colour = Colour::rgb(0x1B, 0x1F, 0x24);

/// The shape of a data point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Marker {
    Circle,
    Square,
    Diamond,
    TriangleUp,
    TriangleDown,
    Plus,
    Cross,
    Hexagon,
    Star,
}

/// How an engine or language is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    pub name: &'static str,
    pub colour: Colour,
    pub marker: Marker,
}

/// Every engine and language of the course.
pub const LOOKS: &[Look] = &[
    Look { name: "rust", colour: VERMILLION, marker: Marker::Circle },
    Look { name: "polars", colour: BLUE, marker: Marker::Square },
    Look { name: "duckdb", colour: ORANGE, marker: Marker::Diamond },
    Look { name: "sqlite", colour: SKY, marker: Marker::TriangleUp },
    Look { name: "pandas", colour: PURPLE, marker: Marker::TriangleDown },
    Look { name: "python", colour: GREEN, marker: Marker::Plus },
    Look { name: "spark", colour: YELLOW, marker: Marker::Hexagon },
    Look { name: "trino", colour: BLACK, marker: Marker::Cross },
];

/// Drawn for a name that has no look of its own.
pub const OTHER: Look = Look { name: "other", colour: Colour::rgb(0x6E, 0x77, 0x81), marker: Marker::Star };

/// The look of an engine or language; case does not matter.
pub fn look(name: &str) -> Look {
    LOOKS.iter().copied().find(|look| look.name.eq_ignore_ascii_case(name)).unwrap_or(OTHER)
}

/// Looks of series that may be no engines: engines have their own, the others what is left, so that no two are alike while there are
/// enough.
pub fn series(names: &[&str]) -> Vec<Look> {
    let known: Vec<Look> = names.iter().map(|name| look(name)).collect();
    let free: Vec<Look> = LOOKS.iter().copied().filter(|look| !known.contains(look)).collect();
    let mut others = free.iter().cycle();
    known.into_iter().map(|look| if look == OTHER { others.next().copied().unwrap_or(OTHER) } else { look }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_engines_share_a_colour_or_a_marker() {
        for (i, a) in LOOKS.iter().enumerate() {
            for b in &LOOKS[i + 1..] {
                assert_ne!(a.colour, b.colour, "{} and {}", a.name, b.name);
                assert_ne!(a.marker, b.marker, "{} and {}", a.name, b.name);
            }
        }
    }

    #[test]
    fn series_that_are_no_engines_take_what_engines_leave() {
        let looks = series(&["Python loop", "Polars", "pickle", "DuckDB"]);
        assert_eq!((looks[1], looks[3]), (look("polars"), look("duckdb")));
        for (i, a) in looks.iter().enumerate() {
            assert!(looks[i + 1..].iter().all(|b| a.colour != b.colour && a.marker != b.marker), "{looks:?}");
        }
        assert_eq!(series(&["a"; 12]).len(), 12);
    }

    #[test]
    fn unknown_names_have_a_look() {
        assert_eq!(look("DuckDB").colour, ORANGE);
        assert_eq!(look("nonesuch"), OTHER);
    }
}
