//! evcxr's `:commands`, as far as they mean something where cells are compiled by one run of the compiler.

use std::process::Command;

use magics::bundle::Bundle;
use magics::error::MagicError;
use magics::host::Stream;
use magics::table::{Heading, Table};

use super::run_rust::{CellContext, Runs, explain};
use super::rust::{Failed, RustSession};
use super::shared::Shared;

/// Commands that configure what evcxr does when it compiles, which it does not do here.
const WITHOUT_EFFECT: &[&str] = &[
    ":allow_static_linking",
    ":build_env",
    ":cache",
    ":clear_cache",
    ":codegen_backend",
    ":efmt",
    ":env",
    ":fmt",
    ":internal_debug",
    ":linker",
    ":load_config",
    ":offline",
    ":preserve_vars_on_panic",
    ":sccache",
    ":time_passes",
    ":timing",
    ":toolchain",
    ":types",
];

/// Runs one command.
///
/// # Errors
/// An unknown command, a wrong argument, a crate that cannot be built.
pub fn run(shared: &Shared, command: &str, cell: &CellContext) -> Result<(), MagicError> {
    let (name, argument) = command.split_once(char::is_whitespace).map_or((command, ""), |(name, rest)| (name, rest.trim()));
    let say = |text: &str| {
        cell.status.before_output();
        cell.io.stream(Stream::Stdout, &format!("{text}\n"));
    };
    let mut guard = shared.rust.lock();
    let Some(rust) = guard.as_mut() else { return Err(MagicError::new("StartError", "the Rust session is not running")) };
    match name {
        ":restart" => {
            cell.status.doing("starting a fresh worker");
            rust.restart()?;
            say("The Rust worker was restarted: variables are gone, functions, types and added crates stay.");
        }
        ":clear" => {
            cell.status.doing("starting a fresh worker");
            rust.clear()?;
            say("Variables, functions and types are gone; added crates stay.");
        }
        ":dep" => return add_dependency(shared, rust, argument, cell),
        ":show_deps" => say(rust.dependencies().to_string().trim()),
        ":vars" => display(&variables(rust), cell),
        ":type" | ":t" => {
            let found = rust.variables().into_iter().find(|variable| variable.name == argument);
            match found {
                Some(variable) => say(&format!("{}: {}", variable.name, variable.type_name)),
                None => {
                    return Err(MagicError::usage(format!(
                        "there is no variable `{argument}`: `{name}` takes the name of one (`:vars` lists them)"
                    )));
                }
            }
        }
        ":opt" => match argument {
            "" => say(&format!("Optimisation level: {}", rust.opt_level())),
            "0" | "1" | "2" | "3" | "s" | "z" => {
                rust.set_opt_level(argument);
                say(&format!("Optimisation level: {argument}. Measurements are only comparable at 3."));
            }
            other => return Err(MagicError::usage(format!("`{other}` is no optimisation level: 0, 1, 2, 3, s or z"))),
        },
        ":explain" => return explain_code(shared, argument, cell),
        ":version" => say(&format!("Benchbook {}, evcxr 0.22.0", env!("CARGO_PKG_VERSION"))),
        ":last_error_json" => match serde_json::to_string_pretty(&*shared.last_errors.lock()) {
            Ok(text) => say(&text),
            Err(error) => return Err(MagicError::new("Error", error.to_string())),
        },
        ":doc" => match shared.analyzer.hover(argument, argument.len()) {
            Some((text, html)) => {
                let bundle = Bundle::text(text);
                display(&if html.is_empty() { bundle } else { bundle.with("text/html", html) }, cell);
            }
            None => return Err(MagicError::usage(format!("there is no documentation of `{argument}`"))),
        },
        ":last_compile_dir" => say(&shared.cells().display().to_string()),
        ":help" => display(&help(), cell),
        _ if WITHOUT_EFFECT.contains(&name) => {
            say(&format!("`{name}` has no effect here: cells are compiled by one run of the compiler, with fixed settings."));
        }
        _ => {
            let near = magics::nearest::nearest(name, magics::commands::COMMANDS.iter().map(|command| command.name));
            let error = MagicError::usage(format!("there is no command `{name}`"));
            return Err(match near {
                Some(near) => error.hint(format!("did you mean `{near}`? `:help` lists the commands")),
                None => error.hint("`:help` lists the commands"),
            });
        }
    }
    Ok(())
}

