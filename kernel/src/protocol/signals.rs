//! What reaches the kernel past its sockets: signals, and the death of the process that started it.

use std::os::unix::process::parent_id;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

use crate::engine::Assist;

use super::interrupt::Interrupts;

/// How often the parent process is looked after.
const PARENT: Duration = Duration::from_secs(1);

/// SIGINT interrupts the running cell; SIGTERM, SIGHUP and the parent's death end the kernel.
///
/// # Errors
/// The signals cannot be handled.
pub fn watch(assist: Arc<dyn Assist>, interrupts: Arc<Interrupts>, end: UnboundedSender<bool>) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        while interrupt.recv().await.is_some() {
            let (assist, interrupts) = (assist.clone(), interrupts.clone());
            tokio::task::spawn_blocking(move || interrupts.interrupt(assist.as_ref()));
        }
    });
    for kind in [SignalKind::terminate(), SignalKind::hangup()] {
        let (mut terminate, end) = (signal(kind)?, end.clone());
        tokio::spawn(async move {
            if terminate.recv().await.is_some() {
                let _ = end.send(false);
            }
        });
    }
    // jupyter_client sets this to its own process id when the kernel is to end with it.
    let expected = std::env::var("JPY_PARENT_PID").ok().and_then(|id| id.parse::<u32>().ok());
    if expected == Some(parent_id()) {
        tokio::spawn(async move {
            while expected == Some(parent_id()) {
                tokio::time::sleep(PARENT).await;
            }
            tracing::warn!("the process that started the kernel has died");
            let _ = end.send(false);
        });
    }
    Ok(())
}
