//! Watches one running request: forwards cancels and the end of its time to the engine, and progress to the kernel.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::{Job, Watch};
use crate::sql_wire::SqlFailure;

/// How often a cancel is looked for. An interrupt is repeated, since one that arrives between two
/// statements is forgotten by the engine.
const TICK: Duration = Duration::from_millis(25);
/// No progress is reported before this time: short queries stay silent.
const QUIET: Duration = Duration::from_millis(300);
/// Least time between two reports.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs `work` while a second thread reports progress through `report` and interrupts on cancel and at the
/// time limit. A failure of work that was to stop says so, whatever the engine called it.
pub fn watched<R>(
    watch: Arc<dyn Watch>,
    job: &Job,
    report: impl Fn(f64) + Send,
    work: impl FnOnce() -> Result<R, SqlFailure>,
) -> Result<R, SqlFailure> {
    let (alive, ended) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || observe(watch.as_ref(), job, &report, &ended));
        let result = work();
        drop(alive);
        // An engine that says so itself may say more, such as what is lost.
        result.map_err(|failure| job.stopped().filter(|stopped| stopped.class != failure.class).unwrap_or(failure))
    })
}

fn observe(watch: &dyn Watch, job: &Job, report: &dyn Fn(f64), ended: &Receiver<()>) {
    let start = Instant::now();
    let mut last_time = start;
    let mut last_value = 0.0;
    let pause = || job.remaining().filter(|left| !left.is_zero()).map_or(TICK, |left| left.min(TICK));
    while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(pause()) {
        if job.stopped().is_some() {
            watch.interrupt();
            continue;
        }
        if start.elapsed() < QUIET || last_time.elapsed() < PAUSE {
            continue;
        }
        if let Some(fraction) = watch.progress().filter(|f| f.is_finite()) {
            let fraction = fraction.clamp(0.0, 1.0);
            // A bar that goes back would be worse than one that waits.
            if fraction > last_value {
                report(fraction);
                last_value = fraction;
                last_time = Instant::now();
            }
        }
    }
}