fn display(bundle: &Bundle, cell: &CellContext) {
    cell.status.before_output();
    cell.io.display(bundle, None);
}

fn table(rows: Vec<(String, String)>, heads: (&str, &str)) -> Bundle {
    let rows = rows.into_iter().map(|(name, about)| vec![Some(name), Some(about)]).collect();
    Table { headings: vec![Heading::text(heads.0), Heading::text(heads.1)], rows, caption: Vec::new(), marked: false }.bundle()
}

fn variables(rust: &RustSession) -> Bundle {
    let rows: Vec<_> = rust.variables().into_iter().map(|variable| (variable.name, variable.type_name)).collect();
    if rows.is_empty() { Bundle::text("no variables") } else { table(rows, ("variable", "type")) }
}

fn help() -> Bundle {
    let rows: Vec<_> = magics::commands::COMMANDS.iter().map(|command| (command.name.to_owned(), command.about.to_owned())).collect();
    table(rows, ("command", "does"))
}

/// `name`, `name = "1"`, `name = { … }` or a path, as a line of a `[dependencies]` table.
fn dependency_line(argument: &str) -> Result<String, MagicError> {
    if argument.is_empty() {
        return Err(MagicError::usage("`:dep` needs a crate").hint("for example `:dep itoa = \"1\"`"));
    }
    if argument.contains('=') {
        return Ok(argument.to_owned());
    }
    if !argument.contains(['/', '.']) {
        return Ok(format!("{argument} = \"*\""));
    }
    let manifest = std::path::Path::new(argument).join("Cargo.toml");
    let text =
        std::fs::read_to_string(&manifest).map_err(|error| MagicError::usage(format!("{} cannot be read: {error}", manifest.display())))?;
    let name = text.parse::<toml::Table>().ok().and_then(|table| Some(table.get("package")?.get("name")?.as_str()?.to_owned()));
    let name = name.ok_or_else(|| MagicError::usage(format!("{} names no package", manifest.display())))?;
    let path = std::fs::canonicalize(argument).map_err(|error| MagicError::usage(format!("{argument}: {error}")))?;
    Ok(format!("{name} = {{ path = {:?} }}", path.display().to_string()))
}

fn add_dependency(shared: &Shared, rust: &mut RustSession, argument: &str, cell: &CellContext) -> Result<(), MagicError> {
    let line = dependency_line(argument)?;
    let name = line.split(['=', ' ']).next().unwrap_or_default().to_owned();
    if shared.lab()?.provides(&name) {
        cell.status.before_output();
        cell.io.stream(Stream::Stdout, &format!("`{name}` is part of every cell already; nothing to add.\n"));
        return Ok(());
    }
    let runs = Runs::now(shared);
    let outcome = rust.add_dependency(&line, &|doing| cell.status.doing(doing));
    drop(runs);
    outcome.map_err(|failed: Failed| explain(failed, rust, cell.io.is_cancelled()))
}

/// The compiler's explanation of an error code.
fn explain_code(shared: &Shared, argument: &str, cell: &CellContext) -> Result<(), MagicError> {
    let last = shared.last_errors.lock().iter().map(|error| error.code().to_owned()).find(|code| !code.is_empty());
    let code = if argument.is_empty() { last.unwrap_or_default() } else { argument.to_owned() };
    if code.is_empty() {
        return Err(MagicError::usage("`:explain` needs an error code").hint("for example `:explain E0382`"));
    }
    let output = Command::new(shared.rustc()).args(["--explain", &code]).output();
    let output = output.map_err(|error| MagicError::new("StartError", format!("the compiler cannot be started: {error}")))?;
    if !output.status.success() {
        return Err(MagicError::usage(format!("the compiler has no explanation of `{code}`")));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    display(&Bundle::text(text.clone()).with("text/markdown", text), cell);
    Ok(())
}
