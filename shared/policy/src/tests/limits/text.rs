//! A policy as text with one key in each line, which can be changed by key and has the line of each.

/// A change to a policy.
#[derive(Debug, Clone)]
pub(in crate::tests) enum Edit {
    /// This key has this value, in TOML.
    Set(String, String),
    /// This key, or this table with its keys, is removed.
    Drop(&'static str),
    /// These lines are added at the end.
    Add(&'static str),
}

/// The policy's lines.
#[derive(Debug, Clone)]
pub(in crate::tests) struct Text(Vec<String>);

/// The name of the table that the line opens.
fn header(line: &str) -> Option<&str> {
    line.starts_with('[').then(|| line.trim_matches(['[', ']']))
}

/// The table of a key, and its name in it.
fn parts(key: &str) -> (&str, &str) {
    key.rsplit_once('.').unwrap_or(("", key))
}

impl Text {
    pub(in crate::tests) fn of(blocks: &[&str]) -> Self {
        Self(blocks.iter().flat_map(|block| block.lines()).map(str::to_owned).collect())
    }

    pub(in crate::tests) fn text(&self) -> String {
        self.0.join("\n") + "\n"
    }

    pub(in crate::tests) fn with(&self, edits: &[Edit]) -> Self {
        let mut text = self.clone();
        for edit in edits {
            match edit {
                Edit::Set(key, value) => text.set(key, value),
                Edit::Drop(key) => text.drop(key),
                Edit::Add(lines) => text.0.extend(lines.lines().map(str::to_owned)),
            }
        }
        text
    }

    /// Whether it sets the key.
    pub(in crate::tests) fn has(&self, key: &str) -> bool {
        self.find(key, self.stage_of(key)).is_some()
    }

    /// The tables that it opens.
    pub(super) fn tables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|line| header(line))
    }

    /// The index of the first line of the table, from this line on.
    fn table(&self, name: &str, from: usize) -> Option<usize> {
        if name.is_empty() {
            return Some(0);
        }
        (from..self.0.len()).find(|at| header(&self.0[*at]) == Some(name)).map(|at| at + 1)
    }

    /// The index of the line that sets the key, from this line on.
    fn find(&self, key: &str, from: usize) -> Option<usize> {
        let (table, name) = parts(key);
        let start = self.table(table, from)?;
        let end = (start..self.0.len()).find(|at| header(&self.0[*at]).is_some()).unwrap_or(self.0.len());
        (start..end).find(|at| self.0[*at].split_once(" = ").is_some_and(|(here, _)| here == name))
    }

    /// The line from which a key is searched: the last stage for a key of a stage.
    pub(super) fn stage_of(&self, key: &str) -> usize {
        let last = self.0.iter().rposition(|line| header(line) == Some("deploy.stages"));
        last.filter(|_| key.starts_with("deploy.stages")).unwrap_or_default()
    }

    fn set(&mut self, key: &str, value: &str) {
        let (table, name) = parts(key);
        let line = format!("{name} = {value}");
        let from = self.stage_of(key);
        if let Some(at) = self.find(key, from) {
            self.0[at] = line;
        } else if let Some(at) = self.table(table, from) {
            self.0.insert(at, line);
        } else {
            self.0.extend([format!("[{table}]"), line]);
        }
    }

    fn drop(&mut self, key: &str) {
        if let Some(at) = self.find(key, self.stage_of(key)) {
            self.0.remove(at);
            return;
        }
        let mut within = false;
        self.0.retain(|line| {
            if let Some(name) = header(line) {
                within = name == key || name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
            }
            !within
        });
    }

    /// The line, from 1, that sets the key or opens its table, from this line on; or that of the nearest table around it.
    pub(in crate::tests) fn line(&self, key: &str, from: usize) -> usize {
        match self.find(key, from).or_else(|| self.table(key, from).map(|at| at - 1)) {
            Some(at) => at + 1,
            None if key.contains('.') => self.line(parts(key).0, from),
            None => 1,
        }
    }

    /// The same policy with an inline table; `None` if the table cannot be inline.
    pub(super) fn inline(&self, table: &str) -> Option<Self> {
        let (around, name) = parts(table);
        let from = self.stage_of(table);
        let start = self.table(table, from)?;
        self.table(around, from).filter(|_| !around.is_empty())?;
        if self.0[from..]
            .iter()
            .filter_map(|line| header(line))
            .filter(|other| *other == table || other.starts_with(&format!("{table}.")))
            .count()
            > 1
        {
            return None;
        }
        let end = (start..self.0.len()).find(|at| header(&self.0[*at]).is_some()).unwrap_or(self.0.len());
        let mut text = self.clone();
        let inner: Vec<String> = text.0.drain(start - 1..end).collect();
        let braces = format!("{{ {} }}", inner[1..].join(", "));
        let value = if inner[0].starts_with("[[") { format!("[{braces}]") } else { braces };
        let at = text.table(around, from)?;
        text.0.insert(at, format!("{name} = {value}"));
        Some(text)
    }

    /// The same policy with its target in the second of three stages, between two stages with the target of `valid`; and
    /// the line of the second stage. `None` if it has no target.
    pub(super) fn staged(&self, valid: &Self) -> Option<(Self, usize)> {
        let (target, mut lines) = self.target();
        if target.is_empty() {
            return None;
        }
        let mut start = 0;
        for (name, target) in [("dev", valid.target().0), ("test", target), ("prod", valid.target().0)] {
            if name == "test" {
                start = lines.len();
            }
            lines.extend(["[[deploy.stages]]".to_owned(), format!("name = \"{name}\"")]);
            let own =
                |line: String| line.replace("[deploy.", "[deploy.stages.").replace("-prod\"", &format!("-{name}\""));
            lines.extend(target.into_iter().map(own));
        }
        Some((Self(lines), start))
    }

    /// The lines of the tables of `[deploy]`, and the others.
    fn target(&self) -> (Vec<String>, Vec<String>) {
        let mut within = false;
        self.0.iter().cloned().partition(|line| {
            if let Some(name) = header(line) {
                within = name.starts_with("deploy.") && !name.starts_with("deploy.stages");
            }
            within
        })
    }
}
