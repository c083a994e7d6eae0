//! Firewalls: the rule language and what chains decide.

mod parse;
mod rule;
mod verdict;

pub(crate) use parse::word_span;
pub use parse::{RuleError, parse_policy, parse_rule};
pub use rule::{Action, AddressSet, CtState, Family, Hook, Match, Policy, PortSet, Protocol, RejectWith, Rule, Test};
pub use verdict::Verdict;
