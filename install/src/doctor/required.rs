//! What the kernel and the course cannot do without.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Check, Status, engine};
use crate::layout::Layout;
use crate::toolchain::{self, Toolchain};
use crate::{disk, duckdb, kernelspec, python, run};

/// The remedy for all that set-up makes.
const SET_UP: &str = "run `cargo lab` in the clone; it mends what is missing";

pub(super) fn checks(layout: &Layout) -> Vec<Check> {
    let detected = Toolchain::detect(&layout.root);
    let toolchain = detected.as_ref().ok();
    let mut all = vec![match &detected {
        Ok(found) => rust(layout, found),
        Err(error) => Check::missing("Rust", format!("{error:#}"), "install rustup, then open a new terminal"),
    }];
    all.push(std_sources(toolchain));
    all.push(c_compiler());
    all.push(python());
    all.push(environment(layout));
    all.push(kernelspec_check(layout));
    all.push(kernel_programs(layout));
    all.push(lab(layout, toolchain));
    all.push(duckdb_library(layout));
    all.push(engine_worker(layout, toolchain));
    all.push(datasets(layout));
    all.push(disk_room(layout));
    all.push(shared_memory());
    all
}

fn rust(layout: &Layout, found: &Toolchain) -> Check {
    match toolchain::wanted(&layout.root) {
        Ok(wanted) if wanted == found.version() => Check::ok("Rust", &found.rustc),
        Ok(wanted) => Check::missing(
            "Rust",
            format!("{}, but the course needs {wanted}", found.rustc),
            format!("rustup toolchain install {wanted}; unset RUSTUP_TOOLCHAIN"),
        ),
        Err(error) => Check::missing("Rust", format!("{error:#}"), "restore the file from git"),
    }
}

fn std_sources(toolchain: Option<&Toolchain>) -> Check {
    if toolchain.is_some_and(Toolchain::has_std_sources) {
        Check::ok("standard library sources", "there (completion reads them)")
    } else {
        Check::missing("standard library sources", "not found; completion needs them", "rustup component add rust-src")
    }
}

fn c_compiler() -> Check {
    match toolchain::c_compiler() {
        Some(line) => Check::ok("C compiler and linker", line),
        None => Check::missing("C compiler and linker", "no `cc`; no cell can be linked", toolchain::C_COMPILER_HINT),
    }
}

fn python() -> Check {
    match python::find() {
        Ok(found) => Check::ok("Python", format!("3.{} ({})", found.minor, found.path.display())),
        Err(error) => Check::missing("Python", format!("{error:#}"), "sudo apt-get install python3 python3-venv"),
    }
}

fn environment(layout: &Layout) -> Check {
    let name = "Python environment";
    if !python::is_current(&layout.python_env()) {
        return Check::missing(name, "not there, broken, or of an older version", SET_UP);
    }
    let mut command = python::isolated(&layout.python());
    match run::output(command.args(["-c", "import jupyterlab, nbconvert, ipykernel; print(jupyterlab.__version__)"])) {
        Ok(version) => Check::ok(name, format!("JupyterLab {}", version.trim())),
        Err(error) => Check::missing(name, format!("{error:#}"), "cargo lab uninstall, then cargo lab"),
    }
}

fn kernelspec_check(layout: &Layout) -> Check {
    let name = "kernelspec";
    let inside = kernelspec::program(&kernelspec::environment_data_dir(&layout.python_env()));
    let user = kernelspec::user_data_dir().and_then(|dir| kernelspec::program(&dir));
    match inside {
        None => Check::missing(name, "not installed", SET_UP),
        Some(program) if !program.is_file() => Check::missing(name, format!("it starts {}, which is not there", program.display()), SET_UP),
        Some(_) => match user {
            Some(program) if program == layout.benchbook() => Check::ok(name, "installed, also for other Jupyter programs of this user"),
            Some(program) => Check::ok(name, format!("installed; other Jupyter programs start {}", program.display())),
            None => Check::ok(name, "installed for `cargo lab`; other Jupyter programs do not see it"),
        },
    }
}

/// The kernel, its Rust worker, and the stand-in for cargo that compiles cells.
fn kernel_programs(layout: &Layout) -> Check {
    let programs = ["benchbook", "benchbook-cell", "benchbook-cargo"];
    match programs.iter().find(|name| !layout.profile_dir().join(name).is_file()) {
        Some(absent) => Check::missing("kernel", format!("the program {absent} is not built"), SET_UP),
        None => Check::ok("kernel", "its programs are built"),
    }
}

/// `lab.json`, the files it names, and whether they belong to this compiler.
fn lab(layout: &Layout, toolchain: Option<&Toolchain>) -> Check {
    let name = "lab (Polars for cells)";
    let Ok(text) = std::fs::read_to_string(layout.lab_json()) else {
        return Check::missing(name, "not built", SET_UP);
    };
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let gone = named_files(&value).into_iter().find(|file| !file.exists());
    let rustc = value["rustc"].as_str().unwrap_or_default();
    if let Some(gone) = gone {
        Check::missing(name, format!("{} is not there", gone.display()), SET_UP)
    } else if toolchain.is_some_and(|t| t.rustc != rustc) {
        Check::missing(name, format!("built by {rustc}, which is not the compiler in use"), SET_UP)
    } else {
        let size = value["lab"].as_str().and_then(|p| std::fs::metadata(p).ok()).map_or(0, |m| m.len());
        Check::ok(name, format!("built by {rustc}, {}", disk::bytes(size)))
    }
}

