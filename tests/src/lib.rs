//! What the tests of Benchbook share: a fake frontend, kernels to talk to, and checks of what they say.
//!
//! Everything here works from outside, through the doors a user has: the installed program and its sockets.
//!
//! | module | what it is |
//! |---|---|
//! | [`prepared`] | the installation, made on first use; how many kernels run at once |
//! | [`kernel`] | a kernel process with its connection file; ended when dropped |
//! | [`frontend`] | a fake frontend that judges every message it gets |
//! | [`session`] | a kernel and its frontend, and what tests do most: run a cell |
//! | [`transcript`] | everything that one cell did |
//! | [`message`], [`schema`] | a message and what the protocol demands of it |
//! | [`result_object`] | what the `benchbook` metadata of measuring magics must hold |
//! | [`process`] | children, names and signals of processes |
//! | [`trino_server`] | a server that speaks Trino's client protocol |
//! | [`python`] | programs in the Python environment |
//! | [`browser`] | JupyterLab in headless Chromium |
//! | [`bench`] | what the benchmarks share |
//!
//! `BENCHBOOK_TRACE=1` prints the flow of messages.

pub mod bench;
pub mod browser;
pub mod frontend;
pub mod kernel;
pub mod message;
pub mod prepared;
pub mod process;
pub mod python;
pub mod result_object;
pub mod schema;
pub mod session;
pub mod transcript;
pub mod trino_server;
