//! Data that point to a person: addresses, numbers of phones, accounts and cards.
//!
//! A number counts only if it checks: a card by its issuer's prefix, its length and Luhn's digit (ISO/IEC 7812), an IBAN
//! by its country's length and modulo 97 (ISO 13616), a US social security number by the ranges that are never issued.
//! Scores say how much harm a leak does: an e-mail address little, a card much. In text that passes, where a door wants
//! it, an item becomes `[personal: kind]`.

use super::{Rail, Saw, Sight, Text};
use regex::Regex;
use std::sync::{LazyLock, OnceLock};

/// Looks for personal data.
pub const RAIL: Rail = Rail { name: "personal_data", look };

struct Kind {
    name: &'static str,
    score: f64,
    /// What every match has; cheap to look for.
    needs: fn(&Signs) -> bool,
    pattern: &'static str,
    /// Judges an item, given what stands before it.
    check: fn(&str, &str) -> bool,
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind { name: "card", score: 0.9, needs: |s| s.digits >= 13, check: |item, _| is_card(item),
        pattern: r"(?:^|[^0-9A-Za-z.,-])((?:[0-9][ -]?){12,18}[0-9])(?:$|[^0-9A-Za-z])" },
    Kind { name: "iban", score: 0.8, needs: |s| s.digits >= 8, check: |item, _| is_iban(item),
        pattern: r"\b([A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{2,4}){3,8}(?: ?[A-Z0-9]{1,3})?)\b" },
    Kind { name: "us_ssn", score: 0.8, needs: |s| s.digits >= 9, check: |item, _| is_ssn(item),
        pattern: r"(?:^|[^0-9A-Za-z-])([0-9]{3}-[0-9]{2}-[0-9]{4})(?:$|[^0-9A-Za-z-])" },
    Kind { name: "email", score: 0.4, needs: |s| s.at, check: |_, _| true,
        pattern: r"([A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24})" },
    Kind { name: "phone", score: 0.4, needs: |s| s.digits >= 7, check: is_phone,
        pattern: r"(?:^|[^0-9A-Za-z.,+-])(\+[1-9](?:[ ().-]{0,2}[0-9]){6,14}|\(?[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}|0[1-9][0-9]{1,4}[ /-][0-9](?:[ -]?[0-9]){4,8})(?:$|[^0-9A-Za-z])" },
    Kind { name: "ip_address", score: 0.2, needs: |s| s.dots >= 3 && s.digits >= 4, check: |item, _| is_ip(item),
        pattern: r"(?:^|[^0-9A-Za-z.])((?:[0-9]{1,3}\.){3}[0-9]{1,3})(?:$|[^0-9A-Za-z.]|\.(?:$|[^0-9]))" },
];

static PATTERNS: [OnceLock<Regex>; KINDS.len()] = [const { OnceLock::new() }; KINDS.len()];

/// What a text has, counted in one pass.
struct Signs {
    digits: usize,
    dots: usize,
    at: bool,
}

fn look(text: &Text<'_>) -> Saw {
    let text = text.original();
    let mut signs = Signs { digits: 0, dots: 0, at: false };
    for byte in text.bytes() {
        signs.digits += usize::from(byte.is_ascii_digit());
        signs.dots += usize::from(byte == b'.');
        signs.at |= byte == b'@';
    }
    let mut sights: Vec<Sight> = Vec::new();
    for (n, kind) in KINDS.iter().enumerate().filter(|(_, kind)| (kind.needs)(&signs)) {
        let pattern = PATTERNS[n].get_or_init(|| Regex::new(kind.pattern).expect("a test compiles every pattern"));
        let mut from = 0;
        // Matches share the byte that parts them, so each search starts where the last item ended.
        while let Some(item) = pattern.captures_at(text, from).and_then(|found| found.get(1)) {
            from = item.end();
            let span = item.range();
            let known = |sight: &Sight| sight.span.as_ref().is_some_and(|s| s.start < span.end && span.start < s.end);
            if (kind.check)(item.as_str(), &text[..span.start]) && !sights.iter().any(known) {
                sights.push(Sight {
                    kind: kind.name,
                    score: kind.score,
                    span: Some(span),
                    note: "it holds personal data".into(),
                    sensitive: true,
                    instead: Some(format!("[personal: {}]", kind.name).into()),
                });
            }
        }
    }
    sights.into()
}

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