/// Every file `lab.json` names; without one it is broken, and an empty path says so.
fn named_files(lab_json: &Value) -> Vec<PathBuf> {
    let path = |v: &Value| PathBuf::from(v.as_str().unwrap_or_default());
    let mut files = vec![path(&lab_json["lab"]), path(&lab_json["deps_dir"]), path(&lab_json["metadata"])];
    files.extend(lab_json["externs"].as_object().into_iter().flat_map(|externs| externs.values().map(path)));
    files
}

fn duckdb_library(layout: &Layout) -> Check {
    let name = "DuckDB library";
    if duckdb::is_intact(&layout.duckdb_dir()) {
        Check::ok(name, format!("{}, intact", duckdb::VERSION))
    } else {
        Check::missing(name, "not there, or damaged", SET_UP)
    }
}

fn engine_worker(layout: &Layout, toolchain: Option<&Toolchain>) -> Check {
    let name = "engine worker (SQL)";
    let program = layout.engines();
    if !program.is_file() {
        return Check::missing(name, "not built", SET_UP);
    }
    match engine::ask(&program, layout.library_path(toolchain.map(|t| t.sysroot.as_path()))) {
        Ok(version) => Check::ok(name, format!("answers; {version}")),
        Err(error) => Check::missing(name, format!("{error:#}"), SET_UP),
    }
}

fn datasets(layout: &Layout) -> Check {
    let name = "datasets";
    let program = layout.benchbook();
    if !program.is_file() {
        return Check::missing(name, "the kernel is not built", SET_UP);
    }
    let listed = run::output(Command::new(program).args(["data", "list", "--json"]));
    match listed.map(|text| serde_json::from_str::<Value>(&text).unwrap_or_default()) {
        Ok(value) => made_sets(&value),
        Err(error) => Check::missing(name, format!("{error:#}"), SET_UP),
    }
}

fn made_sets(listed: &Value) -> Check {
    let made: Vec<&Value> = listed["made"].as_array().into_iter().flatten().collect();
    let root = listed["root"].as_str().unwrap_or_default();
    let absent: Vec<&str> = crate::datasets::SMALL.iter().map(|set| set[0]).filter(|set| !made.iter().any(|m| m["set"] == *set)).collect();
    if absent.is_empty() {
        let bytes = made.iter().filter_map(|m| m["bytes"].as_u64()).sum();
        Check::ok("datasets", format!("{} made, {} in {root}", made.len(), disk::bytes(bytes)))
    } else {
        let mend = absent.iter().map(|set| format!("benchbook data {set}")).collect::<Vec<_>>().join("; ");
        Check::missing("datasets", format!("not made in {root}: {}", absent.join(", ")), mend)
    }
}

fn disk_room(layout: &Layout) -> Check {
    let name = "disk";
    let Some(room) = disk::room(&layout.target) else {
        return Check::new(name, Status::Warning, "`df` does not tell how much is free", "");
    };
    let needed = if layout.lab_json().is_file() { 1 << 30 } else { disk::NEEDED };
    let free = format!("{} free for the build folder", disk::bytes(room.free));
    if room.free >= needed {
        Check::ok(name, free)
    } else {
        let mend = format!("free at least {}, or point CARGO_TARGET_DIR to a larger disk", disk::bytes(needed));
        Check::new(name, Status::Warning, free, mend)
    }
}

fn shared_memory() -> Check {
    let name = "shared memory";
    let dir = Path::new("/dev/shm");
    if !dir.is_dir() {
        return Check::ok(name, "no /dev/shm here; tables travel through the temporary folder");
    }
    match disk::room(dir) {
        Some(room) if room.free < 512 << 20 => Check::new(
            name,
            Status::Warning,
            format!("only {} free; larger tables will not fit", disk::bytes(room.free)),
            "in a container, start it with --shm-size=2g",
        ),
        Some(room) => Check::ok(name, format!("{} free", disk::bytes(room.free))),
        None => Check::new(name, Status::Warning, "`df` does not tell its size", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn layout_in(dir: &Path) -> Layout {
        Layout { root: dir.to_path_buf(), target: dir.to_path_buf() }
    }

    #[test]
    fn a_lab_of_another_compiler_or_with_a_lost_file_is_missing() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        let layout = layout_in(dir.path());
        std::fs::create_dir(layout.profile_dir())?;
        let present = dir.path();
        let write = |lab: &Path| {
            let value = json!({"rustc": "rustc 1", "lab": lab, "deps_dir": present, "metadata": present, "externs": {"polars": present}});
            std::fs::write(layout.lab_json(), value.to_string())
        };
        let toolchain = |rustc: &str| Toolchain { rustc: rustc.to_owned(), host: String::new(), sysroot: PathBuf::new() };
        assert_eq!(lab(&layout, None).status, Status::Missing);
        write(present)?;
        assert_eq!(lab(&layout, Some(&toolchain("rustc 1"))).status, Status::Ok);
        assert_eq!(lab(&layout, Some(&toolchain("rustc 2"))).status, Status::Missing);
        write(Path::new("/no/such/liblab.so"))?;
        assert!(lab(&layout, None).detail.contains("liblab.so"));
        Ok(())
    }

    #[test]
    fn an_unmade_dataset_is_named() {
        let listed = json!({"root": "/d", "made": [{"set": "tpch", "bytes": 1}]});
        let check = made_sets(&listed);
        assert_eq!((check.status, check.mend.as_str()), (Status::Missing, "benchbook data stocks"));
        let listed = json!({"root": "/d", "made": [{"set": "tpch", "bytes": 1}, {"set": "stocks", "bytes": 1}]});
        assert_eq!(made_sets(&listed).status, Status::Ok);
    }
}
