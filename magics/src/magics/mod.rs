//! One file per magic; the list is in [`crate::registry`].

pub mod bash;
pub mod chart;
pub mod check;
pub mod claim;
pub mod compare;
pub mod data;
pub mod engine;
pub mod exercise;
pub mod expect_error;
pub mod lsmagic;
pub mod machine;
pub mod parallel;
pub mod predict;
pub mod profile;
pub mod python;
mod python_tables;
pub mod restore;
pub mod results;
pub mod sql;
pub mod tables;
pub mod timeit;
pub mod vars;
