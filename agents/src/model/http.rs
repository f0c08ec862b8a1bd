//! What the remote providers share: one pooled HTTP client, the way from a failed response to a [`ModelError`], and the
//! cutting of a body into lines.
//!
//! The requests are sent with reqwest itself, those of a chat to this machine by `place.rs`. async-openai's own client retries
//! behind the caller's back, hides the response's headers (so no `Retry-After`), and lets go of the response at `[DONE]`, so that
//! each turn pays for a new connection where the end of the body comes a moment later; ollama-rs's drops pieces whose UTF-8 is
//! split between two reads, and prints to stderr. Their types for the two protocols are used; their transport is not.
//! notes/models.md has the numbers.

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use memchr::memchr;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Url, redirect};
use rustls::crypto::{CryptoProvider, ring};
use serde_json::Value;

use super::place::Response;
use super::{ModelError, status_error};

/// How long a server may take to accept a connection.
pub(crate) const CONNECTING: Duration = Duration::from_secs(10);
/// A line that is longer than this is no line of either protocol.
const LONGEST_LINE: usize = 8 << 20;
/// How much of an error's body is read.
const LONGEST_ERROR: usize = 64 << 10;
/// How much of a server's message is passed on, in characters.
const LONGEST_MESSAGE: usize = 400;

/// A client for the server at `base`.
pub(crate) fn client(base: &Url) -> Result<Client, reqwest::Error> {
    if CryptoProvider::get_default().is_none() {
        // It fails if another thread was faster, whose choice is as good.
        drop(ring::default_provider().install_default());
    }
    let builder = Client::builder()
        .tcp_nodelay(true)
        .connect_timeout(CONNECTING)
        // A key must not travel to wherever a server points.
        .redirect(redirect::Policy::none());
    let builder = if is_loopback(base) { builder.no_proxy() } else { builder };
    // Reading the system's certificates takes milliseconds that a plain connection need not pay.
    let builder = if base.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
    builder.build()
}

/// Whether `base` is on this machine.
pub(crate) fn is_loopback(base: &Url) -> bool {
    match base.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// A request that could not be sent, or whose response did not begin.
pub(crate) fn send_error(model: &str, error: &reqwest::Error) -> ModelError {
    if error.is_builder() {
        return ModelError::Rejected { model: model.to_owned(), status: 0, message: innermost(error) };
    }
    unsent(model, error, error.is_connect() || error.is_timeout())
}

/// The same, by whoever knows whether the server was `unreachable`.
pub(crate) fn unsent(model: &str, error: &(dyn Error + 'static), unreachable: bool) -> ModelError {
    let (model, message) = (model.to_owned(), innermost(error));
    if unreachable { ModelError::Unreachable { model, message } } else { ModelError::BrokenOff { model, message } }
}

/// A body that broke off.
pub(crate) fn body_error(model: &str, error: &(dyn Error + 'static)) -> ModelError {
    ModelError::BrokenOff { model: model.to_owned(), message: innermost(error) }
}

/// The last cause says what happened; those above it only where. None of them holds headers or bodies, and so no key.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// The error for a response that is not a success. `secret` never appears in its message.
pub(crate) async fn response_error(model: &str, mut response: Response, secret: &str) -> ModelError {
    let status = response.status().as_u16();
    let wish = retry_after(response.headers(), Timestamp::now());
    let mut body = Vec::new();
    // What arrived before a broken connection is still the best explanation there is.
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes);
        if body.len() >= LONGEST_ERROR {
            break;
        }
    }
    status_error(model.to_owned(), status, explanation(&body, secret), wish)
}

/// What a server says in an error's body: JSON of several shapes, or text.
pub(crate) fn explanation(body: &[u8], secret: &str) -> String {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let told = parsed.as_ref().and_then(message_in);
    let text = match told {
        Some(message) => message.to_owned(),
        None => String::from_utf8_lossy(body).into_owned(),
    };
    clean(&text, secret)
}

/// The message within an error object, as OpenAI, Ollama, FastAPI and others write it.
pub(crate) fn message_in(error: &Value) -> Option<&str> {
    let error = error.get("error").unwrap_or(error);
    error.as_str().or_else(|| ["message", "detail", "error"].iter().find_map(|key| error.get(key)?.as_str()))
}

/// One line of printable text, not too long, without the secret.
pub(crate) fn clean(text: &str, secret: &str) -> String {
    let text = if secret.is_empty() { text.to_owned() } else { text.replace(secret, "[key]") };
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let mut line = words.join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST_MESSAGE) {
        line.truncate(end);
        line.push('…');
    }
    if line.is_empty() { "(no message)".into() } else { line }
}

