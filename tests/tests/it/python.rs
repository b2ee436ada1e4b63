//! `%%python` on a real ipykernel, and `%%bash`.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::frontend::CELL;
use tests::process::{self, Process};
use tests::session::{Cell, Session};

const SOON: Duration = Duration::from_secs(10);

/// A session with something to lose.
fn prepared() -> Session {
    let mut session = Session::start();
    let _ = session.ok("%%python\nkept = [1, 2]");
    session
}

#[track_caller]
fn worker(session: &Session) -> Process {
    process::wait_for(session.kernel.pid(), "python", SOON)
}

/// Begins a cell and waits until it has printed `on`.
#[track_caller]
fn begun(session: &mut Session, code: &str) -> String {
    let cell = session.begin(code);
    let _ = session.recv_until(&cell, |message| message.text("text").contains("on"));
    cell
}

#[test]
fn state_is_kept_and_results_are_shown() {
    let mut session = Session::start();
    let first = session.ok("%%python\nx = 41\nprint('hello')\nx + 1");
    assert_eq!((first.stdout().as_str(), first.result().as_str()), ("hello\n", "42"));
    assert_eq!(session.ok("%python print(x)").stdout(), "41\n");
    let both = session.ok("%%python\nimport sys\nprint('e', file=sys.stderr)");
    assert_eq!(both.stderr(), "e\n");
    let variables = session.ok("%%python\nimport os\nos.environ.get('EVCXR_TMPDIR'), os.environ.get('RUSTUP_TOOLCHAIN')");
    assert!(variables.result().starts_with("(None,"), "the kernel's own variables are not the user's: {}", variables.result());
    let many = session.ok("%%python\nfor i in range(20000): print(i)");
    assert_eq!(many.stdout().lines().count(), 20_000);
}

#[test]
fn output_is_live_and_in_order() {
    let mut session = prepared();
    let code =
        "%%python\nimport sys, time\nprint('on', flush=True)\ntime.sleep(2)\nprint('err', file=sys.stderr, flush=True)\nprint('two')";
    let began = Instant::now();
    let cell = begun(&mut session, code);
    assert!(began.elapsed() < Duration::from_millis(1500), "the first line comes before the end");
    let rest = session.end(code, &cell).ok();
    let order: Vec<_> = rest.of_kind("stream").iter().map(|message| message.text("text")).collect();
    assert_eq!(order, ["err\n", "two\n"]);
    // What a thread prints later belongs to the cell that runs then.
    let _ = session.ok("%%python\nimport threading\nthreading.Timer(0.5, lambda: print('late')).start()");
    assert_eq!(session.ok("%%python\ntime.sleep(1.5)").stdout(), "late\n");
}

#[test]
fn displays_are_rich_and_updated() {
    let mut session = Session::start();
    let code = "%%python\nfrom IPython.display import display, HTML, clear_output\nh = display(HTML('<b>1</b>'), display_id=True)\nh.update(HTML('<b>2</b>'))";
    let shown = session.ok(code);
    let (displays, updates) = (shown.displays(), shown.updates());
    assert_eq!((displays.len(), updates.len()), (1, 1), "{}", shown.text());
    assert_eq!(displays[0].content["data"]["text/html"], "<b>1</b>");
    assert_eq!(updates[0].content["data"]["text/html"], "<b>2</b>");
    assert_eq!(displays[0].content["transient"], updates[0].content["transient"]);
    let raw = session.ok("%%python\ndisplay({'application/vnd.own+json': {'a': 1}}, raw=True, metadata={'m': 1})");
    assert_eq!(raw.displays()[0].content["data"]["application/vnd.own+json"], json!({"a": 1}));
    assert_eq!(raw.displays()[0].content["metadata"], json!({"m": 1}));
    assert_eq!(session.ok("%%python\nprint('a')\nclear_output()").of_kind("clear_output").len(), 1);
}

#[test]
fn errors_are_pythons_own() {
    let mut session = prepared();
    let failure = session.run("%%python\ndef f():\n    return 1 / 0\nf()").fails("ZeroDivisionError");
    assert_eq!(failure.message, "division by zero");
    failure.says(&["Traceback", "return 1 / 0", "line 2"]);
    let _ = session.run("%%python\nif").fails("SyntaxError");
    assert_eq!(session.ok("%%python\nkept").result(), "[1, 2]");
}

