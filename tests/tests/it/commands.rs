//! `:commands`, `!shell`, magics' help, completion and Shift-Tab.

use tests::message::Channel::Shell;
use tests::session::Session;

#[test]
fn commands_and_shell_lines() {
    let mut session = Session::start();
    let _ = session.ok("let answer = 42_i64;\nlet word = String::from(\"x\");");
    let vars = session.ok(":vars");
    assert!(vars.rich("text/plain").contains("answer") && vars.rich("text/plain").contains("i64"), "{}", vars.text());
    let magic = session.ok("%vars");
    assert!(magic.rich("text/plain").contains("word") && magic.rich("text/plain").contains("String"), "{}", magic.text());
    let help = session.ok(":help");
    assert!(help.rich("text/plain").contains(":dep"), "{}", help.text());
    let unknown = session.run(":nonsense");
    assert_eq!(unknown.reply["status"], "error", "{}", unknown.text());

    assert_eq!(session.ok("!echo hi && echo err >&2").stdout(), "hi\n");
    assert_eq!(session.ok("!echo err >&2").stderr(), "err\n");
    let failing = session.run("!echo seen; false").fails("ShellError");
    assert!(failing.message.contains("exit code 1"), "{failing:?}");
    assert_eq!(session.ok("!echo $((6*7))\nanswer + 1").result(), "43", "Rust may follow");
    // What cells' compiler needs is not in the shell's environment.
    let environment = session.ok("!env; command -v cargo").stdout();
    assert!(
        !environment.contains("EVCXR_") && !environment.contains("/shim/bin") && !environment.contains("RUSTUP_TOOLCHAIN=1"),
        "{environment}"
    );

    let restarted = session.ok(":restart");
    assert!(restarted.stdout().contains("variables are gone"), "{}", restarted.text());
    let _ = session.run("answer").fails("CompileError[E0425]");
    assert_eq!(session.ok("1 + 1").result(), "2");
}

#[test]
fn quit_answers_and_ends() {
    let mut session = Session::start();
    let _ = session.ok("!true");
    let worker = session.kernel.rust_worker();
    let quit = session.ok(":quit");
    assert!(quit.stdout().contains("ends"), "{}", quit.text());
    assert!(session.kernel.wait_end().success(), "{}", session.kernel.log());
    tests::process::wait_gone(&worker, std::time::Duration::from_secs(5));
    session.forgive();
}

#[test]
fn magics_help_and_near_misses() {
    let mut session = Session::start();
    let list = session.ok("%lsmagic").rich("text/plain");
    for name in ["%%sql", "%%timeit", "%%parallel", "%%profile", "%data", "%tables", "%vars", "%lsmagic"] {
        assert!(list.contains(name), "{name} is not in\n{list}");
        let bare = name.trim_start_matches('%');
        for asking in [format!("{name} --help"), format!("{name}?")] {
            let help = session.ok(asking.as_str());
            let mut text = help.rich("text/plain");
            text.push_str(&help.reply["payload"].to_string());
            assert!(text.contains(bare) && text.contains("--help"), "{asking}:\n{}", help.text());
        }
    }
    session.run("%timit 1").fails("UsageError").says(&["`%timit`", "did you mean", "timeit"]);
    session.run("%%sqll\nSELECT 1").fails("UsageError").says(&["did you mean", "sql"]);
    session.run("%%sql --explan\nSELECT 1").fails("UsageError").says(&["--explan", "did you mean", "--explain"]);
    session.run("%%sql --limit many\nSELECT 1").fails("UsageError").says(&["many"]);
    session.run("let x = 1;\n%%sql\nSELECT 1").fails("UsageError").says(&["%%sql"]);
    assert_eq!(session.ok("40 + 2").result(), "42");
}

#[test]
fn completion_and_shift_tab() {
    let mut session = Session::start();
    let offers = |session: &mut Session, code: &str, wanted: &str| {
        let names = session.complete(code);
        assert!(
            names.iter().any(|name| name.trim_start_matches('%').starts_with(wanted)),
            "`{wanted}` is not offered after `{code}`: {names:?}"
        );
    };
    offers(&mut session, "%%sq", "sql");
    offers(&mut session, "%%sql --ex", "--explain");
    offers(&mut session, "%%sql --engine d", "duckdb");
    offers(&mut session, "%data tp", "tpch");
    offers(&mut session, ":var", ":vars");

    let _ = session.ok("let numbers = vec![1_i32, 2, 3];\nfn my_own_function(x: i32) -> i32 { x }");
    offers(&mut session, "numbers.le", "len");
    offers(&mut session, "my_own_fu", "my_own_function");
    offers(&mut session, "%%timeit\nnumbers.it", "iter");
    offers(&mut session, "use polars::prelude::*;\nlet d = DataFrame::em", "empty");
    // Positions count characters, not bytes.
    let code = "let s = \"\u{1f980}\u{e9}\"; numbers.le";
    let reply = session.request(Shell, "complete_request", serde_json::json!({ "code": code, "cursor_pos": code.chars().count() }));
    let content = reply.content();
    let (start, end) = (content["cursor_start"].as_u64(), content["cursor_end"].as_u64());
    let length = code.chars().count() as u64;
    assert_eq!((start, end), (Some(length - 2), Some(length)), "{content}");
    assert!(content["metadata"]["_jupyter_types_experimental"].is_array());

    assert!(session.inspect("%%sql").is_some_and(|text| text.contains("--explain")));
    assert!(session.inspect("%%sql --limit").is_some_and(|text| text.contains("rows")));
    assert!(session.inspect("my_own_function").is_some_and(|text| text.contains("i32")));
    assert!(session.inspect("numbers.len").is_some_and(|text| text.contains("usize")));
    assert!(session.inspect("no_such_name_anywhere").is_none());
}
