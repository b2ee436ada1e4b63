"""Random pyarrow tables from a seed: every type that shared tables can have."""

import datetime
import decimal
import random

import pyarrow as pa

UNITS = ("s", "ms", "us", "ns")
ZONES = (None, "UTC", "Europe/Berlin")
EPOCH = datetime.date(1970, 1, 1)


def flat_types(r):
    return [
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.float16(), pa.float32(), pa.float64(), pa.bool_(), pa.null()),
        *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(5)),
        *(pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")),
        *(pa.timestamp(r.choice(UNITS), r.choice(ZONES)), pa.duration(r.choice(UNITS)), pa.month_day_nano_interval()),
        *(pa.decimal128(20, 4), pa.decimal256(50, 7)),
        *(pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int8(), pa.int64())),
    ]


def some_type(r, depth=2):
    if depth == 0 or r.random() < 0.6:
        return r.choice(flat_types(r))
    kind = r.randrange(5)
    item = some_type(r, depth - 1)
    if kind == 0:
        return pa.list_(item)
    if kind == 1:
        return pa.large_list(item)
    if kind == 2:
        return pa.list_(item, r.randint(1, 3))
    if kind == 3:
        return pa.map_(pa.string(), item)
    return pa.struct([(f"f{n}", some_type(r, depth - 1)) for n in range(r.randint(1, 3))])


def value(r, t):
    if r.random() < 0.15 or pa.types.is_null(t):
        return None
    if pa.types.is_boolean(t):
        return r.random() < 0.5
    if pa.types.is_signed_integer(t):
        return r.randrange(-(2 ** (t.bit_width - 1)), 2 ** (t.bit_width - 1))
    if pa.types.is_unsigned_integer(t):
        return r.randrange(2**t.bit_width)
    if pa.types.is_floating(t):
        return float(r.choice([0.0, -1.5, 0.25, 1024.0, r.randrange(-2000, 2000)]))
    if pa.types.is_fixed_size_binary(t):
        return r.randbytes(t.byte_width)
    if pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_binary_view(t):
        return r.randbytes(r.choice([0, 3, 12, 13, 40]))
    if pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t):
        return "".join(r.choice("az0 é漢🦀<'\"") for _ in range(r.choice([0, 3, 11, 12, 13, 40])))
    if pa.types.is_date(t):
        return EPOCH + datetime.timedelta(days=r.randrange(60000))
    if pa.types.is_time(t):
        return datetime.time(r.randrange(24), r.randrange(60), r.randrange(60))
    if pa.types.is_timestamp(t):
        zone = datetime.timezone.utc if t.tz else None
        return datetime.datetime(2000, 1, 1, tzinfo=zone) + datetime.timedelta(seconds=r.randrange(10**9))
    if pa.types.is_duration(t):
        return datetime.timedelta(seconds=r.randrange(10**7))
    if pa.types.is_interval(t):
        return pa.MonthDayNano([r.randrange(99), r.randrange(99), r.randrange(10**12)])
    if pa.types.is_decimal(t):
        return decimal.Decimal(r.randrange(-(10**12), 10**12)).scaleb(-t.scale)
    if pa.types.is_map(t):
        return [(str(n), value(r, t.item_type)) for n in range(r.randrange(3))]
    if pa.types.is_struct(t):
        return {field.name: value(r, field.type) for field in t}
    if pa.types.is_fixed_size_list(t):
        return [value(r, t.value_type) for _ in range(t.list_size)]
    return [value(r, t.value_type) for _ in range(r.randrange(4))]


def array(r, t, rows):
    """Half of the time a part of a longer array."""
    before, after = r.choice([(0, 0), (r.randrange(11), r.randrange(5))])
    if pa.types.is_dictionary(t):
        values = pa.array([r.randbytes(3).hex() for _ in range(9)] if t.value_type == pa.string() else range(9), type=t.value_type)
        keys = [r.choice([None, *range(9)]) for _ in range(before + rows + after)]
        whole = pa.DictionaryArray.from_arrays(pa.array(keys, type=t.index_type), values)
    else:
        whole = nested(r, t, before + rows + after)
    return whole.slice(before, rows)


def nested(r, t, rows):
    """Dictionaries inside of other types are made of arrays: from Python values pyarrow does not make them."""
    if pa.types.is_struct(t):
        columns = [array(r, field.type, rows) for field in t]
        mask = pa.array([r.random() < 0.15 for _ in range(rows)], type=pa.bool_())
        return pa.StructArray.from_arrays(columns, fields=list(t), mask=mask)
    if pa.types.is_fixed_size_list(t):
        return pa.FixedSizeListArray.from_arrays(array(r, t.value_type, rows * t.list_size), type=t)
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        offsets = [0]
        for _ in range(rows):
            offsets.append(offsets[-1] + r.randrange(4))
        kind, width = (pa.LargeListArray, pa.int64()) if pa.types.is_large_list(t) else (pa.ListArray, pa.int32())
        return kind.from_arrays(pa.array(offsets, type=width), array(r, t.value_type, offsets[-1]), type=t)
    if pa.types.is_map(t):
        offsets = [0]
        for _ in range(rows):
            offsets.append(offsets[-1] + r.randrange(3))
        keys = pa.array([str(n) for n in range(offsets[-1])], type=pa.string())
        return pa.MapArray.from_arrays(pa.array(offsets, type=pa.int32()), keys, array(r, t.item_type, offsets[-1]), type=t)
    return pa.array([value(r, t) for _ in range(rows)], type=t)


def table(seed, types=None):
    r = random.Random(seed)
    columns = len(types) if types else r.choice([1, 3, 8, 20])
    types = types or [some_type(r) for _ in range(columns)]
    schema = pa.schema([(f"c{n}", t) for n, t in enumerate(types)], metadata={"seed": str(seed)})
    pieces = []
    for _ in range(r.choice([1, 1, 3])):
        rows = r.choice([0, 1, 7, 64, 500])
        pieces.append(pa.Table.from_arrays([array(r, t, rows) for t in types], schema=schema))
    return pa.concat_tables(pieces)