fn is_card(text: &str) -> bool {
    let digits = digits(text);
    let prefix = |n: usize| digits[..n].iter().fold(0, |number, digit| number * 10 + digit);
    let issued = match digits.len() {
        13 | 19 => prefix(1) == 4,
        14 => (300..=305).contains(&prefix(3)) || matches!(prefix(2), 36 | 38 | 39),
        15 => matches!(prefix(2), 34 | 37),
        16 => {
            prefix(1) == 4
                || (51..=55).contains(&prefix(2))
                || (2221..=2720).contains(&prefix(4))
                || matches!(prefix(4), 6011)
                || matches!(prefix(2), 62 | 65)
                || (644..=649).contains(&prefix(3))
                || (3528..=3589).contains(&prefix(4))
        }
        _ => false,
    };
    issued && luhn(&digits) && digits.iter().any(|digit| *digit != digits[0])
}

/// Luhn's check: every second digit from the right is doubled, and the digits of the results sum to a multiple of ten.
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| if i % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    sum.is_multiple_of(10)
}

/// Lengths by country, from the IBAN registry.
#[rustfmt::skip]
static IBAN_LENGTHS: LazyLock<std::collections::HashMap<&'static str, usize>> = LazyLock::new(|| {
    [("AT", 20), ("BE", 16), ("BG", 22), ("CH", 21), ("CY", 28), ("CZ", 24), ("DE", 22), ("DK", 18), ("EE", 20),
     ("ES", 24), ("FI", 18), ("FR", 27), ("GB", 22), ("GR", 27), ("HR", 21), ("HU", 28), ("IE", 22), ("IL", 23),
     ("IS", 26), ("IT", 27), ("LI", 21), ("LT", 20), ("LU", 20), ("LV", 21), ("MC", 27), ("MT", 31), ("NL", 18),
     ("NO", 15), ("PL", 28), ("PT", 25), ("RO", 24), ("SA", 24), ("SE", 24), ("SI", 19), ("SK", 24), ("TR", 26),
     ("AE", 23), ("BR", 29), ("UA", 29)]
    .into_iter()
    .collect()
});

/// ISO 7064 MOD 97-10 over the account with its first four characters moved to the end.
fn is_iban(text: &str) -> bool {
    let account: String = text.chars().filter(|c| *c != ' ').collect();
    if IBAN_LENGTHS.get(&account[..2]) != Some(&account.len()) {
        return false;
    }
    let rest = account[4..].chars().chain(account[..4].chars()).filter_map(|c| c.to_digit(36));
    rest.fold(0, |rest, value| if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 }) == 1
}

/// Area 000, 666 and 900 to 999, group 00 and serial 0000 are never issued; two numbers are known from advertisements.
fn is_ssn(text: &str) -> bool {
    let (area, group, serial) = (&text[..3], &text[4..6], &text[7..]);
    area != "000"
        && area != "666"
        && area < "900"
        && group != "00"
        && serial != "0000"
        && !matches!(text, "078-05-1120" | "219-09-9999")
}

/// Seven to fifteen digits (E.164), not all alike, and not the tail of a longer number.
fn is_phone(text: &str, before: &str) -> bool {
    if !text.starts_with('+') && before.trim_end_matches(' ').ends_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let digits = digits(text);
    (7..=15).contains(&digits.len()) && digits.iter().skip(1).any(|digit| *digit != digits[digits.len() - 1])
}

/// Four bytes, and an address that could be somebody's: not of this machine and not unspecified.
fn is_ip(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| !ip.is_loopback() && !ip.is_unspecified() && ip.octets()[0] > 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kinds: &[&str]) {
        let saw = look(&Text::new(text));
        assert_eq!(saw.sights.iter().map(|sight| sight.kind).collect::<Vec<_>>(), kinds, "{text}");
    }

    #[test]
    fn what_checks_is_found() {
        check("mail ada.l@example.org, please", &["email"]);
        check("card 4111 1111 1111 1111.", &["card"]); // Visa's published test number
        check("378282246310005", &["card"]); // American Express's
        check("DE89 3704 0044 0532 0130 00", &["iban"]); // the example of the IBAN registry
        check("GB82WEST12345698765432", &["iban"]);
        check("SSN 123-45-6789", &["us_ssn"]);
        check("call +49 30 901820 or (212) 555-0187", &["phone", "phone"]);
        check("from 192.168.17.4.", &["ip_address"]);
        check("a@b.org,c@d.org", &["email", "email"]);
    }

    #[test]
    fn what_does_not_check_is_not() {
        check("4111 1111 1111 1112", &[]); // Luhn fails
        check("DE89 3704 0044 0532 0130 01", &[]); // modulo 97 fails
        check("666-12-3456", &[]);
        check("version 1.2.3.4 and 999.1.1.1", &[]);
        check("k = 3 on 1.5, 2.5, 3.25 gives 12345678", &[]);
        check("0.123456789012345 0000000000000000", &[]);
        check("ISBN 978-3-16-148410-0", &[]);
        check("2024-01-15 to 2025-12-31", &[]);
    }
}
