// The part that runs in a Rust cell: prints one JSON object per measurement. MEGABYTES and ROUNDS are put in.
use std::time::Instant;
use polars::prelude::*;

fn tell(name: &str, bytes: u64, started: Instant) {
    println!("{}", lab::serde_json::json!({"name": name, "bytes": bytes, "s": started.elapsed().as_secs_f64()}));
}

fn size_of_table(name: &str) -> u64 {
    let session = std::env::var("BENCHBOOK_SESSION").expect("a notebook");
    std::fs::metadata(format!("{session}/tables/{name}.arrow")).expect("a shared table").len()
}

fn frame(kind: &str, bytes: usize) -> DataFrame {
    let rows = bytes / 16;
    match kind {
        "floats" => df!("a" => (0..rows).map(|n| n as f64 * 0.5).collect::<Vec<_>>(), "b" => vec![1.5f64; rows]),
        "integers" => df!("a" => (0..rows as i64).collect::<Vec<_>>(), "b" => vec![7i64; rows]),
        // A view of 16 bytes and 24 of text per row.
        _ => df!("a" => (0..bytes / 40).map(|n| format!("a text of length {n:>8}")).collect::<Vec<_>>()),
    }
    .expect("columns of one length")
}

fn measure(megabytes: usize, rounds: usize) -> Result<(), lab::AnyError> {
    let bytes = megabytes * 1_000_000;
    {
        let source: Vec<u64> = (0..bytes as u64 / 8).collect();
        let mut warm = vec![1u64; source.len()];
        for _ in 0..rounds {
            let started = Instant::now();
            warm.copy_from_slice(&source);
            tell("memcpy, memory in use", bytes as u64, started);
            let started = Instant::now();
            let fresh = source.clone();
            tell("memcpy, new memory", bytes as u64, started);
            assert!(fresh.last() == warm.last());
        }
    }
    for kind in ["floats", "integers", "texts"] {
        let made = frame(kind, bytes);
        for _ in 0..rounds {
            let started = Instant::now();
            tables::share("bench", &made)?;
            tell(&format!("Rust: share {kind}"), size_of_table("bench"), started);
            let back = tables::fetch::<DataFrame>("bench")?;
            assert!(back.equals(&made), "{kind}: the contents differ");
            drop(back);
            tables::remove("bench")?;
        }
        if kind == "floats" {
            for _ in 0..rounds {
                let path = format!("{}/ipc-writer", std::env::var("BENCHBOOK_SESSION")?);
                let mut whole = made.clone();
                let started = Instant::now();
                IpcWriter::new(std::fs::File::create(&path)?).finish(&mut whole)?;
                tell("Polars' own IpcWriter: floats", std::fs::metadata(&path)?.len(), started);
                std::fs::remove_file(&path)?;
            }
        }
    }
    for (label, size) in [("1 MB", 1_000_000), ("100 MB", 100_000_000), ("1 GB", bytes)] {
        for kind in ["floats", "texts"] {
            tables::share("opened", &frame(kind, size))?;
            for _ in 0..rounds.max(11) {
                let started = Instant::now();
                let opened = tables::fetch::<DataFrame>("opened")?;
                tell(&format!("Rust: open {label} of {kind}"), size_of_table("opened"), started);
                assert!(opened.height() > 0);
            }
        }
    }
    tables::remove("opened")?;
    Ok(())
}
measure(MEGABYTES, ROUNDS)?;
