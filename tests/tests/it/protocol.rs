//! The Jupyter protocol, message by message, on the real kernel.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::frontend::{CELL, Frontend};
use tests::kernel::Start;
use tests::message::Channel::{Control, Shell};
use tests::session::{Cell, Session};

#[test]
fn requests_without_a_cell() {
    let mut session = Session::start();
    for channel in [Shell, Control] {
        let info = session.request(channel, "kernel_info_request", json!({}));
        let info = info.content();
        assert_eq!(info["implementation"], "benchbook");
        let language = &info["language_info"];
        assert_eq!((language["name"].as_str(), language["file_extension"].as_str()), (Some("rust"), Some(".rs")));
        assert_eq!((language["mimetype"].as_str(), language["pygments_lexer"].as_str()), (Some("text/rust"), Some("rust")));
        assert_eq!(language["codemirror_mode"], "rust");
        assert!(language["version"].as_str().is_some_and(|version| version.starts_with("1.")), "{language}");
        assert!(info["banner"].as_str().is_some_and(|banner| banner.contains("Benchbook")));
        assert!(
            info["help_links"].as_array().is_some_and(|links| links.iter().all(|link| link["text"].is_string() && link["url"].is_string()))
        );
    }
    let ports = session.request(Shell, "connect_request", json!({}));
    assert_eq!(ports.content()["hb_port"], session.kernel.info().hb_port);

    for (code, status) in COMPLETENESS {
        let answer = session.request(Shell, "is_complete_request", json!({ "code": code }));
        assert_eq!(&answer.content()["status"], status, "is_complete of {code:?}");
    }

    let comms = session.request(Shell, "comm_info_request", json!({}));
    assert_eq!(comms.content()["comms"], json!({}));
    let opened = session.request(Shell, "comm_open", json!({ "comm_id": "c1", "target_name": "nobody", "data": {} }));
    assert!(opened.reply.is_none());
    assert_eq!(opened.outputs.len(), 1, "a comm to an unknown target is closed again");
    assert_eq!((opened.outputs[0].kind(), opened.outputs[0].text("comm_id")), ("comm_close", "c1"));
    for kind in ["comm_msg", "comm_close"] {
        assert!(session.request(Shell, kind, json!({ "comm_id": "c1", "data": {} })).outputs.is_empty());
    }

    let debug = session.request(Control, "debug_request", json!({ "type": "request", "seq": 1, "command": "initialize" }));
    assert_eq!(debug.content()["success"], false);
    let idle = session.request(Control, "interrupt_request", json!({}));
    assert_eq!(idle.content()["status"], "ok");
    let unknown = session.request(Shell, "no_such_request", json!({ "x": 1 }));
    assert_eq!(unknown.content()["status"], "error");
    assert!(unknown.content()["evalue"].as_str().is_some_and(|text| text.contains("no_such_request")));
    assert!(session.request(Shell, "no_such_thing", json!({})).outputs.is_empty());
}

/// `is_complete_request` on Rust, brackets, strings, comments and magics.
const COMPLETENESS: [(&str, &str); 21] = [
    ("let x = 1;", "complete"),
    ("1 + 1", "complete"),
    ("fn f() {", "incomplete"),
    ("fn f() {}", "complete"),
    ("let v = vec![1,", "incomplete"),
    ("\"open", "incomplete"),
    ("\"closed\"", "complete"),
    ("r#\"open\"", "incomplete"),
    ("/* open", "incomplete"),
    ("'a'", "complete"),
    ("fn f<'a>(x: &'a str) -> &'a str { x }", "complete"),
    ("x.iter()\n    .map(", "incomplete"),
    ("let x =", "incomplete"),
    (")", "invalid"),
    ("(]", "invalid"),
    ("%lsmagic", "complete"),
    ("%%sql", "incomplete"),
    ("%%sql\nSELECT 1", "incomplete"),
    ("%%sql\nSELECT 1\n\n", "complete"),
    (":vars", "complete"),
    ("!echo hi", "complete"),
];

