//! What the benchmarks share (`cargo lab bench …`).
//!
//! | module | what it does |
//! |---|---|
//! | [`client`], [`kernel`] | Jupyter kernels: messages with their times, starting and ending |
//! | [`report`], [`table`] | judging and showing |
//! | [`cache`] | what stays between runs |

pub mod cache;
pub mod client;
pub mod kernel;
pub mod report;
pub mod table;
