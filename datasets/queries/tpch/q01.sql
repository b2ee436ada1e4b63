-- Query 1, TPC-H-derived: what was billed, shipped and returned up to 90 days before December 1998?
SELECT
  l_returnflag AS flag,
  l_linestatus AS status,
  sum(l_quantity) AS pieces,
  sum(l_extendedprice) AS list_price,
  sum(l_extendedprice * (1 - l_discount)) AS discounted,
  sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS charged,
  avg(l_quantity) AS mean_pieces,
  avg(l_extendedprice) AS mean_price,
  avg(l_discount) AS mean_discount,
  count(*) AS line_count
FROM lineitem
WHERE l_shipdate <= DATE '1998-12-01' - INTERVAL '90' DAY
GROUP BY l_returnflag, l_linestatus
ORDER BY flag, status
