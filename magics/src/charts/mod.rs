//! Charts: data in, one picture in three forms out (SVG, the same SVG as PNG, text).
//!
//! | file | draws |
//! |---|---|
//! | [`bars`] | several measurements side by side: bars from zero or dots on a logarithmic axis, intervals, samples, gaps; peaks of memory beneath |
//! | [`distribution`] | samples of one measurement: histogram or strip, box, median with its interval |
//! | [`curves`] | times against a size, one curve per series, both axes logarithmic |
//! | [`speedup`] | a thread sweep: speed-up with intervals, ideal line, efficiency |
//! | [`speedups`] | thread sweeps of several series, each over its own run on one |
//! | [`phases`] | one query on several engines: stacked parts, warm and cold, gaps |
//! | [`plot`] | points of a table, as lines or dots; axes of numbers or of `names` |
//! | [`value_bars`] | values of a table as bars |
//! | [`flame`] | sampled stacks, of one piece of code or beside those of another |
//! | [`timeline`] | memory over time with its peak |
//!
//! Every chart reads without JavaScript, without fonts from elsewhere, in light, dark and black-and-white: it
//! brings its own light panel, and colour never carries a meaning alone.

pub mod axis;
pub mod bars;
mod bars_memory;
mod bars_text;
pub mod chart;
pub mod colours;
pub mod curves;
mod curves_text;
#[cfg(test)]
mod data_layer;
pub mod distribution;
pub mod flame;
pub mod frame;
mod labels;
pub mod measure_text;
mod names;
pub mod phases;
mod phases_text;
pub mod plot;
pub mod png;
pub mod speedup;
pub mod speedups;
pub mod svg;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod theme;
pub mod timeline;
pub mod value_bars;

pub use chart::Chart;
pub use frame::Footer;
