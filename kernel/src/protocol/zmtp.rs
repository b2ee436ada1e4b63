//! The publisher's side of ZMTP 3.0 with the NULL mechanism: greeting, READY and frames.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// Subscribers send topics and commands only; anything longer is no subscriber.
const LONGEST_FRAME: u64 = 64 * 1024;

/// One received frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub command: bool,
    /// More frames of the same message follow.
    pub more: bool,
    pub body: Bytes,
}

/// What a subscriber asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    Subscribe(Bytes),
    Unsubscribe(Bytes),
    /// A liveness probe with its context, to be sent back.
    Ping(Bytes),
    /// Nothing that concerns a publisher.
    Other,
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Exchanges greetings and READY commands with a peer that has just connected.
///
/// # Errors
/// The peer went away, speaks something else, or is no subscriber.
pub async fn handshake(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    let mut ours = [0; 64];
    ours[0] = 0xff;
    ours[9] = 0x7f;
    ours[10] = 3;
    ours[12..16].copy_from_slice(b"NULL");
    stream.write_all(&ours).await?;
    let mut theirs = [0; 64];
    stream.read_exact(&mut theirs).await?;
    if theirs[0] != 0xff || theirs[9] & 1 == 0 || theirs[10] < 3 {
        return Err(broken("the peer does not speak ZMTP 3"));
    }
    if theirs[12..16] != *b"NULL" || theirs[16..32] != [0; 16] {
        return Err(broken("the peer wants a security mechanism other than NULL"));
    }
    let mut ready = BytesMut::new();
    put_short(&mut ready, b"READY");
    for (name, value) in [(&b"Socket-Type"[..], &b"XPUB"[..]), (b"Identity", b"")] {
        put_short(&mut ready, name);
        ready.put_u32(u32::try_from(value.len()).unwrap_or_default());
        ready.put_slice(value);
    }
    stream.write_all(&encode_frame(COMMAND, &ready)).await?;
    let answer = read_frame(stream).await?;
    match (answer.command, socket_type(&answer.body)) {
        (true, Some(kind)) if kind == b"SUB" || kind == b"XSUB" => Ok(()),
        _ => Err(broken("the peer is no subscriber")),
    }
}

/// Reads one frame.
///
/// # Errors
/// The connection ended, or the bytes are no frame of reasonable length.
pub async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    let flags = stream.read_u8().await?;
    if flags & !(MORE | LONG | COMMAND) != 0 {
        return Err(broken("unknown frame flags"));
    }
    let length = if flags & LONG == 0 { u64::from(stream.read_u8().await?) } else { stream.read_u64().await? };
    if length > LONGEST_FRAME {
        return Err(broken("the frame is too long for a subscription"));
    }
    let mut body = vec![0; usize::try_from(length).unwrap_or_default()];
    stream.read_exact(&mut body).await?;
    Ok(Frame { command: flags & COMMAND != 0, more: flags & MORE != 0, body: body.into() })
}

/// What a frame from a subscriber means: 3.0 sends topics as messages, 3.1 as commands.
#[must_use]
pub fn wish(frame: &Frame) -> Wish {
    if !frame.command {
        return match frame.body.first() {
            Some(1) if !frame.more => Wish::Subscribe(frame.body.slice(1..)),
            Some(0) if !frame.more => Wish::Unsubscribe(frame.body.slice(1..)),
            _ => Wish::Other,
        };
    }
    let Some((name, _)) = take_short(&frame.body) else { return Wish::Other };
    let rest = frame.body.slice(name.len() + 1..);
    match name {
        b"SUBSCRIBE" => Wish::Subscribe(rest),
        b"CANCEL" => Wish::Unsubscribe(rest),
        b"PING" if rest.len() >= 2 => Wish::Ping(rest.slice(2..)),
        _ => Wish::Other,
    }
}

/// The bytes of the PONG that answers a PING.
#[must_use]
pub fn pong(context: &[u8]) -> Bytes {
    let mut body = BytesMut::new();
    put_short(&mut body, b"PONG");
    body.put_slice(context);
    encode_frame(COMMAND, &body)
}

/// The bytes of a multipart message.
#[must_use]
pub fn encode_message(frames: &[Bytes]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(frames.iter().map(|frame| frame.len() + 9).sum());
    for (index, frame) in frames.iter().enumerate() {
        put_frame(&mut bytes, if index + 1 < frames.len() { MORE } else { 0 }, frame);
    }
    bytes.freeze()
}

