//! Workers and servers killed at random moments of a cell: a clear message or the right answer, nothing else lost, nothing left behind.

use std::time::Duration;

use tests::process;
use tests::session::Session;
use tests::transcript::Transcript;

use crate::spark;

const KILLS: usize = 50;
/// How many of them hit Spark's server, which takes long to start.
const KILLS_OF_SPARK: usize = 2;
/// A kill comes within this time after its cell was sent: some before the work has begun, some after its end.
const LATEST: Duration = Duration::from_millis(900);
const SOON: Duration = Duration::from_secs(20);

/// Who is killed, while doing what.
struct Victim {
    /// Name of its process.
    program: &'static str,
    cell: &'static str,
    /// What the cell shows when the kill came too late or a fresh worker did the work.
    answer: &'static str,
}

/// Each does about half a second of work.
const VICTIMS: [Victim; 6] = [
    Victim {
        program: "benchbook-cell",
        cell: "let mut sum = 0u64;\nfor i in 0..400_000_000u64 { sum = std::hint::black_box(sum + i); }\nsum",
        answer: "79999999800000000",
    },
    Victim {
        program: "benchbook-cell",
        cell: "let numbers = vec![1.0f64; 20_000_000];\ntables::share(\"numbers\", &numbers)?;\ntables::share(\"more\", &numbers)?;\nnumbers.len()",
        answer: "20000000",
    },
    Victim {
        program: "benchbook-engines",
        cell: "%%sql\nSELECT count(*) AS n FROM range(200000000) t(a) WHERE a % 7 = 3",
        answer: "28571429",
    },
    Victim {
        program: "benchbook-polars",
        cell: "%%sql --engine polars\nSELECT count(*) AS n FROM small AS a CROSS JOIN small AS b WHERE a.n < b.n",
        answer: "7998000",
    },
    Victim {
        program: "benchbook-engines",
        cell: "%%sql --engines duckdb,sqlite,polars --repeat 3\nSELECT count(*) AS n FROM small AS a CROSS JOIN small AS b WHERE a.n * b.n % 7 = 3",
        answer: "duckdb",
    },
    Victim { program: "python", cell: "%%python\nprint(sum(i * i for i in range(6_000_000)))", answer: "71999982000001000000" },
];

const ON_SPARK: Victim = Victim {
    program: "java",
    cell: "%%sql --engine spark\nSELECT count(*) AS n FROM range(0, 300000000, 1, 8) WHERE id % 7 = 3",
    answer: "42857143",
};

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

/// What each worker must keep while another one dies: made anew in the one that was killed.
fn prepare(session: &mut Session, killed: Option<&str>) {
    if killed.is_none_or(|program| program == "benchbook-cell") {
        let _ = session.ok("let kept = vec![20, 22];\nlet small = polars::prelude::df!(\"n\" => (0..4000i64).collect::<Vec<_>>())?;");
    }
    if killed.is_none_or(|program| program == "benchbook-engines") {
        let _ = session.ok("%%sql\nCREATE TABLE stays AS SELECT 4711 AS x");
    }
    if killed.is_none_or(|program| program == "python") {
        let _ = session.ok("%%python\nkept = 'in Python'");
    }
}

fn everything_is_there(session: &mut Session, after: &str) {
    assert_eq!(session.ok("kept.iter().sum::<i32>()").result(), "42", "Rust, {after}");
    assert!(session.ok("%%sql\nSELECT x FROM stays").rich("text/plain").contains("4711"), "SQL, {after}");
    assert!(session.ok("%%python\nkept").text().contains("in Python"), "Python, {after}");
}

/// Either the right answer, or an error that says that somebody was killed.
fn is_told(ended: &Transcript, victim: &Victim, after: &str) {
    let (text, said) = (ended.text(), ended.reply["traceback"].to_string());
    if ended.reply["status"] == "ok" {
        // With several engines, one that died is told in its row, and the others go on.
        assert!(text.contains(victim.answer), "{after}: no error and no answer:\n{text}");
    } else {
        let told = ["killed", "signal 9", "SIGKILL"].iter().any(|word| said.contains(word));
        assert!(told, "{after}: the error does not say what happened:\n{text}\n{said}");
    }
}

#[test]
fn at_random_moments() {
    let seed = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos() as u64;
    let mut random = Random(seed);
    let with_spark = spark::is_installed("random_kills::at_random_moments (the part about Spark)");
    let mut session = Session::start();
    prepare(&mut session, None);
    let directory = session.kernel.session_dir().expect("a session directory");
    let mut killed = 0;
    for round in 0..KILLS {
        let victim = match KILLS.checked_sub(round + 1) {
            Some(left) if left < KILLS_OF_SPARK && with_spark => &ON_SPARK,
            _ => &VICTIMS[random.below(VICTIMS.len() as u64) as usize],
        };
        if victim.program == "java" {
            let _ = session.ok("%engine start spark --threads 2");
        }
        let wait = Duration::from_millis(random.below(LATEST.as_millis() as u64));
        let after = format!("seed {seed}, round {round}: `{}` killed {wait:?} after the start of\n{}", victim.program, victim.cell);
        let cell = session.begin(victim.cell);
        std::thread::sleep(wait);
        // One that is not there yet, or no more, is no victim.
        let running = process::descendants(session.kernel.pid());
        let hit: Vec<_> =
            running.iter().filter(|process| process.name.starts_with(&victim.program[..victim.program.len().min(15)])).collect();
        for process in &hit {
            process.signal(libc::SIGKILL);
        }
        killed += usize::from(!hit.is_empty());
        let ended = session.end(victim.cell, &cell);
        is_told(&ended, victim, &after);
        for process in hit {
            process::wait_gone(process, SOON);
        }
        prepare(&mut session, Some(victim.program));
        everything_is_there(&mut session, &after);
        let _ = session.ok("%sql SELECT count(*) FROM small");
        let parts: Vec<_> = directory.join("tables").read_dir().expect("the tables").flatten().map(|entry| entry.path()).collect();
        let parts: Vec<_> = parts.iter().filter(|path| path.to_string_lossy().ends_with(".part")).collect();
        assert!(parts.is_empty(), "{after}: left behind: {parts:?}");
        let _ = session.run("%tables --drop numbers --drop more");
    }
    assert!(killed >= KILLS / 2, "only {killed} of {KILLS} kills hit a running process");
    let all = process::descendants(session.kernel.pid());
    drop(session);
    for process in &all {
        process::wait_gone(process, SOON);
    }
    assert!(!directory.exists(), "{} is still there", directory.display());
}
