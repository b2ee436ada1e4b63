"""The same columns and rows by DuckDB's own expressions, written as Parquet: arguments are set, rows, folder.

Prints one JSON object: version, seconds, and for each table its rows as read back.
"""

import json
import pathlib
import sys
import time

import duckdb

kind, rows, folder = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
GROUPS = 100
MANY = max(rows // GROUPS, 1)


def whole(n):
    return f"(1 + floor(random() * {n}))::BIGINT"


def text(n, width):
    return f"'id' || lpad({whole(n)}::VARCHAR, {width}, '0')"


TAXI = f"""
SELECT VendorID, pickup AS tpep_pickup_datetime, pickup + to_seconds(60 + (distance * 360)::BIGINT) AS tpep_dropoff_datetime,
  passenger_count, distance AS trip_distance, RatecodeID, flag AS store_and_fwd_flag, PULocationID, DOLocationID, payment_type,
  fare AS fare_amount, extra, 0.5::DOUBLE AS mta_tax, tip AS tip_amount, tolls AS tolls_amount,
  1.0::DOUBLE AS improvement_surcharge, fare + extra + 0.5 + tip + tolls + 1.0 + congestion + airport AS total_amount,
  congestion AS congestion_surcharge, airport AS Airport_fee
FROM (
  SELECT *, round(2.5 + 2.5 * distance, 2) AS fare,
    CASE WHEN payment_type = 1 THEN round((2.5 + 2.5 * distance) * (0.15 + 0.01 * passenger_count + 0.1 * (random() - 0.5)), 2) ELSE 0 END AS tip,
    CASE WHEN distance > 8 AND random() < 0.4 THEN 6.94 ELSE 0 END::DOUBLE AS tolls
  FROM (
    SELECT 1 + (random() < 0.75)::BIGINT AS VendorID,
      TIMESTAMP '2024-01-01' + to_seconds(((i + random()) / {rows} * 2678400)::BIGINT) AS pickup,
      least({whole(6)}, {whole(6)}, {whole(6)}) AS passenger_count,
      round(-1.5 * ln((1 - random()) * (1 - random())), 2) AS distance,
      1 + (random() < 0.03)::BIGINT AS RatecodeID, CASE WHEN random() < 0.005 THEN 'Y' ELSE 'N' END AS flag,
      (1 + floor(265 * random() * random()))::INTEGER AS PULocationID, (1 + floor(265 * random() * random()))::INTEGER AS DOLocationID,
      least({whole(4)}, {whole(4)}, {whole(4)}) AS payment_type,
      CASE WHEN random() < 0.3 THEN 1.0 ELSE 0 END::DOUBLE AS extra,
      CASE WHEN random() < 0.8 THEN 2.5 ELSE 0 END::DOUBLE AS congestion, CASE WHEN random() < 0.02 THEN 1.75 ELSE 0 END::DOUBLE AS airport
    FROM range({rows}) AS t(i)
  )
)"""

H2O = {
    "h2o": f"""
SELECT {text(GROUPS, 3)} AS id1, {text(GROUPS, 3)} AS id2, {text(MANY, 10)} AS id3, {whole(GROUPS)} AS id4, {whole(GROUPS)} AS id5,
  {whole(MANY)} AS id6, {whole(5)} AS v1, {whole(15)} AS v2, round(random() * 100, 6) AS v3 FROM range({rows})""",
    "h2o_small": f"SELECT 'id' || lpad((i + 1)::VARCHAR, 3, '0') AS id1, i + 1 AS id4, round(random() * 100, 6) AS v4 FROM range({GROUPS}) t(i)",
    "h2o_medium": f"SELECT 'id' || lpad((i + 1)::VARCHAR, 10, '0') AS id3, i + 1 AS id6, round(random() * 100, 6) AS v5 FROM range({MANY}) t(i)",
    "h2o_big": f"SELECT i % {GROUPS} + 1 AS id4, i // {GROUPS} + 1 AS id6, round(random() * 100, 6) AS v6 FROM range({GROUPS * MANY}) t(i)",
}

queries = {"taxi": {"trips": TAXI}, "h2o": H2O}[kind]
connection = duckdb.connect()
started = time.perf_counter()
for table, query in queries.items():
    connection.execute(f"COPY ({query}) TO '{folder / table}.parquet' (FORMAT parquet, COMPRESSION snappy)")
seconds = time.perf_counter() - started
tables = {}
for table in queries:
    tables[table] = connection.execute(f"SELECT count(*) FROM '{folder / table}.parquet'").fetchall()[0][0]
print(json.dumps({"version": duckdb.__version__, "s": seconds, "tables": tables}))
