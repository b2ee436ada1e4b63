-- Query 3, TPC-H-derived: which ten open orders of the building segment on 15 March 1995 are worth most?
SELECT
  l_orderkey AS order_number,
  sum(l_extendedprice * (1 - l_discount)) AS worth,
  o_orderdate AS ordered_on,
  o_shippriority AS priority
FROM customer
JOIN orders ON o_custkey = c_custkey
JOIN lineitem ON l_orderkey = o_orderkey
WHERE c_mktsegment = 'BUILDING'
  AND o_orderdate < DATE '1995-03-15'
  AND l_shipdate > DATE '1995-03-15'
GROUP BY l_orderkey, o_orderdate, o_shippriority
ORDER BY worth DESC, ordered_on, order_number
LIMIT 10
