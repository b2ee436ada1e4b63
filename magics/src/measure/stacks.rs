//! Sampled stacks: from the worker's raw frames to a tree of the user's own code.

use std::collections::HashMap;

use serde_json::Value;

use super::symbols;

/// One function in the tree of calls.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// Short name.
    pub symbol: String,
    /// Samples in this frame and below.
    pub count: u64,
    /// Widest first.
    pub children: Vec<Node>,
}

/// One row of the hot-function table.
#[derive(Debug, Clone, PartialEq)]
pub struct Hot {
    pub symbol: String,
    /// Share of samples with this function innermost.
    pub self_share: f64,
    /// Share of samples with this function anywhere on the stack.
    pub total_share: f64,
}

/// All samples of one profile; the root stands for the whole measured body.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    pub root: Node,
    stacks: Vec<(Vec<String>, u64)>,
}

impl Profile {
    /// Builds a profile from `[{"frames": ["outermost", …], "count": n}, …]`; entries that are not so are skipped.
    pub fn from_json(stacks: &Value) -> Self {
        let mut merged: HashMap<Vec<String>, u64> = HashMap::new();
        for stack in stacks.as_array().into_iter().flatten() {
            let count = stack["count"].as_u64().unwrap_or(0);
            let frames: Vec<&str> = stack["frames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if count > 0 {
                *merged.entry(user_frames(&frames)).or_default() += count;
            }
        }
        let mut stacks: Vec<_> = merged.into_iter().collect();
        stacks.sort();
        let mut root = Node { symbol: "all".into(), ..Node::default() };
        for (frames, count) in &stacks {
            root.add(frames, *count);
        }
        root.sort();
        Self { root, stacks }
    }

    /// Number of samples.
    pub fn total(&self) -> u64 {
        self.root.count
    }

    /// The outermost node worth drawing: the root, or its only child when that has every sample.
    pub fn top(&self) -> &Node {
        match self.root.children.as_slice() {
            [only] if only.count == self.root.count => only,
            _ => &self.root,
        }
    }

    /// The functions with the most time of their own, at most `most` of them.
    pub fn hot(&self, most: usize) -> Vec<Hot> {
        let mut counts: HashMap<&str, (u64, u64)> = HashMap::new();
        for (frames, count) in &self.stacks {
            if let Some(innermost) = frames.last() {
                counts.entry(innermost).or_default().0 += count;
            }
            // A recursive function counts once per stack.
            let mut seen: Vec<&str> = frames.iter().map(String::as_str).collect();
            seen.sort_unstable();
            seen.dedup();
            for symbol in seen {
                counts.entry(symbol).or_default().1 += count;
            }
        }
        let total = self.total().max(1) as f64;
        let mut hot: Vec<Hot> = counts
            .into_iter()
            .map(|(symbol, (own, all))| Hot { symbol: symbol.to_owned(), self_share: own as f64 / total, total_share: all as f64 / total })
            .collect();
        hot.sort_by(|a, b| {
            (b.self_share, b.total_share)
                .partial_cmp(&(a.self_share, a.total_share))
                .unwrap_or(std::cmp::Ordering::Equal)
                .then_with(|| a.symbol.cmp(&b.symbol))
        });
        hot.truncate(most);
        hot
    }
}

impl Node {
    fn add(&mut self, frames: &[String], count: u64) {
        self.count += count;
        let Some((first, rest)) = frames.split_first() else { return };
        let at = match self.children.iter().position(|c| c.symbol == *first) {
            Some(at) => at,
            None => {
                self.children.push(Node { symbol: first.clone(), ..Node::default() });
                self.children.len() - 1
            }
        };
        self.children[at].add(rest, count);
    }

    fn sort(&mut self) {
        self.children.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.symbol.cmp(&b.symbol)));
        self.children.iter_mut().for_each(Node::sort);
    }

    /// Rows the tree needs, this one included.
    pub fn depth(&self) -> usize {
        1 + self.children.iter().map(Node::depth).max().unwrap_or(0)
    }
}

