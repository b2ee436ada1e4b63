//! Magics of Benchbook.
//!
//! A magic is described as data ([`spec::Spec`]), parsed by one grammar ([`options`]), and run against a
//! [`host::Host`]. This crate knows no socket, no evcxr type and no engine.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics is a test that fails"))]

pub mod ansi;
pub mod bundle;
pub mod caret;
pub mod cell;
pub mod charts;
pub mod code_hash;
pub mod commands;
pub mod complete;
pub mod completeness;
pub mod error;
pub mod exercises;
pub mod headers;
pub mod help;
mod home;
pub mod host;
pub mod html;
pub mod live;
pub mod machine;
mod magic_line;
pub mod magics;
pub mod measure;
pub mod nearest;
pub mod nested;
pub mod options;
pub mod python_code;
pub mod reference;
pub mod registry;
pub mod results;
pub mod rust_text;
pub mod sections;
pub mod shared_tables;
pub mod sharing;
pub mod spec;
pub mod sql_dialect;
pub mod sql_error;
pub mod sql_params;
pub mod sql_tables;
pub mod sql_wire;
pub mod stats;
pub mod table;
#[cfg(test)]
pub mod testing;
pub mod units;
pub mod values;
pub mod words;
