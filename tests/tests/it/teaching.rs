//! `%%expect_error`, `%%exercise`, `%%check` and the store of results, in a real kernel.

use serde_json::Value;
use tests::kernel::Start;
use tests::result_object;
use tests::session::Session;
use tests::transcript::{Transcript, data};

/// The result object of a check.
#[track_caller]
fn checked(cell: &Transcript) -> &Value {
    result_object::check(cell.measured(), "check");
    cell.measured()
}

#[track_caller]
fn no_stderr(cell: &Transcript) {
    assert_eq!(cell.stderr(), "", "a grader takes anything on stderr for a failure");
}

#[test]
fn an_expected_error_is_a_success() {
    let mut session = Session::start();
    let _ = session.ok("let kept = vec![1, 2, 3];");
    let borrowed = session
        .ok("%%expect_error E0502\n{\n    let mut v = vec![1];\n    let first = &v[0];\n    v.push(2);\n    println!(\"{first}\");\n}");
    let text = borrowed.rich("text/plain");
    assert!(
        text.starts_with("This error was expected: `E0502`.\n") && text.contains("error[E0502]") && text.contains("v.push(2);"),
        "{text}"
    );
    assert!(text.contains(":5:"), "the error stands on the cell's own line: {text}");
    assert!(borrowed.of_kind("error").is_empty() && borrowed.rich("text/html").contains("E0502"));
    let panicked = session.ok("%%expect_error panic \"out of bounds\"\nprintln!(\"before\");\nkept[3 + kept.len()]");
    assert!(panicked.stdout() == "before\n" && panicked.rich("text/plain").contains("line 3"), "{}", panicked.text());
    let python = session.ok("%%expect_error ZeroDivisionError --lang python\nleft = 7\n1 / 0");
    assert!(python.rich("text/plain").contains("ZeroDivisionError: division by zero"), "{}", python.text());
    assert_eq!(session.ok("%%python\nleft").result(), "7");
    let sql = session.ok("%%expect_error \"Binder Error\"\n%%sql\nSELECT nothing FROM range(3)");
    assert!(sql.rich("text/plain").contains("nothing"), "{}", sql.text());
    assert_eq!(session.ok("kept.len()").result(), "3", "variables are kept");
}

#[test]
fn no_error_or_another_one_is_the_cells_error() {
    let mut session = Session::start();
    let _ = session.run("%%expect_error E0502\n1 + 1").fails("NotAsExpected").says(&["`E0502` was expected", "ran without an error"]);
    let _ = session.run("%%expect_error E0502\nlet x: i32 = \"a\";").fails("NotAsExpected").says(&["error[E0308]", "let x: i32"]);
    let _ = session.run("%%expect_error panic \"no such words\"\npanic!(\"others\")").fails("NotAsExpected").says(&["others"]);
    let _ = session.run("%%expect_error\n1").fails("UsageError").says(&["needs error"]);
}

const CHECK: &str = r#"%%check total --points 2
%% hint
Look at what `wrapping_add` does to each element.
%% setup
let numbers: Vec<u64> = (0..200_000).map(|n| n % 1000).collect();
%% correct
assert_eq!(total(&[1, 2, 3]), 6, "the sum of 1, 2 and 3 is 6");
assert_eq!(total(&numbers), numbers.iter().sum::<u64>());
%% effect at-least=3 at-most=100000
%% baseline
numbers.iter().fold(0_u64, |sum, n| lab::measure::opaque(sum) + n % 7 + (0..20).map(|k| lab::measure::opaque(k)).sum::<u64>())
%% solution
total(&numbers)
%% evidence
std::thread::available_parallelism()?.get() >= 1
"#;

