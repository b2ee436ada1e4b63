//! The Jupyter protocol layer: five sockets, message identity, busy and idle, replies.
//!
//! One file per socket and per message family. Heartbeat, control, shell and stdin have tasks of their own, cells run
//! on the engine thread, and one task owns IOPub; they speak through channels. Nothing here knows the language:
//! that is behind [`Engine`](crate::engine::Engine) and [`Assist`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;

use crate::engine::Assist;

mod assist;
mod batch;
mod cell;
mod cell_io;
mod comm;
mod connection;
mod control;
mod exchange;
mod execute;
mod gate;
mod glob;
mod heartbeat;
mod history;
mod history_file;
mod interrupt;
mod iopub;
mod kernel_info;
mod lane;
mod publisher;
mod router;
mod shell;
mod signals;
mod signature;
mod stdin;
pub(crate) mod text;
pub(crate) mod wire;
mod zmtp;

pub use cell_io::PAGER;
pub use execute::MakeEngine;
pub use wire::PROTOCOL_VERSION;

/// How long the engine may take to shut down; frontends kill a kernel after five seconds.
const ENGINE_END: Duration = Duration::from_secs(4);
/// How long sockets are kept after the last message, so that it is delivered.
const LINGER: Duration = Duration::from_millis(150);

/// Serves one kernel until a frontend shuts it down, it is told to terminate, or the frontend's process dies.
///
/// `make_engine` runs on the engine's thread and may take seconds: everything but cells is answered meanwhile. When
/// it fails, every cell answers with its error. History is kept in `history_file`, if given.
///
/// # Errors
/// The connection file cannot be used, or its sockets cannot be bound.
pub fn run(connection_file: &Path, assist: Arc<dyn Assist>, make_engine: MakeEngine, history_file: Option<PathBuf>) -> anyhow::Result<()> {
    let info = connection::read(connection_file)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("protocol")
        .enable_all()
        .build()
        .context("cannot start the kernel's threads")?;
    let result = runtime.block_on(serve(info, assist, make_engine, history_file));
    // A completion or a cell that does not end must not keep the process alive.
    runtime.shutdown_background();
    result
}

async fn serve(
    info: jupyter_protocol::connection_info::ConnectionInfo,
    assist: Arc<dyn Assist>,
    make_engine: MakeEngine,
    history_file: Option<PathBuf>,
) -> anyhow::Result<()> {
    let sockets = connection::bind(&info)?;
    let envelope = Arc::new(wire::Envelope::new(&info.key));
    let interrupts = Arc::new(interrupt::Interrupts::default());
    let (end, mut ended) = mpsc::unbounded_channel();
    signals::watch(assist.clone(), interrupts.clone(), end.clone())?;
    heartbeat::start(sockets.heartbeat).await?;
    let iopub = iopub::Iopub::start(sockets.iopub, envelope.clone());
    let stdin = stdin::Stdin::start(sockets.stdin, envelope.clone()).await?;
    let history = Arc::new(history::History::open(history_file));
    let services = cell::Services { iopub: iopub.clone(), stdin, history: history.clone(), interrupts: interrupts.clone() };
    let executor = execute::Executor::start(services, make_engine).context("cannot start the engine's thread")?;
    let handlers = shell::Handlers {
        assist: assist.clone(),
        executor: executor.clone(),
        history,
        interrupts: interrupts.clone(),
        iopub: iopub.clone(),
        connection: Arc::new(info),
        end,
    };
    for (listener, name) in [(sockets.control, "control"), (sockets.shell, "shell")] {
        let (handlers, lanes) = (handlers.clone(), shell::Lanes::start(name)?);
        let handle = move |request, replies: &router::Replies| shell::dispatch(&handlers, &lanes, request, replies);
        router::start(listener, name, envelope.clone(), handle).await?;
    }

    let restart = ended.recv().await.unwrap_or(false);
    tracing::info!(restart, "the kernel ends");
    let stopped = executor.stop(restart);
    // May block for as long as stopping the cell takes, so not on a task.
    tokio::task::spawn_blocking(move || interrupts.interrupt(assist.as_ref()));
    if tokio::time::timeout(ENGINE_END, stopped).await.is_err() {
        tracing::warn!("the engine did not end in time: it is left behind");
    }
    iopub.flush().await;
    tokio::time::sleep(LINGER).await;
    drop(sockets.files);
    Ok(())
}
