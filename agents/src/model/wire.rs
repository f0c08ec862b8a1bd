//! A server on loopback that plays back what a test gives it: whole responses, ones that break off, ones that fall silent.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Play {
    /// A whole response: status, further header lines (each ending in CRLF), body.
    Whole(u16, &'static str, String),
    /// The head and this much of the body; then the connection ends.
    Cut(String),
    /// The head and this much of the body; then nothing, until the client goes.
    Hang(String),
}

/// A request as it came in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// Which connection it came on, from 0.
    pub connection: usize,
    /// The first line: method, path, version.
    pub line: String,
    /// The body.
    pub body: Value,
}

/// The server. It ends when dropped.
#[derive(Debug)]
pub(crate) struct Wire {
    /// Where it is: `http://127.0.0.1:PORT`.
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    left: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Wire {
    /// Starts a server for these responses, in this order; after the last one it takes no more requests.
    pub(crate) async fn start(plays: Vec<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port of this machine");
        let url = format!("http://{}", listener.local_addr().expect("the port just bound"));
        let (calls, left) = (Arc::default(), Arc::new(Notify::new()));
        let plays = plays.into_iter();
        let task = tokio::spawn(serve(listener, plays, Arc::clone(&calls), Arc::clone(&left)));
        Self { url, calls, left, task }
    }

    /// The requests so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no test panics while it holds this").clone()
    }

    /// Waits until a client has gone away from a response that hangs.
    pub(crate) async fn left(&self) {
        self.left.notified().await;
    }
}

async fn serve(
    listener: TcpListener,
    mut plays: std::vec::IntoIter<Play>,
    calls: Arc<Mutex<Vec<Call>>>,
    left: Arc<Notify>,
) {
    let mut connection = 0;
    while let Ok((mut stream, _)) = listener.accept().await {
        while let Some((line, body)) = request(&mut stream).await {
            calls.lock().expect("no test panics while it holds this").push(Call { connection, line, body });
            let Some(play) = plays.next() else { return };
            let streamed = |body: &str| {
                format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len())
            };
            match play {
                Play::Whole(status, headers, body) => {
                    let length = body.len();
                    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
                    stream.write_all(head.as_bytes()).await.expect("the client reads");
                }
                Play::Cut(start) => {
                    stream.write_all(streamed(&start).as_bytes()).await.expect("the client reads");
                    break;
                }
                Play::Hang(start) => {
                    stream.write_all(streamed(&start).as_bytes()).await.expect("the client reads");
                    // Reading ends, in whichever way, when the client goes.
                    let more = stream.read(&mut [0; 1]).await;
                    assert!(!matches!(more, Ok(1..)), "a client sends nothing while it is answered");
                    left.notify_one();
                    break;
                }
            }
        }
        connection += 1;
    }
}

/// The next request: its first line and its body. `None` when the client has closed the connection.
async fn request(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let line = String::from_utf8_lossy(&bytes[..head]).lines().next().unwrap_or_default().to_owned();
    Some((line, serde_json::from_slice(&bytes[head..]).unwrap_or(Value::Null)))
}
