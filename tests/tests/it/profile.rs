//! `%%profile` and what counts allocations, on code whose truth is known. No time is judged.

use serde_json::Value;
use tests::result_object;
use tests::session::Session;
use tests::transcript::{Transcript, data};

#[test]
fn allocations_are_counted_exactly() {
    let mut session = Session::start();
    let counted = |session: &mut Session, code: &str| {
        session.ok(format!("lab::measure::allocations(|| std::hint::black_box({{ {code} }})).1.unwrap()")).result()
    };
    // A thousand blocks of 1 KiB, and one that holds them.
    assert!(
        counted(&mut session, "(0..1000).map(|_| vec![1u8; 1024]).collect::<Vec<_>>()")
            .starts_with("Counts { allocations: 1001, allocated_bytes: 1048000, peak_bytes: 10"),
    );
    // One at a time: the peak is one block.
    let one = counted(&mut session, "for i in 0..100u64 { std::hint::black_box(vec![i; 128]); }");
    assert!(one.starts_with("Counts { allocations: 100, allocated_bytes: 102400, peak_bytes: 10"), "{one}");
    assert_eq!(counted(&mut session, "std::hint::black_box(1 + 1)"), "Counts { allocations: 0, allocated_bytes: 0, peak_bytes: 0 }");
    // Other threads, and C code, are seen too.
    let _ = session.ok("unsafe extern \"C\" { fn strdup(text: *const std::ffi::c_char) -> *mut std::ffi::c_char; }");
    let c = counted(&mut session, "std::hint::black_box(unsafe { strdup(c\"seven b\".as_ptr()) });");
    assert!(c.starts_with("Counts { allocations: 1, allocated_bytes: 8, "), "{c}");
    let threads = session
        .ok("let threads = lab::measure::allocations(|| { std::thread::scope(|s| { for _ in 0..2 { s.spawn(|| for _ in 0..500 { \
         std::hint::black_box(vec![0u8; 100]); }); } }) }).1.unwrap();\n(1000..1100).contains(&threads.allocations)");
    assert_eq!(threads.result(), "true", "1000 blocks of two threads, and what starting threads takes");
}

