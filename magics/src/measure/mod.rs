//! Measuring code: what is generated, how it is run, what comes back, and the result object that travels with it.

pub mod assembly;
pub mod changes;
pub mod codegen;
pub mod counters;
pub mod fooled;
pub mod hints;
pub mod hot_lines;
pub mod language;
pub mod names;
pub mod predict;
pub mod python;
pub mod report;
pub mod result;
pub mod run;
pub mod stacks;
pub mod sweep;
pub mod symbols;
#[cfg(test)]
pub(crate) mod testing;
pub mod throughput;
