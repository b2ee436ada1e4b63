-- Query 8, TPC-H-derived: which share of the American market for economy anodized steel came from Brazil, by year?
WITH sold AS (
  SELECT
    EXTRACT(YEAR FROM o_orderdate) AS order_year,
    origin.n_name AS country,
    l_extendedprice * (1 - l_discount) AS worth
  FROM part
  JOIN lineitem ON l_partkey = p_partkey
  JOIN supplier ON s_suppkey = l_suppkey
  JOIN nation AS origin ON origin.n_nationkey = s_nationkey
  JOIN orders ON o_orderkey = l_orderkey
  JOIN customer ON c_custkey = o_custkey
  JOIN nation AS market ON market.n_nationkey = c_nationkey
  JOIN region ON r_regionkey = market.n_regionkey
  WHERE r_name = 'AMERICA'
    AND p_type = 'ECONOMY ANODIZED STEEL'
    AND o_orderdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'
)
SELECT order_year, sum(CASE WHEN country = 'BRAZIL' THEN worth ELSE 0 END) / sum(worth) AS share
FROM sold
GROUP BY order_year
ORDER BY order_year
