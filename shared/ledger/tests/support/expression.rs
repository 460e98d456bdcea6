//! DynamoDB's expressions, as far as the ledger uses them. Unknown syntax is refused, and so is what DynamoDB's
//! developer guide says it refuses: a reserved word without an alias, an unused value, a missing value.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// An item in DynamoDB's JSON: each attribute is an object of one type.
pub type Item = Map<String, Value>;

/// The reason for which an expression was refused.
pub type Refusal = String;

/// Words of DynamoDB's list of reserved words that a ledger might use.
const RESERVED: [&str; 16] = [
    "BY",
    "COMMENT",
    "DATA",
    "DATE",
    "EXISTS",
    "ITEMS",
    "KEY",
    "NAME",
    "OWNER",
    "STATE",
    "STATUS",
    "TIMESTAMP",
    "TOKEN",
    "TTL",
    "VALUE",
    "VERSION",
];

/// The names and values of one request's expressions.
pub struct Given<'a> {
    names: &'a Value,
    values: &'a Value,
    used: BTreeSet<String>,
}

impl<'a> Given<'a> {
    /// Reads the names and values of a request.
    pub fn of(request: &'a Value) -> Self {
        Self {
            names: &request["ExpressionAttributeNames"],
            values: &request["ExpressionAttributeValues"],
            used: BTreeSet::new(),
        }
    }

    fn name(&mut self, word: &str) -> Result<String, Refusal> {
        if word.starts_with('#') {
            self.used.insert(word.to_owned());
            let name = self.names[word].as_str().ok_or(format!("an attribute name is not defined: {word}"))?;
            return Ok(name.to_owned());
        }
        if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(format!("Syntax error: {word:?}"));
        }
        if RESERVED.contains(&word.to_ascii_uppercase().as_str()) {
            return Err(format!("Attribute name is a reserved keyword: {word}"));
        }
        Ok(word.to_owned())
    }

    fn value(&mut self, word: &str) -> Result<Value, Refusal> {
        self.used.insert(word.to_owned());
        let value = self.values.get(word).filter(|_| word.starts_with(':'));
        value.cloned().ok_or(format!("an attribute value is not defined: {word}"))
    }

    /// Checks, after the last expression, that each given name and value was used.
    pub fn all_used(&self) -> Result<(), Refusal> {
        let given = [self.names, self.values].into_iter().filter_map(Value::as_object).flat_map(Map::keys);
        match given.clone().find(|name| !self.used.contains(*name)) {
            Some(name) => Err(format!("Value provided in the expression's attributes unused: {name}")),
            None => Ok(()),
        }
    }

    /// Whether the condition holds for the item, or for a missing item.
    pub fn holds(&mut self, condition: &str, item: Option<&Item>) -> Result<bool, Refusal> {
        let mut holds = false;
        for clause in condition.split(" OR ") {
            let attribute = |name: &str| item.and_then(|item| item.get(name));
            let inside = |function: &str| clause.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')');
            holds |= if let Some(name) = inside("attribute_not_exists") {
                attribute(&self.name(name)?).is_none()
            } else if let Some(name) = inside("attribute_exists") {
                attribute(&self.name(name)?).is_some()
            } else {
                let (name, value) = clause.split_once(" = ").ok_or(format!("Syntax error: {clause:?}"))?;
                let value = self.value(value)?;
                attribute(&self.name(name)?) == Some(&value)
            };
        }
        Ok(holds)
    }

    /// The partition, and the prefix of the sort key.
    pub fn wanted(&mut self, condition: &str) -> Result<(Value, String), Refusal> {
        let (of, prefix) = match condition.split_once(" AND ") {
            Some((of, rest)) => (of, rest.strip_prefix("begins_with(sk, ").and_then(|rest| rest.strip_suffix(')'))),
            None => (condition, None),
        };
        if prefix.is_none() && of != condition {
            return Err(format!("Syntax error: {condition:?}"));
        }
        let of = of.strip_prefix("pk = ").ok_or("Query condition missed key schema element: pk")?;
        let prefix = prefix.map(|prefix| self.value(prefix)).transpose()?;
        let text = prefix.map(|prefix| prefix["S"].as_str().unwrap_or_default().to_owned());
        Ok((self.value(of)?, text.unwrap_or_default()))
    }

    /// Applies an update expression to the item.
    pub fn update(&mut self, expression: &str, item: &mut Item) -> Result<(), Refusal> {
        let before = item.clone();
        for (verb, part) in clauses(expression)? {
            match verb {
                "SET" => self.set(part, &before, item)?,
                "REMOVE" => {
                    item.remove(&self.name(part)?);
                }
                _ => self.add(part, item)?,
            }
        }
        Ok(())
    }

    fn set(&mut self, part: &str, before: &Item, item: &mut Item) -> Result<(), Refusal> {
        let (name, value) = part.split_once(" = ").ok_or(format!("Syntax error: {part:?}"))?;
        let name = self.name(name)?;
        let unless = value.strip_prefix("if_not_exists(").and_then(|rest| rest.strip_suffix(')'));
        let value = match unless.and_then(|inside| inside.split_once(", ")) {
            Some((there, value)) => {
                let (there, value) = (self.name(there)?, self.value(value)?);
                before.get(&there).cloned().unwrap_or(value)
            }
            None => self.value(value)?,
        };
        item.insert(name, value);
        Ok(())
    }

    fn add(&mut self, part: &str, item: &mut Item) -> Result<(), Refusal> {
        let (name, value) = part.split_once(' ').ok_or(format!("Syntax error: {part:?}"))?;
        let (name, value) = (self.name(name)?, self.value(value)?);
        let number = |value: &Value| value["N"].as_str().and_then(|text| text.parse::<i64>().ok());
        let more = number(&value).ok_or("An operand in the update expression has an incorrect data type")?;
        let sum = item.get(&name).and_then(number).unwrap_or(0) + more;
        item.insert(name, serde_json::json!({"N": sum.to_string()}));
        Ok(())
    }
}

/// The clauses of an update expression: `SET a = :a, b = :b REMOVE c` has three.
fn clauses(expression: &str) -> Result<Vec<(&'static str, &str)>, Refusal> {
    const VERBS: [&str; 3] = ["SET", "REMOVE", "ADD"];
    let mut starts: Vec<(usize, &'static str)> = Vec::new();
    for verb in VERBS {
        let at = expression.match_indices(&format!("{verb} ")).map(|(at, _)| at).collect::<Vec<_>>();
        if at.len() > 1 {
            return Err(format!("The {verb} section can only be used once"));
        }
        starts.extend(at.into_iter().map(|at| (at, verb)));
    }
    starts.sort_unstable();
    if starts.first().is_none_or(|(at, _)| *at != 0) {
        return Err("Invalid UpdateExpression: The expression can not be empty or begin otherwise".to_owned());
    }
    let mut all = Vec::new();
    for (index, (at, verb)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(expression.len(), |(end, _)| *end);
        let section = expression[at + verb.len()..end].trim();
        // A comma inside parentheses separates arguments, not clauses.
        let (mut depth, mut from) = (0, 0);
        for (place, character) in section.char_indices() {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                ',' if depth == 0 => {
                    all.push((*verb, section[from..place].trim()));
                    from = place + 1;
                }
                _ => {}
            }
        }
        all.push((*verb, section[from..].trim()));
    }
    Ok(all)
}
