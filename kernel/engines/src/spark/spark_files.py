"""Files of this machine as tables that Spark can read."""

import re


def local_table(kind, path):
    """A file of this machine as an Arrow table; an Arrow file stays mapped."""
    import pyarrow as pa

    if kind == "arrow":
        return pa.ipc.open_file(pa.memory_map(path)).read_all()
    if kind in ("csv", "tsv"):
        import pyarrow.csv as csv

        return csv.read_csv(path, parse_options=csv.ParseOptions(delimiter="\t" if kind == "tsv" else ","))
    if kind in ("jsonl", "json", "ndjson"):
        import pyarrow.json as lines

        return lines.read_json(path)
    import pyarrow.parquet as parquet

    return parquet.read_table(path)


def plain(table):
    """The table with types that Parquet and Spark both have."""
    import pyarrow as pa

    columns = []
    for index, field in enumerate(table.schema):
        column, kind = table.column(index), field.type
        if pa.types.is_float16(kind):
            column = column.cast(pa.float32())
        elif is_duration(kind):
            column = column.cast(pa.duration("us"), safe=False)
        elif pa.types.is_time32(kind):
            column = column.cast(pa.time64("us"))
        columns.append(column)
    return pa.Table.from_arrays(columns, names=table.schema.names)


def sendable(table):
    """The table with types that the client can send; a server that reads the file itself needs less."""
    import pyarrow as pa

    is_type = pa.types
    unsigned = {pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64(), pa.uint64(): pa.decimal128(20, 0)}

    def target(kind):
        if kind in unsigned:
            return unsigned[kind]
        if is_type.is_dictionary(kind):
            return target(kind.value_type)
        if is_type.is_string_view(kind):
            return pa.string()
        if is_type.is_binary_view(kind):
            return pa.binary()
        if is_type.is_timestamp(kind) and kind.unit == "ns":
            return pa.timestamp("us", kind.tz)
        return kind

    table = plain(table)
    columns = [column.cast(target(column.type), safe=False) for column in table.columns]
    return pa.Table.from_arrays(columns, names=table.schema.names)


def is_duration(kind):
    import pyarrow as pa

    return pa.types.is_duration(kind)


def with_durations(schema, indices):
    """Parquet has no durations: those columns are microseconds until Spark is told better."""
    from pyspark.sql.types import DayTimeIntervalType, StructField, StructType

    def field(index, old):
        return StructField(old.name, DayTimeIntervalType(), old.nullable) if index in indices else old

    return StructType([field(index, old) for index, old in enumerate(schema.fields)])


def escape_glob(path):
    return re.sub(r"([*?\[\]{},\\])", r"\\\1", path)
