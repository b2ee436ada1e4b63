-- Query 10, TPC-H-derived: which twenty customers sent back most of what they ordered in the last quarter of 1993?
SELECT
  c_custkey AS customer,
  c_name AS name,
  sum(l_extendedprice * (1 - l_discount)) AS lost,
  c_acctbal AS balance,
  n_name AS country,
  c_address AS address,
  c_phone AS phone,
  c_comment AS remark
FROM lineitem
JOIN orders ON o_orderkey = l_orderkey
JOIN customer ON c_custkey = o_custkey
JOIN nation ON n_nationkey = c_nationkey
WHERE l_returnflag = 'R'
  AND o_orderdate >= DATE '1993-10-01'
  AND o_orderdate < DATE '1993-10-01' + INTERVAL '3' MONTH
GROUP BY c_custkey, c_name, c_acctbal, n_name, c_address, c_phone, c_comment
ORDER BY lost DESC, customer
LIMIT 20
