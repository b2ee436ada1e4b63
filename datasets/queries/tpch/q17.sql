-- Query 17, TPC-H-derived: what would be lost per year if orders of few pieces of a part were no longer taken?
WITH wanted AS (
  SELECT p_partkey FROM part WHERE p_brand = 'Brand#23' AND p_container = 'MED BOX'
), usual AS (
  SELECT l_partkey AS part, 0.2 * avg(l_quantity) AS few
  FROM lineitem
  JOIN wanted ON p_partkey = l_partkey
  GROUP BY l_partkey
)
SELECT sum(l_extendedprice) / 7.0 AS per_year
FROM lineitem
JOIN usual ON part = l_partkey
WHERE l_quantity < few
