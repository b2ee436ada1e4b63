//! Names of DuckDB's types, as DuckDB writes them, and the nearest type that Polars can hold.

use std::ffi::c_char;

use ::duckdb::ffi::{self, duckdb_logical_type};

use super::raw::LogicalType;

/// DuckDB's own name of a type, for example `DECIMAL(12,2)` or `STRUCT(a INTEGER, b VARCHAR[])`.
pub fn name(logical: &LogicalType) -> String {
    write(logical, Mode::Own)
}

/// The SQL expression that turns `column` into something Polars can read from Arrow; `None` when it can
/// be handed over as it is. Intervals, unions, UUIDs and the like become text, a map becomes a list of
/// `key` and `value` pairs (inside of another type: text).
pub fn readable_expression(logical: &LogicalType, column: &str) -> Option<String> {
    match id(logical) {
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_ENUM => None,
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_MAP => {
            let (key, value) = map_parts(logical);
            let (key, value) = (write(&key, Mode::Readable), write(&value, Mode::Readable));
            Some(format!("CAST(map_entries({column}) AS STRUCT(\"key\" {key}, \"value\" {value})[])"))
        }
        _ => readable(logical).err().map(|()| format!("CAST({column} AS {})", write(logical, Mode::Readable))),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Own,
    Readable,
}

fn id(logical: &LogicalType) -> ffi::duckdb_type {
    // SAFETY: a valid type.
    unsafe { ffi::duckdb_get_type_id(logical.handle()) }
}

fn readable(logical: &LogicalType) -> Result<(), ()> {
    match id(logical) {
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_LIST | ffi::DUCKDB_TYPE_DUCKDB_TYPE_ARRAY => readable(&element(logical)),
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_STRUCT => fields(logical).iter().try_for_each(|(_, field)| readable(field)),
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_ENUM => Err(()),
        other => plain_readable(other).then_some(()).ok_or(()),
    }
}

/// Whether a type without parts has an Arrow form that Polars reads.
fn plain_readable(id: ffi::duckdb_type) -> bool {
    plain_name(id).is_some()
        && !matches!(
            id,
            ffi::DUCKDB_TYPE_DUCKDB_TYPE_INTERVAL
                | ffi::DUCKDB_TYPE_DUCKDB_TYPE_UUID
                | ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIT
                | ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIME_TZ
                | ffi::DUCKDB_TYPE_DUCKDB_TYPE_UHUGEINT
                | ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIGNUM
                | ffi::DUCKDB_TYPE_DUCKDB_TYPE_GEOMETRY
                | ffi::DUCKDB_TYPE_DUCKDB_TYPE_VARIANT
        )
        || id == ffi::DUCKDB_TYPE_DUCKDB_TYPE_DECIMAL
}

fn write(logical: &LogicalType, mode: Mode) -> String {
    if mode == Mode::Own
        && let Some(alias) = alias(logical)
    {
        return alias;
    }
    match id(logical) {
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_DECIMAL => {
            // SAFETY: a valid decimal type.
            let (width, scale) = unsafe { (ffi::duckdb_decimal_width(logical.handle()), ffi::duckdb_decimal_scale(logical.handle())) };
            format!("DECIMAL({width},{scale})")
        }
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_LIST => format!("{}[]", write(&element(logical), mode)),
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_ARRAY => {
            // SAFETY: a valid array type.
            let size = unsafe { ffi::duckdb_array_type_array_size(logical.handle()) };
            format!("{}[{size}]", write(&element(logical), mode))
        }
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_STRUCT => format!("STRUCT({})", write_fields(&fields(logical), mode)),
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_MAP if mode == Mode::Own => {
            let (key, value) = map_parts(logical);
            format!("MAP({}, {})", write(&key, mode), write(&value, mode))
        }
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_UNION if mode == Mode::Own => {
            format!("UNION({})", write_fields(&members(logical), mode))
        }
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_ENUM if mode == Mode::Own => format!("ENUM({})", enum_values(logical)),
        other if mode == Mode::Readable && !plain_readable(other) => "VARCHAR".to_owned(),
        other => plain_name(other).map_or_else(|| format!("TYPE {other}"), str::to_owned),
    }
}

fn write_fields(fields: &[(String, LogicalType)], mode: Mode) -> String {
    let parts: Vec<String> = fields.iter().map(|(name, field)| format!("{} {}", quoted(name), write(field, mode))).collect();
    parts.join(", ")
}

/// A name as it may stand in SQL: plain names stay plain, all others are quoted.
fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match plain {
        true => name.to_owned(),
        false => identifier(name),
    }
}

