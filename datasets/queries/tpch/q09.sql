-- Query 9, TPC-H-derived: what was earned with green parts, by country of the supplier and year?
WITH gained AS (
  SELECT
    n_name AS country,
    EXTRACT(YEAR FROM o_orderdate) AS order_year,
    l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity AS amount
  FROM part
  JOIN lineitem ON l_partkey = p_partkey
  JOIN partsupp ON ps_partkey = l_partkey AND ps_suppkey = l_suppkey
  JOIN supplier ON s_suppkey = l_suppkey
  JOIN nation ON n_nationkey = s_nationkey
  JOIN orders ON o_orderkey = l_orderkey
  WHERE p_name LIKE '%green%'
)
SELECT country, order_year, sum(amount) AS profit
FROM gained
GROUP BY country, order_year
ORDER BY country, order_year DESC
