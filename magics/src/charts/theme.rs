//! Sizes and neutral colours shared by all charts.

use super::svg::Colour;

/// Width of a chart in CSS pixels: a notebook column, and a text column on paper.
pub const WIDTH: f64 = 760.0;
/// Free space at the left and right edge.
pub const MARGIN: f64 = 22.0;

/// Families every platform maps to something readable; DejaVu Sans is the one the PNG renderer brings.
pub const FONTS: &str = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif";

pub const TITLE: f64 = 15.0;
pub const BODY: f64 = 12.0;
pub const SMALL: f64 = 10.5;

/// The panel behind every chart: opaque, so that dark themes do not shine through.
pub const PANEL: Colour = Colour::rgb(0xFF, 0xFF, 0xFF);
pub const BORDER: Colour = Colour::rgb(0xD5, 0xDA, 0xE0);
pub const INK: Colour = Colour::rgb(0x1B, 0x1F, 0x24);
/// Secondary text; 6.9 : 1 on the panel.
pub const MUTED: Colour = Colour::rgb(0x4F, 0x58, 0x63);
pub const GRID: Colour = Colour::rgb(0xE6, 0xE9, 0xED);
pub const AXIS: Colour = Colour::rgb(0x8A, 0x93, 0x9E);
