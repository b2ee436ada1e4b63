//! A whole kernel without a language, to test the protocol layer: a cell is a list of commands, one a line, and any
//! other line is printed. `help` lists the commands.
//!
//! Run it with `echo <connection file> [<history file>]`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use benchbook::engine::{Assist, Cell, Completeness, Completion, Completions, Engine, EngineInfo};
use benchbook::protocol::{PAGER, run};
use magics::bundle::Bundle;
use magics::error::MagicError;
use magics::host::Stream;

const COMMANDS: [(&str, &str); 20] = [
    ("help", "list the commands"),
    ("stderr TEXT", "print to stderr"),
    ("part TEXT", "print without a newline"),
    ("value TEXT", "the cell's value"),
    ("display TEXT", "show rich output"),
    ("display_id ID TEXT", "show rich output that can be updated"),
    ("update ID TEXT", "update it"),
    ("clear", "clear the output"),
    ("clear_wait", "clear the output at the next one"),
    ("big N", "show rich output of N bytes"),
    ("flood N", "print N lines"),
    ("drops N", "print N characters one by one, on both streams in turn every 1000"),
    ("sleep SECONDS", "wait; ends early when interrupted"),
    ("deaf SECONDS", "wait and ignore interrupts"),
    ("input PROMPT", "ask for a line"),
    ("password PROMPT", "ask for a line that is hidden"),
    ("page TEXT", "show in the pager"),
    ("error TEXT", "fail"),
    ("panic TEXT", "panic"),
    ("interrupts", "the value is how often the assistant was told to interrupt"),
];

struct Echo {
    interrupts: Arc<AtomicUsize>,
}

impl Engine for Echo {
    fn execute(&mut self, cell: &Cell) -> Result<(), MagicError> {
        cell.code.lines().try_for_each(|line| self.line(cell, line))
    }

    fn evaluate(&mut self, expression: &str) -> Result<Bundle, MagicError> {
        match expression.split_once(' ') {
            Some(("error", text)) => Err(MagicError::new("EchoError", text)),
            Some(("panic", text)) => panic!("{text}"),
            _ => Ok(Bundle::text(expression)),
        }
    }

    fn shutdown(&mut self, restart: bool) {
        eprintln!("echo: shut down, restart {restart}");
    }
}

