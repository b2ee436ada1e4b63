//! Crates that a notebook adds with `:dep`: built by the real cargo, once, outside the cell.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use serde_json::Value;

use super::lab::Lab;
use super::{DEPS_DIR, real_cargo, required};
use crate::cells::compiler::Running;

/// What the compiler needs to link the added crates.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Built {
    /// Crate name and library file.
    pub externs: BTreeMap<String, PathBuf>,
    /// Directories for `-L`, with their kind (`dependency=…`, `native=…`).
    pub search: Vec<String>,
}

/// The dependency table of a cell package, without what `lab` provides.
pub fn added(directory: &Path, lab: &Lab) -> anyhow::Result<toml::Table> {
    let text = std::fs::read_to_string(directory.join("Cargo.toml"))?;
    let manifest: toml::Table = text.parse().context("the cell's Cargo.toml cannot be read")?;
    let mut dependencies = match manifest.get("dependencies") {
        Some(toml::Value::Table(table)) => table.clone(),
        _ => toml::Table::new(),
    };
    dependencies.retain(|name, _| !lab.provides(name));
    Ok(dependencies)
}

fn package(dependencies: &toml::Table) -> String {
    let table = toml::Table::from_iter([("dependencies".to_owned(), toml::Value::Table(dependencies.clone()))]);
    // The same profile as cells: release-grade.
    format!(
        "[package]\nname = \"ctx\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[lib]\npath = \"lib.rs\"\n\n\
         [profile.dev]\nopt-level = 3\ndebug = false\ndebug-assertions = false\noverflow-checks = false\nincremental = false\n\n\
         {table}"
    )
}

