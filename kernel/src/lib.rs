//! The Benchbook kernel.
//!
//! | module | what it is |
//! |---|---|
//! | [`engine`] | the traits between protocol and language |
//! | [`protocol`] | the Jupyter protocol: sockets, messages, identity, history |
//! | [`cells`] | Rust cells: taken apart, compiled once, run |
//! | [`session`] | a notebook's session: workers, magics' host, analyzer |
//! | [`engine_worker`] | client of the engine worker |
//! | [`python_worker`] | client of ipykernels |
//! | [`shim`] | what evcxr finds when it asks for `cargo` |

pub mod cells;
pub mod engine;
pub mod engine_worker;
pub mod protocol;
pub mod python_worker;
pub mod session;
pub mod shim;