fn encode_frame(flags: u8, body: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(body.len() + 9);
    put_frame(&mut bytes, flags, body);
    bytes.freeze()
}

fn put_frame(bytes: &mut BytesMut, flags: u8, body: &[u8]) {
    if let Ok(length) = u8::try_from(body.len()) {
        bytes.put_u8(flags);
        bytes.put_u8(length);
    } else {
        bytes.put_u8(flags | LONG);
        bytes.put_u64(body.len() as u64);
    }
    bytes.put_slice(body);
}

fn put_short(bytes: &mut BytesMut, text: &[u8]) {
    bytes.put_u8(u8::try_from(text.len()).unwrap_or_default());
    bytes.put_slice(text);
}

/// Splits off a string that is preceded by its length in one byte.
fn take_short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// The `Socket-Type` property of a READY command.
fn socket_type(body: &[u8]) -> Option<&[u8]> {
    let (name, mut rest) = take_short(body)?;
    if name != b"READY" {
        return None;
    }
    loop {
        let (property, after) = take_short(rest)?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let (value, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        if property.eq_ignore_ascii_case(b"Socket-Type") {
            return Some(value);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &'static [u8]) -> Frame {
        Frame { command: false, more: false, body: Bytes::from_static(body) }
    }

    fn command(body: &'static [u8]) -> Frame {
        Frame { command: true, ..message(body) }
    }

    #[test]
    fn wishes() {
        assert_eq!(wish(&message(b"\x01")), Wish::Subscribe(Bytes::new()));
        assert_eq!(wish(&message(b"\x01ab")), Wish::Subscribe(Bytes::from_static(b"ab")));
        assert_eq!(wish(&message(b"\x00ab")), Wish::Unsubscribe(Bytes::from_static(b"ab")));
        assert_eq!(wish(&command(b"\x09SUBSCRIBEab")), Wish::Subscribe(Bytes::from_static(b"ab")));
        assert_eq!(wish(&command(b"\x06CANCELab")), Wish::Unsubscribe(Bytes::from_static(b"ab")));
        assert_eq!(wish(&command(b"\x04PING\x00\x0actx")), Wish::Ping(Bytes::from_static(b"ctx")));
        for other in [message(b""), message(b"hello"), command(b""), command(b"\xffSUB"), command(b"\x04PING\x00")] {
            assert_eq!(wish(&other), Wish::Other, "{other:?}");
        }
    }

    #[tokio::test]
    async fn frames_are_read_back() {
        let bytes = encode_message(&[Bytes::from_static(b"topic"), Bytes::from(vec![7; 300]), Bytes::new()]);
        let mut stream = &bytes[..];
        let topic = read_frame(&mut stream).await.unwrap();
        assert_eq!((topic.more, &topic.body[..]), (true, &b"topic"[..]));
        assert_eq!(read_frame(&mut stream).await.unwrap().body.len(), 300);
        let last = read_frame(&mut stream).await.unwrap();
        assert_eq!((last.more, last.body.len()), (false, 0));
        assert!(read_frame(&mut stream).await.is_err(), "the end");
    }

    #[tokio::test]
    async fn absurd_frames_are_errors() {
        assert!(read_frame(&mut &b"\x02\xff\xff\xff\xff\xff\xff\xff\xff"[..]).await.is_err());
        assert!(read_frame(&mut &b"\x80\x00"[..]).await.is_err());
        assert!(read_frame(&mut &b"\x00\x05ab"[..]).await.is_err());
    }

    #[test]
    fn ready_properties() {
        assert_eq!(socket_type(b"\x05READY\x0bSocket-Type\0\0\0\x03SUB"), Some(&b"SUB"[..]));
        assert_eq!(socket_type(b"\x05READY\x08Identity\0\0\0\0\x0bsocket-type\0\0\0\x04XSUB"), Some(&b"XSUB"[..]));
        for bad in [&b""[..], b"\x05READY", b"\x05ERROR\x0bSocket-Type\0\0\0\x03SUB", b"\x05READY\x0bSocket-Type\xff\xff\xff\xffSUB"] {
            assert_eq!(socket_type(bad), None);
        }
    }
}
