//! `cargo metadata` of a cell package, put together from the recorded graph of `lab`.
//!
//! The analyzer reads every package it is told of. Of the several hundred packages under `lab` it is told of
//! those whose types appear in a cell; the rest (network, codecs, compression …) would only cost memory.

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::lab::Lab;
use super::{LAB_JSON, deps, required};

/// Packages of the graph under `lab` that the analyzer is told of, by the start of their name.
const SHOWN: &[&str] = &[
    "lab",
    "polars",
    "arrow",
    "rayon",
    "serde",
    "rand",
    "chrono",
    "either",
    "num-traits",
    "bitflags",
    "compact_str",
    "hashbrown",
    "indexmap",
    "half",
    "bytes",
    "crossbeam",
];
/// Except these: large, and not part of what a cell sees.
const HIDDEN: &[&str] = &[
    "polars-parquet",
    "polars-stream",
    "polars-sql",
    "polars-json",
    "polars-expr",
    "polars-mem-engine",
    "polars-ooc",
    "polars-compute",
    "polars-row",
    "arrow-ipc",
    "arrow-json",
    "arrow-csv",
    "arrow-row",
    "arrow-string",
    "chrono-tz",
    "crossbeam",
];

fn shown(name: &str) -> bool {
    SHOWN.iter().any(|start| name.starts_with(start)) && !HIDDEN.iter().any(|hidden| name.starts_with(hidden))
}

/// Prints the metadata of the cell package in `directory`.
pub fn print(directory: &Path, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let lab = Lab::read(&required(LAB_JSON)?)?;
    let dependencies = deps::added(directory, &lab)?;
    let no_deps = arguments.iter().any(|word| word == "--no-deps");
    let added = if dependencies.is_empty() || no_deps {
        None
    } else {
        let package = deps::package_dir(&dependencies, &lab)?;
        let output = deps::cargo(&package)?.args(["metadata", "--format-version", "1"]).output().context("cargo could not be started")?;
        if !output.status.success() {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            return Ok(ExitCode::FAILURE);
        }
        Some(serde_json::from_slice::<Value>(&output.stdout).context("cargo's metadata cannot be read")?)
    };
    let recorded: Value =
        serde_json::from_str(&std::fs::read_to_string(&lab.metadata)?).context("the recorded metadata of lab is damaged")?;
    println!("{}", merged(directory, &lab, &recorded, added.as_ref(), no_deps));
    Ok(ExitCode::SUCCESS)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn merged(directory: &Path, lab: &Lab, recorded: &Value, added: Option<&Value>, no_deps: bool) -> Value {
    let directory = directory.display().to_string();
    let own_id = format!("path+file://{directory}#ctx@1.0.0");
    let mut packages: Vec<Value> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut direct: Vec<(String, String)> = Vec::new();

    if !no_deps {
        for package in array(recorded, "packages").iter().filter(|package| shown(text(package, "name"))) {
            seen.insert(text(package, "id").to_owned());
            packages.push(package.clone());
        }
        direct = roots(recorded, lab);
        if let Some(added) = added {
            for package in array(added, "packages").iter().filter(|package| text(package, "name") != "ctx") {
                if seen.insert(text(package, "id").to_owned()) {
                    packages.push(package.clone());
                }
            }
            direct.extend(roots_of_added(added));
        }
    }
    let mut nodes: Vec<Value> = Vec::new();
    let mut done: HashSet<String> = HashSet::new();
    for graph in [Some(recorded), added].into_iter().flatten().filter(|_| !no_deps) {
        for node in array(&graph["resolve"], "nodes") {
            if seen.contains(text(node, "id")) && done.insert(text(node, "id").to_owned()) {
                nodes.push(only_seen(node, &seen));
            }
        }
    }
    direct.retain(|(_, id)| seen.contains(id));
    nodes.push(json!({
        "id": own_id,
        "dependencies": direct.iter().map(|(_, id)| id).collect::<Vec<_>>(),
        "deps": direct.iter().map(|(name, id)| json!({"name": name, "pkg": id, "dep_kinds": [{"kind": null, "target": null}]})).collect::<Vec<_>>(),
        "features": [],
    }));
    packages.push(own_package(&directory, &own_id, &direct));
    let resolve = if no_deps { Value::Null } else { json!({"nodes": nodes, "root": own_id}) };
    json!({
        "packages": packages,
        "workspace_members": [own_id],
        "workspace_default_members": [own_id],
        "resolve": resolve,
        "target_directory": format!("{directory}/target"),
        "build_directory": format!("{directory}/target"),
        "version": 1,
        "workspace_root": directory,
        "metadata": null,
    })
}

/// The crates of `lab` that cells can name: name in code and package id, as `lab` itself resolves them.
fn roots(recorded: &Value, lab: &Lab) -> Vec<(String, String)> {
    let lab_id = array(recorded, "packages").iter().find(|package| text(package, "name") == "lab").map(|package| text(package, "id"));
    let Some(lab_id) = lab_id else { return Vec::new() };
    let mut roots = vec![("lab".to_owned(), lab_id.to_owned())];
    for node in array(&recorded["resolve"], "nodes").iter().filter(|node| text(node, "id") == lab_id) {
        for dependency in array(node, "deps").iter().filter(|dependency| lab.externs.contains_key(text(dependency, "name"))) {
            roots.push((text(dependency, "name").to_owned(), text(dependency, "pkg").to_owned()));
        }
    }
    roots
}

fn roots_of_added(added: &Value) -> Vec<(String, String)> {
    let root = text(&added["resolve"], "root");
    array(&added["resolve"], "nodes")
        .iter()
        .filter(|node| text(node, "id") == root)
        .flat_map(|node| array(node, "deps"))
        .map(|dependency| (text(dependency, "name").to_owned(), text(dependency, "pkg").to_owned()))
        .collect()
}

fn only_seen(node: &Value, seen: &HashSet<String>) -> Value {
    let mut node = node.clone();
    if let Some(deps) = node["deps"].as_array_mut() {
        deps.retain(|dependency| dependency["pkg"].as_str().is_some_and(|id| seen.contains(id)));
    }
    if let Some(ids) = node["dependencies"].as_array_mut() {
        ids.retain(|id| id.as_str().is_some_and(|id| seen.contains(id)));
    }
    node
}

fn own_package(directory: &str, id: &str, direct: &[(String, String)]) -> Value {
    let dependencies: Vec<Value> = direct
        .iter()
        .map(|(name, _)| {
            json!({"name": name, "source": null, "req": "*", "kind": null, "rename": null, "optional": false,
                   "uses_default_features": true, "features": [], "target": null, "registry": null})
        })
        .collect();
    json!({
        "name": "ctx", "version": "1.0.0", "id": id, "license": null, "license_file": null, "description": null, "source": null,
        "dependencies": dependencies,
        "targets": [{"kind": ["cdylib"], "crate_types": ["cdylib"], "name": "ctx", "src_path": format!("{directory}/src/lib.rs"),
                     "edition": "2024", "doc": true, "doctest": false, "test": true}],
        "features": {}, "manifest_path": format!("{directory}/Cargo.toml"), "metadata": null, "publish": null, "authors": [],
        "categories": [], "keywords": [], "readme": null, "repository": null, "homepage": null, "documentation": null,
        "edition": "2024", "links": null, "default_run": null, "rust_version": null,
    })
}
