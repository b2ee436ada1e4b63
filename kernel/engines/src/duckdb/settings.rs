//! How the database is set up.

use super::raw::{Connection, RawResult};
use crate::limits;
use crate::spill::SpillDir;

/// Settings of a new database. Extensions are never downloaded by themselves; progress is kept for
/// reading and never printed; errors carry their position; Arrow strings are the kind Polars uses.
pub fn apply(connection: &Connection, threads: usize, spill: &SpillDir) -> RawResult<()> {
    let mut settings = vec![
        format!("SET threads = {threads}"),
        format!("SET temp_directory = '{}'", spill.path().display().to_string().replace('\'', "''")),
        "SET autoinstall_known_extensions = false".to_owned(),
        "SET autoload_known_extensions = false".to_owned(),
        "SET enable_progress_bar = true".to_owned(),
        "SET enable_progress_bar_print = false".to_owned(),
        "SET progress_bar_time = 0".to_owned(),
        "SET produce_arrow_string_view = true".to_owned(),
        "SET arrow_output_version = '1.4'".to_owned(),
    ];
    if let Some(bytes) = limits::memory_bytes() {
        settings.push(format!("SET memory_limit = '{}MiB'", (bytes >> 20).max(64)));
    }
    // Last, so that a setting refused here is still a readable message.
    settings.push("SET errors_as_json = true".to_owned());
    settings.iter().try_for_each(|setting| connection.query(setting).map(drop).map_err(|error| format!("{setting}: {error}")))
}

/// Threads a query may use now; a user may have changed it with `SET threads`.
pub fn threads(connection: &Connection) -> Option<usize> {
    let mut result = connection.query("SELECT CAST(current_setting('threads') AS VARCHAR)").ok()?;
    result.next_chunk().ok()??.varchar(0, 0)?.parse().ok()
}
