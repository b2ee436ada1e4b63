//! Running other programs: what they print is captured, and a failure names the command and its last words.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

/// Lines of a failed program's output that are worth repeating.
const LAST_LINES: usize = 30;

/// Runs to the end and returns standard output.
///
/// # Errors
/// When the program is missing or fails; the message holds the end of its standard error.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let out = command.stdin(Stdio::null()).output().with_context(|| format!("could not start `{shown}`"))?;
    if !out.status.success() {
        let text = [out.stdout.as_slice(), out.stderr.as_slice()].concat();
        bail!("`{shown}` failed ({})\n{}", out.status, last_lines(&String::from_utf8_lossy(&text)));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// The first line a program prints, or `None` when it is absent or fails.
#[must_use]
pub fn first_line(program: &str, args: &[&str]) -> Option<String> {
    let out = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    if !out.status.success() {
        return None;
    }
    // `java -version` answers on standard error.
    let text = if out.stdout.is_empty() { out.stderr } else { out.stdout };
    String::from_utf8_lossy(&text).lines().next().map(|l| l.trim().to_owned())
}

/// Runs to the end, handing over each line of standard output, and each of standard error, as it comes.
/// A carriage return ends a line too, so progress bars arrive piece by piece.
///
/// # Errors
/// When the program is missing or fails; the message holds the last lines that `keep` accepted.
pub fn lines(
    command: &mut Command,
    mut on_stdout: impl FnMut(&str),
    mut on_stderr: impl FnMut(&str) + Send,
    keep: impl Fn(&str) -> bool + Send + Sync,
) -> Result<()> {
    let shown = show(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{shown}`"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut tail = Tail::default();
    let keep = &keep;
    let err_tail = thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut tail = Tail::default();
            if let Some(stderr) = stderr {
                each_piece(stderr, |line| {
                    if keep(line) {
                        tail.push(line);
                    }
                    on_stderr(line);
                });
            }
            tail
        });
        if let Some(stdout) = stdout {
            each_piece(stdout, |line| {
                if keep(line) {
                    tail.push(line);
                }
                on_stdout(line);
            });
        }
        reader.join().unwrap_or_default()
    });
    finish(child, &shown, &tail, &err_tail)
}

fn finish(mut child: Child, shown: &str, out: &Tail, err: &Tail) -> Result<()> {
    let status = child.wait().with_context(|| format!("lost sight of `{shown}`"))?;
    if status.success() {
        return Ok(());
    }
    let said = if err.0.is_empty() { out } else { err };
    bail!("`{shown}` failed ({status})\n{}", said.0.join("\n"))
}

/// Splits at `\n` and `\r` as bytes come; a stream that breaks off simply ends.
fn each_piece(mut stream: impl Read, mut take: impl FnMut(&str)) {
    let mut piece = Vec::new();
    let mut buffer = [0_u8; 8192];
    loop {
        let n = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        for &byte in &buffer[..n] {
            if byte == b'\n' || byte == b'\r' {
                give(&piece, &mut take);
                piece.clear();
            } else {
                piece.push(byte);
            }
        }
    }
    give(&piece, &mut take);
}

fn give(piece: &[u8], take: &mut impl FnMut(&str)) {
    let text = String::from_utf8_lossy(piece);
    if !text.trim().is_empty() {
        take(&text);
    }
}

#[derive(Default)]
struct Tail(Vec<String>);

impl Tail {
    fn push(&mut self, line: &str) {
        if self.0.len() == LAST_LINES {
            self.0.remove(0);
        }
        self.0.push(line.to_owned());
    }
}

fn last_lines(text: &str) -> String {
    let all: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    all[all.len().saturating_sub(LAST_LINES)..].join("\n")
}

/// A command as one would type it.
#[must_use]
pub fn show(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_repeats_the_last_words() {
        let error = output(Command::new("sh").args(["-c", "echo lost >&2; exit 3"])).expect_err("fails").to_string();
        assert!(error.contains("lost") && error.contains('3'), "{error}");
        let error = output(&mut Command::new("no-such-program-here")).expect_err("fails").to_string();
        assert!(error.contains("no-such-program-here"), "{error}");
    }

    #[test]
    fn both_streams_arrive_in_pieces() -> Result<()> {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        lines(
            Command::new("sh").args(["-c", r"printf 'a\nb\n'; printf '1/2\r2/2\r\n' >&2"]),
            |l| out.push(l.to_owned()),
            |l| err.push(l.to_owned()),
            |_| true,
        )?;
        assert_eq!(out, ["a", "b"]);
        assert_eq!(err, ["1/2", "2/2"]);
        Ok(())
    }
}
