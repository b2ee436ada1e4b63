-- Query 2, TPC-H-derived: which European suppliers offer brass parts of size 15 at the lowest price in Europe?
WITH offer AS (
  SELECT ps_partkey AS part, ps_supplycost AS cost, s_acctbal, s_name, n_name, s_address, s_phone, s_comment
  FROM region
  JOIN nation ON n_regionkey = r_regionkey
  JOIN supplier ON s_nationkey = n_nationkey
  JOIN partsupp ON ps_suppkey = s_suppkey
  WHERE r_name = 'EUROPE'
), lowest AS (
  SELECT part AS cheap_part, min(cost) AS cheap_cost
  FROM offer
  GROUP BY part
)
SELECT s_acctbal AS balance, s_name AS supplier, n_name AS country, p_partkey AS part_number, p_mfgr AS maker, s_address AS address, s_phone AS phone, s_comment AS remark
FROM part
JOIN lowest ON cheap_part = p_partkey
JOIN offer ON part = cheap_part AND cost = cheap_cost
WHERE p_size = 15 AND p_type LIKE '%BRASS'
ORDER BY balance DESC, country, supplier, part_number
LIMIT 100
