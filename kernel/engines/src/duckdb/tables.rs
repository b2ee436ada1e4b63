//! The tables and views of the database, for completion and `%tables`.

use super::raw::{Connection, RawResult};
use crate::sql_wire::{Column, TableInfo};

const LIST: &str = "
    SELECT c.database_name, c.schema_name, c.table_name, CAST(t.estimated_size AS VARCHAR), c.column_name, c.data_type
    FROM duckdb_columns() AS c
    LEFT JOIN duckdb_tables() AS t ON t.database_oid = c.database_oid AND t.table_oid = c.table_oid
    WHERE NOT c.internal
    ORDER BY c.database_name, c.schema_name, c.table_name, c.column_index";

/// All tables and views made in SQL; a view has no row count.
pub fn list(connection: &Connection) -> RawResult<Vec<TableInfo>> {
    let mut result = connection.query(LIST)?;
    let mut tables: Vec<TableInfo> = Vec::new();
    while let Some(chunk) = result.next_chunk()? {
        for row in 0..chunk.rows() {
            let cell = |column| chunk.varchar(column, row).unwrap_or_default();
            let name = shown_name(&cell(0), &cell(1), cell(2));
            let column = Column { name: cell(4), type_name: cell(5) };
            match tables.last_mut().filter(|table| table.name == name) {
                Some(table) => table.columns.push(column),
                None => {
                    let rows = chunk.varchar(3, row).and_then(|rows| rows.parse().ok());
                    tables.push(TableInfo { engine: String::new(), name, rows, columns: vec![column] });
                }
            }
        }
    }
    Ok(tables)
}

/// The shortest name by which SQL finds the table.
fn shown_name(database: &str, schema: &str, table: String) -> String {
    match (database, schema) {
        ("memory" | "temp", "main") => table,
        ("memory", schema) => format!("{schema}.{table}"),
        (database, "main") => format!("{database}.{table}"),
        (database, schema) => format!("{database}.{schema}.{table}"),
    }
}
