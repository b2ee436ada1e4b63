//! Step 5: the kernelspec, by which JupyterLab, VS Code and nbconvert find the kernel.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};

use crate::owned;

/// The name notebooks carry.
pub const NAME: &str = "benchbook";
/// The name people see.
pub const DISPLAY_NAME: &str = "Rust (Benchbook)";

const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-32x32.png", include_bytes!("../logo/logo-32x32.png")),
    ("logo-64x64.png", include_bytes!("../logo/logo-64x64.png")),
    ("logo-svg.svg", include_bytes!("../logo/logo-svg.svg")),
];

/// The content of `kernel.json`.
#[must_use]
pub fn kernel_json(benchbook: &Path) -> Value {
    json!({
        "argv": [benchbook, "kernel", "--connection-file", "{connection_file}"],
        "display_name": DISPLAY_NAME,
        "language": "rust",
        "interrupt_mode": "message",
        "metadata": {"debugger": false},
    })
}

/// Where a Jupyter data folder keeps our kernelspec.
#[must_use]
pub fn place(data_dir: &Path) -> PathBuf {
    data_dir.join("kernels").join(NAME)
}

/// Installs into a Jupyter data folder (`<prefix>/share/jupyter`); returns whether anything changed.
///
/// # Errors
/// When a kernelspec of that name is there that we did not install, or the folder cannot be written.
pub fn install(data_dir: &Path, benchbook: &Path) -> Result<bool> {
    let dir = place(data_dir);
    owned::create(&dir)?;
    let mut changed = owned::write_if_changed(&dir.join("kernel.json"), format!("{:#}\n", kernel_json(benchbook)).as_bytes())?;
    for (name, bytes) in LOGOS {
        changed |= owned::write_if_changed(&dir.join(name), bytes)?;
    }
    Ok(changed)
}

/// The kernel program an installed kernelspec starts; `None` when there is none.
#[must_use]
pub fn program(data_dir: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(place(data_dir).join("kernel.json")).ok()?;
    let value: Value = serde_json::from_str(&text).ok()?;
    value["argv"][0].as_str().map(PathBuf::from)
}

/// The Jupyter data folder inside our Python environment.
#[must_use]
pub fn environment_data_dir(python_env: &Path) -> PathBuf {
    python_env.join("share/jupyter")
}

/// The user's own Jupyter data folder, where other programs look too; `None` without a home.
#[must_use]
pub fn user_data_dir() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(dir) = set("JUPYTER_DATA_DIR") {
        return Some(dir);
    }
    if cfg!(target_os = "macos") {
        return Some(set("HOME")?.join("Library/Jupyter"));
    }
    let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?;
    Some(data.join("jupyter"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installs_once_and_names_the_kernel() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let kernel = Path::new("/t/debug/benchbook");
        assert!(install(dir.path(), kernel)?);
        assert!(!install(dir.path(), kernel)?, "a second run changes nothing");
        assert_eq!(program(dir.path()).as_deref(), Some(kernel));
        let json = kernel_json(kernel);
        assert_eq!(json["interrupt_mode"], "message");
        assert_eq!(json["argv"][3], "{connection_file}");
        assert!(place(dir.path()).join("logo-64x64.png").is_file());
        Ok(())
    }

    #[test]
    fn leaves_a_foreign_kernelspec_alone() -> Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::create_dir_all(place(dir.path()))?;
        std::fs::write(place(dir.path()).join("kernel.json"), "{}")?;
        assert!(install(dir.path(), Path::new("/k")).is_err());
        assert_eq!(std::fs::read_to_string(place(dir.path()).join("kernel.json"))?, "{}");
        Ok(())
    }
}
