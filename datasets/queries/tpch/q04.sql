-- Query 4, TPC-H-derived: how many orders of the third quarter of 1993 had a line that arrived late, by priority?
SELECT o_orderpriority AS priority, count(*) AS late_orders
FROM orders
WHERE o_orderdate >= DATE '1993-07-01'
  AND o_orderdate < DATE '1993-07-01' + INTERVAL '3' MONTH
  AND o_orderkey IN (SELECT l_orderkey FROM lineitem WHERE l_receiptdate > l_commitdate)
GROUP BY o_orderpriority
ORDER BY priority