#[test]
fn input_is_asked_for() {
    let mut session = Session::start();
    let code = "%%python\nname = input('name? ')\nimport getpass\nname + '/' + getpass.getpass('pw? ')";
    let cell = session.begin(Cell { allow_stdin: true, ..Cell::from(code) });
    for (prompt, password, answer) in [("name? ", false, "Ada \u{1f980}"), ("pw? ", true, "x")] {
        let question = session.recv_input_request(&cell);
        assert_eq!((question.text("prompt"), &question.content["password"]), (prompt, &json!(password)));
        session.answer(&question, answer);
    }
    assert_eq!(session.end(code, &cell).ok().result(), "'Ada \u{1f980}/x'");
    let _ = session.run("%%python\ninput('name? ')").fails("StdinNotAllowed");
    assert!(session.ok("%%python\nname").result().contains("Ada"));
}

#[test]
fn an_interrupt_keeps_state() {
    let mut session = prepared();
    let python = worker(&session);
    for body in ["while True: pass", "import time; time.sleep(1000)", "import subprocess; subprocess.run(['sleep', '1000'])"] {
        let code = format!("%%python\nprint('on', flush=True)\n{body}");
        let cell = begun(&mut session, &code);
        let began = Instant::now();
        session.interrupt();
        let _ = session.end(&code, &cell).fails("KeyboardInterrupt");
        assert!(began.elapsed() < Duration::from_secs(2), "{body}: {:?}", began.elapsed());
        assert_eq!(session.ok("%%python\nkept").result(), "[1, 2]", "{body}");
    }
    assert_eq!(worker(&session).pid, python.pid);
}

#[test]
fn what_does_not_stop_is_killed() {
    let mut session = prepared();
    let code = "%%python\nimport signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('on', flush=True)\ntime.sleep(1000)";
    let cell = begun(&mut session, code);
    session.interrupt();
    session.end(code, &cell).fails("WorkerDied").says(&["did not stop within 3 s", "Lost: all Python variables", "Kept"]);
    assert_eq!(session.ok("%%python\n'kept' in globals()").result(), "False");
}

#[test]
fn a_killed_worker_is_told_and_replaced() {
    let mut session = prepared();
    let python = worker(&session);
    python.signal(libc::SIGKILL);
    process::wait_gone(&python, SOON);
    let next = session.ok("%%python\n'kept' in globals()");
    assert_eq!(next.result(), "False");
    assert!(next.stderr().contains("signal 9") && next.stderr().contains("Lost: all Python variables"), "{}", next.text());
    assert!(session.ok("%%python\nprint(1)").stderr().is_empty(), "it is told once");

    let code = "%%python\nprint('on', flush=True)\nimport time; time.sleep(1000)";
    let cell = begun(&mut session, code);
    worker(&session).signal(libc::SIGKILL);
    session.end(code, &cell).fails("WorkerDied").says(&["signal 9", "Lost", "fresh worker"]);
    assert_eq!(session.ok("%%python\n1 + 1").result(), "2");
    session.run("%%python\nimport os\nos._exit(3)").fails("WorkerDied").says(&["code 3"]);
}

#[test]
fn it_ends_with_the_kernel() {
    let mut session = prepared();
    let python = worker(&session);
    let _ = begun(&mut session, "%%python\nprint('on', flush=True)\nwhile True: pass");
    process::send(session.kernel.pid(), libc::SIGKILL);
    process::wait_gone(&python, SOON);
    session.frontend.forgive();

    let mut session = prepared();
    let python = worker(&session);
    let _ = session.frontend.request(tests::message::Channel::Control, "shutdown_request", json!({ "restart": false }));
    process::wait_gone(&python, SOON);
}

