//! Measuring code: what is generated, what comes back, and the result object that travels with it.

pub mod stacks;
pub mod symbols;
