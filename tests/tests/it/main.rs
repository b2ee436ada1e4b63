//! Tests of Benchbook from outside. One program, so that it is linked, and the installation prepared, once.

mod bench;
mod browser;
mod cells;
mod cli;
mod commands;
mod conformance;
mod datasets;
mod engine_client;
mod engine_worker;
mod errors;
mod faults;
mod history;
mod interrupts;
mod libraries;
mod measuring;
mod notebooks;
mod outputs;
mod protocol;
mod python;
mod python_measuring;
mod robustness;
mod sql;
mod state;
mod tables;