fn fingerprint(text: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The package of these dependencies, in the cache; written when it is new.
pub fn package_dir(dependencies: &toml::Table, lab: &Lab) -> anyhow::Result<PathBuf> {
    let manifest = package(dependencies);
    let directory = required(DEPS_DIR)?.join(fingerprint(&format!("{manifest}{}", lab.rustc)));
    std::fs::create_dir_all(&directory)?;
    let path = directory.join("Cargo.toml");
    if std::fs::read_to_string(&path).ok().as_deref() != Some(manifest.as_str()) {
        std::fs::write(directory.join("lib.rs"), "")?;
        std::fs::write(&path, manifest)?;
    }
    Ok(directory)
}

/// The real cargo on the added crates: their own target folder, shared by all notebooks.
pub fn cargo(directory: &Path) -> anyhow::Result<Command> {
    let mut command = real_cargo()?;
    command
        .current_dir(directory)
        .env("CARGO_TARGET_DIR", required(DEPS_DIR)?.join("target"))
        // A crate that is also inside `lab` must have another identity here; the mangling is that of cells.
        .env("RUSTFLAGS", "-Cmetadata=benchbook-dep -Csymbol-mangling-version=v0")
        .env_remove("RUSTC_WRAPPER");
    Ok(command)
}

/// Builds the added crates, or reads what was built before.
///
/// # Errors
/// Crates that cannot be had or do not build, with cargo's own words.
pub fn build_dependencies(
    dependencies: &toml::Table,
    lab: &Lab,
    doing: &(dyn Fn(&str) + Sync),
    running: &Running,
) -> anyhow::Result<Built> {
    let mut dependencies = dependencies.clone();
    dependencies.retain(|name, _| !lab.provides(name));
    if dependencies.is_empty() {
        return Ok(Built::default());
    }
    let dependencies = &dependencies;
    let directory = package_dir(dependencies, lab)?;
    let record = directory.join("built.json");
    if let Ok(text) = std::fs::read_to_string(&record)
        && let Ok(built) = serde_json::from_str::<Built>(&text)
        && built.externs.values().all(|path| path.exists())
    {
        return Ok(built);
    }
    doing("building the crates added with :dep");
    let mut child = cargo(&directory)?
        .args(["build", "--message-format=json-render-diagnostics"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that an interrupt reaches the compilers too.
        .process_group(0)
        .spawn()
        .context("cargo could not be started")?;
    running.set(i32::try_from(child.id()).unwrap_or_default());
    let stderr = child.stderr.take().context("cargo has no stderr")?;
    let stdout = child.stdout.take().context("cargo has no stdout")?;
    let direct: Vec<String> = dependencies.keys().cloned().collect();
    let mut built =
        Built { externs: BTreeMap::new(), search: vec![format!("dependency={}", required(DEPS_DIR)?.join("target/debug/deps").display())] };
    let kept = std::thread::scope(|scope| {
        let log = scope.spawn(|| {
            let mut kept = Vec::new();
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let line = line.trim().to_owned();
                match line.strip_prefix("Compiling ") {
                    Some(name) => doing(&format!("compiling {}", name.split(" (").next().unwrap_or(name))),
                    None => kept.push(line),
                }
            }
            kept
        });
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Ok(message) = serde_json::from_str::<Value>(&line) {
                note(&message, &direct, dependencies, &mut built);
            }
        }
        log.join().unwrap_or_default()
    });
    running.set(0);
    let status = child.wait()?;
    anyhow::ensure!(status.success(), "the crates added with :dep could not be built\n{}", kept.join("\n"));
    std::fs::write(&record, serde_json::to_string(&built)?)?;
    Ok(built)
}

/// The name under which the package is depended upon: `x = { package = "y" }` makes `y` known as `x`.
fn known_as(package: &str, direct: &[String], dependencies: &toml::Table) -> Option<String> {
    direct
        .iter()
        .find(|name| {
            let renamed = dependencies.get(*name).and_then(|value| value.get("package")).and_then(toml::Value::as_str);
            renamed.unwrap_or(name) == package
        })
        .cloned()
}

fn note(message: &Value, direct: &[String], dependencies: &toml::Table, built: &mut Built) {
    match message["reason"].as_str() {
        Some("build-script-executed") => {
            for path in message["linked_paths"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                built.search.push(path.to_owned());
            }
        }
        Some("compiler-artifact") => {
            let is_library = message["target"]["kind"].as_array().is_some_and(|kinds| {
                kinds.iter().filter_map(Value::as_str).any(|kind| matches!(kind, "lib" | "rlib" | "dylib" | "proc-macro"))
            });
            let package = package_name(message["package_id"].as_str().unwrap_or_default());
            let Some(name) = known_as(&package, direct, dependencies).filter(|_| is_library) else { return };
            // A renamed dependency keeps its new name; else the library's own name counts.
            let renamed = dependencies.get(&name).is_some_and(|value| value.get("package").is_some());
            let crate_name = if renamed { name } else { message["target"]["name"].as_str().unwrap_or(&name).to_owned() };
            let file = message["filenames"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .find(|file| file.ends_with(".rlib") || file.ends_with(".so") || file.ends_with(".dylib"));
            if let Some(file) = file {
                built.externs.insert(crate_name.replace('-', "_"), PathBuf::from(file));
            }
        }
        _ => {}
    }
}

/// The package name in a package id: `registry+…#name@1.0.0`, `path+file:///…/name#1.0.0` or `…#1.0.0`.
fn package_name(id: &str) -> String {
    let (before, after) = id.rsplit_once('#').unwrap_or(("", id));
    match after.split_once('@') {
        Some((name, _)) => name.to_owned(),
        None => before.rsplit('/').next().unwrap_or(before).split('?').next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_ids_of_all_kinds_give_the_package_name() {
        assert_eq!(package_name("registry+https://example.org/index#serde_json@1.0.1"), "serde_json");
        assert_eq!(package_name("path+file:///home/me/my-crate#0.1.0"), "my-crate");
        assert_eq!(package_name("path+file:///home/me/folder#my-crate@0.1.0"), "my-crate");
        assert_eq!(package_name("git+https://example.org/a/b?branch=x#0.2.0"), "b");
    }

    #[test]
    fn a_dependency_with_features_stays_a_dependency() {
        let dependencies: toml::Table = "tokio = { version = \"1\", features = [\"rt\"] }\nitoa = \"1\"".parse().expect("valid");
        let manifest: toml::Table = package(&dependencies).parse().expect("valid");
        assert_eq!(manifest["dependencies"], toml::Value::Table(dependencies));
    }

    #[test]
    fn a_renamed_dependency_keeps_its_new_name() {
        let dependencies: toml::Table = "short = { package = \"long-name\", version = \"1\" }".parse().expect("valid");
        assert_eq!(known_as("long-name", &["short".into()], &dependencies), Some("short".into()));
        assert_eq!(known_as("other", &["short".into()], &dependencies), None);
    }
}
