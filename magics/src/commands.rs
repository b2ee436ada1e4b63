//! evcxr's `:commands`, for completion and Shift-Tab.

/// One command: with its colon, and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    pub name: &'static str,
    pub about: &'static str,
}

const fn command(name: &'static str, about: &'static str) -> Command {
    Command { name, about }
}

/// evcxr's commands that mean something here.
pub static COMMANDS: &[Command] = &[
    command(":clear", "Forget variables, functions and types"),
    command(":dep", "Add a dependency, for example `:dep regex = \"1\"`"),
    command(":doc", "Show documentation of a variable, keyword or type"),
    command(":explain", "Explain an error code, or that of the last error"),
    command(":help", "Print command help"),
    command(":last_compile_dir", "Print the directory of the generated sources"),
    command(":last_error_json", "Print the last compilation error as JSON"),
    command(":opt", "Set or print the optimisation level of cells (0/1/2/3/s/z; 3 at first)"),
    command(":quit", "End the session"),
    command(":restart", "Restart the Rust worker"),
    command(":show_deps", "Show the current dependencies"),
    command(":t", "Short version of :type"),
    command(":type", "Show a variable's type"),
    command(":vars", "List bound variables and their types"),
    command(":version", "Print the versions of Benchbook and evcxr"),
];
