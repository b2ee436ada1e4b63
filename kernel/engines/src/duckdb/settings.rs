//! How the database is set up.

use super::raw::{Connection, RawResult};
use crate::limits;
use crate::spill::SpillDir;

/// Settings of a new database. Extensions are never downloaded by themselves.
pub fn database(connection: &Connection, threads: usize, spill: &SpillDir) -> RawResult<()> {
    let mut settings = vec![
        format!("SET GLOBAL threads = {threads}"),
        format!("SET GLOBAL temp_directory = '{}'", spill.path().display().to_string().replace('\'', "''")),
        "SET GLOBAL autoinstall_known_extensions = false".to_owned(),
        "SET GLOBAL autoload_known_extensions = false".to_owned(),
    ];
    if let Some(bytes) = limits::memory_bytes() {
        settings.push(format!("SET GLOBAL memory_limit = '{}MiB'", (bytes >> 20).max(64)));
    }
    settings.iter().try_for_each(|setting| apply(connection, setting))
}

/// Settings of a new connection. Progress is kept for reading and never printed; errors carry their position; Arrow
/// strings are the kind Polars uses.
pub fn connection(connection: &Connection) -> RawResult<()> {
    let settings = [
        "SET enable_progress_bar = true",
        "SET enable_progress_bar_print = false",
        "SET progress_bar_time = 0",
        "SET produce_arrow_string_view = true",
        "SET arrow_output_version = '1.4'",
        // Last, so that a setting refused here is still a readable message.
        "SET errors_as_json = true",
    ];
    settings.into_iter().try_for_each(|setting| apply(connection, setting))
}

fn apply(connection: &Connection, setting: &str) -> RawResult<()> {
    connection.query(setting).map(drop).map_err(|error| format!("{setting}: {error}"))
}

/// Sets how many threads queries may use.
pub fn set_threads(connection: &Connection, threads: usize) -> RawResult<()> {
    connection.query(&format!("SET threads = {threads}")).map(drop)
}

/// Threads a query may use now; a user may have changed it with `SET threads`.
pub fn threads(connection: &Connection) -> Option<usize> {
    let mut result = connection.query("SELECT CAST(current_setting('threads') AS VARCHAR)").ok()?;
    result.next_chunk().ok()??.varchar(0, 0)?.parse().ok()
}
