//! `jupyter_kernel_test` (PyPI) on the installed kernelspec.

use serde_json::json;
use tests::prepared::Slot;
use tests::python;

#[test]
fn jupyter_kernel_test_passes_with_every_feature() {
    let _slot = Slot::take();
    let output = python::script("test_benchbook_kernel.py", &[]);
    let report = python::last_line(&output);
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(report["failures"], json!([]), "{report:#}\n{log}");
    assert_eq!(report["skipped"], json!([]), "no test may be skipped for want of a feature\n{log}");
    assert_eq!(report["run"], report["known"], "every test that it knows was run\n{log}");
    assert!(report["run"].as_u64().is_some_and(|run| run >= 13), "{report:#}");
}
