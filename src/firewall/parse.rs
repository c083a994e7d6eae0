use super::rule::Rule;
/// placeholder until the parser is merged
#[derive(Debug)]
pub struct RuleError;
/// placeholder
pub fn parse_rule(_: &str) -> Result<Rule, Vec<RuleError>> { Err(vec![]) }
