//! A crate with criterion and the same functions, built with the flags of cells.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use ::tests::prepared::without_cargo;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::functions::Function;

/// Pinned, so that two runs compare with the same.
pub const VERSION: &str = "0.7.0";
/// The rule of `%%timeit` for results that own memory (`kernel/lab/src/measure/batch.rs`): so many seconds and results between two drops.
const STRETCH_S: f64 = 2.5e-6;
const MOST_KEPT: f64 = 1024.0;

/// The built benchmark.
pub struct Criterion {
    program: PathBuf,
    home: PathBuf,
}

/// The median and its interval, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timed {
    pub median_s: f64,
}

impl Criterion {
    /// Writes and builds the crate below `folder` with this version of the compiler.
    ///
    /// # Errors
    /// When cargo fails: the network, or the compiler.
    pub fn build(folder: &Path, toolchain: &str, functions: &[Function]) -> Result<Self> {
        let root = folder.join("criterion");
        std::fs::create_dir_all(root.join("benches"))?;
        std::fs::create_dir_all(root.join("src"))?;
        std::fs::write(root.join("src/lib.rs"), "")?;
        std::fs::write(root.join("Cargo.toml"), manifest())?;
        std::fs::write(root.join("benches/functions.rs"), source(functions))?;
        let mut command = Command::new("cargo");
        without_cargo(&mut command);
        command.args(["bench", "--no-run", "--message-format=json-render-diagnostics"]).current_dir(&root);
        command.env("RUSTUP_TOOLCHAIN", toolchain).env("CARGO_TARGET_DIR", folder.join("target")).env_remove("RUSTFLAGS");
        let output = command.output().context("`cargo` could not be started")?;
        ensure!(output.status.success(), "criterion's crate does not build:\n{}", String::from_utf8_lossy(&output.stderr));
        let lines = output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let program = lines
            .filter(|line| line["target"]["name"] == "functions")
            .find_map(|line| line["executable"].as_str().map(PathBuf::from))
            .context("cargo does not say where the benchmark is")?;
        Ok(Self { program, home: folder.join("results") })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        without_cargo(&mut command);
        command.env("CRITERION_HOME", &self.home);
        command
    }

    /// Results of all functions, as text by name.
    ///
    /// # Errors
    /// When it fails.
    pub fn answers(&self) -> Result<Vec<(String, String)>> {
        let output = self.command().env("BENCHBOOK_ANSWERS", "1").output()?;
        ensure!(output.status.success(), "criterion's crate fails: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Times one function for about `budget_s`.
    ///
    /// # Errors
    /// When it fails, or tells no time.
    pub fn time(&self, function: &Function, budget_s: f64) -> Result<Timed> {
        let slow = function.about_s > 0.1;
        let mut command = self.command();
        command.args(["--bench", "--noplot", "--exact", function.name, "--sample-size", if slow { "10" } else { "50" }]);
        command.args(["--warm-up-time", "0.3", "--measurement-time", &format!("{budget_s}")]);
        let output = command.output()?;
        if !output.status.success() {
            bail!("criterion fails on `{}`: {}", function.name, String::from_utf8_lossy(&output.stderr));
        }
        let file = self.home.join(function.name).join("new/estimates.json");
        let text = std::fs::read(&file).with_context(|| format!("criterion wrote no {}", file.display()))?;
        let estimates: Value = serde_json::from_slice(&text)?;
        let median = estimates["median"]["point_estimate"].as_f64().context("criterion tells no median")?;
        // The next run must not find the old answer.
        std::fs::remove_file(&file)?;
        Ok(Timed { median_s: median * 1e-9 })
    }
}

/// The flags of cells, as cargo has them: no link-time optimisation, one unit, release.
fn manifest() -> String {
    format!(
        "[package]\nname = \"timed\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
         [dev-dependencies]\ncriterion = {{ version = \"={VERSION}\", default-features = false, features = [\"cargo_bench_support\"] }}\n\n\
         [[bench]]\nname = \"functions\"\nharness = false\n\n\
         [profile.bench]\nopt-level = 3\ncodegen-units = 1\nlto = \"off\"\ndebug = false\ndebug-assertions = false\noverflow-checks = false\n"
    )
}

fn source(functions: &[Function]) -> String {
    let mut text = String::from(
        "#![allow(clippy::all, clippy::pedantic, clippy::ptr_arg, unused_imports)]\nuse std::hint::black_box;\n\nuse criterion::{BatchSize, Criterion};\n\n",
    );
    let mut answers = String::new();
    let mut benches = String::new();
    for Function { name, item, input, check, drops, about_s, .. } in functions {
        // As many results at once as `%%timeit` keeps: more of them are memory that is in no cache, which is another question.
        let kept = (STRETCH_S / about_s).ceil().clamp(1.0, MOST_KEPT) as u64;
        let call = format!("{name}(black_box(&input))");
        let iter =
            if *drops { format!("iter_batched(|| (), |()| {call}, BatchSize::NumIterations({kept}))") } else { format!("iter(|| {call})") };
        let _ = writeln!(text, "{item}");
        let _ = writeln!(answers, "        {{ {input} let result = {name}(&input); println!(\"{name}={{:?}}\", {check}); }}");
        let _ = writeln!(benches, "    {{ {input} criterion.bench_function(\"{name}\", |b| b.{iter}); }}");
    }
    let _ = write!(
        text,
        "\nfn main() {{\n    if std::env::var_os(\"BENCHBOOK_ANSWERS\").is_some() {{\n{answers}        return;\n    }}\n    \
         let mut criterion = Criterion::default().configure_from_args();\n{benches}    criterion.final_summary();\n}}\n"
    );
    text
}
