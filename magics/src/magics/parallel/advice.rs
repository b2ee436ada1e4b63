//! What to try when more workers did not help.

use crate::measure::python::Interpreter;
use crate::measure::report::Remark;
use crate::stats::scaling::Point;

/// Speed-ups between these are none.
const NONE: std::ops::Range<f64> = 0.85..1.15;

/// Points with more than one worker within the CPUs available, where workers can help; none when there are none.
fn helpable(points: &[Point], available: usize) -> Option<Vec<&Point>> {
    let more: Vec<_> = points.iter().filter(|p| p.threads > 1 && p.threads <= available).collect();
    (!more.is_empty()).then_some(more)
}

/// Advice when no thread count helped Rust code.
pub fn for_rust(body: &str, points: &[Point], available: usize) -> Option<Remark> {
    if !helpable(points, available)?.iter().all(|p| NONE.contains(&p.speedup.value)) {
        return None;
    }
    let words: Vec<&str> = crate::rust_text::tokens(body).map(|t| t.text(body)).collect();
    let rayon = words.iter().any(|w| w.starts_with("par_") || w.starts_with("into_par") || *w == "rayon" || *w == "join" || *w == "scope");
    Some(if rayon {
        Remark::note(
            "more threads made no difference: the code is serial, too short, or limited by memory",
            "a larger input, or `%%profile` to see where the time goes",
        )
    } else {
        Remark::warning(
            "more threads made no difference, and the cell names nothing of Rayon: unless a function that it calls does, it runs on one \
             thread, or on a pool of its own (as Polars does)",
            "`use lab::rayon::prelude::*;` and `par_iter()` instead of `iter()`; where Rayon is used already, a larger input",
        )
    })
}

/// Advice when no count of threads or processes made Python code faster.
pub fn for_python(interpreter: Option<&Interpreter>, backend: &str, points: &[Point], available: usize) -> Option<Remark> {
    // Nothing is said that the interval leaves open.
    let most = |point: &Point| point.speedup.ci.map_or(point.speedup.value, |(_, high)| high);
    if !helpable(points, available)?.into_iter().all(|point| most(point) < NONE.end) {
        return None;
    }
    let name = interpreter.map_or_else(|| "this Python".to_owned(), |i| format!("{} {}", i.implementation, i.version));
    Some(match (backend, interpreter.is_some_and(|i| i.gil)) {
        ("threads", true) => Remark::note(
            format!(
                "more threads were not faster, and {name} has a global interpreter lock (GIL): only one thread at a time runs Python code"
            ),
            "`--backend processes`, of which each has a lock of its own, or code that works outside of the lock, as NumPy's often does",
        ),
        _ => Remark::note(
            format!("more {backend} were not faster: the shares are uneven or too small, or memory is the limit"),
            "a larger input, and shares of equal work",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bootstrap::SEED;
    use crate::stats::scaling::{Sweep, points};

    fn measured(seconds: [f64; 2]) -> Vec<Point> {
        let sweeps: Vec<_> = seconds
            .iter()
            .enumerate()
            .map(|(i, s)| Sweep { threads: i + 1, samples: (0..8).map(|k| s * (1.0 + 0.001 * f64::from(k))).collect() })
            .collect();
        points(&sweeps, SEED)
    }

    fn python(gil: bool) -> Interpreter {
        Interpreter { implementation: "CPython".into(), version: "3.13.1".into(), gil }
    }

    #[test]
    fn the_lock_is_named_only_where_it_is_and_threads_did_not_help() {
        let slower = measured([1.0, 1.4]);
        let advice = |gil, backend, points: &[Point]| for_python(Some(&python(gil)), backend, points, 2).map(|remark| remark.text);
        assert!(advice(true, "threads", &slower).unwrap().contains("CPython 3.13.1 has a global interpreter lock"));
        assert!(!advice(false, "threads", &slower).unwrap().contains("lock"));
        assert!(!advice(true, "processes", &slower).unwrap().contains("lock"));
        assert_eq!(advice(true, "threads", &measured([1.0, 0.52])), None);
        assert_eq!(for_python(Some(&python(true)), "threads", &slower, 1), None, "one CPU says nothing");
    }
}