#[test]
fn completion_and_shift_tab_inside_a_cell() {
    let mut session = Session::start();
    assert!(session.complete("%%python\nimp").is_empty(), "completion starts nothing");
    assert!(process::descendants(session.kernel.pid()).iter().all(|process| process.name != "python"));
    let _ = session.ok("%%python\nclass Own:\n    'What it is.'\n    def a_method(self): pass\nown = Own()");
    // The first completion loads IPython's completer: on a busy machine that may take longer than the kernel waits.
    let found = (0..5).map(|_| session.complete("%%python\n'é'; own.a_")).find(|found| !found.is_empty());
    assert_eq!(found.unwrap_or_default(), ["a_method"]);
    assert!(session.complete("%%python\n%time").contains(&"%timeit".to_owned()));
    assert!(session.inspect("%%python\nown").is_some_and(|text| text.contains("What it is.")));
    assert_eq!(session.inspect("%%python\nnothing_here"), None);
    // A busy Python is not waited for.
    let code = "%%python\nprint('on', flush=True)\nimport time; time.sleep(3)";
    let cell = begun(&mut session, code);
    let began = Instant::now();
    assert!(session.complete("%%python\nown.a_").is_empty());
    assert!(began.elapsed() < Duration::from_secs(1));
    let _ = session.end(code, &cell).ok();
}

#[test]
fn ipythons_magics_work_inside() {
    let mut session = Session::start();
    assert!(session.ok("%%python\n%timeit -n 5 -r 2 sum(range(10))").stdout().contains("per loop"));
    assert!(session.ok("%%python\n%%timeit -n 5 -r 2\nsum(range(10))").stdout().contains("per loop"));
    assert!(session.ok("%%python\n!echo shell").stdout().contains("shell"));
    let profiled = session.ok("%%python\n%prun sum(range(10))");
    assert!(profiled.reply["payload"].to_string().contains("function calls"), "{}", profiled.reply);
}

#[test]
fn another_interpreter() {
    let mut session = prepared();
    session.run("%%python --env /no/where\n1").fails("UsageError").says(&["no such folder or program", "virtual environment"]);
    session.run("%%python --env no-such-python\n1").fails("StartError").says(&["no-such-python", "--env"]);
    let folder = tempfile::tempdir().expect("a folder");
    session.run(format!("%%python --env {}\n1", folder.path().display())).fails("UsageError").says(&["bin/python"]);
    // A program that is none of ours, and has no ipykernel.
    let program = folder.path().join("python");
    std::fs::write(&program, "#!/bin/sh\necho 'No module named ipykernel_launcher' >&2\nexit 1\n").expect("written");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("permissions");
    session
        .run(format!("%%python --env {}\n1", program.display()))
        .fails("StartError")
        .says(&["has no ipykernel", "pip install ipykernel"]);
    let prefix = session.ok("%%python\nimport sys\nprint(sys.prefix)").stdout();
    let same = format!("%%python --env {}\n'kept' in globals()", prefix.trim());
    assert_eq!(session.ok(same).result(), "True", "one worker per interpreter, however it is named");
}

#[test]
fn bash_is_live_fails_and_stops() {
    let mut session = Session::start();
    let code = "%%bash\necho on\nsleep 2\necho err >&2\nsleep 0.3\necho two\n[[ a == a ]] && exit 3";
    let began = Instant::now();
    let cell = begun(&mut session, code);
    assert!(began.elapsed() < Duration::from_millis(1500));
    let rest = session.end(code, &cell);
    rest.fails("ShellError").says(&["the script ended with exit code 3"]);
    let order: Vec<_> = rest.of_kind("stream").iter().map(|message| message.text("text")).collect();
    assert_eq!(order, ["err\n", "two\n"]);
    assert_eq!(session.ok("%bash echo one | tr o 0").stdout(), "0ne\n");
    for body in ["sleep 1000 & sleep 1000", "sleep 1000 &"] {
        let code = format!("%%bash\necho on\n{body}");
        let cell = begun(&mut session, &code);
        session.interrupt();
        let _ = session.end(&code, &cell).fails("Interrupted");
        let left =
            process::poll(CELL, || process::descendants(session.kernel.pid()).iter().all(|process| process.name != "sleep").then_some(()));
        assert!(left.is_some(), "nothing is left of {body}");
    }
}
