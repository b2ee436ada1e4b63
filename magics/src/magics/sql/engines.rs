//! The engines by name.

/// Names for `--engine` and `--engines`.
pub const ENGINES: &[&str] = &["duckdb", "sqlite", "polars", "spark", "trino"];

/// An engine's name as people write it.
pub fn shown(engine: &str) -> &str {
    match engine {
        "duckdb" => "DuckDB",
        "sqlite" => "SQLite",
        "polars" => "Polars",
        "spark" => "Spark",
        "trino" => "Trino",
        other => other,
    }
}
