-- Query 15, TPC-H-derived: which supplier brought most revenue in the first quarter of 1996?
WITH earned AS (
  SELECT l_suppkey AS supplier, sum(l_extendedprice * (1 - l_discount)) AS revenue
  FROM lineitem
  WHERE l_shipdate >= DATE '1996-01-01'
    AND l_shipdate < DATE '1996-01-01' + INTERVAL '3' MONTH
  GROUP BY l_suppkey
), best AS (
  SELECT max(revenue) AS most FROM earned
)
SELECT s_suppkey AS number_of, s_name AS name, s_address AS address, s_phone AS phone, revenue
FROM supplier
JOIN earned ON supplier = s_suppkey
JOIN best ON most = revenue
ORDER BY number_of
