//! The `benchbook` command: the kernel, and the tools around it.

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "benchbook: a Jupyter kernel for teaching performance

usage:
  benchbook kernel --connection-file FILE   run the kernel (Jupyter does this)
  benchbook data [tpch|stocks|list|verify]  make a dataset; `benchbook data --help` tells more
  benchbook doctor [--json]                 check the installation
  benchbook version                         print the version
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["kernel", "--connection-file" | "-f", file] => kernel(PathBuf::from(file)),
        // Started by the kernel itself.
        ["guard", dir] => {
            benchbook::session::guard::serve(std::path::Path::new(dir));
            ExitCode::SUCCESS
        }
        ["data", ..] => code(datasets::cli(&arguments[1..])),
        ["doctor"] => code(install::doctor::run(false)),
        ["doctor", "--json"] => code(install::doctor::run(true)),
        ["version" | "--version" | "-V"] => {
            println!("benchbook {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("benchbook: cannot make sense of `{}`\n\n{USAGE}", words.join(" "));
            ExitCode::from(2)
        }
    }
}

fn code(status: i32) -> ExitCode {
    ExitCode::from(u8::try_from(status).unwrap_or(1))
}

fn kernel(connection_file: PathBuf) -> ExitCode {
    match benchbook::session::run(&connection_file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchbook: {error:#}");
            ExitCode::FAILURE
        }
    }
}
