-- Query 11, TPC-H-derived: which parts make up a notable share of the value of German stock?
-- The share that counts is 0.0001 divided by the scale factor: one over the number of suppliers.
WITH stock AS (
  SELECT ps_partkey AS part, ps_supplycost * ps_availqty AS worth
  FROM nation
  JOIN supplier ON s_nationkey = n_nationkey
  JOIN partsupp ON ps_suppkey = s_suppkey
  WHERE n_name = 'GERMANY'
), bound AS (
  SELECT sum(worth) AS total FROM stock
), suppliers AS (
  SELECT count(*) AS number_of FROM supplier
), by_part AS (
  SELECT part, sum(worth) AS value FROM stock GROUP BY part
)
SELECT part, value
FROM by_part
CROSS JOIN bound
CROSS JOIN suppliers
WHERE value * number_of > total
ORDER BY value DESC, part
