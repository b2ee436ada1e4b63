-- Query 22, TPC-H-derived: how many customers of some countries, with more than the usual balance, never ordered?
WITH chosen AS (
  SELECT c_custkey, c_acctbal, SUBSTRING(c_phone FROM 1 FOR 2) AS prefix
  FROM customer
  WHERE SUBSTRING(c_phone FROM 1 FOR 2) IN ('13', '17', '18', '23', '29', '30', '31')
), usual AS (
  SELECT avg(c_acctbal) AS mean_balance FROM chosen WHERE c_acctbal > 0
)
SELECT prefix, count(*) AS customers, sum(c_acctbal) AS balance
FROM chosen
CROSS JOIN usual
WHERE c_acctbal > mean_balance
  AND c_custkey NOT IN (SELECT o_custkey FROM orders)
GROUP BY prefix
ORDER BY prefix
