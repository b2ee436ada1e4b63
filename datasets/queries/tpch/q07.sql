-- Query 7, TPC-H-derived: what was shipped between France and Germany in 1995 and 1996, each way and year?
WITH shipped AS (
  SELECT
    home.n_name AS from_country,
    abroad.n_name AS to_country,
    EXTRACT(YEAR FROM l_shipdate) AS ship_year,
    l_extendedprice * (1 - l_discount) AS worth
  FROM lineitem
  JOIN supplier ON s_suppkey = l_suppkey
  JOIN nation AS home ON home.n_nationkey = s_nationkey
  JOIN orders ON o_orderkey = l_orderkey
  JOIN customer ON c_custkey = o_custkey
  JOIN nation AS abroad ON abroad.n_nationkey = c_nationkey
  WHERE l_shipdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'
    AND ((home.n_name = 'FRANCE' AND abroad.n_name = 'GERMANY') OR (home.n_name = 'GERMANY' AND abroad.n_name = 'FRANCE'))
)
SELECT from_country, to_country, ship_year, sum(worth) AS revenue
FROM shipped
GROUP BY from_country, to_country, ship_year
ORDER BY from_country, to_country, ship_year
