//! Part `speed`: functions defined in cells and timed inside the kernel, against the same source in a program built by
//! `cargo build --release`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ::tests::prepared::{root, without_cargo};
use anyhow::{Context as _, Result, bail, ensure};

use super::bare::rendered;
use super::kernels::Who;
use super::options::Part;
use super::report::{Limit, Row};
use super::run::Run;

/// How much slower the code of cells may be.
const SLOWER: f64 = 1.03;

/// The loop that times a function: the same text in cells and in programs. It prints a checksum and the best time in ns.
const TIMING: &str = include_str!("functions/timing.rs");

/// What a function needs besides the standard library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Rayon,
    Polars,
}

/// A function of a `u64` that returns a `u64`.
struct Function {
    name: &'static str,
    source: &'static str,
    /// The argument: a few milliseconds' worth.
    size: u64,
    needs: Needs,
}

macro_rules! functions {
    ($($name:ident($size:expr) $needs:ident),* $(,)?) => {
        [$(Function {
            name: stringify!($name),
            source: include_str!(concat!("functions/", stringify!($name), ".rs")),
            size: $size,
            needs: Needs::$needs,
        }),*]
    };
}

static FUNCTIONS: [Function; 10] = functions![
    integer(40_000) Nothing,
    float(160) Nothing,
    sort(100_000) Nothing,
    hash(100_000) Nothing,
    string(20_000) Nothing,
    allocation(60_000) Nothing,
    sieve(1_000_000) Nothing,
    matrix(160) Nothing,
    rayon(1_000_000) Rayon,
    polars(200_000) Polars,
];

impl Function {
    /// The function, its timing loop, and a call that prints: `checksum nanoseconds`.
    fn items(&self) -> String {
        let Self { name, source, .. } = self;
        format!("{source}\n{}", TIMING.replace("NAME", name))
    }

    fn call(&self) -> String {
        format!("println!(\"{{}}\", time_{}({}));", self.name, self.size)
    }
}

/// The programs that the cells are compared with.
struct Programs {
    release: PathBuf,
    polars: PathBuf,
    library_path: String,
}

impl Programs {
    fn build(run: &Run) -> Result<Self> {
        let library_path = format!("{}:{}", run.bare.lab_dir().display(), run.bare.std_dir.display());
        let dir = run.launcher.scratch.path().join("release");
        run.say("cargo build --release");
        Ok(Self { release: build_release(&dir, &run.launcher.toolchain)?, polars: build_against_lab(run, &dir)?, library_path })
    }

    /// Runs a function in a fresh process.
    fn run(&self, function: &Function) -> Result<(u64, f64)> {
        let program = if function.needs == Needs::Polars { &self.polars } else { &self.release };
        let mut command = Command::new(program);
        without_cargo(&mut command);
        let variable = if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
        let output = command.arg(function.name).env(variable, &self.library_path).stdin(Stdio::null()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            bail!("the program of `{}` failed: {}", function.name, String::from_utf8_lossy(&output.stderr));
        }
        read(&text).with_context(|| format!("the program of `{}` printed `{text}`", function.name))
    }
}

/// `checksum nanoseconds`.
fn read(text: &str) -> Option<(u64, f64)> {
    let (sum, time) = text.trim().split_once(' ')?;
    Some((sum.parse().ok()?, time.parse::<f64>().ok()? / 1e9))
}

fn program(functions: &[&Function]) -> String {
    let items: String = functions.iter().map(|function| function.items()).collect();
    let arm = |function: &&Function| format!("        Some({:?}) => {{ {} }}\n", function.name, function.call());
    let arms: String = functions.iter().map(arm).collect();
    format!(
        "{items}\nfn main() {{\n    match std::env::args().nth(1).as_deref() {{\n{arms}        _ => std::process::exit(2),\n    }}\n}}\n"
    )
}

