//! The tests that a leaf of a pattern can hold.

use std::cmp::Ordering;
use std::net::IpAddr;

use serde_json::Value;

use super::{PatternError, fault};

/// One test of one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// A string, number, boolean or null, as it is written.
    Exactly(Value),
    Text(Text),
    /// None of these.
    AnythingBut(Vec<Self>),
    /// All of these comparisons.
    Numeric(Vec<(Comparison, f64)>),
    Exists(bool),
    Cidr(Cidr),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Prefix(String),
    PrefixIgnoringCase(String),
    Suffix(String),
    SuffixIgnoringCase(String),
    EqualsIgnoringCase(String),
    /// The pieces between the stars.
    Wildcard(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cidr {
    network: IpAddr,
    bits: u32,
}

impl Test {
    pub(super) fn parse(path: &str, test: &Value) -> Result<Self, PatternError> {
        let Value::Object(operator) = test else {
            return match test {
                Value::Array(_) => Err(fault(path, "expected values, and no list within the list")),
                value => Ok(Self::Exactly(value.clone())),
            };
        };
        let mut operators = operator.iter();
        let (Some((name, value)), None) = (operators.next(), operators.next()) else {
            return Err(fault(path, "expected one operator in each object"));
        };
        match (name.as_str(), value) {
            ("anything-but", value) => Self::anything_but(path, value),
            ("numeric", Value::Array(range)) => numeric(path, range).map(Self::Numeric),
            ("exists", Value::Bool(wanted)) => Ok(Self::Exists(*wanted)),
            ("cidr", Value::String(block)) => Cidr::parse(path, block).map(Self::Cidr),
            (name, value) => Text::parse(path, name, value).map(Self::Text),
        }
    }

    fn anything_but(path: &str, value: &Value) -> Result<Self, PatternError> {
        let simple = |value: &Value| match value {
            Value::String(_) | Value::Number(_) => Ok(Self::Exactly(value.clone())),
            _ => Err(fault(path, "anything-but takes strings, numbers, or one operator on strings")),
        };
        let tests = match value {
            Value::Array(several) if !several.is_empty() => {
                if several.iter().any(Value::is_number) && several.iter().any(Value::is_string) {
                    return Err(fault(path, "anything-but takes a list of strings or of numbers, and not of both"));
                }
                several.iter().map(simple).collect::<Result<_, _>>()?
            }
            Value::Object(operator) => {
                let mut operators = operator.iter();
                let (Some((name, value)), None) = (operators.next(), operators.next()) else {
                    return Err(fault(path, "expected one operator in each object"));
                };
                let several = match value {
                    Value::Array(several) => several.clone(),
                    one => vec![one.clone()],
                };
                let text = |value: &Value| Text::parse(path, name, value).map(Self::Text);
                several.iter().map(text).collect::<Result<_, _>>()?
            }
            one => vec![simple(one)?],
        };
        Ok(Self::AnythingBut(tests))
    }

    /// Whether it holds of a field with these values; there are none where the field is not.
    pub(super) fn holds(&self, leaves: &[&Value]) -> bool {
        match self {
            Self::Exists(wanted) => leaves.is_empty() != *wanted,
            one => leaves.iter().any(|leaf| one.holds_of(leaf)),
        }
    }

    fn holds_of(&self, leaf: &Value) -> bool {
        match (self, leaf) {
            // "300, 300.0 and 3.0e2 are not considered equal": numbers are compared as written.
            (Self::Exactly(Value::Number(wanted)), Value::Number(found)) => wanted.to_string() == found.to_string(),
            (Self::Exactly(wanted), found) => wanted == found,
            (Self::Text(text), Value::String(found)) => text.holds(found),
            (Self::AnythingBut(tests), found) => !tests.iter().any(|test| test.holds_of(found)),
            (Self::Numeric(range), Value::Number(found)) => {
                found.as_f64().is_some_and(|found| range.iter().all(|(how, bound)| how.holds(found, *bound)))
            }
            (Self::Cidr(cidr), Value::String(found)) => found.parse().is_ok_and(|address| cidr.contains(address)),
            _ => false,
        }
    }
}

impl Text {
    fn parse(path: &str, name: &str, value: &Value) -> Result<Self, PatternError> {
        let (text, ignoring_case) = match value {
            Value::String(text) => (text, false),
            Value::Object(inner) if inner.len() == 1 => match inner.get("equals-ignore-case") {
                Some(Value::String(text)) => (text, true),
                _ => return Err(fault(path, "expected text, or equals-ignore-case")),
            },
            _ => return Err(fault(path, "expected an operator that EventBridge has, with text")),
        };
        Ok(match (name, ignoring_case) {
            ("prefix", false) => Self::Prefix(text.clone()),
            ("prefix", true) => Self::PrefixIgnoringCase(text.to_lowercase()),
            ("suffix", false) => Self::Suffix(text.clone()),
            ("suffix", true) => Self::SuffixIgnoringCase(text.to_lowercase()),
            ("equals-ignore-case", false) => Self::EqualsIgnoringCase(text.to_lowercase()),
            ("wildcard", false) => Self::wildcard(path, text)?,
            _ => return Err(fault(path, "expected an operator that EventBridge has, with text")),
        })
    }

    /// A star matches any text; a backslash escapes a star or a backslash.
    fn wildcard(path: &str, text: &str) -> Result<Self, PatternError> {
        let mut pieces = vec![String::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let taken = match character {
                '*' if pieces.len() > 1 && pieces.last().is_some_and(String::is_empty) => {
                    return Err(fault(path, "expected no two stars side by side"));
                }
                '*' => {
                    pieces.push(String::new());
                    continue;
                }
                '\\' => match characters.next() {
                    Some(next @ ('*' | '\\')) => next,
                    _ => return Err(fault(path, "expected a star or a backslash after a backslash")),
                },
                other => other,
            };
            if let Some(last) = pieces.last_mut() {
                last.push(taken);
            }
        }
        Ok(Self::Wildcard(pieces))
    }

    fn holds(&self, found: &str) -> bool {
        match self {
            Self::Prefix(wanted) => found.starts_with(wanted),
            Self::PrefixIgnoringCase(wanted) => found.to_lowercase().starts_with(wanted),
            Self::Suffix(wanted) => found.ends_with(wanted),
            Self::SuffixIgnoringCase(wanted) => found.to_lowercase().ends_with(wanted),
            Self::EqualsIgnoringCase(wanted) => found.to_lowercase() == *wanted,
            Self::Wildcard(pieces) => wildcard_holds(pieces, found),
        }
    }
}

/// The first piece begins the text, the last ends it, the others follow each other in between.
fn wildcard_holds(pieces: &[String], found: &str) -> bool {
    let [first, between @ .., last] = pieces else {
        return pieces.first().is_some_and(|only| only == found);
    };
    let Some(mut rest) = found.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in between {
        let Some((_, after)) = rest.split_once(piece.as_str()) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last.as_str())
}

fn numeric(path: &str, range: &[Value]) -> Result<Vec<(Comparison, f64)>, PatternError> {
    let expected = || fault(path, "numeric takes comparisons such as [\">\", 0, \"<=\", 5]");
    let (pairs, rest) = range.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return Err(expected());
    }
    let pair = |[how, bound]: &[Value; 2]| {
        let how = match how.as_str() {
            Some("=") => Comparison::Equal,
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::LessOrEqual,
            Some(">") => Comparison::Greater,
            Some(">=") => Comparison::GreaterOrEqual,
            _ => return Err(expected()),
        };
        Ok((how, bound.as_f64().ok_or_else(expected)?))
    };
    pairs.iter().map(pair).collect()
}

impl Comparison {
    fn holds(self, found: f64, bound: f64) -> bool {
        let order = found.partial_cmp(&bound);
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

impl Cidr {
    fn parse(path: &str, block: &str) -> Result<Self, PatternError> {
        let parts = block.split_once('/').and_then(|(network, bits)| Some((network.parse().ok()?, bits.parse().ok()?)));
        let (network, bits): (IpAddr, u32) = parts.ok_or_else(|| fault(path, "expected a block such as 10.0.0.0/8"))?;
        if bits > if network.is_ipv4() { 32 } else { 128 } {
            return Err(fault(path, "expected no more bits than an address has"));
        }
        Ok(Self { network, bits })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let same = |left: u128, right: u128, width: u32| {
            let shift = width - self.bits;
            left.checked_shr(shift) == right.checked_shr(shift)
        };
        match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => same(network.to_bits().into(), address.to_bits().into(), 32),
            (IpAddr::V6(network), IpAddr::V6(address)) => same(network.to_bits(), address.to_bits(), 128),
            _ => false,
        }
    }
}
