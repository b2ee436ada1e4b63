-- Query 18, TPC-H-derived: which customers placed orders of more than 300 pieces?
WITH large AS (
  SELECT l_orderkey AS big_order, sum(l_quantity) AS pieces
  FROM lineitem
  GROUP BY l_orderkey
  HAVING sum(l_quantity) > 300
)
SELECT c_name AS name, c_custkey AS customer, o_orderkey AS order_number, o_orderdate AS ordered_on, o_totalprice AS price, pieces
FROM large
JOIN orders ON o_orderkey = big_order
JOIN customer ON c_custkey = o_custkey
ORDER BY price DESC, ordered_on, order_number
LIMIT 100
