//! The Python program that runs Spark's client.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const FILES: [(&str, &str); 4] = [
    ("driver.py", include_str!("driver.py")),
    ("spark_errors.py", include_str!("spark_errors.py")),
    ("spark_files.py", include_str!("spark_files.py")),
    ("spark_results.py", include_str!("spark_results.py")),
];

/// Writes it into `folder`; returns the file to run.
pub fn write(folder: &Path) -> io::Result<PathBuf> {
    for (name, text) in FILES {
        fs::write(folder.join(name), text)?;
    }
    Ok(folder.join("driver.py"))
}
