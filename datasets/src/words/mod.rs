//! Text whose words follow Zipf's law: the word of rank r comes with a share proportional to 1 / r.
//!
//! The vocabulary is invented: 20,000 words of one to three syllables, frequent ones short ([`vocabulary`]). Lines have
//! ten words each, the last one what is left. `words.txt` is the text alone; the table has a row for each line.

mod vocabulary;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use tpchgen_arrow::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewBuilder};
use tpchgen_arrow::arrow::datatypes::{DataType, Schema, SchemaRef};
use tpchgen_arrow::arrow::error::ArrowError;

use crate::format::Format;
use crate::random::{Random, Weighted};
use crate::sets::{OWN, Parameter, Set, SetInfo, TableInfo};
use crate::write::{self, Meter, column};

use vocabulary::word;

/// Words that there are, and in a line.
const VOCABULARY: usize = 20_000;
const A_LINE: u64 = 10;
/// Lines of a piece.
const PIECE: u64 = 8192;
/// Exponent of Zipf's law.
const ZIPF: f64 = 1.0;
/// Stream of lines under a seed.
const LINES: u64 = 51;

/// The set. Planted: the exponent `zipf` of a `vocabulary` of so many words, and the `share` of the most frequent ones.
pub static SET: Set = Set {
    info: SetInfo {
        name: "words",
        about: "Text of invented words, ten a line, whose frequencies follow Zipf's law (planted); words.txt is the text alone.",
        licence: OWN,
        parameters: &[
            Parameter::whole("words", "{}", (1, 10_000_000_000), [1_000_000, 10_000_000, 100_000_000], "words; a line has ten")
                .suggest(&["1e6", "1e7"]),
            Parameter::seed("another seed gives another text of the same words"),
        ],
        formats: &[Format::Parquet, Format::Csv, Format::Jsonl, Format::Txt],
        default_formats: "parquet,txt",
        tables: &[TableInfo { name: "words", about: "one line: line (from 1), text (words with a blank between them)" }],
    },
    generator: ("benchbook-words", "1"),
    default_formats: |_| &[Format::Parquet, Format::Txt],
    estimate_mb: |values, format| values.real("words") * if format == Format::Parquet { 3.3 } else { 5.0 } / 1e6,
    refuse: |_| None,
    planted: |_| Some(planted()),
    write: |job, values, progress| {
        let (words, weighted) = (values.whole("words"), Weighted::zipf(VOCABULARY, ZIPF));
        let vocabulary: Vec<_> = (0..VOCABULARY).map(word).collect();
        let lines = words.div_ceil(A_LINE);
        let piece = |piece| batch(words, values.whole("seed"), &weighted, &vocabulary, piece);
        write::pieces(job, "words", &schema(), lines.div_ceil(PIECE), piece, &mut Meter::new(lines, progress))
    },
};

fn planted() -> Value {
    let whole: f64 = (1..=VOCABULARY).map(|rank| libm::pow(rank as f64, -ZIPF)).sum();
    let share = |rank: usize| (word(rank), json!(libm::pow(rank as f64 + 1.0, -ZIPF) / whole));
    json!({ "zipf": ZIPF, "vocabulary": VOCABULARY, "share": (0..3).map(share).collect::<serde_json::Map<_, _>>() })
}

static WORDS: LazyLock<SchemaRef> =
    LazyLock::new(|| Arc::new(Schema::new(vec![column("line", DataType::Int64), column("text", DataType::Utf8View)])));

fn schema() -> SchemaRef {
    Arc::clone(&WORDS)
}

/// One piece of lines.
fn batch(words: u64, seed: u64, weighted: &Weighted, vocabulary: &[String], piece: u64) -> Result<RecordBatch, ArrowError> {
    let mut random = Random::new(seed, &[LINES, piece]);
    let lines = piece * PIECE..((piece + 1) * PIECE).min(words.div_ceil(A_LINE));
    let mut texts = StringViewBuilder::with_capacity((lines.end - lines.start) as usize);
    let mut text = String::new();
    for line in lines.clone() {
        text.clear();
        for i in 0..A_LINE.min(words - line * A_LINE) {
            if i > 0 {
                text.push(' ');
            }
            text.push_str(&vocabulary[weighted.draw(&mut random)]);
        }
        texts.append_value(&text);
    }
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(lines.map(|line| line as i64 + 1)));
    RecordBatch::try_new(schema(), vec![numbers, Arc::new(texts.finish())])
}
