"""Results: Arrow files, columns, plans with measurements."""

import os

# Rows of one record batch in a result file: Spark sends 10 000 and fewer, which would make Polars slow.
BATCH_ROWS = 122_880


class ArrowFile:
    """A result as an Arrow IPC file (mode 0600); it gets its name when it is whole."""

    def __init__(self, path):
        self.path, self.temporary = path, f"{path}.{os.getpid()}.part"
        self.file = self.writer = None
        self.waiting, self.rows = [], 0

    def push(self, table):
        self.waiting.append(table)
        self.rows += table.num_rows
        if self.rows >= BATCH_ROWS:
            self.flush(table.schema)

    def flush(self, schema):
        import pyarrow as pa

        if self.writer is None:
            fields, taken = [], set()
            for field in schema:
                fields.append(pa.field(distinct(field.name, taken), readable(field.type), True))
            self.schema = pa.schema(fields)
            descriptor = os.open(self.temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self.file = os.fdopen(descriptor, "wb", buffering=1 << 20)
            self.writer = pa.ipc.new_file(self.file, self.schema)
        if self.waiting:
            table = pa.concat_tables(self.waiting).combine_chunks()
            columns = [column if column.type == field.type else column.cast(field.type) for column, field in zip(table.columns, self.schema)]
            self.writer.write_table(pa.Table.from_arrays(columns, schema=self.schema))
        self.waiting, self.rows = [], 0

    def finish(self, schema):
        self.flush(schema)
        self.writer.close()
        self.file.close()
        os.rename(self.temporary, self.path)

    def close(self):
        if self.file is not None and not self.file.closed:
            self.file.close()
        if os.path.exists(self.temporary):
            os.remove(self.temporary)


def distinct(name, taken):
    """Column names without repeats: `a`, `a_1`, `a_2`."""
    candidate, number = name, 0
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    taken.add(candidate)
    return candidate


def readable(kind):
    """The type in which Polars reads it: a map is a list of keys and values."""
    import pyarrow as pa

    if pa.types.is_map(kind):
        return pa.list_(pa.struct([pa.field("key", kind.key_type), pa.field("value", kind.item_type)]))
    return kind


def columns_of(schema):
    return [{"name": field.name, "type_name": type_name(field.dataType)} for field in schema.fields]


def type_name(kind):
    """As SQL writes it: names of types in capitals, names of fields as they are."""
    from pyspark.sql.types import ArrayType, MapType, StructType

    if isinstance(kind, ArrayType):
        return f"ARRAY<{type_name(kind.elementType)}>"
    if isinstance(kind, MapType):
        return f"MAP<{type_name(kind.keyType)}, {type_name(kind.valueType)}>"
    if isinstance(kind, StructType):
        return "STRUCT<" + ", ".join(f"{field.name}: {type_name(field.dataType)}" for field in kind.fields) + ">"
    return kind.simpleString().upper()


def measured_plan(metrics):
    """The plan as Spark ran it, each node with its counts and times."""
    children = {}
    known = {node.plan_id for node in metrics}
    for node in metrics:
        parent = node.parent_plan_id
        children.setdefault(parent if parent in known and parent != node.plan_id else None, []).append(node)
    lines = []

    def show(node, depth):
        values = [f"{metric.name} {amount(metric)}" for metric in node.metrics if metric.value]
        lines.append("  " * depth + node.name + (f"  [{', '.join(values)}]" if values else ""))
        for child in children.get(node.plan_id, []):
            show(child, depth + 1)

    for root in children.get(None, []):
        show(root, 0)
    return "\n".join(lines) or "Spark sent no measurements of this plan"


def amount(metric):
    if metric.metric_type == "timing":
        return f"{metric.value} ms"
    if metric.metric_type == "nsTiming":
        return f"{metric.value / 1e6:.3g} ms"
    return f"{metric.value} bytes" if metric.metric_type == "size" else f"{metric.value}"
