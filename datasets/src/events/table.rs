//! Events as Arrow record batches.

use std::sync::{Arc, LazyLock};

use tpchgen_arrow::arrow::array::{
    ArrayRef, Int32Array, ListArray, RecordBatch, StringViewArray, StringViewBuilder, StructArray, TimestampMillisecondArray,
};
use tpchgen_arrow::arrow::buffer::OffsetBuffer;
use tpchgen_arrow::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use tpchgen_arrow::arrow::error::ArrowError;

use crate::random::{Random, Weighted};
use crate::write::column;

/// How many users and repositories there are.
pub const USERS: usize = 20_000;
pub const REPOS: usize = 5000;

/// Stream of events under a seed.
const ROWS: u64 = 31;
/// 2024-01-01 00:00:00 UTC, and 30 days, in milliseconds.
const START: i64 = 1_704_067_200_000;
const SPAN: f64 = 30.0 * 86_400_000.0;

/// Types with their share in hundredths and the actions that their payload can have.
const TYPES: [(&str, f64, &[&str]); 6] = [
    ("PushEvent", 50.0, &["pushed"]),
    ("WatchEvent", 20.0, &["started"]),
    ("PullRequestEvent", 10.0, &["opened", "closed", "merged"]),
    ("IssuesEvent", 8.0, &["opened", "closed", "labeled"]),
    ("IssueCommentEvent", 7.0, &["created", "edited"]),
    ("ForkEvent", 5.0, &["forked"]),
];
const LABELS: [&str; 8] = ["bug", "docs", "tests", "performance", "question", "good first issue", "build", "api"];
/// A payload has up to three labels.
const MOST_LABELS: u64 = 3;
/// Mean of `size`, which is exponential: changed lines, or letters of a comment.
const SIZE: f64 = 40.0;

static PAYLOAD: LazyLock<Fields> = LazyLock::new(|| {
    let labels = DataType::List(Arc::clone(&LABEL));
    Fields::from(vec![column("action", DataType::Utf8View), column("size", DataType::Int32), column("labels", labels)])
});
static LABEL: LazyLock<Arc<Field>> = LazyLock::new(|| Arc::new(column("element", DataType::Utf8View)));
static EVENTS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name| column(name, DataType::Utf8View);
    let time = column("ts", DataType::Timestamp(TimeUnit::Millisecond, None));
    Arc::new(Schema::new(vec![text("type"), text("user"), text("repo"), time, column("payload", DataType::Struct(PAYLOAD.clone()))]))
});

/// The schema of `events`.
pub fn schema() -> SchemaRef {
    Arc::clone(&EVENTS)
}

/// The events of a seed.
pub struct Events {
    rows: u64,
    seed: u64,
    types: Weighted,
    users: Weighted,
    repos: Weighted,
}

impl Events {
    /// So many, with keys of this skew.
    pub fn new(rows: u64, zipf: f64, seed: u64) -> Self {
        let types = Weighted::new(&TYPES.map(|(_, share, _)| share));
        Self { rows, seed, types, users: Weighted::zipf(USERS, zipf), repos: Weighted::zipf(REPOS, zipf) }
    }

    /// One piece of `size` rows.
    pub fn batch(&self, piece: u64, size: u64) -> Result<RecordBatch, ArrowError> {
        let mut random = Random::new(self.seed, &[ROWS, piece]);
        let rows = piece * size..((piece + 1) * size).min(self.rows);
        let n = (rows.end - rows.start) as usize;
        let mut texts = [(); 4].map(|()| StringViewBuilder::with_capacity(n));
        let [types, users, repos, actions] = &mut texts;
        let (mut times, mut sizes) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let (mut labels, mut counts) = (Vec::new(), Vec::with_capacity(n));
        for row in rows {
            let (kind, _, possible) = TYPES[self.types.draw(&mut random)];
            types.append_value(kind);
            users.append_value(name("user", self.users.draw(&mut random)));
            repos.append_value(name("repo", self.repos.draw(&mut random)));
            times.push(START + ((row as f64 + random.uniform()) / self.rows as f64 * SPAN) as i64);
            actions.append_value(possible[random.below(possible.len() as u64) as usize]);
            sizes.push(random.exponential(SIZE) as i32 + 1);
            let count = random.below(MOST_LABELS + 1) as usize;
            let first = random.below(LABELS.len() as u64) as usize;
            labels.extend((0..count).map(|i| LABELS[(first + 3 * i) % LABELS.len()]));
            counts.push(count);
        }
        let [types, users, repos, actions] = texts.map(|mut texts| -> ArrayRef { Arc::new(texts.finish()) });
        let labels: ArrayRef = Arc::new(StringViewArray::from_iter_values(labels));
        let labels = ListArray::try_new(Arc::clone(&LABEL), OffsetBuffer::from_lengths(counts), labels, None)?;
        let payload = StructArray::try_new(PAYLOAD.clone(), vec![actions, Arc::new(Int32Array::from(sizes)), Arc::new(labels)], None)?;
        let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(times));
        RecordBatch::try_new(schema(), vec![types, users, repos, times, Arc::new(payload)])
    }
}

fn name(kind: &str, rank: usize) -> String {
    format!("{kind}{:06}", rank + 1)
}