#[test]
fn the_three_gates_of_a_check() {
    let mut session = Session::start();
    let _ = session.run(CHECK).fails("NotYet").says(&["has not run yet", "%%exercise total"]);

    let _ = session.ok("%%exercise total\nfn total(numbers: &[u64]) -> u64 {\n    todo!()\n}");
    let unfinished = session.run(CHECK);
    unfinished.fails("NotYet").says(&["not done yet", "todo!()"]);
    assert_eq!(unfinished.result(), "0.0");

    let _ = session.ok("%%exercise total\nfn total(numbers: &[u64]) -> u64 {\n    numbers.iter().sum::<u64>() + 1\n}");
    let wrong = session.run(CHECK);
    wrong.fails("NotYet").says(&["total, correct: the sum of 1, 2 and 3 is 6 (left: 7, right: 6)"]);
    let gates = checked(&wrong)["gates"].as_array().expect("gates").clone();
    let verdicts: Vec<_> = gates.iter().map(|gate| gate["verdict"].as_str().unwrap_or_default()).collect();
    assert_eq!(verdicts, ["not yet", "skipped", "skipped"]);

    let slow = "numbers.iter().fold(0_u64, |sum, n| lab::measure::opaque(sum) + n + (0..20).map(|_| lab::measure::opaque(0)).sum::<u64>())";
    let _ = session.ok(format!("%%exercise total\nfn total(numbers: &[u64]) -> u64 {{\n    {slow}\n}}"));
    let slow = session.run(CHECK);
    slow.fails("NotYet").says(&["total, effect:", "times as fast as the baseline"]);
    assert_eq!(slow.result(), "1.33", "two gates of three");

    let _ = session.ok("%%exercise total\nfn total(numbers: &[u64]) -> u64 {\n    numbers.iter().sum()\n}");
    let good = session.ok(CHECK);
    no_stderr(&good);
    let object = checked(&good);
    // How quick it is depends on the machine, so a noisy one may leave it open.
    assert_ne!(object["verdict"], "not yet", "{}", good.text());
    assert_eq!((object["exercise"].as_str(), object["score"].as_f64()), (Some("total"), Some(2.0)));
    assert_eq!(object["code_sha256"].as_str().map(str::len), Some(64));
    assert_eq!(object["variants"].as_array().map(Vec::len), Some(2));
    assert_eq!(good.result(), "2.0", "one number, which a grader reads");
    assert_eq!(good.of_kind("execute_result").len(), 1);
    let card = good.displays().into_iter().find(|message| message.content["data"]["text/html"].is_string()).expect("a card");
    assert!(data(card, "text/plain").contains("correct") && data(card, "text/html").contains("total"));
    let _ = session.run("numbers").fails("CompileError[E0425]");
    let hint = session.ok("%hint total");
    assert!(hint.rich("text/plain").starts_with("hint 1 of 1: Look at what"), "{}", hint.text());
}

#[test]
fn a_check_in_python() {
    let mut session = Session::start();
    let check = "%%check mean --lang python\n%% setup\nimport statistics\ndata = list(range(20_000))\n%% correct\ngot = mean(data)\n\
                 assert abs(got - statistics.fmean(data)) < 1e-9, f\"the mean is {statistics.fmean(data)}, not {got}\"\n\
                 %% effect at-least=3\n%% baseline\nstatistics.mean(data)\n%% solution\nmean(data)\n%% evidence says=\"no loop is needed\"\n\
                 'for' not in mean.__code__.co_names";
    let _ = session.ok("%%exercise mean\n%%python\ndef mean(values):\n    raise NotImplementedError");
    let _ = session.run(check).fails("NotYet").says(&["not done yet", "NotImplementedError"]);
    let _ = session.ok("%%exercise mean --lang python\ndef mean(values):\n    return sum(values) / (len(values) - 1)");
    let _ = session.run(check).fails("NotYet").says(&["mean, correct: the mean is 9999.5, not"]);
    let _ = session.ok("%%exercise mean --lang python\ndef mean(values):\n    return missing(values)");
    let _ = session.run(check).fails("NotYet").says(&["NameError", "missing", "check", "mean(values)"]);
    let _ = session.ok("%%exercise mean --lang python\ndef mean(values):\n    return sum(values) / len(values)");
    let good = session.ok(check);
    no_stderr(&good);
    assert_ne!(checked(&good)["verdict"], "not yet", "{}", good.text());
    assert_eq!(checked(&good)["variants"][1]["lang"], "python");
    let _ = session.run("%%python\ndata").fails("NameError");
}

#[test]
fn what_was_optimised_away_is_suspicious() {
    let mut session = Session::start();
    let _ = session.ok("let big: Vec<u64> = (0..1_000_000).collect();\nfn work(_: &[u64]) -> u64 { 0 }");
    let _ = session.ok("%%exercise gone\n1");
    let check = "%%check gone\n%% correct\nOk(())\n%% effect at-least=3 at-most=20\n%% baseline\nbig.iter().map(|n| n ^ (n >> 3)).sum::<u64>()\n\
                 %% solution\nwork(&big)";
    let _ = session.run(check).fails("NotYet").says(&["suspiciously fast", "removed the work"]);
}

