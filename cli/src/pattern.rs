//! EventBridge event patterns: which rules match an event, without calling AWS.
//!
//! After [Creating event patterns][doc] and [the comparison operators][operators]: an event matches
//! if every field of the pattern matches it; a field's list matches if one of its members does; a
//! list in the event is matched by any of its members, and what a pattern requires of one object in a
//! list must hold of one and the same object.
//!
//! [doc]: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
//! [operators]: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

use serde_json::{Map, Value};

mod test;
use test::Test;

/// A valid pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern(Fields);

/// A pattern is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct PatternError {
    /// The field, such as `detail.state`.
    pub path: String,
    /// What was expected.
    pub problem: String,
}

/// All fields must match, and of each `$or` one alternative.
#[derive(Debug, Clone, PartialEq)]
struct Fields {
    fields: Vec<(String, Field)>,
    alternatives: Vec<Vec<Fields>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Object(Fields),
    /// One of these must hold.
    Leaf(Vec<Test>),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The first field that EventBridge would refuse.
    pub fn parse(pattern: &Value) -> Result<Self, PatternError> {
        let Value::Object(fields) = pattern else {
            return Err(fault("$", "expected an object"));
        };
        Fields::parse("$", fields).map(Self)
    }

    /// Whether the event matches.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.0.matches(event)
    }
}

impl Fields {
    fn parse(path: &str, pattern: &Map<String, Value>) -> Result<Self, PatternError> {
        let mut all = Self { fields: Vec::new(), alternatives: Vec::new() };
        if pattern.is_empty() {
            return Err(fault(path, "expected at least one field"));
        }
        for (name, value) in pattern {
            let path = format!("{path}.{name}");
            match value {
                Value::Array(several) if name == "$or" => all.alternatives.push(alternatives(&path, several)?),
                Value::Object(fields) => {
                    all.fields.push((name.clone(), Field::Object(Self::parse(&path, fields)?)));
                }
                Value::Array(tests) if !tests.is_empty() => {
                    let tests = tests.iter().map(|test| Test::parse(&path, test)).collect::<Result<_, _>>()?;
                    all.fields.push((name.clone(), Field::Leaf(tests)));
                }
                _ => return Err(fault(&path, "expected an object, or a list of at least one value")),
            }
        }
        Ok(all)
    }

    /// A list is matched by any one of its members, at every depth.
    fn matches(&self, value: &Value) -> bool {
        if let Value::Array(members) = value {
            return members.iter().any(|member| self.matches(member));
        }
        self.fields.iter().all(|(name, field)| field.matches(value.get(name)))
            && self.alternatives.iter().all(|several| several.iter().any(|fields| fields.matches(value)))
    }
}

fn alternatives(path: &str, several: &[Value]) -> Result<Vec<Fields>, PatternError> {
    if several.len() < 2 {
        return Err(fault(path, "expected at least two alternatives"));
    }
    let one = |value: &Value| match value {
        Value::Object(fields) => Fields::parse(path, fields),
        _ => Err(fault(path, "expected objects")),
    };
    several.iter().map(one).collect()
}

impl Field {
    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Object(fields) => match value {
                Some(value) => fields.matches(value),
                // `exists: false` matches a field inside an object that is absent as a whole.
                None => fields.matches(&Value::Null),
            },
            Self::Leaf(tests) => {
                let leaves = leaves(value);
                tests.iter().any(|test| test.holds(&leaves))
            }
        }
    }
}

/// The values that a leaf of the pattern is compared with; an object has none.
fn leaves(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Object(_)) => Vec::new(),
        Some(Value::Array(members)) => members.iter().flat_map(|member| leaves(Some(member))).collect(),
        Some(leaf) => vec![leaf],
    }
}

fn fault(path: &str, problem: &str) -> PatternError {
    let path = path.strip_prefix("$.").unwrap_or(path);
    PatternError { path: path.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests;
