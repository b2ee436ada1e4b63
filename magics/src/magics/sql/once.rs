//! One run of a query, with the seconds that count.

use std::time::Instant;

use crate::error::MagicError;
use crate::host::Host;
use crate::sql_wire::{Phases, SqlReply, SqlRequest};
use crate::stats::quantile;

/// One run.
pub struct Once {
    pub reply: SqlReply,
    /// Seconds from request to answer on our side, the way to the engine worker and back included.
    pub wall_s: f64,
}

impl Once {
    /// Plan, execute and fetch as the engine counts them; the clock on our side serves when the engine tells none.
    pub fn seconds(&self) -> f64 {
        let phases = &self.reply.phases;
        let told: Vec<f64> = [phases.plan, phases.execute, phases.fetch].into_iter().flatten().collect();
        if told.is_empty() { self.wall_s } else { told.iter().sum() }
    }
}

/// Runs a request once.
///
/// # Errors
/// The engine's failure, an interrupt, a dead worker.
pub fn once(request: &SqlRequest, host: &mut dyn Host, on_progress: &mut dyn FnMut(f64)) -> Result<Once, MagicError> {
    let started = Instant::now();
    let reply = host.sql(request, on_progress)?;
    Ok(Once { reply, wall_s: started.elapsed().as_secs_f64() })
}

/// Median of each phase of warm runs: opening and loading happened before them and are no part of them.
pub fn medians(all: &[Phases]) -> Phases {
    let median = |phase: fn(&Phases) -> Option<f64>| {
        let known: Vec<f64> = all.iter().filter_map(phase).collect();
        (!known.is_empty()).then(|| quantile::median(&known))
    };
    Phases { open: None, load: None, plan: median(|p| p.plan), execute: median(|p| p.execute), fetch: median(|p| p.fetch) }
}
