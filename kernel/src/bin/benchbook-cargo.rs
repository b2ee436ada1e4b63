//! Stands in front of `cargo` and `rustup` for evcxr: see `benchbook::shim`.

use std::process::ExitCode;

fn main() -> ExitCode {
    benchbook::shim::main()
}
