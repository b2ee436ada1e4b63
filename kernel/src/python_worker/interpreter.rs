//! Which Python program a cell asks for.

use std::path::{Path, PathBuf};

use magics::error::MagicError;

/// The program that `env` names: a folder of a virtual environment, a program, or a program's name on `PATH`. Without
/// `env`, the installed one.
///
/// # Errors
/// `UsageError` when there is nothing of that name.
pub fn resolve(env: Option<&str>, installed: &Path) -> Result<PathBuf, MagicError> {
    let Some(env) = env else { return Ok(installed.to_owned()) };
    let path = Path::new(env);
    if path.is_dir() {
        let program = path.join("bin/python");
        if program.exists() {
            return Ok(absolute(&program));
        }
        return Err(MagicError::usage(format!("`--env {env}`: this folder is no virtual environment, it has no `bin/python`"))
            .hint("name the folder that `python -m venv` made, or a Python program"));
    }
    if path.exists() {
        return Ok(absolute(path));
    }
    // The system looks for a bare name on `PATH`.
    if !env.is_empty() && !env.contains('/') {
        return Ok(path.to_owned());
    }
    Err(MagicError::usage(format!("`--env {env}`: there is no such folder or program"))
        .hint("name the folder of a virtual environment, or a Python program; a relative path starts at the notebook's folder"))
}

/// One name per interpreter; links stay, since a virtual environment's program is one.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_programs_and_names() {
        let dir = tempfile::tempdir().unwrap();
        let installed = Path::new("/installed/bin/python");
        let resolve = |env: &str| resolve(Some(env), installed);
        assert_eq!(super::resolve(None, installed).unwrap(), installed);
        let folder = dir.path().display().to_string();
        let error = resolve(&folder).unwrap_err();
        assert!(error.message.contains("bin/python") && error.name == "UsageError", "{error:?}");
        std::fs::create_dir(dir.path().join("bin")).unwrap();
        std::fs::write(dir.path().join("bin/python"), "").unwrap();
        assert_eq!(resolve(&folder).unwrap(), dir.path().join("bin/python"));
        assert_eq!(resolve(&format!("{folder}/bin/python")).unwrap(), dir.path().join("bin/python"));
        assert_eq!(resolve("python3.12").unwrap(), Path::new("python3.12"));
        assert!(resolve("/nowhere/python").unwrap_err().message.contains("no such"));
        assert!(resolve("").is_err());
    }
}
