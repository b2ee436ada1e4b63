-- Query 21, TPC-H-derived: which Saudi suppliers were most often the only late one among several of an order?
WITH late AS (
  SELECT l_orderkey AS late_order, l_suppkey AS late_supplier
  FROM lineitem
  WHERE l_receiptdate > l_commitdate
), involved AS (
  SELECT l_orderkey AS involved_order, count(DISTINCT l_suppkey) AS suppliers
  FROM lineitem
  GROUP BY l_orderkey
), guilty AS (
  SELECT late_order AS guilty_order, count(DISTINCT late_supplier) AS late_suppliers
  FROM late
  GROUP BY late_order
)
SELECT s_name AS name, count(*) AS waits
FROM late
JOIN guilty ON guilty_order = late_order
JOIN involved ON involved_order = late_order
JOIN orders ON o_orderkey = late_order
JOIN supplier ON s_suppkey = late_supplier
JOIN nation ON n_nationkey = s_nationkey
WHERE late_suppliers = 1 AND suppliers > 1 AND o_orderstatus = 'F' AND n_name = 'SAUDI ARABIA'
GROUP BY s_name
ORDER BY waits DESC, name
LIMIT 100
