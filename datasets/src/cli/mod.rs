//! `benchbook data`: make, list and verify datasets.

mod args;
mod show;

use std::path::{Path, PathBuf};

use serde_json::json;

use args::{Action, Args};
use show::Screen;

use crate::error::DataError;
use crate::make::{Made, make, remake};
use crate::manifest::Manifest;
use crate::root::{default_root, made_in};
use crate::{check, sets};

/// Runs `benchbook data` with the arguments after `data`; returns the exit code: 0 done, 1 failed, 2 wrong usage.
///
/// With `--json`, standard output carries JSON lines: `{"done":0.4,"what":"writing lineitem"}` while at work and last
/// `{"dir":"...","reused":false,"files":[{"path":"...","table":"...","format":"...","rows":1,"bytes":2}]}`, or `{"error":"..."}`.
/// A set that was damaged, and has been made again, carries the reason as `"mended"`.
pub fn cli(args: &[String]) -> i32 {
    match Args::parse(args) {
        Ok(Args { action: Action::Help, .. }) => {
            show::line(&args::help());
            0
        }
        Ok(args) => match run(&args) {
            Ok(code) => code,
            Err(error) => failed(&error, args.json, 1),
        },
        Err(error) => failed(&error, args.iter().any(|arg| arg == "--json"), 2),
    }
}

fn failed(error: &DataError, json: bool, code: i32) -> i32 {
    if json {
        show::line(&json!({ "error": error.to_string() }).to_string());
    } else {
        eprintln!("benchbook data: {error}");
    }
    code
}

fn run(args: &Args) -> Result<i32, DataError> {
    let root = args.dir.clone().map_or_else(default_root, |dir| std::path::absolute(&dir).unwrap_or(dir));
    match &args.action {
        Action::Help => Ok(0),
        Action::List => {
            list(&root, args.json);
            Ok(0)
        }
        Action::Verify(dir) => verify(&root, dir.as_deref(), args.json),
        Action::Make(request) => {
            let mut screen = Screen::new(&request.folder(), args.json);
            let maker = if args.force { remake } else { make };
            let made = maker(request, &root, &mut |progress| screen.progress(&progress));
            screen.clear();
            show_made(&made?, args.json);
            Ok(0)
        }
    }
}

fn show_made(made: &Made, json: bool) {
    if json {
        let file = |file: &crate::FileInfo| json!({ "path": file.path, "table": file.table, "format": file.format, "rows": file.rows, "bytes": file.bytes });
        let files: Vec<_> = made.files.iter().map(file).collect();
        let mut last = json!({ "dir": made.dir, "reused": made.reused, "files": files });
        if let Some(reason) = &made.mended {
            last["mended"] = json!(reason);
        }
        show::line(&last.to_string());
        return;
    }
    let state = match &made.mended {
        _ if made.reused => "there already, verified".to_owned(),
        Some(reason) => format!("made again: {reason}"),
        None => "made".to_owned(),
    };
    show::line(&format!("{} ({state})", made.dir.display()));
    for file in &made.files {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        show::line(&format!("  {name:<18} {:>12} rows {:>10}", show::thousands(file.rows), show::size(file.bytes)));
    }
}

fn list(root: &Path, json: bool) {
    let made = made_in(root);
    if json {
        let sets: Vec<_> = sets::sets().map(|set| json!({ "name": set.name, "about": set.about, "licence": set.licence })).collect();
        let made: Vec<_> = made
            .iter()
            .map(|(dir, manifest)| json!({ "dir": dir, "set": manifest.set, "parameters": manifest.parameters, "bytes": manifest.bytes() }))
            .collect();
        show::line(&json!({ "root": root, "sets": sets, "made": made }).to_string());
        return;
    }
    show::line("Sets that can be made:");
    for set in sets::sets() {
        show::line(&format!("  {:<7} {}", set.name, set.about));
        for parameter in set.parameters {
            show::line(&format!("          --{:<8} {} (default {})", parameter.name, parameter.about, parameter.default_text()));
        }
    }
    show::line(&format!("Made in {}:", root.display()));
    if made.is_empty() {
        show::line("  none yet; try `benchbook data stocks`");
    }
    for (dir, manifest) in made {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        show::line(&format!("  {name:<20} {:>3} files {:>10}", manifest.files.len(), show::size(manifest.bytes())));
    }
}

fn verify(root: &Path, dir: Option<&Path>, json: bool) -> Result<i32, DataError> {
    let dirs: Vec<PathBuf> = match dir {
        // A bare name means a set under the root, a path means itself.
        Some(dir) if dir.components().count() == 1 && !dir.exists() => vec![root.join(dir)],
        Some(dir) => vec![dir.to_owned()],
        None => candidates(root),
    };
    let mut code = 0;
    for dir in &dirs {
        let found = check::verify(dir);
        code = code.max(i32::from(found.is_err()));
        let text = match (&found, json) {
            (Ok(manifest), true) => json!({ "dir": dir, "ok": true, "files": manifest.files.len() }).to_string(),
            (Err(error), true) => json!({ "dir": dir, "ok": false, "error": error.to_string() }).to_string(),
            (Ok(manifest), false) => whole(dir, manifest),
            (Err(error), false) => error.to_string(),
        };
        show::line(&text);
    }
    if dirs.is_empty() && !json {
        show::line(&format!("No datasets in {}.", root.display()));
    }
    Ok(code)
}

fn whole(dir: &Path, manifest: &Manifest) -> String {
    format!("{}: whole, {} files, {}", dir.display(), manifest.files.len(), show::size(manifest.bytes()))
}

/// Folders that look like a set, finished or not; hidden ones are locks and unfinished work.
fn candidates(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else {
        return Vec::new();
    };
    let named = |dir: &PathBuf| {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        dir.is_dir() && sets::sets().any(|set| name.starts_with(&format!("{}-", set.name)))
    };
    let mut dirs: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(named).collect();
    dirs.sort();
    dirs
}
