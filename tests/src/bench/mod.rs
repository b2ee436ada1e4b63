//! What the benchmarks share (`cargo lab bench …`).
//!
//! | module | what it does |
//! |---|---|
//! | [`client`], [`kernel`] | Jupyter kernels: messages with their times, starting and ending |
//! | [`program`] | help, usage errors, exit code, the JSON file |
//! | [`report`], [`table`] | judging and showing |
//! | [`cache`] | what stays between runs |

pub mod cache;
pub mod client;
pub mod kernel;
pub mod program;
pub mod report;
pub mod table;
