//! The minute bars: the planted answer, the invariants, the pinned bytes.

mod common;

use std::collections::BTreeMap;

use common::{assert_formats_agree, made, parquet_cells, stocks};
use datasets::{Format, Made, Number};

const MINUTES: usize = 241;

/// Symbol to its bars in order: (timestamp, open, high, low, close in cents, volume).
type Bars = BTreeMap<String, Vec<(String, [i64; 4], i64)>>;

fn bars(made: &Made, table: &str) -> Bars {
    let mut bars = Bars::new();
    for row in parquet_cells(made, table).1 {
        let cents = |text: &str| {
            let exact = text.parse::<f64>().expect("number") * 100.0;
            assert!((exact - exact.round()).abs() < 1e-6, "{text} is not in whole cents");
            exact.round() as i64
        };
        let prices = [cents(&row[2]), cents(&row[3]), cents(&row[4]), cents(&row[5])];
        bars.entry(row[0].clone()).or_default().push((row[1].clone(), prices, row[6].parse().expect("volume")));
    }
    bars
}

fn sectors(made: &Made) -> BTreeMap<String, String> {
    parquet_cells(made, "symbols").1.into_iter().map(|row| (row[0].clone(), row[2].clone())).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(x, y)| f(x - ma, y - mb)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

/// All pairs with the correlation of their log returns over every `step` bars, the highest first.
fn pairs(bars: &Bars, step: usize) -> Vec<(f64, String, String)> {
    let returns: Vec<(String, Vec<f64>)> = bars
        .iter()
        .map(|(symbol, bars)| {
            let closes: Vec<f64> = bars.iter().step_by(step).map(|(_, prices, _)| (prices[3] as f64).ln()).collect();
            (symbol.clone(), closes.windows(2).map(|two| two[1] - two[0]).collect())
        })
        .collect();
    let mut pairs = Vec::new();
    for (i, (a, x)) in returns.iter().enumerate() {
        for (b, y) in &returns[i + 1..] {
            pairs.push((correlation(x, y), a.clone(), b.clone()));
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs
}

#[test]
fn the_planted_pair_stands_out_at_every_step() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&stocks(20), root.path());
    let bars = bars(&made, "bars");
    assert_eq!(bars.len(), 29);
    let planted = datasets::verify(&made.dir).expect("whole").planted.expect("planted");
    let pair: Vec<&str> = planted["pair"].as_array().expect("pair").iter().map(|symbol| symbol.as_str().expect("text")).collect();
    let correlation = planted["correlation"].as_f64().expect("number");
    let sectors = sectors(&made);
    assert_ne!(sectors[pair[0]], sectors[pair[1]]);
    // Minutes, five minutes, and the close of each day.
    for (step, tolerance, runner_up) in [(1, 0.01, 0.6), (5, 0.01, 0.6), (MINUTES, 0.06, 0.93)] {
        let pairs = pairs(&bars, step);
        assert_eq!((pairs[0].1.as_str(), pairs[0].2.as_str()), (pair[0], pair[1]), "step {step}: {:?}", &pairs[..3]);
        assert!((pairs[0].0 - correlation).abs() < tolerance, "step {step}: {:?}", &pairs[..3]);
        assert!(pairs[1].0 < runner_up, "step {step}: {:?}", &pairs[..3]);
    }
    // Sectors are visible as well: the next pairs at one minute all belong together.
    assert!(
        pairs(&bars, 1)[1..30].iter().all(|(_, a, b)| sectors[a] == sectors[b] || pair.contains(&b.as_str()) || pair.contains(&a.as_str()))
    );
}

#[test]
fn bars_keep_the_invariants_and_add_up_to_daily() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&stocks(6), root.path());
    let (bars, daily) = (bars(&made, "bars"), bars(&made, "daily"));
    assert_eq!((made.file("bars", Format::Csv).map(|file| file.rows), daily.len()), (Some(6 * 29 * 241), 29));
    for (symbol, bars) in &bars {
        assert_eq!(bars.len(), 6 * MINUTES);
        for (_, [open, high, low, close], volume) in bars {
            assert!(low <= open && low <= close && high >= open && high >= close && *low > 0 && *volume > 0, "{symbol}");
        }
        for (day, bars) in bars.chunks(MINUTES).enumerate() {
            let (date, prices, volume) = &daily[symbol][day];
            let whole = [
                bars[0].1[0],
                bars.iter().map(|bar| bar.1[1]).max().expect("bars"),
                bars.iter().map(|bar| bar.1[2]).min().expect("bars"),
                bars[MINUTES - 1].1[3],
            ];
            assert_eq!((&whole, bars.iter().map(|bar| bar.2).sum::<i64>()), (prices, *volume), "{symbol} {date}");
            assert_eq!(
                (bars[0].0.as_str(), bars[240].0.as_str()),
                (format!("{date} 14:30:00").as_str(), format!("{date} 18:30:00").as_str())
            );
        }
    }
    // Tuesday to Friday, then Monday.
    let dates: Vec<_> = daily["AMBR"].iter().map(|day| day.0.as_str()).collect();
    assert_eq!(dates, ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"]);
}