/// What the body's own frames are called.
const BODY: &str = "your code";
/// What the frames of Rayon's scheduler are called.
const RAYON: &str = "Rayon";

/// The frames from the measured body inwards, shortened; direct recursion is one frame.
fn user_frames(frames: &[&str]) -> Vec<String> {
    let full: Vec<String> = frames.iter().map(|f| symbols::full(f)).collect();
    // The innermost frame of the harness; everything outside it is ours, not the user's.
    let harness = full.iter().rposition(|f| is_harness(f));
    let start = harness.map_or(0, |at| at + 1);
    // The body's own frame, where the compiler kept one, is the best place to begin.
    let start = full[start..].iter().position(|f| is_body(f)).map_or(start, |at| start + at);
    // The profiler sees its own signal handler on top of what it interrupted.
    let end = full[start..].iter().position(|f| is_handler(f)).map_or(full.len(), |at| start + at);
    let mut out: Vec<String> = Vec::new();
    // Where the body was inlined into the loop, what follows the loop is the body.
    if harness.is_some_and(|at| full[at].starts_with("lab::measure::") || full[at].starts_with(GUARD)) {
        out.push(BODY.to_owned());
    }
    for name in full[start..end].iter().filter(|f| !is_plumbing(f)) {
        let short = if is_body(name) {
            BODY.to_owned()
        } else if is_rayon(name) {
            RAYON.to_owned()
        } else {
            symbols::short(name)
        };
        if out.last() != Some(&short) {
            out.push(short);
        }
    }
    out
}

/// What runs every cell; the measuring loop is often inlined into the cell's own code, and then this is what is left of us.
const GUARD: &str = "lab::runtime::guard::guarded";

/// Frames below the measured body: the measuring loop, the cell's root, a thread's start.
fn is_harness(name: &str) -> bool {
    name.starts_with(GUARD)
        || name.starts_with("lab::measure::profile")
        || name.starts_with("lab::measure::parallel")
        || name.starts_with("lab::measure::time")
        || name.contains("__rust_begin_short_backtrace")
        || name.contains("rayon_core::registry::ThreadBuilder::run")
        || name.contains("rayon_core::registry::main_loop")
        || name.starts_with("thread ") && !name.contains("::")
}

/// The profiler's signal handler and what it calls.
fn is_handler(name: &str) -> bool {
    name.contains("perf_signal_handler")
        || name.contains("pprof::")
        || name.contains("backtrace::backtrace::")
        || name.contains("backtrace::trace_unsynchronized")
        || name.contains("__restore_rt")
}

/// Rayon's scheduler: it says who waits for whom, not what is computed.
fn is_rayon(name: &str) -> bool {
    name.contains("rayon_core::") || name.contains("rayon::iter::plumbing::")
}

/// Frames between interesting ones that say nothing: compiler shims, unwinding guards, our opaque markers.
fn is_plumbing(name: &str) -> bool {
    name.starts_with("lab::measure::")
        || name.contains("__rust_end_short_backtrace")
        || name.contains("__rust_try")
        || name.contains("core::hint::black_box")
        || name.contains("core::ops::function::")
        || name.contains("std::panicking::")
        || name.contains("std::panic::catch_unwind")
        || name.contains("core::panic::unwind_safe::")
        || name.contains("rayon_core::unwind::")
}

/// The cell's own code: its entry point and the closures generated around the body.
fn is_body(name: &str) -> bool {
    name.contains("cell::benchbook_cell")
        || name.contains("lab::runtime::guard::fallible")
        || name.contains("lab::runtime::guard::plain")
        || name.contains("__bb_")
}

/// Whether a function of the compiled cell is the measured body, with our loop around it or without.
pub fn is_measured(symbol: &str) -> bool {
    let full = symbols::full(symbol);
    is_body(&full) || full.contains("lab::measure::")
}