impl Echo {
    fn line(&mut self, cell: &Cell, line: &str) -> Result<(), MagicError> {
        let io = &cell.io;
        let (command, text) = line.split_once(' ').unwrap_or((line, ""));
        match command {
            "help" => COMMANDS.iter().for_each(|(name, what)| io.stream(Stream::Stdout, &format!("{name}: {what}\n"))),
            "stderr" => io.stream(Stream::Stderr, &format!("{text}\n")),
            "part" => io.stream(Stream::Stdout, text),
            "value" => io.result(&Bundle::text(text)),
            "display" => io.display(&rich(text), None),
            "display_id" | "update" => {
                let (id, text) = text.split_once(' ').unwrap_or((text, ""));
                if command == "update" { io.update_display(&rich(text), id) } else { io.display(&rich(text), Some(id)) }
            }
            "clear" => io.clear_output(false),
            "clear_wait" => io.clear_output(true),
            "big" => io.display(&Bundle::text("x".repeat(number(text)?)), None),
            "flood" => (0..number(text)?).for_each(|n| io.stream(Stream::Stdout, &format!("line {n}\n"))),
            "drops" => {
                for n in 0..number(text)? {
                    let stream = if (n / 1000).is_multiple_of(2) { Stream::Stdout } else { Stream::Stderr };
                    io.stream(stream, "x");
                }
            }
            "sleep" => {
                let end = Instant::now() + seconds(text)?;
                while Instant::now() < end {
                    if io.is_cancelled() {
                        return Err(MagicError::interrupted());
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            "deaf" => std::thread::sleep(seconds(text)?),
            "input" | "password" => {
                let answer = io.input(text, command == "password")?;
                io.stream(Stream::Stdout, &format!("{answer}\n"));
            }
            "page" => {
                let mut page = Bundle::text(text);
                page.metadata.insert(PAGER.into(), true.into());
                io.display(&page, None);
            }
            "error" => return Err(MagicError::new("EchoError", text).hint("do not ask for one")),
            "panic" => panic!("{text}"),
            "interrupts" => io.result(&Bundle::text(self.interrupts.load(Ordering::SeqCst).to_string())),
            _ => io.stream(Stream::Stdout, &format!("{line}\n")),
        }
        Ok(())
    }
}

fn rich(text: &str) -> Bundle {
    let mut bundle = Bundle::text(text).with("text/html", format!("<b>{}</b>", text.replace('<', "&lt;")));
    bundle.metadata.insert("echo".into(), text.len().into());
    bundle
}

fn number(text: &str) -> Result<usize, MagicError> {
    text.parse().map_err(|_| MagicError::usage(format!("`{text}` is not a number")))
}

fn seconds(text: &str) -> Result<Duration, MagicError> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| MagicError::usage(format!("`{text}` is not a number of seconds")))
}

struct EchoAssist {
    interrupts: Arc<AtomicUsize>,
}

impl Assist for EchoAssist {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            banner: "Echo: says what you say".into(),
            implementation: "echo".into(),
            implementation_version: env!("CARGO_PKG_VERSION").into(),
            language_name: "echo".into(),
            language_version: "1.0".into(),
            mimetype: "text/plain".into(),
            file_extension: ".txt".into(),
            pygments_lexer: "text".into(),
            codemirror_mode: "null".into(),
            help_links: vec![("Jupyter messaging".into(), "https://jupyter-client.readthedocs.io/en/stable/messaging.html".into())],
        }
    }

    fn complete(&self, code: &str, position: usize) -> Completions {
        let before = &code[..position];
        let start = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| code.ceil_char_boundary(at + 1));
        if &before[start..] == "panic_here" {
            panic!("completion panics when asked to");
        }
        let names = COMMANDS.iter().filter_map(|(usage, what)| Some((usage.split(' ').next()?, what)));
        let matches = names
            .filter(|(name, _)| name.starts_with(&before[start..]))
            .map(|(name, what)| Completion { text: name.into(), kind: "keyword".into(), signature: (*what).into() })
            .collect();
        Completions { matches, start, end: position }
    }

    fn inspect(&self, code: &str, position: usize, detail: u8) -> Option<Bundle> {
        let word = code[..position].split_whitespace().last()?;
        let (usage, what) = COMMANDS.iter().find(|(usage, _)| usage.split(' ').next() == Some(word))?;
        Some(Bundle::text(if detail == 0 { (*what).to_owned() } else { format!("{usage}\n{what}") }))
    }

    fn is_complete(&self, code: &str) -> Completeness {
        if code.ends_with('\\') {
            Completeness::Incomplete { indent: "  ".into() }
        } else if code.contains('\0') {
            Completeness::Invalid
        } else {
            Completeness::Complete
        }
    }

    fn interrupt(&self) {
        self.interrupts.fetch_add(1, Ordering::SeqCst);
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(connection_file) = arguments.next() else {
        eprintln!("usage: echo <connection file> [<history file>]");
        std::process::exit(2);
    };
    let interrupts = Arc::new(AtomicUsize::new(0));
    let assist = Arc::new(EchoAssist { interrupts: interrupts.clone() });
    let start = std::env::var("ECHO_START").ok();
    let make_engine = Box::new(move || -> Result<Box<dyn Engine>, MagicError> {
        match start.as_deref() {
            Some("fail") => Err(MagicError::new("StartError", "the engine does not start")),
            Some("panic") => panic!("the engine does not start"),
            Some(wait) => {
                std::thread::sleep(seconds(wait)?);
                Ok(Box::new(Echo { interrupts }))
            }
            None => Ok(Box::new(Echo { interrupts })),
        }
    });
    if let Err(error) = run(Path::new(&connection_file), assist, make_engine, arguments.next().map(Into::into)) {
        eprintln!("echo: {error:#}");
        std::process::exit(1);
    }
}
