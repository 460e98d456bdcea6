//! A service of AWS for tests: requests, responses, and a loopback server for a separate process.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::Value;

/// A request.
#[derive(Debug, Clone)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// The path, with the query.
    pub path: String,
    /// The operation without the service's prefix, if the protocol names it in the header `X-Amz-Target`.
    pub operation: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Call {
    /// The body as JSON; null if it is not valid.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The last part of a target such as `DynamoDB_20120810.GetItem`.
    pub fn operation_of(target: &str) -> String {
        target.rsplit('.').next().unwrap_or_default().to_owned()
    }
}

/// A response.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers besides the length and the type.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A response with this body and status 200.
    pub fn ok(body: &Value) -> Self {
        Self::text(200, body.to_string())
    }

    /// A response with this status and body.
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// An error in AWS's JSON protocols.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::text(status, serde_json::json!({"__type": code, "message": message}).to_string())
    }

    /// No response: the connection is closed.
    pub fn hang_up() -> Self {
        Self::text(0, "")
    }

    /// The response with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A service, which responds to each request.
pub type Service = Arc<dyn Fn(&Call) -> Answer + Send + Sync>;

/// Serves on a free loopback port until the test ends. The port accepts connections when this returns.
pub fn listen(service: Service) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let service = Arc::clone(&service);
            // A client that disconnects is no fault of the service.
            thread::spawn(move || while one(&stream, &service).is_ok_and(|more| more) {});
        }
    });
    address
}

/// Handles one exchange on a connection; returns whether another may follow.
fn one(stream: &TcpStream, service: &Service) -> std::io::Result<bool> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let value = |line: &String| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        lines.iter().skip(1).find_map(value)
    };
    let mut words = lines.first().map(String::as_str).unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let operation = Call::operation_of(&header("x-amz-target").unwrap_or_default());
    let answer = service(&Call { method, path, operation, body });
    if answer.status == 0 {
        return Ok(false);
    }
    let mut head = format!("HTTP/1.1 {} Played\r\ncontent-length: {}\r\n", answer.status, answer.body.len());
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = stream;
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(&answer.body)?;
    Ok(true)
}
