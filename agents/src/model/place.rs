//! A place at a server that requests are posted to.
//!
//! A server on this machine is spoken to by hyper's client alone. Proxies, certificates and redirects cannot lie between, and what
//! reqwest lays around the same client for their sake takes a tenth of the processor time of a turn (notes/decisions/near-servers.md).
//! Every other server is reached by reqwest.

use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reqwest::{Client, Url};

use super::ModelError;
use super::http::{self, body_error, is_loopback, send_error, unsent};

/// Connections are alive for so long without a sign, and kept for so long without a request; as reqwest has it.
const ALIVE: Duration = Duration::from_secs(15);
const KEPT: Duration = Duration::from_secs(90);

/// A URL, the headers of every request to it, and the way there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    url: Url,
    headers: HeaderMap,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    Near { client: legacy::Client<HttpConnector, Full<Bytes>>, uri: Uri },
    Far(Client),
}

impl Place {
    /// The place at `url`. Connects to nothing yet.
    pub(crate) fn new(url: Url, headers: HeaderMap) -> Result<Self, reqwest::Error> {
        let near = url.scheme() == "http" && is_loopback(&url);
        match url.as_str().parse() {
            Ok(uri) if near => Ok(Self { url, headers, way: Way::Near { client: near_client(), uri } }),
            _ => {
                let way = Way::Far(http::client(&url)?);
                Ok(Self { url, headers, way })
            }
        }
    }

    /// The same, by reqwest wherever it is.
    #[cfg(test)]
    pub(crate) fn by_reqwest(self) -> Self {
        let way = Way::Far(http::client(&self.url).expect("a client"));
        Self { way, ..self }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Posts a body on behalf of `model`, and waits for the head of the response.
    pub(crate) async fn post(&self, model: &str, body: Vec<u8>) -> Result<Response, ModelError> {
        match &self.way {
            Way::Near { client, uri } => {
                let mut request = Request::new(Full::from(body));
                *request.method_mut() = Method::POST;
                *request.uri_mut() = uri.clone();
                *request.headers_mut() = self.headers.clone();
                let sent = client.request(request).await;
                sent.map(Response::Near).map_err(|error| unsent(model, &error, error.is_connect()))
            }
            Way::Far(client) => {
                let sent = client.post(self.url.clone()).headers(self.headers.clone()).body(body).send().await;
                sent.map(Response::Far).map_err(|error| send_error(model, &error))
            }
        }
    }
}

fn near_client() -> legacy::Client<HttpConnector, Full<Bytes>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(http::CONNECTING));
    connector.set_keepalive(Some(ALIVE));
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new()).pool_idle_timeout(KEPT).build(connector)
}

/// A response whose head has come.
#[derive(Debug)]
pub(crate) enum Response {
    /// From this machine.
    Near(hyper::Response<Incoming>),
    /// From anywhere.
    Far(reqwest::Response),
}

impl From<reqwest::Response> for Response {
    fn from(response: reqwest::Response) -> Self {
        Self::Far(response)
    }
}

impl Response {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Near(response) => response.status(),
            Self::Far(response) => response.status(),
        }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        match self {
            Self::Near(response) => response.headers(),
            Self::Far(response) => response.headers(),
        }
    }

    /// The next piece of the body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Near(response) => {
                while let Some(frame) = response.body_mut().frame().await {
                    // What is no data is a trailer, and nobody asked for one.
                    if let Ok(data) = frame?.into_data() {
                        return Ok(Some(data));
                    }
                }
                Ok(None)
            }
            Self::Far(response) => Ok(response.chunk().await?),
        }
    }

    /// The rest of the body.
    pub(crate) async fn bytes(mut self, model: &str) -> Result<Vec<u8>, ModelError> {
        let mut body = Vec::new();
        while let Some(bytes) = self.chunk().await.map_err(|error| body_error(model, error.as_ref()))? {
            body.extend_from_slice(&bytes);
        }
        Ok(body)
    }
}
