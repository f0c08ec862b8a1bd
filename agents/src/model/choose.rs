//! Which model to talk to: what the person says, or else what the environment offers.
//!
//! `auto` takes an OpenAI-compatible server if `OPENAI_API_KEY` or `OPENAI_BASE_URL` is set, a running Ollama if it answers at
//! once at `OLLAMA_HOST` or else at its default port on this machine, and otherwise the embedded model, which needs nothing. It
//! always says which it took, and why. Looking for a server that is not there costs one refused connection on this machine.
//! An address from the command line comes before the environment; with `auto`, one with a path (`http://box:8089/v1`) is
//! OpenAI's protocol, and one without (`http://box:11434`) is Ollama's.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::constrained::Constrained;
use super::embeddings::Endpoint;
use super::http;
use super::ollama::{Ollama, Server};
use super::openai::{BadSettings, OpenAi, Settings, base_url};
use super::place::Response;
use super::scripted::{BadScript, Scripted};
use super::{Capabilities, ChatModel, ModelError};

/// How long an Ollama that nobody asked for by name may take to answer.
const KNOCK: Duration = Duration::from_millis(150);
/// How long a server may take to say what it has.
const INQUIRY: Duration = Duration::from_secs(5);
/// Where OpenAI is, if nothing else is said.
const OPENAI: &str = "https://api.openai.com/v1";
/// The model there, if nothing else is said.
const OPENAI_MODEL: &str = "gpt-4o-mini";
/// Where Ollama listens by default.
const OLLAMA: &str = "127.0.0.1:11434";

/// What `--provider` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    /// What the environment offers.
    #[default]
    Auto,
    /// The embedded model.
    Offline,
    /// An OpenAI-compatible server.
    OpenAi,
    /// Ollama.
    Ollama,
    /// A script in this YAML file.
    Scripted(PathBuf),
}

/// A name that no provider has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no provider `{0}`; take one of auto, offline, openai, ollama, scripted:FILE")]
pub struct UnknownProvider(String);

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match (name, name.strip_prefix("scripted:")) {
            ("auto", _) => Ok(Self::Auto),
            ("offline", _) => Ok(Self::Offline),
            ("openai", _) => Ok(Self::OpenAi),
            ("ollama", _) => Ok(Self::Ollama),
            (_, Some(file)) if !file.is_empty() => Ok(Self::Scripted(file.into())),
            _ => Err(UnknownProvider(name.to_owned())),
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Offline => f.write_str("offline"),
            Self::OpenAi => f.write_str("openai"),
            Self::Ollama => f.write_str("ollama"),
            Self::Scripted(file) => write!(f, "scripted:{}", file.display()),
        }
    }
}

/// How a model is to be given tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tools {
    Native,
    Schema,
}

/// What the environment says about models.
#[derive(Clone, Default)]
pub struct Environment {
    base_url: Option<String>,
    openai_key: Option<String>,
    openai_base_url: Option<String>,
    openai_model: Option<String>,
    ollama_host: Option<String>,
    ollama_model: Option<String>,
    embedder: Option<String>,
    tools: Option<Tools>,
}

// By hand: the key is nobody's business.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = if self.openai_key.is_some() { "set" } else { "not set" };
        f.debug_struct("Environment")
            .field("base_url", &self.base_url)
            .field("OPENAI_API_KEY", &key)
            .field("OPENAI_BASE_URL", &self.openai_base_url)
            .field("OLLAMA_HOST", &self.ollama_host)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// Reads `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `OPENAI_MODEL`, `OLLAMA_HOST`, `OLLAMA_MODEL`, `ROUNDTABLE_TOOLS` (`native`
    /// or `schema`, for servers that do not say what their model knows) and `ROUNDTABLE_EMBEDDER` (see
    /// [`Environment::embeddings`]). An empty one counts as not set.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        Self {
            base_url: None,
            openai_key: get("OPENAI_API_KEY"),
            openai_base_url: get("OPENAI_BASE_URL"),
            openai_model: get("OPENAI_MODEL"),
            ollama_host: get("OLLAMA_HOST"),
            ollama_model: get("OLLAMA_MODEL"),
            embedder: get("ROUNDTABLE_EMBEDDER"),
            tools: match get("ROUNDTABLE_TOOLS").as_deref() {
                Some("native") => Some(Tools::Native),
                Some("schema") => Some(Tools::Schema),
                _ => None,
            },
        }
    }

    /// The same, with the address that the person gave.
    pub fn with_base_url(self, url: &str) -> Self {
        Self { base_url: Some(url.trim().to_owned()), ..self }
    }

    fn openai_url(&self) -> Option<&str> {
        self.base_url.as_deref().or(self.openai_base_url.as_deref())
    }

    fn ollama_url(&self) -> Option<&str> {
        self.base_url.as_deref().or(self.ollama_host.as_deref())
    }

    /// Where vectors come from, if `ROUNDTABLE_EMBEDDER` names a server's model: `openai/NAME` or `ollama/NAME`. `None` is the
    /// model in this program.
    pub fn embeddings(&self) -> Result<Option<Endpoint>, UnknownEmbedder> {
        let Some(name) = self.embedder.as_deref() else { return Ok(None) };
        match name.split_once('/') {
            Some(("openai", model)) if !model.is_empty() => Ok(Some(Endpoint::OpenAi {
                base_url: self.openai_base_url.clone().unwrap_or_else(|| OPENAI.to_owned()),
                key: self.openai_key.clone().unwrap_or_default(),
                model: model.to_owned(),
            })),
            Some(("ollama", model)) if !model.is_empty() => {
                let host = self.ollama_host.clone().unwrap_or_else(|| OLLAMA.to_owned());
                Ok(Some(Endpoint::Ollama { host, model: model.to_owned() }))
            }
            _ => Err(UnknownEmbedder(name.to_owned())),
        }
    }
}

