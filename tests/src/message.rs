//! A received message, as JSON.

use bytes::Bytes;
use jupyter_protocol::messaging::{Header, JupyterMessageContent};
use jupyter_zmq_client::RawMessage;
use serde_json::Value;

/// Where a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    Shell,
    Control,
    Stdin,
    Iopub,
}

/// One message; framing and signature were right.
#[derive(Debug, Clone)]
pub struct Message {
    pub channel: Channel,
    /// The frames before the delimiter: on IOPub the topic.
    pub topic: Vec<Bytes>,
    pub header: Value,
    pub parent: Value,
    pub metadata: Value,
    pub content: Value,
    pub buffers: Vec<Bytes>,
}

impl Message {
    /// Reads the JSON frames; the client library must be able to read them, too.
    ///
    /// # Errors
    /// A frame that is no JSON, or that the client library refuses.
    pub fn read(channel: Channel, raw: RawMessage) -> Result<Self, String> {
        let frame = |index: usize, name: &str| -> Result<Value, String> {
            serde_json::from_slice(&raw.jparts[index]).map_err(|error| format!("the {name} frame is no JSON: {error}"))
        };
        let message = Self {
            channel,
            header: frame(0, "header")?,
            parent: frame(1, "parent header")?,
            metadata: frame(2, "metadata")?,
            content: frame(3, "content")?,
            buffers: raw.jparts[4..].to_vec(),
            topic: raw.zmq_identities,
        };
        let header: Header =
            serde_json::from_value(message.header.clone()).map_err(|error| format!("unreadable header: {error}: {}", message.header))?;
        if header.date.timestamp() < 1_600_000_000 {
            return Err(format!("the date is missing or no ISO 8601 date: {}", message.header));
        }
        // An error reply has the error's fields only; the library wants the others, too.
        if matches!(message.content["status"].as_str(), Some("error" | "aborted")) {
            return Ok(message);
        }
        JupyterMessageContent::from_type_and_content(message.kind(), message.content.clone())
            .map_err(|error| format!("the client library cannot read this {}: {error}: {}", message.kind(), message.content))?;
        Ok(message)
    }

    /// The message type.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.header["msg_type"].as_str().unwrap_or_default()
    }

    /// Its own id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.header["msg_id"].as_str().unwrap_or_default()
    }

    /// The id of the request that it belongs to.
    #[must_use]
    pub fn parent_id(&self) -> Option<&str> {
        self.parent["msg_id"].as_str()
    }

    /// A text of the content; empty when absent.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.content[key].as_str().unwrap_or_default()
    }
}