#[test]
fn counting_ends_with_the_code() {
    let mut session = Session::start();
    session.run("lab::measure::allocations(|| -> () { panic!(\"no\") })").fails("panic").says(&["no"]);
    let _ = session
        .run("lab::measure::allocations_while_timed(|| { let _clock = lab::measure::start(); let v: Vec<u8> = Vec::new(); v[1] })")
        .fails("panic");
    let after = session
        .ok("let first = lab::measure::allocations(|| std::hint::black_box(vec![0u8; 10])).1;\nfirst.map(|counts| counts.allocations)");
    assert_eq!(after.result(), "Some(1)");
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn freed_memory_is_kept_for_the_next_run_and_goes_back_when_idle() {
    let mut session = Session::start();
    let _ = session.ok("fn resident_mib() -> i64 {\n    let statm = std::fs::read_to_string(\"/proc/self/statm\").unwrap();\n    \
         statm.split(' ').nth(1).unwrap().parse::<i64>().unwrap() * 4 / 1024\n}\nlet before = resident_mib();");
    let kept = session.ok("drop(std::hint::black_box(vec![1u8; 200 << 20]));\nresident_mib() - before").result();
    assert!(kept.parse::<i64>().is_ok_and(|mib| mib >= 150), "{kept} MiB are kept");
    let begin = std::time::Instant::now();
    loop {
        std::thread::sleep(std::time::Duration::from_secs(5));
        let left = session.ok("resident_mib() - before").result();
        if left.parse::<i64>().is_ok_and(|mib| mib < 50) {
            break;
        }
        assert!(begin.elapsed().as_secs() < 60, "{left} MiB are still kept");
    }
}

/// Everything that the cell shows, as text.
fn shown(cell: &Transcript) -> String {
    cell.displays().into_iter().map(|message| data(message, "text/plain")).collect::<Vec<_>>().join("\n")
}

/// Rows of a list in the result object.
fn list(cell: &Transcript, name: &str) -> Vec<Value> {
    cell.measured()[name].as_array().cloned().unwrap_or_default()
}

#[test]
fn the_hot_line_is_the_hot_line() {
    let mut session = Session::start();
    let _ = session.ok(
        "fn cold(n: u64) -> u64 { std::hint::black_box(n) + 1 }\nfn burn(n: u64) -> f64 {\n    let mut sum = 0.0;\n    for i in 0..n {\n        \
         sum += (std::hint::black_box(i) as f64).sqrt().sin();\n    }\n    sum\n}",
    );
    // Twice: names must be found of a library that is loaded later, too.
    for _ in 0..2 {
        let profiled = session.ok("%%profile --budget 1s\nlet a = cold(3);\nlet b = burn(200_000);\n(a, b)");
        result_object::check(profiled.measured(), "profile");
        let lines = list(&profiled, "hot_lines");
        assert_eq!((&lines[0]["cell"], &lines[0]["line"]), (&"cell [1]".into(), &5.into()), "{lines:?}");
        assert!(lines[0]["share"].as_f64().is_some_and(|share| share > 0.8), "{lines:?}");
        let caller = lines.iter().find(|line| line["text"] == "let b = burn(200_000);").expect("the line that calls it");
        assert!(caller["total_share"].as_f64() > caller["share"].as_f64(), "{caller}");
        let text = shown(&profiled);
        assert!(text.contains("sum += (std::hint") && text.contains('█'), "the source, with a bar beside it:\n{text}");
        assert!(text.contains("hardware counters are not available here (") || text.contains("per cycle"), "{text}");
        assert!(profiled.measured()["counters"].get("cycles").is_none_or(|cycles| cycles.as_u64() > Some(0)), "unknown is absent, never 0");
    }
}

#[test]
fn allocations_have_sites() {
    let mut session = Session::start();
    let cell = "%%profile --mode alloc\nlet small: Vec<Vec<u8>> = (0..1000).map(|_| vec![1u8; 1024]).collect();\nlet big = vec![1u64; 100_000];\n(small, big)";
    let profiled = session.ok(cell);
    result_object::check(profiled.measured(), "profile");
    let variant = &profiled.measured()["variants"][0];
    assert_eq!((&variant["allocations"], &variant["allocated_bytes"]), (&1002.into(), &1_848_000.into()));
    let sites = list(&profiled, "sites");
    let at = |line: u64| {
        let here = sites.iter().filter(|site| site["line"] == line);
        here.fold((0, 0), |sum, site| (sum.0 + site["allocations"].as_u64().unwrap_or(0), sum.1 + site["bytes"].as_u64().unwrap_or(0)))
    };
    assert_eq!((at(2), at(3)), ((1001, 1_048_000), (1, 800_000)), "{sites:?}");
    assert!(shown(&profiled).contains("let big = vec![1u64; 100_000];"), "{}", shown(&profiled));
    // Too many for a stack each: a random part, and exact totals.
    let many = session.ok("%%profile --mode alloc\n(0..50_000u64).map(|i| Box::new(i)).collect::<Vec<_>>()");
    assert_eq!(many.measured()["variants"][0]["allocations"], 50_001);
    assert!(shown(&many).contains("at random"), "{}", shown(&many));
    let none = session.ok("%%profile --mode alloc\nstd::hint::black_box(1) + 1");
    assert!(shown(&none).contains("allocates nothing"), "{}", shown(&none));
}

#[test]
fn the_peak_of_memory_is_seen() {
    let mut session = Session::start();
    let cell = "%%profile --mode memory\nlet big = std::hint::black_box(vec![1u8; 256 << 20]);\nlet n = big.len();\ndrop(big);\nn";
    let profiled = session.ok(cell);
    result_object::check(profiled.measured(), "profile");
    let object = profiled.measured();
    let variant = &object["variants"][0];
    let size = 256 << 20;
    assert!(variant["peak_bytes"].as_u64().is_some_and(|peak| (size..size + 65_536).contains(&peak)), "{variant}");
    let grown = variant["peak_rss_bytes"].as_u64().unwrap_or(0) - object["start_rss_bytes"].as_u64().unwrap_or(0);
    assert!(grown >= size * 9 / 10, "resident memory grew by {grown}");
    assert!(shown(&profiled).contains("256 MiB"), "{}", shown(&profiled));
    assert_eq!(variant["allocations"], 1);
}

#[test]
fn two_pieces_of_code_are_compared() {
    let mut session = Session::start();
    let _ = session.ok("#[inline(never)] fn sines(n: u64) -> f64 { (0..n).map(|i| (i as f64).sin()).sum() }");
    let _ = session.ok("#[inline(never)] fn roots(n: u64) -> f64 { (0..n).map(|i| std::hint::black_box(i as f64).sqrt()).sum() }");
    let compared = session.ok("%%profile --budget 700ms\nlet n = 100_000;\n%% before\nsines(n)\n%% after\nroots(n)");
    result_object::check(compared.measured(), "profile");
    let hot = list(&compared, "hot");
    let of = |name: &str| hot.iter().find(|row| row["symbol"].as_str().is_some_and(|symbol| symbol.contains(name)));
    assert!(of("roots").is_some_and(|row| row["difference"].as_f64() > Some(0.0)), "{hot:?}");
    assert!(shown(&compared).contains('−') && shown(&compared).contains('+'), "signs, not only colours:\n{}", shown(&compared));
    session.run("%%profile\n%% before\n1").fails("UsageError").says(&["two sections"]);
}

#[test]
fn assembly_marks_vector_instructions() {
    let mut session = Session::start();
    let _ = session.ok("let data: Vec<f32> = (0..50_000u16).map(f32::from).collect();");
    let profiled = session.ok("%%profile --budget 500ms --asm hot\ndata.iter().map(|x| x * 2.0 + 1.0).collect::<Vec<f32>>()");
    let text = shown(&profiled);
    assert!(text.contains("instructions are vector instructions, widest "), "{text}");
    if cfg!(target_arch = "x86_64") {
        assert!(text.contains("V128") && text.contains("mulps") || text.contains("addps"), "{text}");
    }
    session.run("%%profile --budget 100ms --asm nosuchname\ndata.len()").fails("UsageError").says(&["nosuchname"]);
}

#[test]
fn python_is_sampled_by_line() {
    let mut session = Session::start();
    let _ = session.ok("%%python\ndef burn(n):\n    total = 0\n    for i in range(n):\n        total += i * i\n    return total\ndef light(n):\n    return n + 1");
    let profiled = session.ok("%%profile --lang python --budget 1s\nlight(3)\nburn(300_000)");
    result_object::check(profiled.measured(), "profile");
    assert_eq!(list(&profiled, "hot")[0]["symbol"], "burn");
    let lines = list(&profiled, "hot_lines");
    // The loop has two lines; the sum takes more.
    assert!(lines[0]["text"] == "total += i * i" || lines[0]["text"] == "for i in range(n):", "{lines:?}");
    assert!(lines.iter().any(|line| line["text"] == "burn(300_000)"), "the line of this cell that calls it: {lines:?}");
    session.run("%%profile --lang python\n1 / 0").fails("ZeroDivisionError").says(&["1 / 0"]);
    let _ = session.ok("%%python\nassert burn(3) == 5");
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let mut session = Session::start();
    for mode in ["cpu", "memory", "alloc"] {
        let code = format!(
            "%%profile --once --mode {mode}\nprintln!(\"on\");\nwhile std::hint::black_box(true) {{ std::hint::black_box(vec![1u8; 100]); }}"
        );
        let cell = session.begin(code.as_str());
        let _ = session.recv_until(&cell, |message| message.text("text").contains("on"));
        session.interrupt();
        let _ = session.end(&code, &cell).fails("Interrupted");
    }
    let profiled = session.ok("%%profile --budget 300ms\n(0..200_000u64).map(|i| (i as f64).sin()).sum::<f64>()");
    assert!(profiled.measured()["variants"][0]["samples"].as_u64() > Some(0));
}