#[test]
fn queries_and_plans_are_evidence() {
    let mut session = Session::start();
    let _ = session.ok("%sql CREATE TABLE t AS SELECT range AS n FROM range(100)");
    let _ = session.ok("%%exercise q --lang sql\nCREATE OR REPLACE VIEW answer AS SELECT count(*) AS c FROM t WHERE n < 10");
    let good = session.ok("%%check q --lang sql\n%% correct\nSELECT c = 10 FROM answer\n%% evidence plan=AGGREGATE plan-lacks=JOIN\nSELECT count(*) FROM t WHERE n + 1 < 10");
    assert_eq!(checked(&good)["verdict"], "passed", "{}", good.text());
    let _ = session
        .run("%%check q --lang sql\n%% evidence plan=JOIN\nSELECT count(*) FROM t")
        .fails("NotYet")
        .says(&["the plan has no `JOIN`"]);
    let _ = session
        .run("%%check q --lang sql\nSELECT c = 11 FROM answer")
        .fails("NotYet")
        .says(&["this is not true: `SELECT c = 11 FROM answer`"]);
    let lacking = session
        .ok("%%check q\n%% requires says=\"a million CPUs\"\nstd::thread::available_parallelism()?.get() > 1_000_000\n%% correct\nfalse");
    assert_eq!(checked(&lacking)["verdict"], "inconclusive");
}

#[test]
fn the_results_of_all_notebooks_are_in_one_file() {
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let file = folder.path().join("results.jsonl");
    let start = |notebook: &str| {
        let variables = [("BENCHBOOK_RESULTS", file.display().to_string()), ("BENCHBOOK_NOTEBOOK", notebook.to_owned())];
        let environment = variables.map(|(name, value)| (name.to_owned(), value)).into();
        Session::start_with(&Start { environment, ..Start::default() })
    };
    let mut first = start("11_first.ipynb");
    let timed = first.ok("%timeit -q -r 7 -n 10 --label \"sum @ 10\" (0..10_u64).sum::<u64>()");
    assert!(timed.left_standing().is_empty());
    drop(first);
    let mut second = start("12_second.ipynb");
    let shown = second.ok("%timeit -r 7 -n 10 --label \"sum @ 10\" (0..10_u64).sum::<u64>()");
    assert_eq!(shown.measured()["code_sha256"].as_str().map(str::len), Some(64));
    let _ = second.ok("%timeit -q -r 7 -n 10 --label other (0..20_u64).sum::<u64>()");

    let own = second.ok("%results").rich("text/plain");
    assert!(own.contains("sum @ 10") && !own.contains("11_first"), "{own}");
    let all = second.ok("%results --all").rich("text/plain");
    assert!(all.contains("11_first: sum @ 10") && all.contains("12_second: other"), "{all}");
    let one = second.ok("%results --notebook 11* --magic timeit --since 1h --label sum*").rich("text/plain");
    assert!(one.contains("sum @ 10") && !one.contains("other"), "{one}");
    let none = second.ok("%results --all --magic parallel").rich("text/plain");
    assert!(none.contains("No measurement fits"), "{none}");
    let curves = second.ok("%results --all --x rows \"11_first: sum\" \"12_second: sum\"");
    assert!(curves.rich("text/plain").contains("11_first: sum"), "{}", curves.text());
    let again = second.ok("%results --show other");
    assert!(again.rich("text/plain").contains("nothing was measured") && again.rich("image/svg+xml").contains("<svg"), "{}", again.text());

    let csv = folder.path().join("all.csv");
    let _ = second.ok(format!("%results --all --export {}", csv.display()));
    let rows = std::fs::read_to_string(&csv).expect("written");
    assert_eq!(rows.lines().count(), 4, "{rows}");
    let chosen = folder.path().join("chosen.csv");
    let _ = second.ok(format!("%results other --export {}", chosen.display()));
    let rows = std::fs::read_to_string(&chosen).expect("written");
    assert!(rows.lines().count() == 2 && rows.contains(",other,") && !rows.contains("sum @ 10"), "{rows}");
    let _ = second.run(format!("%results nobody --export {}", chosen.display())).fails("UsageError");
    let json = folder.path().join("all.json");
    let _ = second.ok(format!("%results --all --export {}", json.display()));
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(&json).expect("written")).expect("JSON");
    assert_eq!(whole[0]["notebook"], "11_first.ipynb");
    assert_eq!(whole[0]["result"]["variants"][0]["samples_s"].as_array().map(Vec::len), Some(7));
    let _ = second.run("%results --all --export all.xls").fails("UsageError").says(&[".csv", ".json"]);

    // A kernel that was killed while it wrote.
    let mut text = std::fs::read_to_string(&file).expect("written");
    text.push_str("{\"schema\": 1, \"utc\": \"20");
    std::fs::write(&file, text).expect("it can be written");
    let _ = second.ok("%timeit -q -r 7 -n 10 --label later (0..20_u64).sum::<u64>()");
    let after = second.ok("%results --all").rich("text/plain");
    assert!(after.contains("1 line of") && after.contains("could not be read") && after.contains("12_second: later"), "{after}");
}
