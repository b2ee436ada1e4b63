//! Damage, interruption, two makers, full and forbidden folders.

mod common;

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{command, leftovers, made, stocks};
use datasets::{DataError, make, remake, verify};

/// Does nothing by itself: other tests start this program again with only this test.
#[test]
fn child() {
    common::run_child();
}

fn flip_middle_byte(path: &Path) {
    let mut file = File::options().read(true).write(true).open(path).expect("opens");
    let middle = file.metadata().expect("there").len() / 2;
    let mut byte = [0];
    file.seek(SeekFrom::Start(middle)).and_then(|_| file.read_exact(&mut byte)).expect("reads");
    byte[0] ^= 1;
    file.seek(SeekFrom::Start(middle)).and_then(|_| file.write_all(&byte)).expect("writes");
}

#[test]
fn every_kind_of_damage_is_noticed_and_mended() {
    let root = tempfile::tempdir().expect("folder");
    let request = stocks(1);
    let first = made(&request, root.path());
    assert!(!first.reused);
    let again = made(&request, root.path());
    assert!(again.reused && again.files == first.files, "whole: reused");

    let note = first.dir.join("notes.txt");
    fs::write(&note, "mine").expect("writes");
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 7] = [
        ("was changed", |dir| flip_middle_byte(&dir.join("bars.parquet"))),
        ("was changed", |dir| flip_middle_byte(&dir.join("daily.csv"))),
        ("instead of", |dir| File::options().write(true).open(dir.join("bars.jsonl")).and_then(|f| f.set_len(1000)).expect("cut")),
        ("is missing", |dir| fs::remove_file(dir.join("symbols.csv")).expect("removes")),
        ("no readable manifest.json", |dir| fs::remove_file(dir.join("manifest.json")).expect("removes")),
        ("is broken", |dir| File::options().write(true).open(dir.join("manifest.json")).and_then(|f| f.set_len(700)).expect("cut")),
        ("outside the folder", |dir| {
            let manifest = dir.join("manifest.json");
            let text = fs::read_to_string(&manifest).expect("reads").replace("\"bars.csv\"", "\"../bars.csv\"");
            fs::write(&manifest, text).expect("writes");
        }),
    ];
    for (message, damage) in damages {
        damage(&first.dir);
        let error = verify(&first.dir).expect_err(message).to_string();
        assert!(error.contains(message) && error.contains("benchbook data"), "{message}: {error}");
        let mended = made(&request, root.path());
        assert!(!mended.reused && mended.files == first.files, "{message}");
        let reason = mended.mended.expect("a reason");
        assert!(reason.contains(message), "{message}: {reason}");
        verify(&mended.dir).expect("whole again");
        assert!(made(&request, root.path()).reused, "{message}");
    }
    assert_eq!(fs::read_to_string(&note).expect("still there"), "mine");

    // Another generator version or parameters under the same name: made again.
    let manifest = first.dir.join("manifest.json");
    let text = fs::read_to_string(&manifest).expect("reads");
    fs::write(&manifest, text.replace("\"version\": \"1\"", "\"version\": \"0\"")).expect("writes");
    assert!(!made(&request, root.path()).reused);
    assert!(!remake(&request, root.path(), &mut |_| {}).expect("made").reused, "remake always writes");
}

#[test]
fn a_killed_maker_leaves_nothing_in_the_way() {
    let root = tempfile::tempdir().expect("folder");
    let dir = root.path().to_str().expect("UTF-8");
    let mut maker =
        command("", &["stocks", "--days", "400", "--dir", dir]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    let staging = root.path().join(".stocks-400d.making/bars.csv");
    let begun = Instant::now();
    while fs::metadata(&staging).map_or(0, |file| file.len()) < 1_000_000 {
        assert!(begun.elapsed() < Duration::from_secs(60) && maker.try_wait().expect("waits").is_none(), "the maker writes");
        thread::sleep(Duration::from_millis(2));
    }
    maker.kill().expect("killed");
    maker.wait().expect("ends");
    assert_eq!(leftovers(root.path()), [".stocks-400d.making"]);
    assert!(verify(&root.path().join("stocks-400d")).is_err(), "an interrupted set is not a set");
    // Its lock ended with it, its rubbish is removed.
    let request = stocks(400).formats(&[datasets::Format::Csv]);
    assert!(!made(&request, root.path()).reused);
    assert!(leftovers(root.path()).is_empty());
}

#[test]
fn two_makers_take_turns() {
    let root = tempfile::tempdir().expect("folder");
    let request = stocks(3);
    let reused = thread::scope(|scope| {
        let makers: Vec<_> = (0..4).map(|_| scope.spawn(|| made(&request, root.path()).reused)).collect();
        makers.into_iter().map(|maker| maker.join().expect("ends")).filter(|reused| *reused).count()
    });
    assert_eq!(reused, 3, "one wrote, three reused");
    assert!(leftovers(root.path()).is_empty());
}

#[test]
fn a_maker_waits_for_the_lock_and_says_so() {
    let root = tempfile::tempdir().expect("folder");
    let mut lock = File::create(root.path().join(".stocks-1d.lock")).expect("created");
    lock.lock().expect("locked");
    write!(lock, "4711").expect("writes");
    let told = AtomicBool::new(false);
    thread::scope(|scope| {
        let maker = scope.spawn(|| {
            make(&stocks(1), root.path(), &mut |progress| {
                told.fetch_or(progress.what.contains("waiting for process 4711"), Ordering::Relaxed);
            })
        });
        while !told.load(Ordering::Relaxed) {
            assert!(!maker.is_finished(), "it did not wait");
            thread::sleep(Duration::from_millis(5));
        }
        lock.unlock().expect("unlocked");
        maker.join().expect("ends").expect("made");
    });
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let root = tempfile::tempdir().expect("folder");
    let file = root.path().join("file");
    fs::write(&file, "").expect("writes");
    let error = make(&stocks(1), &file.join("data"), &mut |_| {}).expect_err("refused");
    assert!(matches!(error, DataError::NotWritable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("file/data") && text.contains("--dir") && text.contains("BENCHBOOK_DATA"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_reported_and_nothing_stays() {
    let root = tempfile::tempdir().expect("folder");
    let dir = root.path().to_str().expect("UTF-8");
    for set in [&["stocks"][..], &["stocks", "--formats", "parquet"], &["tpch", "--sf", "0.001"]] {
        // A limit on the size of files stands in for a full disk: writing fails half-way.
        let args = [set, &["--json", "--dir", dir]].concat();
        let output = command("trap '' XFSZ; ulimit -f 100", &args).output().expect("runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.lines().rfind(|line| line.starts_with('{')).expect("a JSON line");
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(last.contains("\"error\":\"no room left while writing") && last.contains("MB"), "{last}");
        let kept: Vec<_> = fs::read_dir(root.path()).expect("reads").map(|entry| entry.expect("entry").file_name()).collect();
        assert!(kept.iter().all(|name| name.to_string_lossy().ends_with(".lock")), "{kept:?}");
    }
}
