-- Query 20, TPC-H-derived: which Canadian suppliers hold more of some forest part than half of what they shipped of it in 1994?
WITH shipped AS (
  SELECT l_partkey AS part, l_suppkey AS supplier, 0.5 * sum(l_quantity) AS half
  FROM lineitem
  WHERE l_shipdate >= DATE '1994-01-01'
    AND l_shipdate < DATE '1994-01-01' + INTERVAL '1' YEAR
  GROUP BY l_partkey, l_suppkey
), holder AS (
  SELECT ps_suppkey
  FROM partsupp
  JOIN shipped ON part = ps_partkey AND supplier = ps_suppkey
  JOIN part AS forest ON forest.p_partkey = ps_partkey
  WHERE forest.p_name LIKE 'forest%' AND ps_availqty > half
)
SELECT s_name AS name, s_address AS address
FROM supplier
JOIN nation ON n_nationkey = s_nationkey
WHERE n_name = 'CANADA' AND s_suppkey IN (SELECT ps_suppkey FROM holder)
ORDER BY name