/// A name in double quotes.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn alias(logical: &LogicalType) -> Option<String> {
    // SAFETY: a valid type; the text is ours to free.
    unsafe { take_text(ffi::duckdb_logical_type_get_alias(logical.handle())) }
}

fn map_parts(logical: &LogicalType) -> (LogicalType, LogicalType) {
    // SAFETY: a valid map type; both parts are ours to free.
    unsafe { (own(ffi::duckdb_map_type_key_type(logical.handle())), own(ffi::duckdb_map_type_value_type(logical.handle()))) }
}

fn element(logical: &LogicalType) -> LogicalType {
    // SAFETY: a valid list or array type; the part is ours to free.
    unsafe {
        match id(logical) {
            ffi::DUCKDB_TYPE_DUCKDB_TYPE_ARRAY => own(ffi::duckdb_array_type_child_type(logical.handle())),
            _ => own(ffi::duckdb_list_type_child_type(logical.handle())),
        }
    }
}

fn fields(logical: &LogicalType) -> Vec<(String, LogicalType)> {
    let handle = logical.handle();
    // SAFETY: a valid struct type; names and parts are ours to free.
    unsafe {
        (0..ffi::duckdb_struct_type_child_count(handle))
            .map(|i| {
                let name = take_text(ffi::duckdb_struct_type_child_name(handle, i)).unwrap_or_default();
                (name, own(ffi::duckdb_struct_type_child_type(handle, i)))
            })
            .collect()
    }
}

fn members(logical: &LogicalType) -> Vec<(String, LogicalType)> {
    let handle = logical.handle();
    // SAFETY: a valid union type; names and parts are ours to free.
    unsafe {
        (0..ffi::duckdb_union_type_member_count(handle))
            .map(|i| {
                let name = take_text(ffi::duckdb_union_type_member_name(handle, i)).unwrap_or_default();
                (name, own(ffi::duckdb_union_type_member_type(handle, i)))
            })
            .collect()
    }
}

/// The values of an enum as SQL texts; after the first eight the rest is left out.
fn enum_values(logical: &LogicalType) -> String {
    // SAFETY: a valid enum type; the texts are ours to free.
    unsafe {
        let count = u64::from(ffi::duckdb_enum_dictionary_size(logical.handle()));
        let mut values: Vec<String> = (0..count.min(8))
            .map(|i| take_text(ffi::duckdb_enum_dictionary_value(logical.handle(), i)).unwrap_or_default())
            .map(|value| format!("'{}'", value.replace('\'', "''")))
            .collect();
        if count > 8 {
            values.push("…".to_owned());
        }
        values.join(", ")
    }
}

/// # Safety
/// `handle` is a valid type that nobody else frees.
unsafe fn own(handle: duckdb_logical_type) -> LogicalType {
    // SAFETY: handed on to the caller.
    unsafe { LogicalType::own(handle) }
}

/// # Safety
/// `text` is null or a C string allocated by DuckDB that nobody else frees.
unsafe fn take_text(text: *mut c_char) -> Option<String> {
    // SAFETY: handed on to the caller; the text is copied before it is freed.
    unsafe { ffi::DuckDbString::from_nullable_ptr(text) }.map(|text| text.to_string_lossy().into_owned())
}

fn plain_name(id: ffi::duckdb_type) -> Option<&'static str> {
    Some(match id {
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_BOOLEAN => "BOOLEAN",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TINYINT => "TINYINT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_SMALLINT => "SMALLINT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_INTEGER => "INTEGER",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIGINT => "BIGINT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_UTINYINT => "UTINYINT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_USMALLINT => "USMALLINT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_UINTEGER => "UINTEGER",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_UBIGINT => "UBIGINT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_HUGEINT => "HUGEINT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_UHUGEINT => "UHUGEINT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIGNUM => "BIGNUM",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_FLOAT => "FLOAT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_DOUBLE => "DOUBLE",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP => "TIMESTAMP",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_S => "TIMESTAMP_S",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_MS => "TIMESTAMP_MS",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_NS => "TIMESTAMP_NS",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_TZ => "TIMESTAMP WITH TIME ZONE",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_DATE => "DATE",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIME => "TIME",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIME_NS => "TIME_NS",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIME_TZ => "TIME WITH TIME ZONE",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_INTERVAL => "INTERVAL",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_VARCHAR => "VARCHAR",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_BLOB => "BLOB",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIT => "BIT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_UUID => "UUID",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_SQLNULL => "NULL",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_GEOMETRY => "GEOMETRY",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_VARIANT => "VARIANT",
        _ => return None,
    })
}
