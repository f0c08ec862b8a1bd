//! Who used how many tokens, and what they cost.
//!
//! Every request is booked once, on the role that asked for it; the sum over the roles is the total by construction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Usage;
use crate::event::Role;

/// The price of a model, in US dollars per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// For tokens read.
    pub input: f64,
    /// For tokens written.
    pub output: f64,
}

impl Price {
    /// What `usage` costs at this price, in US dollars.
    pub fn of(self, usage: &Usage) -> f64 {
        // Token counts are far below 2^53, so the conversions are exact.
        (usage.input_tokens as f64 * self.input + usage.output_tokens as f64 * self.output) / 1e6
    }
}

/// Prices by model name. A model that is not listed costs nothing here: a guess would be worse than silence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices(BTreeMap<String, Price>);

/// A price list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read the price `{entry}`; write MODEL=INPUT/OUTPUT in dollars per million tokens, as in `my-model=0.5/1.5`"
)]
pub struct BadPrice {
    /// The entry.
    pub entry: String,
}

impl Prices {
    /// Reads `model=input/output` entries, separated by commas, in dollars per million tokens.
    pub fn parse(list: &str) -> Result<Self, BadPrice> {
        let mut prices = BTreeMap::new();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (model, price) = read_entry(entry).ok_or_else(|| BadPrice { entry: entry.to_owned() })?;
            prices.insert(model, price);
        }
        Ok(Self(prices))
    }

    /// The price of `model`: listed under its whole id (`openai/gpt-x`) or its name after the provider's (`gpt-x`).
    pub fn of(&self, model: &str) -> Option<Price> {
        let name = model.split_once('/').map_or(model, |(_, name)| name);
        self.0.get(model).or_else(|| self.0.get(name)).copied()
    }
}

fn read_entry(entry: &str) -> Option<(String, Price)> {
    let (model, price) = entry.rsplit_once('=')?;
    let (input, output) = price.split_once('/')?;
    let read = |text: &str| text.trim().parse().ok().filter(|price: &f64| price.is_finite() && *price >= 0.0);
    Some((model.trim().to_owned(), Price { input: read(input)?, output: read(output)? }))
}

/// Usage by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accounts(BTreeMap<Role, Usage>);

impl Accounts {
    /// Books `usage` on `role`.
    pub fn book(&mut self, role: Role, usage: &Usage) {
        self.0.entry(role).or_default().add(usage);
    }

    /// What `role` used.
    pub fn of(&self, role: Role) -> Usage {
        self.0.get(&role).copied().unwrap_or_default()
    }

    /// Every role that used something, in the order of [`Role`].
    pub fn iter(&self) -> impl Iterator<Item = (Role, Usage)> + '_ {
        self.0.iter().map(|(role, usage)| (*role, *usage))
    }

    /// The sum over the roles.
    pub fn total(&self) -> Usage {
        self.0.values().fold(Usage::default(), |mut sum, usage| {
            sum.add(usage);
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_add_up_to_the_total() {
        let mut accounts = Accounts::default();
        for (role, input) in [(Role::Planner, 100), (Role::Critic, 20), (Role::Planner, 3)] {
            accounts.book(role, &Usage { requests: 1, input_tokens: input, output_tokens: 10, cost: 0.25 });
        }
        assert_eq!(accounts.of(Role::Planner), Usage { requests: 2, input_tokens: 103, output_tokens: 20, cost: 0.5 });
        assert_eq!(accounts.of(Role::Librarian), Usage::default());
        assert_eq!(accounts.total(), Usage { requests: 3, input_tokens: 123, output_tokens: 30, cost: 0.75 });
    }

    #[test]
    fn prices_are_per_million_tokens() {
        let prices = Prices::parse("small=0.5/1.5, openai/large = 10/30,").expect("two entries");
        let usage = Usage { requests: 1, input_tokens: 2_000_000, output_tokens: 1_000_000, cost: 0.0 };
        // By hand: 2 * 0.5 + 1 * 1.5.
        assert_eq!(prices.of("openai/small").map(|price| price.of(&usage)), Some(2.5));
        assert_eq!(prices.of("openai/large"), Some(Price { input: 10.0, output: 30.0 }));
        assert_eq!(prices.of("ollama/other"), None);
    }

    #[test]
    fn a_bad_price_names_its_entry() {
        for entry in ["small", "small=1", "small=1/x", "small=-1/2", "small=nan/2"] {
            assert_eq!(Prices::parse(entry), Err(BadPrice { entry: entry.into() }));
        }
    }
}
