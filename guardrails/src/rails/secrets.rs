//! Keys, tokens and passwords, found by their shape and checked before they are believed.
//!
//! Providers give their keys prefixes and lengths; those are looked for by name. A JSON Web Token must have a header
//! that decodes to JSON with `alg`. What is assigned to a word like `password` or `api_key` counts if it is long and as
//! irregular as a key is (Shannon entropy per character). In text that passes, a secret becomes `[secret: kind]`.

use super::{Rail, Saw, Sight, Text};
use aho_corasick::AhoCorasick;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use regex::bytes::{Captures, Regex, RegexBuilder};
use std::sync::{LazyLock, OnceLock};

/// Looks for secrets.
pub const RAIL: Rail = Rail { name: "secrets", look };

struct Kind {
    name: &'static str,
    /// One of these is in every match (ASCII, any case).
    stems: &'static [&'static str],
    /// The secret is group 1, or else the whole match.
    pattern: &'static str,
    score: f64,
    check: fn(&str) -> bool,
}

const fn kind(name: &'static str, stems: &'static [&'static str], pattern: &'static str) -> Kind {
    Kind { name, stems, pattern, score: 0.95, check: |_| true }
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    kind("private_key", &["-----begin"], r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\z)"),
    kind("aws_key", &["akia", "asia", "abia", "acca"], r"(?:^|[^A-Za-z0-9])((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})(?:[^A-Za-z0-9]|$)"),
    kind("github_token", &["gh", "github_pat_"], r"\b(gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})"),
    kind("gitlab_token", &["glpat-"], r"\b(glpat-[A-Za-z0-9_-]{20,})"),
    kind("anthropic_key", &["sk-ant-"], r"\b(sk-ant-[A-Za-z0-9_-]{24,})"),
    Kind { check: irregular, ..kind("openai_key", &["sk-"], r"\b(sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,})") },
    kind("slack_token", &["xox", "hooks.slack.com"], r"\b(xox[abeoprs]-[A-Za-z0-9-]{10,}|https://hooks\.slack\.com/services/T[A-Za-z0-9_]+/B[A-Za-z0-9_]+/[A-Za-z0-9_]+)"),
    kind("google_key", &["aiza", "ya29.", "gocspx-"], r"\b(AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{30,}|GOCSPX-[A-Za-z0-9_-]{28})"),
    kind("stripe_key", &["k_live_", "k_test_", "whsec_"], r"\b((?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{24,})"),
    kind("huggingface_token", &["hf_"], r"\b(hf_[A-Za-z0-9]{30,})"),
    kind("npm_token", &["npm_"], r"\b(npm_[A-Za-z0-9]{36})"),
    kind("pypi_token", &["pypi-"], r"\b(pypi-[A-Za-z0-9_-]{50,})"),
    kind("sendgrid_key", &["sg."], r"\b(SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64})"),
    Kind { check: is_jwt, ..kind("json_web_token", &["eyj"], r"\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)") },
    Kind { check: |password| !is_placeholder(password), ..kind("url_password", &["://"], r"[a-z][a-z0-9+.-]*://[^\s/:@'\x22]{1,64}:([^\s/@'\x22]{3,128})@[A-Za-z0-9]") },
    Kind { score: 0.9, check: irregular, ..kind("bearer_token", &["bearer"], r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{20,})") },
    Kind { score: 0.8, check: is_assigned, ..kind("assigned_secret", &["key", "token", "secret", "passw", "pwd", "credential", "passphrase"],
        r"(?i)(?:api[_ -]?key|access[_ -]?key|secret[_ -]?key|private[_ -]?key|auth[_ -]?token|access[_ -]?token|[a-z0-9_]*(?:secret|token|passw(?:or)?d|pwd|passphrase|credential)s?)[\x22'`]?\s*(?:=>|:=|[=:]|\bis\b)\s*[\x22'`]?([^\s\x22'`,;<>(){}\[\]]{8,})") },
];

static STEMS: LazyLock<(AhoCorasick, Vec<usize>)> = LazyLock::new(|| {
    let (stems, owners): (Vec<&str>, Vec<usize>) =
        KINDS.iter().enumerate().flat_map(|(n, kind)| kind.stems.iter().map(move |stem| (*stem, n))).unzip();
    let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(stems);
    (automaton.expect("a few dozen short literals always build"), owners)
});

static PATTERNS: [OnceLock<Regex>; KINDS.len()] = [const { OnceLock::new() }; KINDS.len()];

/// Bytes instead of characters compile ten times as fast; every secret begins and ends beside an ASCII character.
fn compiled(pattern: &str) -> Regex {
    RegexBuilder::new(pattern).unicode(false).build().expect("a test compiles every pattern")
}

fn look(text: &Text<'_>) -> Saw {
    let text = text.original();
    let (automaton, owners) = &*STEMS;
    let mut wanted = [false; KINDS.len()];
    for hit in automaton.find_overlapping_iter(text) {
        wanted[owners[hit.pattern().as_usize()]] = true;
    }
    let mut sights: Vec<Sight> = Vec::new();
    for (n, kind) in KINDS.iter().enumerate().filter(|(n, _)| wanted[*n]) {
        let pattern = PATTERNS[n].get_or_init(|| compiled(kind.pattern));
        let secret = |found: Captures<'_>| found.get(1).or(found.get(0)).map(|m| m.range());
        for span in pattern.captures_iter(text.as_bytes()).filter_map(secret) {
            let known = |sight: &Sight| sight.span.as_ref().is_some_and(|s| s.start < span.end && span.start < s.end);
            if text.get(span.clone()).is_some_and(kind.check) && !sights.iter().any(known) {
                sights.push(Sight {
                    kind: kind.name,
                    score: kind.score,
                    span: Some(span),
                    note: "it holds what looks like a secret".into(),
                    sensitive: true,
                    instead: Some(format!("[secret: {}]", kind.name).into()),
                });
            }
        }
    }
    sights.into()
}

/// A token's header is base64 of JSON that names an algorithm (RFC 7519).
fn is_jwt(token: &str) -> bool {
    token
        .split('.')
        .next()
        .and_then(|header| URL_SAFE_NO_PAD.decode(header).ok())
        .and_then(|header| serde_json::from_slice::<serde_json::Value>(&header).ok())
        .is_some_and(|header| header.get("alg").is_some())
}

/// Whether something reads as a placeholder for a secret rather than one.
fn is_placeholder(secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    const PLACEHOLDERS: [&str; 12] = [
        "example",
        "your",
        "xxxx",
        "****",
        "....",
        "changeme",
        "placeholder",
        "redacted",
        "[secret",
        "none",
        "null",
        "$",
    ];
    PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// Mixed enough to be made by a machine: digits and letters, and at least three bits a character.
fn irregular(secret: &str) -> bool {
    !is_placeholder(secret)
        && secret.bytes().any(|b| b.is_ascii_digit())
        && secret.bytes().any(|b| b.is_ascii_alphabetic())
        && entropy(secret) >= 3.0
}

/// What a person assigns to `password` may be short, but is no plain word; what is assigned to `token` is irregular.
fn is_assigned(secret: &str) -> bool {
    let classes = [
        secret.bytes().any(|b| b.is_ascii_lowercase()),
        secret.bytes().any(|b| b.is_ascii_uppercase()),
        secret.bytes().any(|b| b.is_ascii_digit()),
        secret.bytes().any(|b| b.is_ascii_punctuation()),
    ];
    let mixed = classes.iter().filter(|has| **has).count() >= 2 && classes[2];
    !is_placeholder(secret) && mixed && entropy(secret) >= 2.5 && !secret.contains("://")
}

/// Shannon entropy of the bytes, in bits a byte.
fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    for byte in text.bytes() {
        counts[byte as usize] += 1;
    }
    let total = text.len() as f64;
    counts.iter().filter(|n| **n > 0).map(|n| f64::from(*n) / total).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kinds: &[&str]) {
        let saw = look(&Text::new(text));
        assert_eq!(saw.sights.iter().map(|sight| sight.kind).collect::<Vec<_>>(), kinds, "{text}");
    }

    // The keys are put together here so that nothing that looks like one stands in the file.
    #[test]
    fn keys_are_known_by_their_shape() {
        check(&format!("key AKIA{} here", "IOSFODNN7EXAMPL2"), &["aws_key"]);
        check(&format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"), &["github_token"]);
        check(&format!("use sk-{}", "aB3dE5fG7hI9jK1lM3nO5pQ7"), &["openai_key"]);
        check(&format!("xoxb-{}", "123456789012-abcdefABCDEF"), &["slack_token"]);
        check(&format!("AIza{}", "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"), &["google_key"]);
        check(&format!("sk_live_{}", "4eC39HqLyjWDarjtT1zdp7dc"), &["stripe_key"]);
        check("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", &["private_key"]);
        check("postgres://admin:hunter22@db.local/x", &["url_password"]);
        check("DB_PASSWORD=tr0ub4dor&3x", &["assigned_secret"]);
        check("my password is Xk29!pqLw", &["assigned_secret"]);
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
        check(&format!("{header}.eyJzdWIiOiIxMjM0In0.abcdefghij"), &["json_web_token"]);
    }

    #[test]
    fn what_only_resembles_a_key_is_none() {
        check("the token is the smallest unit of text", &[]);
        check("password = your_password_here1", &[]);
        check("I forgot my password: please help me reset it", &[]);
        check("sk-learn-contrib-packages-and-more", &[]);
        check("eyJhbGciOmZvbw.eyJzdWIiOiIxMjM0In0.abcdefghij", &[]);
        check("monkey: banana; keyboard = qwertyuiop", &[]);
    }

    #[test]
    fn entropy_is_that_of_shannon() {
        assert_eq!(entropy("aaaa"), 0.0); // by hand
        assert_eq!(entropy("abab"), 1.0);
        assert_eq!(entropy("abcdefgh"), 3.0);
    }
}
