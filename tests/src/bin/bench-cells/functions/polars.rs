/// Groups a table of `size` rows and sums each group, lazily.
#[inline(never)]
fn polars(size: u64) -> u64 {
    let keys: Vec<i64> = (0..size as i64).map(|n| n * 7919 % 101).collect();
    let values: Vec<i64> = (0..size as i64).collect();
    let table = df!("k" => keys, "v" => values).unwrap();
    let grouped = table.lazy().filter((col("v") % lit(3)).eq(lit(0))).group_by([col("k")]).agg([col("v").sum()]).sort(["k"], Default::default());
    let sums = grouped.collect().unwrap();
    sums.column("v").unwrap().i64().unwrap().into_no_null_iter().enumerate().map(|(at, v)| v as u64 * (at as u64 + 1)).sum()
}