#[test]
fn silent_cells_numbers_expressions_and_aborts() {
    let mut session = Session::start();
    let first = session.ok("!echo one");
    assert_eq!((first.input_count, first.reply["execution_count"].as_u64()), (Some(1), Some(1)));
    assert_eq!(first.stdout(), "one\n");

    let silent = session.ok(Cell { silent: true, ..Cell::from("!echo hidden") });
    assert!(silent.messages.is_empty() && silent.input_count.is_none(), "{}", silent.text());
    let unstored = session.ok(Cell { store_history: false, ..Cell::from("!echo two") });
    assert_eq!(unstored.input_count, Some(2));
    assert_eq!(session.ok("!echo two").input_count, Some(2), "a cell that is not stored takes no number");
    let empty = session.ok("   \n");
    assert!(empty.messages.is_empty());

    let expressions = json!({ "good": "6 * 7", "bad": "no_such_variable", "panics": "panic!(\"in an expression\")" });
    let asked = session.ok(Cell { user_expressions: expressions, ..Cell::from("!echo three") });
    assert_eq!(asked.stdout(), "three\n");
    assert!(asked.of_kind("execute_result").is_empty(), "expressions show nothing");
    let answers = &asked.reply["user_expressions"];
    assert_eq!((&answers["good"]["status"], &answers["good"]["data"]["text/plain"]), (&json!("ok"), &json!("42")));
    for failing in ["bad", "panics"] {
        assert_eq!(answers[failing]["status"], "error", "{answers}");
        assert!(answers[failing]["ename"].is_string() && answers[failing]["traceback"].is_array(), "{answers}");
    }

    // An error aborts what is queued behind it, unless the request says otherwise.
    let failing = session.begin("!exit 3");
    let behind: Vec<String> = (0..2).map(|n| session.begin(format!("!echo behind {n}"))).collect();
    assert_eq!(session.end("!exit 3", &failing).fails("ShellError").message, "`exit 3` ended with exit code 3");
    for id in behind {
        let aborted = session.finish(&id, CELL);
        assert_eq!(aborted.content()["status"], "aborted");
        assert!(aborted.outputs.is_empty(), "an aborted cell shows nothing: {:?}", aborted.outputs);
    }
    let failing = session.begin(Cell { stop_on_error: false, ..Cell::from("!exit 4") });
    let behind = session.begin("!echo goes on");
    let _ = session.end("!exit 4", &failing).fails("ShellError");
    assert_eq!(session.end("!echo goes on", &behind).ok().stdout(), "goes on\n");
    assert_eq!(session.ok("!echo after").stdout(), "after\n");
}

#[test]
fn everything_answers_while_a_cell_runs() {
    let mut session = Session::start();
    let _ = session.ok("!true");
    let code = "!sleep 30";
    let cell = session.begin(code);
    let line = session.recv_output(&cell, CELL).expect("the cell runs");
    assert_eq!(line.kind(), "execute_input");

    let began = Instant::now();
    for payload in [&b"ping"[..], b"", &[0, 255, 7], &[b'x'; 4096]] {
        assert_eq!(session.heartbeat(payload), payload, "the heartbeat is an echo");
    }
    for channel in [Control, Shell] {
        assert_eq!(session.request(channel, "kernel_info_request", json!({})).content()["status"], "ok");
        let magics = session.request(channel, "complete_request", json!({ "code": "%%sq", "cursor_pos": 4 }));
        assert!(magics.content()["matches"].to_string().contains("sql"), "{:?}", magics.content());
        assert_eq!(session.request(channel, "is_complete_request", json!({ "code": "1" })).content()["status"], "complete");
    }
    assert!(session.inspect("%%sql").is_some_and(|help| help.contains("--explain")));
    assert!(began.elapsed() < Duration::from_secs(20), "the answers came while the cell ran");
    session.interrupt();
    let interrupted = session.end(code, &cell);
    let _ = interrupted.fails("Interrupted");
    assert!(began.elapsed() < Duration::from_secs(25), "the cell was stopped");
    assert_eq!(session.ok("!echo next").stdout(), "next\n");
}

