//! Hints for errors that come from a body being run many times, or by many threads.

use crate::error::MagicError;

/// Adds what to try to an error of measured code; other errors pass unchanged.
pub fn explain(mut error: MagicError, magic: &str) -> MagicError {
    let text = format!("{}\n{}", error.message, error.traceback.join("\n"));
    let has = |needles: &[&str]| needles.iter().any(|n| text.contains(n));
    let hint = if has(&["E0507", "E0382", "cannot move out of"]) {
        let setup =
            if magic == "timeit" { ", or make a fresh one for each run: `--setup \"let mut y = x.clone();\"` and use `y`" } else { "" };
        format!(
            "`%%{magic}` runs this code many times, so it cannot use up a variable `x`: borrow it (`&x`), clone it (`x.clone()`){setup}"
        )
    } else if magic == "parallel" && has(&["E0594", "E0596"]) {
        "`%%parallel` shares this code between threads, so it cannot change a variable of the notebook: return a new value instead".into()
    } else if magic == "parallel" && has(&["cannot be shared between threads safely", "cannot be sent between threads safely"]) {
        "every thread sees the variables of this code: use `Arc` and `Mutex` instead of `Rc` and `RefCell`".into()
    } else {
        return error;
    };
    // A traceback is shown as it is, so the hint must be in it too.
    if !error.traceback.is_empty() {
        error.traceback.push(format!("\u{1b}[1mhint\u{1b}[0m: {hint}"));
    }
    error.hint = Some(hint);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_variable_is_explained() {
        let error = MagicError::new("CompileError", "cannot move out of `v`, a captured variable in an `FnMut` closure")
            .traceback(vec!["error[E0507]: cannot move out of `v`".into()]);
        let error = explain(error, "timeit");
        assert!(error.hint.as_ref().unwrap().contains("--setup"));
        assert!(error.shown().last().unwrap().contains("many times"));
    }

    #[test]
    fn threads_have_their_own_hints_and_other_errors_none() {
        let error = |message: &str| MagicError::new("CompileError", message);
        assert!(explain(error("error[E0596]: cannot borrow"), "parallel").hint.unwrap().contains("between threads"));
        assert_eq!(explain(error("error[E0308]: mismatched types"), "timeit").hint, None);
    }
}