/// What the measured body is called.
pub fn body_name() -> &'static str {
    BODY
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn profile() -> Profile {
        let outer =
            ["main", "std::rt::lang_start", "cell::benchbook_cell", "lab::measure::profile::profile", "cell::benchbook_cell::{{closure}}"];
        let stack = |inner: &[&str], count: u64| {
            let frames: Vec<&str> = outer.iter().chain(inner).copied().collect();
            json!({"frames": frames, "count": count})
        };
        Profile::from_json(&json!([
            stack(&["alloc::vec::Vec<T>::push", "realloc"], 30),
            stack(&["cell::fib", "cell::fib", "cell::fib"], 60),
            stack(&[], 10),
            {"frames": 3, "count": "x"},
        ]))
    }

    #[test]
    fn the_harness_is_dropped_and_the_body_named() {
        let profile = profile();
        assert_eq!(profile.total(), 100);
        assert_eq!(profile.root.children.len(), 1);
        let body = &profile.root.children[0];
        assert_eq!((body.symbol.as_str(), body.count), ("your code", 100));
        assert_eq!(body.children.iter().map(|c| (c.symbol.as_str(), c.count)).collect::<Vec<_>>(), [("fib", 60), ("Vec::push", 30)]);
    }

    #[test]
    fn what_runs_a_cell_is_dropped_when_the_loop_was_inlined() {
        let profile = Profile::from_json(&json!([{"frames": [
            "main", "benchbook_cell::main", "benchbook_cell::serve_commands", "benchbook_lab_run", "benchbook_cell",
            "lab::runtime::guard::guarded", "lab::runtime::guard::fallible::<cell::benchbook_cell::{closure#0}>::{closure#0}", "cell::hot"],
            "count": 4}]));
        let names: Vec<_> = profile.hot(9).into_iter().map(|h| h.symbol).collect();
        assert_eq!(names, ["hot", "your code"]);
    }

    #[test]
    fn recursion_counts_once_and_self_time_is_innermost() {
        let hot = profile().hot(10);
        assert_eq!(hot[0].symbol, "fib");
        assert!((hot[0].self_share - 0.6).abs() < 1e-12 && (hot[0].total_share - 0.6).abs() < 1e-12);
        let push = hot.iter().find(|h| h.symbol == "Vec::push").unwrap();
        assert_eq!((push.self_share, push.total_share), (0.0, 0.3));
        assert_eq!(profile().hot(1).len(), 1);
    }

    #[test]
    fn worker_threads_lose_their_start() {
        let profile = Profile::from_json(&json!([{"frames": [
            "thread rayon-0", "std::sys::backtrace::__rust_begin_short_backtrace", "rayon_core::registry::ThreadBuilder::run",
            "rayon_core::registry::WorkerThread::wait_until_cold", "std::panicking::catch_unwind", "rayon_core::join::join_context",
            "cell::work"], "count": 4}]));
        let names: Vec<_> = profile.hot(9).into_iter().map(|h| h.symbol).collect();
        assert_eq!(names, ["work", "Rayon"]);
    }

    #[test]
    fn a_body_without_a_frame_of_its_own_is_still_named() {
        let profile = Profile::from_json(&json!([
            {"frames": ["main", "evcxr::run", "cell::benchbook_cell", "cell::fib"], "count": 2},
            {"frames": ["main", "lab::measure::profile::profile"], "count": 1},
        ]));
        assert_eq!(profile.top().symbol, "your code");
        assert_eq!(profile.top().children.iter().map(|c| c.symbol.as_str()).collect::<Vec<_>>(), ["fib"]);
    }

    #[test]
    fn the_profilers_own_handler_is_cut_off() {
        let profile = Profile::from_json(&json!([{"frames": [
            "lab::measure::profile::profile", "cell::sort", "<backtrace::backtrace::libunwind::Trace as pprof::backtrace::Trace>::trace",
            "backtrace::backtrace::trace_unsynchronized"], "count": 3}]));
        assert_eq!(
            profile.hot(9).into_iter().map(|h| (h.symbol, h.self_share)).collect::<Vec<_>>(),
            [("sort".to_owned(), 1.0), ("your code".to_owned(), 0.0)]
        );
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(Profile::from_json(&Value::Null).total(), 0);
    }
}
