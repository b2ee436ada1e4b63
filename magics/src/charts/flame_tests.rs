use super::*;
use crate::charts::testing::{footer, save};
use serde_json::{Value, json};

/// Stacks as a Polars group-by and a hand-written loop give them.
fn stacks(scale: u64) -> Value {
    let root = ["main", "cell::benchbook_cell", "lab::measure::profile::profile", "cell::benchbook_cell::{{closure}}"];
    let stack = |inner: &[&str], count: u64| {
        let frames: Vec<&str> = root.iter().chain(inner).copied().collect();
        json!({"frames": frames, "count": count * scale / 100})
    };
    let collect = "polars_lazy::frame::LazyFrame::collect";
    let exec = "<polars_mem_engine::executors::group_by::GroupByExec as polars_mem_engine::executors::Executor>::execute";
    let groups = "polars_core::frame::group_by::hashing::group_by_threaded_slice";
    let agg = "<polars_expr::expressions::aggregation::AggregationExpr as PhysicalExpr>::evaluate_on_groups";
    json!([
        stack(&[collect, exec, groups, "hashbrown::raw::RawTable<T,A>::reserve_rehash"], 310),
        stack(&[collect, exec, groups, "hashbrown::raw::RawTable<T,A>::find_or_find_insert_slot"], 270),
        stack(&[collect, exec, groups], 240),
        stack(
            &[collect, exec, agg, "polars_core::chunked_array::ops::aggregate::agg_sum", "core::iter::traits::iterator::Iterator::fold"],
            380
        ),
        stack(&[collect, exec, agg, "polars_arrow::compute::take::primitive::take_values_unchecked"], 210),
        stack(&[collect, exec, "polars_core::utils::concat_df"], 60),
        stack(&[collect, exec, "core::ptr::drop_in_place<polars_core::frame::DataFrame>"], 25),
        stack(&[collect, "polars_plan::dsl::optimizer::optimize"], 3),
        stack(&[collect, "polars_plan::plans::conversion::to_alp"], 2),
        stack(&["cell::checksum", "<core::iter::adapters::zip::Zip<A,B> as core::iter::traits::iterator::Iterator>::next"], 190),
        stack(&["cell::checksum"], 240),
        stack(&["__memmove_avx_unaligned_erms"], 64),
    ])
}

fn flame(stacks: &Value, note: &str) -> Flame {
    Flame {
        title: "profile: bars.lazy().group_by([col(\"symbol\")]).agg([col(\"close\").sum()])".into(),
        note: note.into(),
        profile: Profile::from_json(stacks),
        of: "CPU samples",
        samples: Some(Profile::from_json(stacks).total()),
        against: None,
        footer: Footer { noise: None, ..footer() },
    }
}

#[test]
fn a_flame_graph_names_its_frames_and_shares() {
    let chart = flame(&stacks(100), "1994 samples in 2.00 s, 7 runs (997 Hz asked for).").draw().unwrap();
    save("flame", &chart);
    assert!(chart.svg.contains("GroupByExec::execute"));
    assert!(chart.svg.contains("other, frames too narrow"));
    assert!(chart.text.contains("your code"), "{}", chart.text);
    assert!(chart.alt.contains("Most of their own"));
}

#[test]
fn few_samples_say_so() {
    let chart = flame(&stacks(6), "114 samples in 0.12 s, 1 run (997 Hz asked for).").draw().unwrap();
    save("flame_few", &chart);
    assert!(chart.svg.contains("too few") && chart.text.contains("too few"));
}

#[test]
fn deep_recursion_is_cut_and_said() {
    let frames: Vec<String> = (0..60).map(|i| format!("cell::level_{i}")).collect();
    let chart = flame(&json!([{"frames": frames, "count": 500}]), "500 samples.").draw().unwrap();
    save("flame_deep", &chart);
    assert!(chart.svg.contains("are left out"));
}

#[test]
fn a_second_profile_shows_what_differs() {
    let before = Profile::from_json(&stacks(100));
    let mut after = stacks(100);
    after[0]["count"] = json!(20);
    after[5]["count"] = json!(400);
    let against = Some(Against { drawn: "after".into(), with: "before".into(), profile: before });
    let chart = Flame { against, ..flame(&after, "1994 samples.") }.draw().unwrap();
    save("flame_against", &chart);
    let begins = |sign: &str| chart.svg.contains(&format!(">{sign}")) || chart.svg.contains(&format!(">\n{sign}"));
    assert!(begins("+") && begins("−"), "signs, not only colours");
    assert!(chart.svg.contains("Compared with before"));
}

#[test]
fn no_samples_is_an_error() {
    assert!(flame(&json!([]), "").draw().is_err());
}