/// A name that no embedding model has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ROUNDTABLE_EMBEDDER is `{0}`; it takes `openai/NAME` or `ollama/NAME`, or nothing for the built-in model")]
pub struct UnknownEmbedder(String);

/// A model, and why it was taken.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The model.
    pub model: Arc<dyn ChatModel>,
    /// Why, for a person: `OPENAI_BASE_URL is set`.
    pub why: String,
}

/// Why the wanted model cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    /// The settings lead nowhere.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// Nothing says where.
    #[error(
        "no OpenAI-compatible server is configured; set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own"
    )]
    NotConfigured,
    /// The server did not say what it has.
    #[error("{0}")]
    Model(#[from] ModelError),
    /// Nobody listens there.
    #[error("nobody answers at `{url}`; is the server running?")]
    Absent {
        /// Where.
        url: String,
    },
    /// The server did not answer in time.
    #[error("`{url}` did not answer within {INQUIRY:?}; is the server running?")]
    Silent {
        /// Where.
        url: String,
    },
    /// The server is there, but empty.
    #[error("`{url}` has no model; {advice}")]
    NoModel {
        /// Where.
        url: String,
        /// What to do.
        advice: &'static str,
    },
    /// The script cannot be read.
    #[error("cannot read the script `{file}`: {why}")]
    Script {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// The script contradicts itself.
    #[error(transparent)]
    BadScript(#[from] BadScript),
}

/// Takes a model. `name` is the model's name if the person gave one; `offline` is the embedded model.
pub async fn choose(
    provider: &Provider,
    name: Option<&str>,
    environment: &Environment,
    offline: Arc<dyn ChatModel>,
) -> Result<Choice, ChooseError> {
    let asked = || format!("--provider {provider}");
    match provider {
        Provider::Offline => Ok(Choice { model: offline, why: asked() }),
        Provider::OpenAi => Ok(Choice { model: openai(name, environment).await?, why: asked() }),
        Provider::Ollama => {
            let host = environment.ollama_url().unwrap_or(OLLAMA);
            Ok(Choice { model: in_time(host, ollama(host, name, environment)).await?, why: asked() })
        }
        Provider::Scripted(file) => Ok(Choice { model: Arc::new(scripted(file).await?), why: asked() }),
        Provider::Auto => Ok(auto(name, environment, offline).await),
    }
}

async fn auto(name: Option<&str>, environment: &Environment, offline: Arc<dyn ChatModel>) -> Choice {
    let (source, found) = if let Some(url) = &environment.base_url {
        let found = if is_bare(url) {
            in_time(url, ollama(url, name, environment)).await
        } else {
            openai(name, environment).await
        };
        ("--base-url is given", found)
    } else if environment.openai_base_url.is_some() {
        ("OPENAI_BASE_URL is set", openai(name, environment).await)
    } else if environment.openai_key.is_some() {
        ("OPENAI_API_KEY is set", openai(name, environment).await)
    } else if let Some(host) = &environment.ollama_host {
        ("OLLAMA_HOST is set", at_once(host, name, environment).await)
    } else {
        match at_once(OLLAMA, name, environment).await {
            Err(ChooseError::Absent { .. }) => {
                let why =
                    "no OPENAI_API_KEY, OPENAI_BASE_URL or OLLAMA_HOST is set, and no Ollama runs here".to_owned();
                return Choice { model: offline, why };
            }
            found => ("Ollama runs on this machine", found),
        }
    };
    match found {
        Ok(model) => Choice { model, why: source.to_owned() },
        Err(error) => Choice { model: offline, why: format!("{source}, but {error}") },
    }
}

/// Whether a URL is only a host and a port.
fn is_bare(url: &str) -> bool {
    Server::new(url).is_ok_and(|server| matches!(server.url().path(), "" | "/"))
}

/// Ollama, if anybody listens there right now.
async fn at_once(host: &str, name: Option<&str>, environment: &Environment) -> Result<Arc<dyn ChatModel>, ChooseError> {
    let server = Server::new(host)?;
    let url = server.url();
    let address =
        (url.host_str().unwrap_or_default().trim_matches(['[', ']']), url.port_or_known_default().unwrap_or(80));
    match timeout(KNOCK, TcpStream::connect(address)).await {
        Ok(Ok(_)) => in_time(host, ollama(host, name, environment)).await,
        Ok(Err(_)) | Err(_) => Err(ChooseError::Absent { url: url.to_string() }),
    }
}

async fn in_time<T>(url: &str, inquiry: impl Future<Output = Result<T, ChooseError>>) -> Result<T, ChooseError> {
    timeout(INQUIRY, inquiry).await.unwrap_or_else(|_| Err(ChooseError::Silent { url: url.to_owned() }))
}

async fn openai(name: Option<&str>, environment: &Environment) -> Result<Arc<dyn ChatModel>, ChooseError> {
    if environment.openai_key.is_none() && environment.openai_url().is_none() {
        return Err(ChooseError::NotConfigured);
    }
    let url = environment.openai_url().unwrap_or(OPENAI).to_owned();
    let base = base_url(&url)?;
    let key = environment.openai_key.clone().unwrap_or_default();
    let name = name.or(environment.openai_model.as_deref());
    let at_openai = base.host_str() == Some("api.openai.com");
    let model = match name {
        Some(name) => name.to_owned(),
        None if at_openai => OPENAI_MODEL.to_owned(),
        None => in_time(&url, first_model(&base, &key)).await?,
    };
    let native_tools = match environment.tools {
        Some(tools) => tools == Tools::Native,
        None => at_openai || !http::is_loopback(&base) || knows_tools(&base).await,
    };
    let capabilities = Capabilities { native_tools, json_schema: true };
    let model = OpenAi::new(Settings { base_url: url, key, model, capabilities })?;
    Ok(Constrained::if_needed(Arc::new(model)))
}

/// The first model of the server's list.
async fn first_model(base: &Url, key: &str) -> Result<String, ChooseError> {
    let url = format!("{}/models", base.as_str().trim_end_matches('/'));
    let mut request = http::client(base).map_err(BadSettings::Client)?.get(&url);
    if !key.is_empty() {
        request = request.bearer_auth(key);
    }
    let model = format!("openai at {url}");
    let response = Response::from(request.send().await.map_err(|error| http::send_error(&model, &error))?);
    if !response.status().is_success() {
        return Err(http::response_error(&model, response, key).await.into());
    }
    let body = response.bytes(&model).await?;
    let list: Value =
        serde_json::from_slice(&body).map_err(|error| ModelError::Protocol { model, message: error.to_string() })?;
    let first = list.pointer("/data/0/id").and_then(Value::as_str);
    let none = || ChooseError::NoModel { url, advice: "start it with one, or name one with OPENAI_MODEL" };
    first.map(str::to_owned).ok_or_else(none)
}

/// Whether a server on this machine says that its model's template has tools. llama.cpp does say; of a server that says
/// nothing it is assumed.
async fn knows_tools(base: &Url) -> bool {
    let mut url = base.clone();
    url.set_path("/props");
    let inquiry = async {
        let response = http::client(base).ok()?.get(url).send().await.ok()?;
        let props: Value = serde_json::from_slice(&response.bytes().await.ok()?).ok()?;
        props.pointer("/chat_template_caps/supports_tools").and_then(Value::as_bool)
    };
    timeout(INQUIRY, inquiry).await.ok().flatten().unwrap_or(true)
}

async fn ollama(host: &str, name: Option<&str>, environment: &Environment) -> Result<Arc<dyn ChatModel>, ChooseError> {
    let server = Server::new(host)?;
    let model = match name.or(environment.ollama_model.as_deref()) {
        Some(name) => name.to_owned(),
        None => chatting_model(&server).await?.ok_or_else(|| ChooseError::NoModel {
            url: server.url().to_string(),
            advice: "fetch one with `ollama pull llama3.2`",
        })?,
    };
    let mut capabilities = server.capabilities(&model).await?;
    if let Some(tools) = environment.tools {
        capabilities.native_tools = tools == Tools::Native;
    }
    Ok(Constrained::if_needed(Arc::new(Ollama::new(server, &model, capabilities))))
}

/// The first model of the server's list that is not for vectors alone.
async fn chatting_model(server: &Server) -> Result<Option<String>, ModelError> {
    for model in server.models().await? {
        if server.abilities(&model).await?.iter().any(|ability| ability == "embedding") {
            continue;
        }
        return Ok(Some(model));
    }
    Ok(None)
}

async fn scripted(file: &PathBuf) -> Result<Scripted, ChooseError> {
    let unreadable = |why: String| ChooseError::Script { file: file.clone(), why };
    let text = tokio::fs::read_to_string(file).await.map_err(|error| unreadable(error.to_string()))?;
    let lines = serde_saphyr::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    Ok(Scripted::new(lines)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::read(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    async fn check(provider: &str, pairs: &[(&str, &str)]) -> Result<(String, String), String> {
        let provider: Provider = provider.parse().map_err(|error: UnknownProvider| error.to_string())?;
        let offline = Arc::new(Scripted::named("offline", Vec::new()).map_err(|error| error.to_string())?);
        let choice = choose(&provider, None, &environment(pairs), offline).await.map_err(|error| error.to_string())?;
        Ok((choice.model.id().to_owned(), choice.why))
    }

    #[tokio::test]
    async fn names_and_reasons() {
        let taken = |id: &str, why: &str| Ok((id.to_owned(), why.to_owned()));
        assert_eq!(check("offline", &[]).await, taken("offline", "--provider offline"));
        let key = ("OPENAI_API_KEY", "sk-1");
        assert_eq!(check("auto", &[key]).await, taken("openai/gpt-4o-mini", "OPENAI_API_KEY is set"));
        assert_eq!(check("openai", &[key, ("OPENAI_MODEL", "big")]).await, taken("openai/big", "--provider openai"));
        // Port 9 of this machine: nobody answers there.
        let nowhere = ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
        let (id, why) = check("auto", &[nowhere]).await.expect("auto always finds one");
        assert_eq!(id, "offline");
        assert!(why.starts_with("OPENAI_BASE_URL is set, but cannot reach"), "{why}");
        let given = environment(&[key]).with_base_url("http://127.0.0.1:9/v1");
        let offline = Arc::new(Scripted::named("offline", Vec::new()).expect("an empty script"));
        let choice = choose(&Provider::Auto, Some("m"), &given, offline).await.expect("auto always finds one");
        assert_eq!((choice.model.id(), choice.why.as_str()), ("openai/m", "--base-url is given"));
        let (id, why) = check("auto", &[("OLLAMA_HOST", "127.0.0.1:9")]).await.expect("auto always finds one");
        assert!(id == "offline" && why.starts_with("OLLAMA_HOST is set, but nobody answers"), "{why}");
    }

    #[tokio::test]
    async fn what_cannot_be_had_says_what_to_do() {
        let refused = async |provider: &str, pairs: &[(&str, &str)], word: &str| {
            let error = check(provider, pairs).await.expect_err("it cannot be had");
            assert!(error.contains(word), "{error}");
        };
        refused("oracle", &[], "offline, openai").await;
        refused("openai", &[], "OPENAI_BASE_URL").await;
        refused("openai", &[("OPENAI_BASE_URL", "nonsense")], "http://127.0.0.1:8089/v1").await;
        refused("scripted:/no/such/file", &[], "/no/such/file").await;
        refused("ollama", &[("OLLAMA_HOST", "127.0.0.1:9")], "cannot reach").await;
    }

    #[test]
    fn vectors_come_from_where_the_environment_says() {
        let found =
            |name: &str| environment(&[("ROUNDTABLE_EMBEDDER", name), ("OPENAI_API_KEY", "sk-secret")]).embeddings();
        let shown = |name: &str| format!("{:?}", found(name).expect("a name").expect("a server"));
        assert!(environment(&[]).embeddings().expect("nothing wrong").is_none());
        assert_eq!(shown("ollama/nomic"), "Ollama(nomic at 127.0.0.1:11434)");
        assert_eq!(shown("openai/text-3"), "OpenAi(text-3 at https://api.openai.com/v1)");
        for wrong in ["openai", "ollama/", "minilm/x"] {
            assert!(found(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_without_a_path_is_ollama() {
        for (url, bare) in
            [("http://box:11434", true), ("box", true), ("http://box:8089/v1", false), ("nonsense ", true)]
        {
            assert_eq!(is_bare(url), bare, "{url}");
        }
    }

    #[test]
    fn the_environment_never_prints_the_key() {
        let shown = format!("{:?}", environment(&[("OPENAI_API_KEY", "sk-secret")]));
        assert!(shown.contains("set") && !shown.contains("secret"), "{shown}");
    }
}
