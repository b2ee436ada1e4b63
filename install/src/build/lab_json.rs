//! `lab.json`: where the prebuilt dylib and the crates behind it lie, for the kernel to link cells against.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::cargo_lines::Artifact;

/// Crates a cell may name beside `lab` itself.
pub const EXTERNS: [&str; 7] = ["polars", "arrow", "rayon", "serde", "serde_json", "rand", "chrono"];

/// Describes build B. `metadata` is the output of `cargo metadata`, kept at `metadata_path`.
///
/// The copy of a crate that `lab` itself links is the one named: several versions, and a second copy for build
/// scripts, may lie side by side.
///
/// # Errors
/// When `lab` or one of [`EXTERNS`] was not built.
pub fn lab_json(built: &[Artifact], metadata: &Value, rustc: &str, metadata_path: &Path) -> Result<Value> {
    let lab = built.iter().rev().find(|a| a.name == "lab" && a.is("dylib")).context("cargo built no dylib `lab`")?;
    let dylib =
        lab.file("so").or_else(|| lab.file("dylib")).with_context(|| format!("cargo names no shared library among {:?}", lab.files))?;
    let profile_dir = dylib.ancestors().find(|d| d.join("deps").is_dir()).or_else(|| dylib.parent());
    let deps_dir = profile_dir.context("the dylib `lab` lies in no folder")?.join("deps");

    let links = linked_by(metadata, &lab.package_id)?;
    let mut externs = Map::new();
    for name in EXTERNS {
        let id = links.get(name).and_then(Value::as_str).with_context(|| format!("`lab` does not depend on `{name}`"))?;
        let rlib = rlib_of(built, id).with_context(|| format!("cargo built no library of `{name}` for cells ({id})"))?;
        externs.insert(name.to_owned(), json!(rlib));
    }
    Ok(json!({
        "schema": 1,
        "rustc": rustc,
        "lab": dylib,
        "deps_dir": deps_dir,
        "externs": externs,
        "behind": behind(built, metadata, &lab.package_id),
        "metadata": metadata_path,
    }))
}

/// The libraries of all crates inside `lab`, by name in code: types of variables are named through them. A name that
/// two versions share is left out.
fn behind(built: &[Artifact], metadata: &Value, lab: &str) -> Map<String, Value> {
    let nodes = metadata["resolve"]["nodes"].as_array().map_or(&[][..], Vec::as_slice);
    let mut open = vec![lab];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id)
            && let Some(node) = nodes.iter().find(|node| node["id"] == id)
        {
            open.extend(node["deps"].as_array().into_iter().flatten().filter_map(|dep| dep["pkg"].as_str()));
        }
    }
    let mut found: BTreeMap<String, Vec<&Path>> = BTreeMap::new();
    for id in seen.into_iter().filter(|id| *id != lab) {
        if let Some(rlib) = rlib_of(built, id)
            && let Some(name) = built.iter().find(|a| a.package_id == id && a.file("rlib").is_some()).map(|a| a.name.replace('-', "_"))
        {
            found.entry(name).or_default().push(rlib);
        }
    }
    found.into_iter().filter(|(_, files)| files.len() == 1).map(|(name, files)| (name, json!(files[0]))).collect()
}

/// The crates a package links directly: name in code to package id.
fn linked_by(metadata: &Value, package_id: &str) -> Result<Map<String, Value>> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("`cargo metadata` resolved nothing")?;
    let Some(node) = nodes.iter().find(|n| n["id"] == package_id) else {
        bail!("`cargo metadata` does not know {package_id}");
    };
    Ok(node["deps"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|dep| Some((dep["name"].as_str()?.to_owned(), dep["pkg"].clone())))
        .collect())
}

/// The optimised copy; of several, the one with the most features, which is what `lab` was linked with.
fn rlib_of<'a>(built: &'a [Artifact], package_id: &str) -> Option<&'a Path> {
    built
        .iter()
        .filter(|a| a.package_id == package_id && a.opt_level == "3" && !a.is("bin") && !a.is("custom-build"))
        .filter_map(|a| Some((a.features.len(), a.file("rlib")?)))
        .max_by_key(|(features, _)| *features)
        .map(|(_, file)| file.as_path())
}

#[cfg(test)]
mod tests {
    use super::super::cargo_lines::artifacts;
    use super::*;

    /// Recorded from cargo 1.95 on a small workspace with the same shape, paths shortened.
    const LINES: &str = include_str!("testdata/cargo-build.jsonl");
    const METADATA: &str = include_str!("testdata/cargo-metadata.json");

    fn described() -> Result<Value> {
        let metadata = serde_json::from_str(METADATA)?;
        lab_json(&artifacts(LINES)?, &metadata, "rustc 1.95.0", Path::new("/t/debug/lab-metadata.json"))
    }

    #[test]
    fn names_the_dylib_and_every_extern() -> Result<()> {
        let value = described()?;
        assert_eq!(value["schema"], 1);
        assert!(value["lab"].as_str().is_some_and(|p| p.ends_with("/debug/liblab.so")), "{value:#}");
        assert!(value["deps_dir"].as_str().is_some_and(|p| p.ends_with("/debug/deps")), "{value:#}");
        for name in EXTERNS {
            let file = value["externs"][name].as_str().unwrap_or_default();
            assert!(file.contains(&format!("/lib{name}-")) && file.ends_with(".rlib"), "{name}: {file}");
            assert_eq!(value["behind"][name], value["externs"][name], "{name}");
        }
        Ok(())
    }

    #[test]
    fn the_copy_for_build_scripts_is_not_taken() -> Result<()> {
        let all = artifacts(LINES)?;
        let copies: Vec<_> = all.iter().filter(|a| a.name == "rand" && a.file("rlib").is_some()).collect();
        assert!(copies.len() > 1, "the recording has {} copies of rand", copies.len());
        let taken = described()?["externs"]["rand"].clone();
        let copy = copies.iter().find(|a| a.file("rlib").is_some_and(|f| json!(f) == taken));
        assert!(copy.is_some_and(|a| a.opt_level == "3" && a.package_id.contains("0.9")), "{taken}");
        Ok(())
    }

    #[test]
    fn a_missing_crate_is_named() -> Result<()> {
        let few: Vec<_> = artifacts(LINES)?.into_iter().filter(|a| a.name != "rayon").collect();
        let metadata = serde_json::from_str(METADATA)?;
        let error = lab_json(&few, &metadata, "r", Path::new("/m")).expect_err("rayon").to_string();
        assert!(error.contains("rayon"), "{error}");
        Ok(())
    }
}
