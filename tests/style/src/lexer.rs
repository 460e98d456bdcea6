//! The comments and string literals of a Rust file. `syn` drops comments, so that this lexer finds them.

/// The kind of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line comment, a doc comment or a block comment.
    Comment,
    /// A string literal.
    Literal,
}

/// A line of a comment or of a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The kind.
    pub kind: Kind,
    /// The line, from 1.
    pub line: usize,
    /// The text without quotes and slashes.
    pub text: String,
}

/// All comments and string literals, line by line.
#[must_use]
pub fn pieces(source: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (length, piece) = token(rest, first);
        if let Some((kind, text)) = piece {
            let line = source.get(..source.len() - rest.len()).unwrap_or_default().matches('\n').count() + 1;
            let lines = text.lines().zip(line..);
            found.extend(lines.map(|(text, line)| Piece { kind, line, text: text.to_owned() }));
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

/// The length of the next token, and its text if it is a comment or a literal.
fn token(rest: &str, first: char) -> (usize, Option<(Kind, &str)>) {
    if rest.starts_with("//") {
        let line = rest.lines().next().unwrap_or_default();
        return (line.len(), Some((Kind::Comment, line.trim_start_matches(['/', '!']))));
    }
    if rest.starts_with("/*") {
        let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
        return (end, Some((Kind::Comment, rest.get(2..end).unwrap_or_default())));
    }
    if let Some(hashes) = raw_string(rest) {
        let start = rest.find('"').unwrap_or_default() + 1;
        let quote = format!("\"{}", "#".repeat(hashes));
        let body = rest.get(start..).unwrap_or_default();
        let length = body.find(&quote).unwrap_or(body.len());
        return (start + length + quote.len(), Some((Kind::Literal, body.get(..length).unwrap_or_default())));
    }
    if first == '"' {
        let length = string(rest);
        return (length, Some((Kind::Literal, rest.get(1..length - 1).unwrap_or_default())));
    }
    if first == '\'' {
        return (character(rest), None);
    }
    if first.is_alphanumeric() || first == '_' {
        // A whole word, so that the `r` of `for"` starts no raw string.
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        return (end, None);
    }
    (first.len_utf8(), None)
}

/// The number of hashes, if a raw string starts here.
fn raw_string(rest: &str) -> Option<usize> {
    let rest = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r')?;
    let hashes = rest.chars().take_while(|c| *c == '#').count();
    rest.get(hashes..)?.starts_with('"').then_some(hashes)
}

/// The length of a string literal with its quotes.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len().max(2)
}

/// The length of a character literal, or of the quote of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => chars.find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_found_with_their_lines() {
        let source = "let a = 'x'; // one\nlet b: &'static str = \"two\\\"\";\n/* three */ let c = r#\"fo\"ur\"#;\n'\\'';\"five\"";
        let found: Vec<(Kind, usize, String)> =
            pieces(source).into_iter().map(|piece| (piece.kind, piece.line, piece.text)).collect();
        let texts: Vec<&str> = found.iter().map(|(.., text)| text.as_str()).collect();
        assert_eq!(texts, [" one", "two\\\"", " three */", "fo\"ur", "five"]);
        assert_eq!(found.iter().map(|(_, line, _)| *line).collect::<Vec<_>>(), [1, 2, 3, 3, 4]);
    }
}
