//! The program `benchbook` on a command line.

use std::process::Output;

use serde_json::Value;
use tests::prepared::{command, installed};

fn benchbook(arguments: &[&str]) -> Output {
    command(&installed().benchbook).args(arguments).output().expect("the program runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn usage_version_and_mistakes() {
    let help = benchbook(&["--help"]);
    assert!(help.status.success() && stdout(&help).contains("doctor") && stdout(&help).contains("data"));
    assert!(stdout(&benchbook(&["version"])).starts_with("benchbook "));
    let wrong = benchbook(&["kernle"]);
    assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("kernle"));
    for (file, says) in [("/nonexistent.json", "nonexistent.json"), ("/dev/null", "does not hold")] {
        let output = benchbook(&["kernel", "--connection-file", file]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(says), "{text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[test]
fn the_doctor_finds_everything() {
    let report = benchbook(&["doctor", "--json"]);
    let json: Value = serde_json::from_str(&stdout(&report)).unwrap_or_else(|error| panic!("{error}: {}", stdout(&report)));
    assert!(report.status.success(), "the doctor finds something missing: {json:#}");
    let text = stdout(&benchbook(&["doctor"]));
    for part in ["rust", "python", "kernelspec", "lab", "data"] {
        assert!(text.to_lowercase().contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn the_kernelspec_starts_our_kernel() {
    let list = command(&installed().jupyter).args(["kernelspec", "list", "--json"]).output().expect("jupyter runs");
    let specs: Value = serde_json::from_slice(&list.stdout).expect("JSON");
    let spec = &specs["kernelspecs"]["benchbook"]["spec"];
    assert_eq!(spec["display_name"], "Rust (Benchbook)", "{specs:#}");
    assert_eq!(spec["argv"][0].as_str(), installed().benchbook.to_str());
}