#[test]
fn input_reaches_the_frontend_that_asked() {
    let mut session = Session::start();
    let mut other = Frontend::connect(session.kernel.info());
    let code = "let name = input(\"name? \")?;\nlet secret = password(\"secret? \")?;\nprintln!(\"{name}/{secret}\");";
    let asking = Cell { allow_stdin: true, ..Cell::from(code) };
    let cell = session.begin(asking.clone());
    let question = session.recv_input_request(&cell);
    assert_eq!((question.text("prompt"), &question.content["password"]), ("name? ", &json!(false)));
    session.answer(&question, "Ada \u{1f980}");
    let question = session.recv_input_request(&cell);
    assert_eq!((question.text("prompt"), &question.content["password"]), ("secret? ", &json!(true)));
    session.answer(&question, "p\"w");
    let done = session.end(code, &cell).ok();
    assert_eq!(done.stdout(), "Ada \u{1f980}/p\"w\n");
    other.assert_silence();

    let refused = session.run(code);
    refused.fails("Error").says(&["does not allow a cell to ask for input"]);

    // A question that nobody answers is ended by an interrupt.
    let cell = session.begin(asking);
    let _ = session.recv_input_request(&cell);
    session.interrupt();
    let _ = session.end(code, &cell).fails("Interrupted");
    assert_eq!(session.ok("println!(\"on\")").stdout(), "on\n");
}

#[test]
fn ipc_works_as_tcp_does() {
    let mut session = Session::start_with(&Start { ipc: true, ..Start::default() });
    assert_eq!(session.heartbeat(b"over a file"), b"over a file");
    assert_eq!(session.ok("!echo ipc").stdout(), "ipc\n");
    let prefix = session.kernel.info().ip.clone();
    let files: Vec<_> = (1..=5).map(|port| std::path::PathBuf::from(format!("{prefix}-{port}"))).collect();
    for file in &files {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(file).expect("a socket").permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    let _ = session.request(Control, "shutdown_request", json!({ "restart": false }));
    assert!(session.kernel.wait_end().success());
    assert!(files.iter().all(|file| !file.exists()), "socket files are removed");
    session.forgive();
}

#[test]
fn shutdown_replies_first_and_leaves_nothing() {
    for (channel, restart, busy) in [(Control, true, false), (Shell, false, false), (Control, false, true)] {
        let mut session = Session::start();
        let _ = session.ok("!true");
        let worker = session.kernel.rust_worker();
        let directory = session.kernel.session_dir().expect("a session directory");
        let running = busy.then(|| {
            let id = session.begin("!sleep 60");
            let _ = session.recv_output(&id, CELL);
            id
        });
        let ended = session.request(channel, "shutdown_request", json!({ "restart": restart }));
        assert_eq!(ended.content()["restart"], restart);
        assert_eq!(ended.outputs.len(), 1, "other frontends are told: {:?}", ended.outputs);
        if let Some(id) = running {
            let _ = session.end("!sleep 60", &id).fails("Interrupted");
        }
        assert!(session.kernel.wait_end().success(), "{}", session.kernel.log());
        tests::process::wait_gone(&worker, Duration::from_secs(5));
        assert!(!directory.exists(), "the session's directory is removed");
        session.forgive();
    }
}

#[test]
fn two_frontends_see_the_same_outputs() {
    let mut session = Session::start();
    let _ = session.ok("!true");
    let mut other = Frontend::connect(session.kernel.info());
    // Each runs its own; broadcasts of the other arrive at both and are told apart by their parents.
    assert_eq!(session.ok("!echo mine").stdout(), "mine\n");
    let theirs = other.send(Shell, "execute_request", json!({ "code": "!echo theirs", "silent": false }));
    let theirs = other.finish(&theirs, CELL);
    assert_eq!(theirs.content()["status"], "ok");
    let text: String =
        theirs.outputs.iter().filter(|message| message.kind() == "stream").map(|message| message.text("text").to_owned()).collect();
    assert_eq!(text, "theirs\n", "absent request fields have their defaults");
    let reply: &Value = theirs.content();
    assert_eq!(reply["execution_count"], 3);
}
