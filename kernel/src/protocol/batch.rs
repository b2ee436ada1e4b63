//! Text of running cells, collected so that many small prints leave as few messages.

use std::collections::HashMap;
use std::time::Duration;

use magics::host::Stream;
use tokio::time::Instant;

use super::wire::Parent;

/// How long text waits for more.
pub const WAIT: Duration = Duration::from_millis(50);
/// Text at least this long, in bytes, leaves at once.
pub const FULL: usize = 64 * 1024;

/// Text that is ready to leave as one `stream` message.
#[derive(Debug)]
pub struct Batch {
    pub parent: Parent,
    pub stream: Stream,
    pub text: String,
    due: Instant,
}

/// The text that waits, at most one batch for each running request.
#[derive(Debug, Default)]
pub struct Batcher {
    waiting: HashMap<String, Batch>,
}

impl Batcher {
    /// Adds text; returns what must leave now, oldest first: the other stream's text, or a full batch.
    pub fn push(&mut self, parent: &Parent, stream: Stream, text: &str, now: Instant) -> [Option<Batch>; 2] {
        let other = match self.waiting.get(parent.msg_id()) {
            Some(batch) if batch.stream != stream => self.take(parent),
            _ => None,
        };
        let full = match self.waiting.get_mut(parent.msg_id()) {
            Some(batch) => {
                batch.text.push_str(text);
                batch.text.len() >= FULL
            }
            None => {
                let batch = Batch { parent: parent.clone(), stream, text: text.to_owned(), due: now + WAIT };
                self.waiting.insert(parent.msg_id().to_owned(), batch);
                text.len() >= FULL
            }
        };
        [other, if full { self.take(parent) } else { None }]
    }

    /// Takes out what waits for a request: before any other message of it leaves.
    pub fn take(&mut self, parent: &Parent) -> Option<Batch> {
        self.waiting.remove(parent.msg_id())
    }

    /// Takes out one batch that has waited long enough.
    pub fn take_due(&mut self, now: Instant) -> Option<Batch> {
        let key = self.waiting.iter().find(|(_, batch)| batch.due <= now).map(|(key, _)| key.clone())?;
        self.waiting.remove(&key)
    }

    /// When the next batch must leave.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.values().map(|batch| batch.due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn parent(id: &str) -> Parent {
        Parent::new(id.into(), Bytes::new())
    }

    fn shown(batches: impl IntoIterator<Item = Option<Batch>>) -> Vec<(Stream, String)> {
        batches.into_iter().flatten().map(|batch| (batch.stream, batch.text)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn small_prints_are_collected_until_due() {
        let (mut batcher, a, now) = (Batcher::default(), parent("a"), Instant::now());
        for piece in ["1", "2", "3"] {
            assert_eq!(shown(batcher.push(&a, Stream::Stdout, piece, now)), []);
        }
        assert_eq!(batcher.next_due(), Some(now + WAIT));
        assert!(batcher.take_due(now).is_none());
        assert_eq!(shown([batcher.take_due(now + WAIT)]), [(Stream::Stdout, "123".into())]);
        assert_eq!(batcher.next_due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_other_stream_pushes_text_out() {
        let (mut batcher, a, now) = (Batcher::default(), parent("a"), Instant::now());
        batcher.push(&a, Stream::Stdout, "out", now);
        assert_eq!(shown(batcher.push(&a, Stream::Stderr, "err", now)), [(Stream::Stdout, "out".into())]);
        let long = "x".repeat(FULL);
        assert_eq!(shown(batcher.push(&a, Stream::Stdout, &long, now)), [(Stream::Stderr, "err".into()), (Stream::Stdout, long)]);
        assert!(batcher.take(&a).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn requests_do_not_mix() {
        let (mut batcher, a, b, now) = (Batcher::default(), parent("a"), parent("b"), Instant::now());
        batcher.push(&a, Stream::Stdout, "a", now);
        assert_eq!(shown(batcher.push(&b, Stream::Stderr, "b", now)), []);
        assert_eq!(shown([batcher.take(&a), batcher.take(&b)]), [(Stream::Stdout, "a".into()), (Stream::Stderr, "b".into())]);
    }
}
