//! One run of `rustc` for one cell.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use anyhow::Context as _;

use super::diagnostic::Diagnostic;
use super::linker::Linker;
use crate::shim::{Built, Lab};

/// What is wanted of the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// A library to load.
    Library,
    /// Errors and warnings only: a cell that defines and does not run.
    Check,
}

/// Flags that make a cell's code what `cargo build --release` would make of it, apart from the optimisation level.
///
/// Symbols are mangled the new way because an interrupt reads from them what a function is (`lab::runtime::interrupt`).
pub const PROFILE: &[&str] = &[
    "-Ccodegen-units=1",
    "-Cdebug-assertions=off",
    "-Coverflow-checks=off",
    "-Cpanic=unwind",
    "-Cembed-bitcode=no",
    "-Csymbol-mangling-version=v0",
];

/// The same code, with and without a table of lines: what a profiler needs to tell lines and inlined functions.
fn debug_info(line_tables: bool) -> &'static str {
    // `line-tables-only` would leave the paths of inlined functions out.
    if line_tables { "-Cdebuginfo=limited" } else { "-Cdebuginfo=0" }
}

/// The process group that compiles now, for interrupts.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<AtomicI32>);

impl Running {
    /// Ends the compilation that runs now. Returns whether there was one.
    pub fn kill(&self) -> bool {
        let leader = self.0.load(Ordering::SeqCst);
        // SAFETY: the group was made by `group` for the compiler alone, which has not been waited for yet.
        leader > 1 && unsafe { libc::kill(-leader, libc::SIGKILL) } == 0
    }

    /// Notes the leader of the group that runs now; 0 when it has ended.
    pub fn set(&self, leader: i32) {
        self.0.store(leader, Ordering::SeqCst);
    }
}

/// The compiler and what every cell is compiled with.
#[derive(Debug, Clone)]
pub struct Compiler {
    pub rustc: PathBuf,
    pub lab: Lab,
    /// Crates added with `:dep`.
    pub built: Built,
    pub opt_level: String,
    /// Whether libraries tell of each instruction which line it comes from.
    pub line_tables: bool,
    /// Links cells without the C compiler; `None` where that does not work.
    pub linker: Option<Linker>,
    pub running: Running,
}

/// What a compilation gave.
#[derive(Debug)]
pub enum Compiled {
    Ok {
        warnings: Vec<Diagnostic>,
    },
    Refused {
        errors: Vec<Diagnostic>,
    },
    /// The compiler was ended by a signal.
    Killed,
}

impl Compiler {
    /// Everything but the source that decides what is compiled.
    pub fn identity(&self, goal: Goal) -> String {
        let debug_info = debug_info(self.line_tables);
        let mut text = format!("{} {} {goal:?} {PROFILE:?} {debug_info}\n", self.lab.rustc, self.opt_level);
        // A rebuilt `lab` has the same path and another time.
        for path in std::iter::once(&self.lab.lab).chain(self.built.externs.values()) {
            let data = std::fs::metadata(path).ok();
            let time = data.as_ref().and_then(|data| data.modified().ok()).and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            text.push_str(&format!("{} {:?} {:?}\n", path.display(), data.map(|data| data.len()), time));
        }
        text
    }

    /// Whether code can name this crate.
    pub fn names(&self, name: &str) -> bool {
        self.lab.provides(name) || self.lab.behind.contains_key(name) || self.built.externs.contains_key(name)
    }

    fn command(&self, source: &str, folder: &Path, output: &Path, crates: &BTreeSet<&str>, emit: Option<&str>) -> Command {
        let mut command = Command::new(&self.rustc);
        command.current_dir(folder).args([
            "--crate-name",
            super::CRATE,
            "--edition",
            "2024",
            "--crate-type",
            "cdylib",
            "--error-format=json",
        ]);
        command.args(PROFILE).arg(debug_info(self.line_tables)).arg(format!("-Copt-level={}", self.opt_level));
        if let Some(emit) = emit {
            command.arg(format!("--emit={emit}"));
        }
        command.arg("--extern").arg(format!("lab={}", self.lab.lab.display()));
        let provided = self.lab.externs.iter().filter(|(name, _)| !self.built.externs.contains_key(*name));
        for (name, path) in provided.chain(&self.built.externs) {
            command.arg("--extern").arg(format!("{name}={}", path.display()));
        }
        // Crates that only the types of variables name.
        for name in crates.iter().filter(|name| !self.lab.provides(name) && !self.built.externs.contains_key(**name)) {
            if let Some(path) = self.lab.behind.get(*name) {
                command.arg("--extern").arg(format!("{name}={}", path.display()));
            }
        }
        command.arg("-L").arg(format!("dependency={}", self.lab.deps_dir.display()));
        for path in &self.built.search {
            command.arg("-L").arg(path);
        }
        command.arg("-o").arg(output).arg(source).env_remove("RUSTC_WRAPPER");
        command
    }

