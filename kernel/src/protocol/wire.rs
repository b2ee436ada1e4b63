//! Frames to messages and back: identities, delimiter, signature, four JSON frames, buffers.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{SubsecRound as _, Utc};
use jupyter_protocol::Header;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::signature::{SignatureError, Signer};

/// The version of the Jupyter messaging protocol that this kernel speaks.
pub const PROTOCOL_VERSION: &str = "5.4";

const DELIMITER: &[u8] = b"<IDS|MSG>";

/// Why received frames are no message. Such frames are logged and dropped.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// No `<IDS|MSG>` among the frames.
    #[error("no delimiter frame")]
    NoDelimiter,
    /// Fewer than a signature and four JSON frames after the delimiter.
    #[error("only {0} frames after the delimiter, five are needed")]
    TooShort(usize),
    /// Forged, damaged or replayed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// A JSON frame that cannot be read.
    #[error("the {frame} frame is not what it should be: {source}")]
    Json { frame: &'static str, source: serde_json::Error },
}

/// The request a message belongs to: what its `parent_header` says. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Parent(Arc<ParentHeader>);

#[derive(Debug)]
struct ParentHeader {
    msg_id: String,
    raw: Bytes,
}

impl Parent {
    /// A parent from the header frame as received.
    #[must_use]
    pub fn new(msg_id: String, raw: Bytes) -> Self {
        Self(Arc::new(ParentHeader { msg_id, raw }))
    }

    /// The request's message id.
    #[must_use]
    pub fn msg_id(&self) -> &str {
        &self.0.msg_id
    }

    /// The request's header, as it was received, unknown keys included.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.0.raw
    }
}

/// A received message whose frames and signature are right; its content is not looked into yet.
#[derive(Debug, Clone)]
pub struct Request {
    /// ROUTER identities: where a reply goes.
    pub identities: Vec<Bytes>,
    pub msg_type: String,
    /// This message, as the parent of what answers it.
    pub parent: Parent,
    /// The message that this one answers, if it says so.
    pub parent_msg_id: Option<String>,
    /// Content, as JSON text.
    pub content: Bytes,
}

/// What is read of a received header; everything else in it is only handed back.
#[derive(Deserialize)]
struct ReceivedHeader {
    msg_id: String,
    msg_type: String,
}

#[derive(Deserialize)]
struct ReceivedParent {
    msg_id: Option<String>,
}

/// Reads one multipart message.
///
/// # Errors
/// See [`WireError`]; the message must then be dropped.
pub fn decode(mut frames: Vec<Bytes>, signer: &Signer) -> Result<Request, WireError> {
    let delimiter = frames.iter().position(|frame| frame.as_ref() == DELIMITER).ok_or(WireError::NoDelimiter)?;
    let rest = frames.split_off(delimiter + 1);
    frames.pop();
    let [signature, header, parent, metadata, content, ..] = rest.as_slice() else {
        return Err(WireError::TooShort(rest.len()));
    };
    signer.check(&[header, parent, metadata, content], signature)?;
    let json = |frame| move |source| WireError::Json { frame, source };
    let received: ReceivedHeader = serde_json::from_slice(header).map_err(json("header"))?;
    let parent: Option<ReceivedParent> = serde_json::from_slice(parent).map_err(json("parent header"))?;
    serde_json::from_slice::<serde::de::IgnoredAny>(metadata).map_err(json("metadata"))?;
    Ok(Request {
        identities: frames,
        msg_type: received.msg_type,
        parent: Parent::new(received.msg_id, header.clone()),
        parent_msg_id: parent.and_then(|parent| parent.msg_id),
        content: content.clone(),
    })
}

/// Makes the messages that leave: one session, one user name, one key.
#[derive(Debug)]
pub struct Envelope {
    signer: Signer,
    session: String,
    username: String,
}

impl Envelope {
    /// An envelope of a new session, signing with the connection file's `key`.
    #[must_use]
    pub fn new(key: &str) -> Self {
        let username = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        Self { signer: Signer::new(key), session: Uuid::new_v4().to_string(), username: username.unwrap_or_else(|| "kernel".into()) }
    }

    /// Reads one multipart message.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn open(&self, frames: Vec<Bytes>) -> Result<Request, WireError> {
        decode(frames, &self.signer)
    }

    /// The IOPub topic of a message type.
    #[must_use]
    pub fn topic(&self, msg_type: &str) -> Bytes {
        Bytes::from(format!("kernel.{}.{msg_type}", self.session))
    }

    /// The frames of a message: `prefix` (identities or topic), then the signed parts. Also its new message id.
    #[must_use]
    pub fn seal(&self, prefix: &[Bytes], msg_type: &str, parent: Option<&Parent>, content: Bytes) -> (String, Vec<Bytes>) {
        let msg_id = Uuid::new_v4().to_string();
        let header = Header {
            msg_id: msg_id.clone(),
            username: self.username.clone(),
            session: self.session.clone(),
            // jupyter_client reads no more than six digits.
            date: Utc::now().trunc_subsecs(6),
            msg_type: msg_type.to_owned(),
            version: PROTOCOL_VERSION.to_owned(),
        };
        let header = to_json(&header);
        let parent = parent.map_or_else(|| Bytes::from_static(b"{}"), |parent| parent.raw().clone());
        let metadata = Bytes::from_static(b"{}");
        let signature = self.signer.sign(&[&header, &parent, &metadata, &content]);
        let mut frames = prefix.to_vec();
        frames.extend([Bytes::from_static(DELIMITER), signature.into(), header, parent, metadata, content]);
        (msg_id, frames)
    }
}

