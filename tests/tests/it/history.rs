//! History: tail, range, search, kept across restarts, private.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tests::kernel::Start;
use tests::message::Channel::{Control, Shell};
use tests::session::{Cell, Session};

fn ask(session: &mut Session, request: &Value) -> Vec<Value> {
    let mut content = json!({ "output": false, "raw": true });
    content.as_object_mut().expect("an object").extend(request.as_object().expect("an object").clone());
    let answer = session.request(Shell, "history_request", content);
    answer.content()["history"].as_array().expect("checked by the schema").clone()
}

fn inputs(entries: &[Value]) -> Vec<&str> {
    entries.iter().filter_map(|entry| entry[2].as_str()).collect()
}

#[test]
fn history_is_searched_and_outlives_the_kernel() {
    let cache = tempfile::tempdir().expect("the temporary folder can be written");
    let start = Start { cache: Some(cache.path().to_owned()), ..Start::default() };
    {
        let mut session = Session::start_with(&start);
        let _ = session.ok("!echo first");
        let _ = session.ok("40 + 2");
        let _ = session.ok(Cell { silent: true, ..Cell::from("!echo silent") });
        let _ = session.ok(Cell { store_history: false, ..Cell::from("!echo unstored") });
        let _ = session.run("!exit 1").fails("ShellError");
        let tail = ask(&mut session, &json!({ "hist_access_type": "tail", "n": 10 }));
        assert_eq!(inputs(&tail), ["!echo first", "40 + 2", "!exit 1"]);
        let with_output = ask(&mut session, &json!({ "hist_access_type": "tail", "n": 2, "output": true }));
        assert_eq!(with_output[0][2], json!(["40 + 2", "42"]));
        let _ = session.request(Control, "shutdown_request", json!({ "restart": true }));
        assert!(session.kernel.wait_end().success());
        session.forgive();
    }
    let mut session = Session::start_with(&start);
    let _ = session.ok("!echo again");
    let tail = ask(&mut session, &json!({ "hist_access_type": "tail", "n": 2 }));
    assert_eq!(inputs(&tail), ["!exit 1", "!echo again"]);
    let before = ask(&mut session, &json!({ "hist_access_type": "range", "session": -1, "start": 1, "stop": 3 }));
    assert_eq!(inputs(&before), ["!echo first", "40 + 2"]);
    let here = ask(&mut session, &json!({ "hist_access_type": "range", "session": 0, "start": 0, "stop": 99 }));
    assert_eq!(inputs(&here), ["!echo again"]);
    let found = ask(&mut session, &json!({ "hist_access_type": "search", "pattern": "!echo*", "n": 99 }));
    assert_eq!(inputs(&found), ["!echo first", "!echo again"]);
    let one = ask(&mut session, &json!({ "hist_access_type": "search", "pattern": "*4?*", "n": 1 }));
    assert_eq!(inputs(&one), ["40 + 2"]);

    let folder = cache.path().join("benchbook");
    assert_eq!(std::fs::metadata(&folder).expect("made").permissions().mode() & 0o777, 0o700);
    let file = folder.join("history.jsonl");
    assert_eq!(std::fs::metadata(&file).expect("made").permissions().mode() & 0o777, 0o600);
}