    /// Compiles `text`, as `source` in `folder`, to the library `output`; `crates` are those that it names.
    ///
    /// # Errors
    /// A source that cannot be written, a compiler that cannot be started.
    pub fn compile(
        &mut self,
        text: &str,
        source: &str,
        folder: &Path,
        output: &Path,
        goal: Goal,
        crates: &BTreeSet<&str>,
    ) -> anyhow::Result<Compiled> {
        std::fs::write(folder.join(source), text).context("the cell's source cannot be written")?;
        if goal == Goal::Check {
            return self.run(self.command(source, folder, output, crates, Some("metadata")));
        }
        // Added crates and `#[link]` need what only a full link brings.
        let linker = self.linker.clone().filter(|_| self.built.externs.is_empty() && !text.contains("#[link"));
        if let Some(linker) = linker {
            let object = output.with_extension("o");
            let compiled = self.run(self.command(source, folder, &object, crates, Some("obj")))?;
            if !matches!(compiled, Compiled::Ok { .. }) {
                return Ok(compiled);
            }
            let linked = linker.link(&object, folder, output);
            let _ = std::fs::remove_file(&object);
            if linked {
                return Ok(compiled);
            }
            self.linker = None;
        }
        self.run(self.command(source, folder, output, crates, None))
    }

    /// The assembly of a source that [`Compiler::compile`] has accepted, in Intel's syntax where there is a choice.
    ///
    /// # Errors
    /// As there, and a compiler that refuses.
    pub fn assembly(&self, text: &str, source: &str, folder: &Path, crates: &BTreeSet<&str>) -> anyhow::Result<String> {
        std::fs::write(folder.join(source), text).context("the cell's source cannot be written")?;
        let output = folder.join(source).with_extension("s");
        let mut command = self.command(source, folder, &output, crates, Some("asm"));
        if cfg!(target_arch = "x86_64") {
            command.arg("-Cllvm-args=-x86-asm-syntax=intel");
        }
        match self.run(command)? {
            Compiled::Ok { .. } => {}
            Compiled::Killed => anyhow::bail!("the compiler was stopped"),
            Compiled::Refused { errors } => {
                anyhow::bail!("the compiler refuses: {}", errors.first().map_or("", |error| error.message.as_str()))
            }
        }
        let assembly = std::fs::read_to_string(&output).context("the assembly cannot be read")?;
        let _ = std::fs::remove_file(output);
        Ok(assembly)
    }

    fn run(&self, mut command: Command) -> anyhow::Result<Compiled> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A group of its own, so that an interrupt reaches the linker too.
            .process_group(0)
            .spawn()
            .with_context(|| format!("the Rust compiler {} could not be started", self.rustc.display()))?;
        self.running.set(i32::try_from(child.id()).unwrap_or_default());
        let stderr = child.stderr.take().context("the compiler has no stderr")?;
        let (mut errors, mut warnings, mut other) = (Vec::new(), Vec::new(), Vec::new());
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            match serde_json::from_str::<Diagnostic>(&line) {
                Ok(diagnostic) if diagnostic.level == "warning" => warnings.push(diagnostic),
                Ok(diagnostic) if diagnostic.level.starts_with("error") => errors.push(diagnostic),
                Ok(_) => {}
                Err(_) => other.push(line),
            }
        }
        self.running.set(0);
        let status = child.wait()?;
        // "aborting due to 2 previous errors" says nothing new.
        if errors.len() > 1 {
            errors.retain(|error| !(error.spans.is_empty() && error.message.starts_with("aborting due to")));
        }
        if status.success() {
            return Ok(Compiled::Ok { warnings });
        }
        if std::os::unix::process::ExitStatusExt::signal(&status).is_some() {
            return Ok(Compiled::Killed);
        }
        if errors.is_empty() {
            errors.push(Diagnostic::own(format!("the compiler failed ({status})\n{}", other.join("\n"))));
        }
        Ok(Compiled::Refused { errors })
    }
}
