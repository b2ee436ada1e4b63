//! The heartbeat socket: sends back the very bytes it receives, on a task of its own.

use std::time::Duration;

use zeromq::{Listener, RouterSocket, Socket, SocketRecv, SocketSend};

/// Starts the echo. A ROUTER keeps answering where a REP would stumble over a peer that vanished.
///
/// # Errors
/// The listener cannot be used by the runtime.
pub async fn start(listener: Listener) -> Result<(), zeromq::ZmqError> {
    let mut socket = RouterSocket::new();
    socket.bind_listener(listener).await?;
    tokio::spawn(async move {
        loop {
            let echoed = match socket.recv().await {
                Ok(message) => socket.send(message).await,
                Err(error) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Err(error)
                }
            };
            if let Err(error) = echoed {
                tracing::debug!(%error, "a heartbeat was not echoed");
            }
        }
    });
    Ok(())
}
