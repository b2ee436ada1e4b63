//! Asks the engine worker one small question.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// A healthy worker is ready in well under a second, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts the worker, lets it compute 6 * 7, and returns its version.
///
/// # Errors
/// When it does not start, does not answer in time, or answers wrongly.
pub(super) fn ask(program: &Path, library_path: (&str, String)) -> Result<String> {
    let mut child = Command::new(program)
        .env(library_path.0, library_path.1)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{} does not start", program.display()))?;
    let answer = converse(&mut child);
    // It ends by itself when its input closes; a hung one is killed.
    let _ = child.kill();
    let _ = child.wait();
    answer
}

fn converse(child: &mut Child) -> Result<String> {
    let mut input = child.stdin.take().context("the worker has no input")?;
    let output = child.stdout.take().context("the worker has no output")?;
    let (send, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let deadline = Instant::now() + PATIENCE;
    let ready = wait_for(&lines, deadline, "ready")?;
    let question = json!({"op": "run", "id": 1, "request": {"engine": "duckdb", "sql": "select 6 * 7 as answer", "limit": 1}});
    writeln!(input, "{question}").context("the worker does not listen")?;
    let done = wait_for(&lines, deadline, "done")?;
    match done["reply"]["rows"][0][0].as_str() {
        Some("42") => Ok(ready["version"].as_str().unwrap_or("unknown version").to_owned()),
        other => bail!("the worker says that 6 * 7 is {other:?}"),
    }
}

fn wait_for(lines: &Receiver<String>, deadline: Instant, event: &str) -> Result<Value> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = lines.recv_timeout(left).with_context(|| format!("the worker ended, or did not say `{event}` in time"))?;
        match serde_json::from_str::<Value>(&line) {
            Ok(value) if value["event"] == event => return Ok(value),
            Ok(value) if value["event"] == "failed" => bail!("the worker failed: {}", value["failure"]["message"]),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(script: &str) -> Result<(tempfile::TempDir, std::path::PathBuf)> {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("worker");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
        Ok((dir, path))
    }

    #[test]
    fn a_worker_that_answers_is_healthy() -> Result<()> {
        let script = r#"echo '{"event":"ready","version":"DuckDB v1.5.6"}'; read q
            echo '{"event":"done","id":1,"reply":{"rows":[["42"]]}}'; read end"#;
        let (_dir, path) = worker(script)?;
        assert_eq!(ask(&path, ("X", String::new()))?, "DuckDB v1.5.6");
        Ok(())
    }

    #[test]
    fn a_worker_that_dies_is_reported() -> Result<()> {
        let (_dir, path) = worker("exit 127")?;
        assert!(ask(&path, ("X", String::new())).is_err());
        assert!(ask(Path::new("/no/such/worker"), ("X", String::new())).is_err());
        Ok(())
    }
}
