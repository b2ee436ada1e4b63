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

/// All commands of evcxr 0.22.
pub static COMMANDS: &[Command] = &[
    command(":allow_static_linking", "Set whether to allow static linking of dependencies (0/1)"),
    command(":build_env", "Set environment variables when building code (key=value)"),
    command(":cache", "Set cache size in MiB, or 0 to disable"),
    command(":clear", "Clear all state, keeping compilation cache"),
    command(":clear_cache", "Clear the cache used by the :cache command"),
    command(":codegen_backend", "Set or print the codegen backend; requires nightly"),
    command(":dep", "Add a dependency, for example `:dep regex = \"1\"`"),
    command(":doc", "Show documentation of a variable, keyword or type"),
    command(":efmt", "Set the formatter for errors returned by `?`"),
    command(":env", "Set an environment variable (key=value)"),
    command(":explain", "Print explanation of last error"),
    command(":fmt", "Set output formatter (default: {:?})"),
    command(":help", "Print command help"),
    command(":last_compile_dir", "Print the directory in which we last compiled"),
    command(":last_error_json", "Print the last compilation error as JSON"),
    command(":linker", "Set or print linker: system, lld, mold"),
    command(":load_config", "Reload startup configuration files"),
    command(":offline", "Set offline mode when invoking cargo (0/1)"),
    command(":opt", "Set optimization level (0/1/2)"),
    command(":preserve_vars_on_panic", "Try to keep variables on panic (0/1)"),
    command(":quit", "End the session"),
    command(":restart", "Restart the Rust worker"),
    command(":sccache", "Set whether to use sccache (0/1)"),
    command(":show_deps", "Show the current dependencies"),
    command(":t", "Short version of :type"),
    command(":time_passes", "Toggle printing of rustc pass times; requires nightly"),
    command(":timing", "Toggle printing of how long evaluations take"),
    command(":toolchain", "Set which toolchain to use, for example nightly"),
    command(":type", "Show a variable's type"),
    command(":types", "Toggle printing of types"),
    command(":vars", "List bound variables and their types"),
    command(":version", "Print evcxr version"),
];