/// JSON text of a message part. Our own types always serialise; should one not, an empty object leaves.
#[must_use]
pub fn to_json(value: &impl serde::Serialize) -> Bytes {
    match serde_json::to_vec(value) {
        Ok(text) => text.into(),
        Err(error) => {
            tracing::error!(%error, "a message part cannot be written as JSON");
            Bytes::from_static(b"{}")
        }
    }
}

/// Reads a request's content into its type; keys that are absent or null take the value in `defaults`.
///
/// # Errors
/// A sentence saying what is wrong with the content.
pub fn parse_content<T: serde::de::DeserializeOwned>(content: &[u8], defaults: Value) -> Result<T, String> {
    let mut value: Value = serde_json::from_slice(content).map_err(|error| format!("the content is not JSON: {error}"))?;
    let Value::Object(fields) = &mut value else {
        return Err("the content is not a JSON object".into());
    };
    if let Value::Object(defaults) = defaults {
        for (key, default) in defaults {
            let field = fields.entry(key).or_insert(Value::Null);
            if field.is_null() {
                *field = default;
            }
        }
    }
    serde_json::from_value(value).map_err(|error| format!("the content does not fit: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HEADER: &str = r#"{"msg_id":"m1","session":"s","username":"u","date":"x","msg_type":"t_request","version":"5.3","more":1}"#;

    fn frames(parts: &[&str]) -> Vec<Bytes> {
        parts.iter().map(|part| Bytes::copy_from_slice(part.as_bytes())).collect()
    }

    #[test]
    fn a_request_and_the_reply_to_it() {
        let ours = Envelope::new("k");
        let signature = Signer::new("k").sign(&[HEADER.as_bytes(), b"{}", b"{}", b"{\"a\":1}"]);
        let parts = ["id", "<IDS|MSG>", &signature, HEADER, "{}", "{}", "{\"a\":1}", "buffer"];
        let request = ours.open(frames(&parts)).unwrap();
        assert_eq!(request.msg_type, "t_request");
        assert_eq!(request.identities, frames(&["id"]));
        assert_eq!(request.parent_msg_id, None);
        let (msg_id, reply) = ours.seal(&request.identities, "t_reply", Some(&request.parent), Bytes::from_static(b"{}"));
        assert_eq!(reply[4], HEADER.as_bytes(), "the parent header is handed back whole");
        let read = decode(reply, &Signer::new("k")).unwrap();
        assert_eq!(read.parent.msg_id(), msg_id);
        assert_eq!(read.parent_msg_id.as_deref(), Some("m1"));
    }

    #[test]
    fn malformed_frames_are_errors() {
        let open = |parts: &[&str]| decode(frames(parts), &Signer::new("")).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(open(&[]), Err("no delimiter frame".into()));
        assert_eq!(open(&["id", "x"]), Err("no delimiter frame".into()));
        assert_eq!(open(&["<IDS|MSG>"]), Err("only 0 frames after the delimiter, five are needed".into()));
        assert_eq!(open(&["<IDS|MSG>", "", HEADER, "{}", "{}"]), Err("only 4 frames after the delimiter, five are needed".into()));
        assert!(open(&["<IDS|MSG>", "", "{", "{}", "{}", "{}"]).is_err());
        assert!(open(&["<IDS|MSG>", "", "{\"msg_id\":1}", "{}", "{}", "{}"]).is_err());
        assert!(open(&["<IDS|MSG>", "", HEADER, "[1", "{}", "{}"]).is_err());
        assert!(open(&["<IDS|MSG>", "", HEADER, "null", "{}", "{}"]).is_ok());
        let key = decode(frames(&["<IDS|MSG>", "00", HEADER, "{}", "{}", "{}"]), &Signer::new("k"));
        assert!(matches!(key, Err(WireError::Signature(SignatureError::Wrong))));
    }

    #[test]
    fn content_with_defaults() {
        let read = |text: &str| {
            parse_content::<jupyter_protocol::ExecuteRequest>(text.as_bytes(), json!({"silent": false, "store_history": true}))
        };
        let request = read(r#"{"code": "1", "silent": null}"#).unwrap();
        assert!(!request.silent && request.store_history && request.stop_on_error);
        assert!(read("{}").unwrap_err().contains("code"));
        assert_eq!(read("[]").unwrap_err(), "the content is not a JSON object");
        assert!(read("nope").is_err());
    }
}
