//! A thread that answers requests in the order they came, apart from other lanes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};

type Job = Box<dyn FnOnce() + Send>;

/// A handle to the thread, which ends with the last handle.
#[derive(Debug, Clone)]
pub struct Lane(Sender<Job>);

impl Lane {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(name: &str) -> std::io::Result<Self> {
        let (jobs, queue) = channel::<Job>();
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            for job in queue {
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    tracing::error!("answering a request panicked");
                }
            }
        })?;
        Ok(Self(jobs))
    }

    /// Queues a job; one that panics harms no other.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) {
        // The thread outlives its handles.
        let _ = self.0.send(Box::new(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_keep_their_order_past_a_panic() {
        let lane = Lane::start("test").unwrap();
        let (done, order) = channel();
        for n in 0..10 {
            let done = done.clone();
            lane.run(move || {
                assert_ne!(n, 5, "caught");
                done.send(n).unwrap();
            });
        }
        drop(done);
        assert_eq!(order.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 6, 7, 8, 9]);
    }
}