/// A crate of its own, built as users build theirs; Rayon in the version that `lab` has.
fn build_release(dir: &Path, toolchain: &str) -> Result<PathBuf> {
    std::fs::create_dir_all(dir.join("src"))?;
    let manifest =
        "[package]\nname = \"functions\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\nrayon = \"1\"\n\n[workspace]\n";
    std::fs::write(dir.join("Cargo.toml"), manifest)?;
    std::fs::copy(root().join("Cargo.lock"), dir.join("Cargo.lock")).context("the workspace has no Cargo.lock")?;
    let functions: Vec<&Function> = FUNCTIONS.iter().filter(|function| function.needs != Needs::Polars).collect();
    std::fs::write(dir.join("src/main.rs"), program(&functions))?;
    let mut command = Command::new("cargo");
    without_cargo(&mut command);
    command.args(["build", "--release", "--quiet", "--target-dir"]).arg(dir.join("target"));
    // Settings of the user's cargo must not make it another profile than the one that is named.
    command.current_dir(dir).env("RUSTUP_TOOLCHAIN", toolchain).env_remove("RUSTFLAGS").stdin(Stdio::null());
    let output = command.output().context("cargo could not be started")?;
    ensure!(output.status.success(), "`cargo build --release` failed:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(dir.join("target/release/functions"))
}

/// Polars of a real release build takes half an hour: the caller of Polars is compiled with release's flags against the prebuilt `lab`.
fn build_against_lab(run: &Run, dir: &Path) -> Result<PathBuf> {
    let functions: Vec<&Function> = FUNCTIONS.iter().filter(|function| function.needs == Needs::Polars).collect();
    let source = dir.join("polars_functions.rs");
    std::fs::write(&source, format!("extern crate lab;\nuse polars::prelude::*;\n{}", program(&functions)))?;
    let program = dir.join("polars_functions");
    let mut command = run.bare.command();
    // What cargo's release profile says to rustc; codegen-units are left at the default, as there.
    command.args(["--crate-type", "bin", "-Copt-level=3", "-Cembed-bitcode=no", "-Cstrip=debuginfo", "-o"]).arg(&program).arg(&source);
    let output = command.stdin(Stdio::null()).output().context("rustc could not be started")?;
    ensure!(output.status.success(), "the Polars functions do not compile:\n{}", rendered(&output.stderr));
    Ok(program)
}

pub fn run(run: &mut Run) -> Result<()> {
    let programs = Programs::build(run)?;
    let mut kernels = Vec::new();
    // evcxr's code carries checks of its own; with nothing loaded it can have the functions that need no crate.
    let mut all = vec![Who::Ours];
    all.extend(run.launcher.evcxr_kernels().into_iter().filter(|who| *who == Who::Evcxr));
    for who in all {
        let mut kernel = run.launcher.ready(who)?;
        for function in FUNCTIONS.iter().filter(|function| who == Who::Ours || function.needs == Needs::Nothing) {
            run.say(&format!("{}: defining {}", who.name(), function.name));
            kernel.must(&function.items())?;
        }
        kernels.push(kernel);
    }
    let note = "best call of each round; release: a process of `cargo build --release`; for polars its flags against the prebuilt lab";
    let mut rows: Vec<Row> = FUNCTIONS
        .iter()
        .map(|function| {
            let needs = if function.needs == Needs::Nothing { String::new() } else { format!(" ({:?})", function.needs) };
            Row::new(Part::Speed, format!("{}{}", function.name, needs.to_lowercase()))
                .target(Limit::AtMostTimes(Who::Release, SLOWER))
                .note(note)
        })
        .collect();
    // Round 0 warms up and is not kept.
    for round in 0..=run.options.rounds {
        run.say(&format!("round {round} of {}", run.options.rounds));
        for (function, row) in FUNCTIONS.iter().zip(&mut rows) {
            let turns = kernels.len() + 1;
            let mut native = None;
            let mut results = Vec::new();
            for turn in 0..turns {
                let Some(kernel) = kernels.get_mut((turn + round) % turns) else {
                    native = Some(programs.run(function)?);
                    continue;
                };
                if kernel.who == Who::Ours || function.needs == Needs::Nothing {
                    let answer = kernel.run(&function.call(), "1")?;
                    results.push((kernel.who, answer));
                }
            }
            let (sum, time) = native.context("the program has not run")?;
            if round > 0 {
                row.push(Who::Release, time);
            }
            for (who, answer) in results {
                let got = read(&answer.text);
                let right = answer.errors.is_empty() && got.is_some_and(|(own, _)| own == sum);
                let shown = format!("{}{} (the program: {sum})", answer.text, answer.errors);
                if run.answers.check(who, &function.call(), right, &shown)
                    && let (Some((_, time)), true) = (got, round > 0)
                {
                    row.push(who, time);
                }
            }
        }
    }
    run.rows.extend(rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_defines_its_function() {
        for function in &FUNCTIONS {
            assert!(function.items().contains(&format!("fn {}(", function.name)), "{}", function.name);
            assert!(function.items().contains(&format!("fn time_{}(", function.name)), "{}", function.name);
        }
    }

    #[test]
    fn results_are_read() {
        assert_eq!(read("17 2500000000\n"), Some((17, 2.5)));
        assert_eq!(read("oops"), None);
    }
}
