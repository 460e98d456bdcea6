//! A row of the table: one limit, values at its bounds, and values one beyond.

use super::text::Edit;

/// The blocks of a valid policy.
pub(in crate::tests) type Base = &'static [&'static str];

/// The source of a limit.
#[derive(Debug, Clone, Copy)]
pub(in crate::tests) enum Source {
    /// A page of AWS's documentation.
    Aws(&'static str),
    /// A reason of Trimtab's own.
    Own(&'static str),
}

/// One limit.
#[derive(Debug, Clone)]
pub(in crate::tests) struct Row {
    /// The key, dotted.
    pub(in crate::tests) key: &'static str,
    /// A policy that can have the key.
    pub(in crate::tests) base: Base,
    /// The limit in words.
    pub(in crate::tests) says: String,
    /// Valid changes, at each bound.
    pub(in crate::tests) accepted: Vec<Vec<Edit>>,
    /// Invalid changes, one beyond each bound.
    pub(in crate::tests) refused: Vec<Vec<Edit>>,
    /// The key in the error, if it is a table around the key.
    pub(in crate::tests) named: &'static str,
    /// The source of the limit.
    pub(in crate::tests) source: Source,
    /// The bound that the error must contain.
    pub(in crate::tests) bound: Option<u32>,
}

pub(in crate::tests) fn set(key: &str, value: impl Into<String>) -> Edit {
    Edit::Set(key.to_owned(), value.into())
}

fn row(key: &'static str, base: Base, says: String) -> Row {
    Row { key, base, says, accepted: vec![], refused: vec![], named: key, source: Source::Own(""), bound: None }
}

/// A whole number.
pub(in crate::tests) fn number(key: &'static str, base: Base, least: u32, most: Option<u32>) -> Row {
    let most_words = most.map_or_else(|| format!("at least {least}"), |most| format!("{least} to {most}"));
    let accepted = std::iter::once(least).chain(most).map(|number| number.to_string());
    let refused = [i64::from(least) - 1].into_iter().chain(most.map(|most| i64::from(most) + 1));
    let row = row(key, base, most_words).accepts(accepted).refuses(refused.map(|number| number.to_string()));
    Row { bound: most, ..row }
}

fn seconds(length: &str) -> u64 {
    let (number, unit) = length.split_at(length.len() - 1);
    let size = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => panic!("{length} is no duration"),
    };
    number.parse::<u64>().unwrap() * size
}

/// A duration, to the second.
pub(in crate::tests) fn time(key: &'static str, base: Base, least: &str, most: &str) -> Row {
    let text = |seconds: u64| format!("\"{seconds}s\"");
    let (first, last) = (seconds(least), seconds(most));
    row(key, base, format!("{least} to {most}"))
        .accepts([format!("\"{least}\""), format!("\"{most}\""), text(first), text(last)])
        .refuses([text(first - 1), text(last + 1), "\"1 fortnight\"".to_owned(), "3600".to_owned()])
}

/// A list; `item` with its number for `#`.
pub(in crate::tests) fn list(key: &'static str, base: Base, least: usize, most: Option<usize>, item: &str) -> Row {
    let items = |count: usize| {
        let all: Vec<String> = (0..count).map(|number| item.replace('#', &number.to_string())).collect();
        format!("[{}]", all.join(", "))
    };
    let words = most.map_or_else(|| format!("at least {least} of them"), |most| format!("{least} to {most} of them"));
    let row = row(key, base, words).accepts(std::iter::once(least).chain(most).map(items));
    row.refuses(least.checked_sub(1).into_iter().chain(most.map(|most| most + 1)).map(items))
}

/// A text with bounds of its length: `form` in TOML, in which `#` is filled up.
pub(in crate::tests) fn text(key: &'static str, base: Base, least: usize, most: usize, form: &str) -> Row {
    let inner = &form[form.find('"').unwrap() + 1..form.rfind('"').unwrap()];
    let fixed = inner.chars().count() - 1;
    let filled = |length: usize| form.replace('#', &"a".repeat(length.saturating_sub(fixed)));
    let refused = [least - 1, most + 1].into_iter().filter(|length| *length >= fixed).map(filled);
    row(key, base, format!("{least} to {most} characters")).accepts([least, most].map(filled)).refuses(refused)
}

/// Values in TOML: these, and not those.
pub(in crate::tests) fn values(key: &'static str, base: Base, accepted: &[&str], refused: &[&str]) -> Row {
    let words = accepted.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    row(key, base, words)
        .accepts(accepted.iter().map(|value| (*value).to_owned()))
        .refuses(refused.iter().map(|value| (*value).to_owned()))
}

/// Keys that need or exclude each other.
pub(in crate::tests) fn pair(key: &'static str, base: Base, says: &str, refused: &[&[Edit]]) -> Row {
    let mut row = row(key, base, says.to_owned());
    row.accepted.push(vec![]);
    row.refused.extend(refused.iter().map(|edits| edits.to_vec()));
    row
}

impl Row {
    fn accepts(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.accepted.extend(values.into_iter().map(|value| vec![set(self.key, value)]));
        self
    }

    fn refuses(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.refused.extend(values.into_iter().map(|value| vec![set(self.key, value)]));
        self
    }

    /// The limit in other words.
    pub(in crate::tests) fn says(mut self, words: &str) -> Self {
        words.clone_into(&mut self.says);
        self.bound = None;
        self
    }

    /// Another limit of the same key.
    pub(in crate::tests) fn and(mut self, words: &str, accepted: &[&str], refused: &[&str]) -> Self {
        self.says = format!("{}; {words}", self.says);
        self.accepts(accepted.iter().map(|value| (*value).to_owned()))
            .refuses(refused.iter().map(|value| (*value).to_owned()))
    }

    /// More valid changes.
    pub(in crate::tests) fn fits(mut self, edits: &[Edit]) -> Self {
        self.accepted.push(edits.to_vec());
        self
    }

    /// The error names the table around the key, or another key.
    pub(in crate::tests) fn named(mut self, key: &'static str) -> Self {
        self.named = key;
        self
    }

    pub(in crate::tests) fn aws(mut self, page: &'static str) -> Self {
        self.source = Source::Aws(page);
        self
    }

    pub(in crate::tests) fn own(mut self, reason: &'static str) -> Self {
        self.source = Source::Own(reason);
        self
    }
}
