-- Query 13, TPC-H-derived: how many customers have how many orders, orders with special requests left out?
WITH plain AS (
  SELECT o_orderkey, o_custkey
  FROM orders
  WHERE o_comment NOT LIKE '%special%requests%'
), placed AS (
  SELECT c_custkey AS customer, count(o_orderkey) AS order_count
  FROM customer
  LEFT JOIN plain ON o_custkey = c_custkey
  GROUP BY c_custkey
)
SELECT order_count, count(*) AS customers
FROM placed
GROUP BY order_count
ORDER BY customers DESC, order_count DESC
