//! What must not disturb the kernel: broken messages, forged ones, floods.

use std::io::Write;
use std::net::TcpStream;

use serde_json::json;
use tests::frontend::{CELL, Deaf, Frontend};
use tests::message::Channel::{Control, Shell};
use tests::session::Session;
use tests::transcript::data;

fn header(kind: &str) -> String {
    json!({ "msg_id": "m", "session": "s", "username": "u", "date": "2026-01-01T00:00:00Z", "msg_type": kind, "version": "5.4" })
        .to_string()
}

#[test]
fn malformed_and_forged_messages_change_nothing() {
    let mut session = Session::start();
    let _ = session.ok("let kept = 41;");
    let good = header("execute_request");
    let content = json!({ "code": "!echo forged > forged.txt", "silent": false }).to_string();
    let frames = |parts: &[&str]| -> Vec<Vec<u8>> { parts.iter().map(|part| part.as_bytes().to_vec()).collect() };
    let zeros = "0".repeat(64);
    let provocations: Vec<Vec<Vec<u8>>> = vec![
        frames(&[""]),
        frames(&["hello"]),
        frames(&["<IDS|MSG>"]),
        frames(&["<IDS|MSG>", ""]),
        frames(&["<IDS|MSG>", "", "{}", "{}"]),
        frames(&["<IDS|MSG>", &zeros, &good, "{}", "{}", &content]),
        frames(&["<IDS|MSG>", "", &good, "{}", "{}", &content]),
        frames(&["<IDS|MSG>", "not hexadecimal", &good, "{}", "{}", &content]),
        frames(&["<IDS|MSG>", &zeros, "{", "}", "nonsense", "\u{0}"]),
        vec![b"<IDS|MSG>".to_vec(), vec![255, 254], vec![255], vec![0], vec![], vec![1, 2, 3]],
        frames(&["a", "b", "c", "<IDS|MSG>", &zeros, "[]", "[]", "[]", "[]"]),
        vec![vec![b'x'; 1 << 20]; 3],
    ];
    for channel in [Shell, Control] {
        for frames in &provocations {
            session.send_frames(channel, frames.clone());
        }
    }
    session.assert_silence();
    // A request signed rightly, but without what it must have, gets an error or its defaults, and one reply.
    for (kind, content) in [
        ("execute_request", json!({})),
        ("execute_request", json!({ "code": 5, "silent": "x" })),
        ("complete_request", json!({ "cursor_pos": "end" })),
        ("inspect_request", json!({ "code": [] })),
        ("history_request", json!({ "hist_access_type": "sideways" })),
        ("is_complete_request", json!({})),
        ("comm_open", json!({ "data": 1 })),
    ] {
        let answer = session.request(Shell, kind, content.clone());
        if let Some(reply) = answer.reply {
            assert_eq!(reply.content["status"], "error", "{kind} {content}: {}", reply.content);
        }
    }
    for position in [json!(-1), json!(1_000_000), json!(3)] {
        let code = "\u{1f980}\u{e9}\u{0301}x";
        let _ = session.request(Shell, "complete_request", json!({ "code": code, "cursor_pos": position }));
        let _ = session.request(Shell, "inspect_request", json!({ "code": code, "cursor_pos": position, "detail_level": 0 }));
    }
    assert_eq!(session.ok("kept + 1").result(), "42", "the session goes on");
    assert!(!session.kernel.folder().join("forged.txt").exists());
}

#[test]
fn strangers_at_the_ports_change_nothing() {
    let mut session = Session::start();
    let info = session.kernel.info().clone();
    let mut held = Vec::new();
    for port in [info.shell_port, info.iopub_port, info.stdin_port, info.control_port, info.hb_port] {
        for words in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[255; 64], &[0; 1024], b""] {
            let mut stranger = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
            let _ = stranger.write_all(words);
            held.push(stranger);
        }
    }
    assert_eq!(session.ok("!echo on").stdout(), "on\n");
    drop(held);
    // Clients that go away without a word, also in the middle of a cell of theirs.
    for _ in 0..3 {
        let mut passing = Frontend::connect(&info);
        let _ = passing.send(Shell, "execute_request", json!({ "code": "!echo gone", "silent": false }));
        passing.forgive();
    }
    assert_eq!(session.ok("!echo still on").stdout(), "still on\n");
    assert_eq!(session.heartbeat(b"x"), b"x");
}

#[test]
fn floods_arrive_whole_and_idle_comes_last() {
    let mut session = Session::start();
    let code = "for n in 0..200_000 { println!(\"line {n}\"); }";
    let flood = session.ok(code);
    let text = flood.stdout();
    let mut lines = 0_usize;
    for (n, line) in text.lines().enumerate() {
        assert_eq!(line, format!("line {n}"));
        lines += 1;
    }
    assert_eq!(lines, 200_000);
    let messages = flood.of_kind("stream").len();
    assert!(messages < 20_000, "streams are batched: {messages} messages for 200 000 lines");

    let big = session.ok("display_as(\"text/html\", &\"x\".repeat(1 << 20), \"big\");");
    assert_eq!(data(big.displays()[0], "text/html").len(), 1 << 20);

    // Both streams and displays interleave in order.
    let code = "for n in 0..50 { println!(\"o{n}\"); display_as(\"text/html\", &format!(\"<b>{n}</b>\"), &format!(\"d{n}\")); }";
    let mixed = session.ok(code);
    let order: String = mixed
        .messages
        .iter()
        .map(
            |message| {
                if message.kind() == "stream" { message.text("text").to_owned() } else { format!("{}\n", data(message, "text/plain")) }
            },
        )
        .collect();
    let expected: String = (0..50).map(|n| format!("o{n}\nd{n}\n")).collect();
    assert_eq!(order, expected);
    assert_eq!(mixed.displays().len(), 50);
}

#[test]
fn a_frontend_that_does_not_read_holds_nobody_up() {
    let mut session = Session::start();
    let _ = session.ok("!true");
    let deaf = Deaf::connect(session.kernel.info());
    let code = "for _ in 0..20 { println!(\"{}\", \"y\".repeat(1 << 18)); }";
    let cell = session.begin(code);
    let _ = session.recv_output(&cell, CELL);
    assert_eq!(session.heartbeat(b"alive"), b"alive");
    assert_eq!(session.end(code, &cell).ok().stdout().len(), 20 * ((1 << 18) + 1));
    drop(deaf);
}
