//! `%%profile` and what counts allocations, on code whose truth is known. No time is judged.

use tests::session::Session;

#[test]
fn allocations_are_counted_exactly() {
    let mut session = Session::start();
    let counted = |session: &mut Session, code: &str| session.ok(format!("lab::measure::allocations(|| {{ {code} }}).1.unwrap()")).result();
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
    let after = session.ok("let first = lab::measure::allocations(|| vec![0u8; 10]).1;\nfirst.map(|counts| counts.allocations)");
    assert_eq!(after.result(), "Some(1)");
}
