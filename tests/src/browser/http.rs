//! The little HTTP that a test needs: one request per connection, to this machine.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// Sends a request to 127.0.0.1 and returns status and body.
///
/// # Errors
/// No connection, or an answer that is no HTTP.
pub fn request(port: u16, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, String), String> {
    let failed = |what: &'static str| move |error: std::io::Error| format!("{what} 127.0.0.1:{port}: {error}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(failed("cannot connect to"))?;
    stream.set_read_timeout(Some(Duration::from_secs(120))).map_err(failed("cannot read from"))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).map_err(failed("cannot write to"))?;
    let mut answer = Vec::new();
    read_answer(&mut stream, &mut answer).map_err(failed("no answer from"))?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a head")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("an answer without a status")?;
    Ok((status, body.to_owned()))
}

/// Reads to the end, or as much as the head announces: some servers keep the connection all the same.
fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> std::io::Result<()> {
    let mut buffer = [0; 1 << 16];
    loop {
        let count = stream.read(&mut buffer)?;
        answer.extend_from_slice(&buffer[..count]);
        if count == 0 || announced(answer).is_some_and(|length| answer.len() >= length) {
            return Ok(());
        }
    }
}

fn announced(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(end + length.trim().parse::<usize>().ok()?)
}