/// The server's wish: `retry-after-ms`, or `Retry-After` in seconds or as a date. A date is taken relative to the server's
/// own `Date`, so that clocks that disagree do no harm, or else to `now`.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|ms| ms.parse::<u64>().ok()) {
        return Some(Duration::from_millis(ms));
    }
    let wish = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = wish.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |text: &str| rfc2822::parse(text).ok().map(|date| date.timestamp());
    let now = text(DATE.as_str()).and_then(date).unwrap_or(now);
    Some(Duration::try_from(date(wish)?.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// Cuts a body, read piece by piece, into lines. A line that lies within one piece is not copied.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    rest: Vec<u8>,
}

/// Why the cutting of a body stopped.
#[derive(Debug)]
pub(crate) enum Cut {
    /// A line was not understood.
    Failed(ModelError),
    /// A line never ended.
    TooLong,
}

impl Cut {
    /// The same as a model's error.
    pub(crate) fn into_error(self, model: &str) -> ModelError {
        match self {
            Cut::Failed(error) => error,
            Cut::TooLong => ModelError::Protocol { model: model.to_owned(), message: "a line without end".into() },
        }
    }
}

impl Lines {
    /// Calls `each` with every line that `bytes` completes, without its line end.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8]) -> Result<(), Cut>) -> Result<(), Cut> {
        let mut bytes = bytes;
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, after) = bytes.split_at(end);
            bytes = &after[1..];
            if self.rest.is_empty() {
                each(trimmed(line))?;
            } else {
                self.rest.extend_from_slice(line);
                let result = each(trimmed(&self.rest));
                self.rest.clear();
                result?;
            }
        }
        if self.rest.len() + bytes.len() > LONGEST_LINE {
            return Err(Cut::TooLong);
        }
        self.rest.extend_from_slice(bytes);
        Ok(())
    }

    /// What came after the last line end.
    pub(crate) fn rest(&self) -> &[u8] {
        trimmed(&self.rest)
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let map = headers.iter().map(|(name, value)| {
            let value = reqwest::header::HeaderValue::from_static(value);
            (reqwest::header::HeaderName::from_static(name), value)
        });
        // 1994-11-06T08:49:30Z, seven seconds before the date in the tests.
        retry_after(&map.collect(), Timestamp::from_second(784_111_770).expect("a date"))
    }

    #[test]
    fn retry_after_in_all_its_forms() {
        assert_eq!(wish(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(wish(&[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
        assert_eq!(wish(&[("retry-after-ms", "1500"), ("retry-after", "9")]), Some(Duration::from_millis(1500)));
        // The date of RFC 9110's examples.
        let date = ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(wish(&[date]), Some(Duration::from_secs(7)));
        assert_eq!(wish(&[date, ("date", "Sun, 06 Nov 1994 08:49:35 GMT")]), Some(Duration::from_secs(2)));
        assert_eq!(wish(&[date, ("date", "Sun, 06 Nov 1994 09:00:00 GMT")]), Some(Duration::ZERO), "a date gone by");
        for nonsense in ["soon", "-3", "1e400", ""] {
            assert_eq!(wish(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(wish(&[]), None);
    }

    #[test]
    fn explanations_in_all_their_forms() {
        let check = |body: &str, expected: &str| assert_eq!(explanation(body.as_bytes(), "sk-1"), expected);
        check(r#"{"error":{"message":"bad key sk-1","code":401}}"#, "bad key [key]");
        check(r#"{"error":"model not found"}"#, "model not found");
        check(r#"{"detail":"no"}"#, "no");
        check("<html>\n <b>502</b>\u{1b}[31m", "<html> <b>502</b> [31m");
        check("", "(no message)");
        assert_eq!(explanation("ä".repeat(1000).as_bytes(), "").chars().count(), LONGEST_MESSAGE + 1);
    }

    #[test]
    fn lines_survive_any_cut() {
        let body = "a\r\nbä\n\nlast".as_bytes();
        for cut in 0..=body.len() {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for piece in [&body[..cut], &body[cut..]] {
                let kept = lines.feed(piece, |line| {
                    found.push(String::from_utf8(line.to_vec()).expect("whole characters"));
                    Ok(())
                });
                assert!(kept.is_ok());
            }
            assert_eq!(found, ["a", "bä", ""]);
            assert_eq!(lines.rest(), b"last");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        let piece = vec![b'x'; LONGEST_LINE / 2 + 1];
        assert!(lines.feed(&piece, |_| Ok(())).is_ok());
        assert!(lines.feed(&piece, |_| Ok(())).is_err());
    }

    #[test]
    fn loopback_is_recognised() {
        for (url, expected) in [
            ("http://localhost:1/v1", true),
            ("http://127.0.0.1:8089/v1", true),
            ("http://[::1]:8089/v1", true),
            ("https://api.openai.com/v1", false),
        ] {
            assert_eq!(is_loopback(&url.parse().expect("a URL")), expected, "{url}");
        }
    }
}
