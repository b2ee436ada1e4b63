//! `%%timeit` and `%%parallel --lang python`, in real interpreters. No time is judged.

use std::time::Duration;

use tests::process;
use tests::result_object;
use tests::session::Session;

fn variants(cell: &tests::transcript::Transcript) -> Vec<serde_json::Value> {
    cell.measured()["variants"].as_array().expect("checked").clone()
}

#[test]
fn timeit_sees_variables_and_leaves_none() {
    let mut session = Session::start();
    let _ = session.ok("%%python\ndata = list(range(1000))\ndef busy(x):\n    return sum(x)");
    let timed = session.ok("%%timeit --lang python --budget 300ms -o t y = data[::-1]\nz = busy(y)");
    result_object::check(timed.measured(), "timeit");
    let variant = &variants(&timed)[0];
    assert_eq!(variant["lang"], "python");
    assert!(variant["samples_s"].as_array().is_some_and(|samples| samples.len() >= 11));
    assert!(timed.measured()["python"]["version"].as_str().is_some_and(|version| version.starts_with("3.")));
    assert!(timed.rich("text/plain").contains("garbage collection was off"), "{}", timed.text());
    assert_eq!(
        session.ok("%%python\nt.iterations >= 1, len(t.samples_s) >= 11, 'y' in globals(), 'z' in globals(), len(In)").result(),
        "(True, True, False, False, 3)"
    );
    let each = session.ok("%%timeit --lang python -n 2 -r 7 --setup \"w = data[::-1]\"\nw.sort()");
    assert_eq!(variants(&each)[0]["samples_s"].as_array().map(Vec::len), Some(7));

    let failure = session.run("%%timeit --lang python\nx = 1\nx / 0").fails("ZeroDivisionError");
    failure.says(&["x / 0", ":3"]);
    session.run("%timeit --lang python return 1").fails("SyntaxError").says(&["outside function"]);
}

#[test]
fn workers_are_threads_or_processes() {
    let mut session = Session::start();
    let _ = session.ok("%%python\nsize = 20_000\ndef squares(part):\n    return sum(n * n for n in part)");
    for (backend, label) in [("threads", "2 threads"), ("processes", "2 processes")] {
        let cell =
            format!("%%parallel --lang python --backend {backend} --threads 1,2 --rounds 6 --budget 1s\nsquares(share(range(size)))");
        let swept = session.ok(cell.as_str());
        result_object::check(swept.measured(), "parallel");
        let variants = variants(&swept);
        assert_eq!((&variants[1]["label"], &variants[1]["backend"]), (&label.into(), &backend.into()), "{variants:?}");
        let failing = format!("%%parallel --lang python --backend {backend} -t 2\nif worker == 1:\n    [][worker]");
        session.run(failing.as_str()).fails("IndexError").says(&["[][worker]", ":3"]);
    }
    session.run("%%parallel --lang python\nsquares(range(9))").fails("UsageError").says(&["takes no share", "share(data)"]);
    session
        .run("%%parallel --lang python --backend processes -t 2\nimport os\nif worker == 1: os._exit(3)")
        .fails("ChildProcessError")
        .says(&["worker 1 ended with exit code 3"]);
    let left = process::descendants(session.kernel.pid()).into_iter().filter(|process| process.name.starts_with("python")).count();
    assert_eq!(left, 1, "only the interpreter is left");
}

#[test]
fn an_interrupt_ends_all_workers_and_keeps_state() {
    let mut session = Session::start();
    let _ = session.ok("%%python\nkept = 1");
    let python = |session: &Session| {
        process::descendants(session.kernel.pid()).into_iter().filter(|process| process.name.starts_with("python")).collect::<Vec<_>>()
    };
    let before = python(&session);
    for code in [
        "%%timeit --lang python\nimport time\nprint('on', flush=True)\ntime.sleep(1000)",
        "%%parallel --lang python -t 2\nprint('on', flush=True)\nwhile workers: pass",
        "%%parallel --lang python --backend processes -t 2\nimport time\nprint('on', flush=True)\ntime.sleep(1000 + worker)",
    ] {
        let cell = session.begin(code);
        let _ = session.recv_until(&cell, |message| message.text("text").contains("on"));
        session.interrupt();
        let _ = session.end(code, &cell).fails("Interrupted");
        assert_eq!(session.ok("%%python\nkept").result(), "1", "{code}");
        let alone = process::poll(Duration::from_secs(5), || (python(&session).len() == before.len()).then_some(()));
        assert!(alone.is_some(), "workers are left of {code}");
    }
    assert_eq!(python(&session)[0].pid, before[0].pid);
}
