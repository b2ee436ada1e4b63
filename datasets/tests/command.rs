//! `benchbook data` as a user meets it.

mod common;

use std::fs;

use common::command;
use serde_json::Value;

/// Does nothing by itself: other tests start this program again with only this test.
#[test]
fn child() {
    common::run_child();
}

/// Exit code, standard output without the test program's own lines, standard error.
fn run(args: &[&str]) -> (Option<i32>, Vec<String>, String) {
    let output = command("", args).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let own = |line: &&str| !line.is_empty() && *line != "running 1 test" && !line.starts_with("test ");
    // Without a line end before it the harness's own words share the first line.
    let lines = text.lines().map(|line| line.trim_start_matches("test child ... ")).filter(own).map(str::to_owned);
    (output.status.code(), lines.collect(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn json_lines_report_progress_and_end_with_the_files() {
    let root = tempfile::tempdir().expect("folder");
    let dir = root.path().to_str().expect("UTF-8");
    for reused in [false, true] {
        let (code, lines, errors) = run(&["stocks", "--days", "2", "--json", "--dir", dir]);
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{lines:?}");
        let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let (last, progress) = lines.split_last().expect("lines");
        assert!(progress.iter().all(|line| line["done"].is_f64() && line["what"].is_string()));
        assert_eq!(progress.is_empty(), reused);
        assert_eq!((&last["reused"], last["files"].as_array().map(Vec::len)), (&Value::from(reused), Some(9)));
        let bars = &last["files"][0];
        assert_eq!((&bars["table"], &bars["format"], &bars["rows"]), (&"bars".into(), &"parquet".into(), &(2 * 29 * 241).into()));
        let path = bars["path"].as_str().expect("path");
        assert!(path.starts_with(last["dir"].as_str().expect("dir")));
        assert_eq!(bars["bytes"], fs::metadata(path).expect("there").len());
    }
}

#[test]
fn text_shows_progress_lists_and_verifies() {
    let root = tempfile::tempdir().expect("folder");
    let dir = root.path().to_str().expect("UTF-8");
    let (code, lines, progress) = run(&["stocks", "--dir", dir]);
    assert_eq!(code, Some(0), "{progress}");
    assert!(lines[0].ends_with("stocks-20d (made)"), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("bars.parquet") && line.contains("139,780 rows")), "{lines:?}");
    assert!(progress.contains("stocks-20d:  50 % day 10 of 20"), "{progress}");
    let (_, lines, progress) = run(&["stocks", "--dir", dir]);
    assert!(lines[0].ends_with("(there already, verified)") && progress.is_empty(), "{lines:?} {progress}");

    let (code, lines, _) = run(&["list", "--dir", dir]);
    assert_eq!(code, Some(0));
    assert!(lines.iter().any(|line| line.contains("stocks-20d") && line.contains("9 files")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("TPC-H-derived, not comparable")), "{lines:?}");

    assert_eq!(run(&["verify", "--dir", dir]).0, Some(0));
    fs::write(root.path().join("stocks-20d/daily.csv"), "").expect("writes");
    let (code, lines, _) = run(&["verify", "--dir", dir]);
    assert!(code == Some(1) && lines[0].contains("daily.csv has 0 bytes instead of"), "{lines:?}");
    let (code, lines, _) = run(&["stocks", "--dir", dir]);
    assert!(code == Some(0) && lines[0].contains("(made again: daily.csv has 0 bytes"), "{lines:?}");
    fs::remove_file(root.path().join("stocks-20d/manifest.json")).expect("removes");
    let (code, lines, _) = run(&["verify", "stocks-20d", "--json", "--dir", dir]);
    assert!(code == Some(1) && lines[0].contains("\"ok\":false"), "{lines:?}");
}

#[test]
fn the_root_comes_from_the_environment() {
    let root = tempfile::tempdir().expect("folder");
    let listed = |variables: [(&str, &str); 2]| {
        let output = command("", &["list"]).envs(variables).output().expect("runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let dir = root.path().to_str().expect("UTF-8");
    assert!(listed([("BENCHBOOK_DATA", dir), ("XDG_CACHE_HOME", "/x")]).contains(&format!("Made in {dir}:")));
    let cache = format!("Made in {dir}/benchbook/data:");
    assert!(listed([("BENCHBOOK_DATA", ""), ("XDG_CACHE_HOME", dir)]).contains(&cache));
    let home = format!("Made in {dir}/.cache/benchbook/data:");
    let output = command("", &["list"]).env_remove("BENCHBOOK_DATA").env_remove("XDG_CACHE_HOME").env("HOME", dir).output().expect("runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains(&home));
}

#[test]
fn wrong_use_gives_code_2_and_a_hint() {
    let (code, _, errors) = run(&["stoks"]);
    assert!(code == Some(2) && errors.contains("unknown dataset `stoks`; did you mean `stocks`?"), "{errors}");
    let (code, lines, errors) = run(&["tpch", "--sf", "x", "--json"]);
    assert!(code == Some(2) && errors.is_empty() && lines[0].starts_with("{\"error\":"), "{lines:?} {errors}");
    let (code, lines, _) = run(&["--help"]);
    assert!(code == Some(0) && lines.iter().any(|line| line.contains("--sf")), "{lines:?}");
}

#[test]
fn the_course_scale_decides_what_is_not_given() {
    let root = tempfile::tempdir().expect("folder");
    let dir = root.path().to_str().expect("UTF-8");
    let made = |scale: &str, args: &[&str]| {
        let output = command("", &[args, &["--dir", dir]].concat()).env("COURSE_SCALE", scale).output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    };
    let (code, text) = made("class", &["stocks", "--symbols", "8", "--formats", "csv"]);
    assert!(code == Some(0) && text.contains("/stocks-252d-8s (made)"), "{text}");
    // The option and a parameter count more.
    let (code, text) = made("class", &["stocks", "--symbols", "8", "--formats", "csv", "--scale", "ci"]);
    assert!(code == Some(0) && text.contains("/stocks-20d-8s (made)"), "{text}");
    let (code, text) = made("big", &["taxi", "--rows", "10"]);
    assert!(code == Some(0) && text.contains("/taxi-10 (made)"), "{text}");
    let (code, text) = made("huge", &["taxi"]);
    assert!(code == Some(2) && text.contains("COURSE_SCALE is `huge`: set it to ci, class or big"), "{text}");
    // What makes nothing does not mind.
    assert_eq!(made("huge", &["list"]).0, Some(0));
}
