//! What cells print arrives as it is written, and the live line says what a long cell does.

use std::time::Duration;

use tests::frontend::CELL;
use tests::session::Session;

#[test]
fn text_arrives_as_it_is_written() {
    let mut session = Session::start();
    let _ = session.ok("let warm = 1;");

    // A partial line, long before the cell ends.
    let code = "print!(\"a part\");\nstd::thread::sleep(std::time::Duration::from_secs(4));\nprint!(\" and the rest\");";
    let cell = session.begin(code);
    let began = std::time::Instant::now();
    let part = session.recv_until(&cell, |message| message.kind() == "stream");
    assert_eq!(part.text("text"), "a part");
    let _ = session.recv_until(&cell, |message| message.kind() == "stream");
    assert!(began.elapsed() > Duration::from_secs(3), "the part came long before the rest");
    let _ = session.end(code, &cell).ok();

    let flushed = session.ok("use std::io::Write;\nprint!(\"x\");\nstd::io::stdout().flush()?;");
    assert_eq!(flushed.stdout(), "x");
    let bar = session.ok("for n in 0..3 { print!(\"\\r{n}/3\"); }");
    assert_eq!(bar.stdout(), "\r0/3\r1/3\r2/3");
    let both = session.ok("println!(\"out\");\neprintln!(\"err\");\neprint!(\"part\");");
    assert_eq!((both.stdout().as_str(), both.stderr().as_str()), ("out\n", "errpart".replacen("err", "err\n", 1).as_str()));
    // Raw bytes, also from C and from a child process.
    let raw = session
        .ok("std::io::stdout().write_all(&[0xff, b'o', b'k', b'\\n'])?;\nstd::process::Command::new(\"echo\").arg(\"child\").status()?;");
    assert!(raw.stdout().contains("ok\n") && raw.stdout().contains("child\n"), "{}", raw.text());
    // Printed text that looks like evcxr's own marks is only text.
    let marks = "EVCXR_EXECUTION_COMPLETE\nEVCXR_BEGIN_CONTENT text/html\n<b>x</b>\nEVCXR_END_CONTENT\nEVCXR_PANIC_NOTIFICATION\n";
    let forged = session.ok(format!("print!(\"{{}}\", {marks:?});"));
    assert_eq!(forged.stdout(), marks);
    assert!(forged.displays().is_empty() && forged.result().is_empty());
    // Late output of a thread belongs to the cell that runs then, or to none; it breaks nothing.
    let _ = session.ok("std::thread::spawn(|| { std::thread::sleep(std::time::Duration::from_millis(300)); println!(\"late\"); });");
    std::thread::sleep(Duration::from_millis(600));
    assert!(session.ok("println!(\"next\")").stdout().ends_with("next\n"));
}

#[test]
fn a_long_cell_says_what_it_does() {
    let mut session = Session::start();
    let _ = session.ok("let warm = 1;");
    let quick = session.ok("!true");
    assert!(quick.status_lines().is_empty(), "{}", quick.text());
    let code = "std::thread::sleep(std::time::Duration::from_secs(4));\nprintln!(\"done\");";
    let cell = session.begin(code);
    let live = session.recv_until(&cell, |message| message.kind() == "display_data");
    assert!(
        live.content["data"]["text/plain"].as_str().is_some_and(|text| text.contains("running") || text.contains("compiling")),
        "{live:?}"
    );
    let rest = session.end(code, &cell).ok();
    assert!(rest.of_kind("update_display_data").len() >= 2, "it counts the seconds:\n{}", rest.text());
    assert!(rest.messages.iter().any(|message| message.content.to_string().contains("running")), "{}", rest.text());

    let silent_sleep = session.ok("std::thread::sleep(std::time::Duration::from_secs(3));");
    assert!(!silent_sleep.status_lines().is_empty());
    assert!(silent_sleep.left_standing().is_empty(), "the line leaves no trace:\n{}", silent_sleep.text());
    let printing = session.ok("std::thread::sleep(std::time::Duration::from_secs(3));\nprintln!(\"done\");");
    let standing = printing.left_standing();
    assert_eq!(standing.len(), 1, "{standing:?}");
    assert_eq!(standing[0].text("text"), "done\n");

    let shell = "!sleep 3";
    let cell = session.begin(shell);
    let live = session.recv_until(&cell, |message| message.kind() == "display_data");
    assert!(live.content["data"]["text/plain"].as_str().is_some_and(|text| text.contains("shell")), "{live:?}");
    let _ = session.finish(&cell, CELL);
}