#[test]
fn formats_agree() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&stocks(2), root.path());
    for table in ["bars", "daily", "symbols"] {
        assert_formats_agree(&made, table);
    }
}

#[test]
fn bytes_are_the_same_on_every_computer() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&stocks(2), root.path());
    let found: Vec<_> = made.files.iter().map(|file| (file.table.as_str(), file.format, file.sha256.as_str())).collect();
    assert_eq!(found, GOLDEN);
}

/// A change here changes every number of the course: raise the version of the generator with it.
const GOLDEN: [(&str, Format, &str); 9] = [
    ("bars", Format::Parquet, "e914f45f4533cb5e897738fcf30403c98222be765f7380afdeb83ed22c9cde09"),
    ("bars", Format::Csv, "4fe1141e20c9a37b07bc7cc47e73b56b93940cc177f870b3a5ad61a05dd06434"),
    ("bars", Format::Jsonl, "3895e15e2cf2e520ddb5716170f70d9255f4d9413cf12483262b6c486c11dc0c"),
    ("daily", Format::Parquet, "a91bd164a820429e3cb23d6d9c7cc050afc367f4756accb59d8c52e350bfbdf0"),
    ("daily", Format::Csv, "1cf96eaa0b36615a38267cfe2a832f036540b4762f3bbeed348638e8298a87e2"),
    ("daily", Format::Jsonl, "4302c50f647ead089186aad5dc3c1d7b81fa7814f24fd49554cd6303e20eb8a3"),
    ("symbols", Format::Parquet, "efebf6a63b24cc684ecf66086701748885c86c06e18fcc8df3d7c44ee6fa15b2"),
    ("symbols", Format::Csv, "eb7b01df4568d2da5924999720d16e0cd775b2de8d86192db01e6a82658f22bf"),
    ("symbols", Format::Jsonl, "a5f601ef6d331e11aeb1b9c2b06f6c06f392fd6df1aa705457d568d9ef9178a3"),
];

#[test]
fn fewer_days_or_symbols_are_a_part_and_a_seed_is_another_market() {
    let root = tempfile::tempdir().expect("folder");
    let stocks = |days, symbols, seed| {
        stocks(days).with("symbols", Number::Whole(symbols)).with("seed", Number::Whole(seed)).formats(&[Format::Parquet])
    };
    let full = made(&stocks(3, 29, 42), root.path());
    let short = made(&stocks(2, 8, 42), root.path());
    let other = made(&stocks(2, 8, 43), root.path());
    assert!(short.dir.ends_with("stocks-2d-8s") && other.dir.ends_with("stocks-2d-8s-seed43"));
    let (full, short, other) = (bars(&full, "bars"), bars(&short, "bars"), bars(&other, "bars"));
    assert_eq!(short.len(), 8);
    for (symbol, bars) in &short {
        assert_eq!(bars[..], full[symbol][..2 * MINUTES], "{symbol}");
        assert_ne!(bars[0], other[symbol][0], "{symbol}");
    }
    assert_eq!((&pairs(&other, 1)[0].1, &pairs(&other, 1)[0].2), (&"CRVN".to_owned(), &"HRTH".to_owned()));
}
