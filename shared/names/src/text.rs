//! The only sanitizer: text from outside (commit messages, failure reasons, alarm descriptions) passes it before a
//! message or a parameter contains it.

/// At most `max` characters of `text` on one line: control characters and line breaks become spaces, invisible
/// direction marks are removed, and a cut is marked with "…".
#[must_use]
pub fn one_line(text: &str, max: usize) -> String {
    // Most text is plain: this saves two passes over it.
    if text.len() <= max && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.trim().to_owned();
    }
    let clean = text.chars().filter(|c| !is_invisible(*c)).map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = clean.clone().take(max).collect();
    if clean.count() > max {
        line.pop();
        line.push('…');
    }
    line.trim().to_owned()
}

/// Like [`one_line`], but ASCII only: SNS refuses other characters in a subject.
#[must_use]
pub fn subject(text: &str, max: usize) -> String {
    let ascii: String = text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    let mut line: String = one_line(&ascii, usize::MAX).chars().take(max).collect();
    line.truncate(line.trim_end().len());
    line
}

/// Whether the character is an invisible mark that changes how the text around it reads.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The first `length` hexadecimal digits of the SHA-256 of the parts, each ended by a zero byte, so that different
/// lists of parts never have the same digest. Idempotency tokens and IDs are such digests.
#[must_use]
pub fn digest(parts: &[&str], length: usize) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    hash.finalize().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_controls_and_direction_marks_are_removed() {
        assert_eq!(one_line("a\r\nBcc: x\u{202e}y\u{0007}", 80), "a  Bcc: xy");
    }

    #[test]
    fn cut_line_ends_with_an_ellipsis() {
        assert_eq!(one_line("abcdef", 4), "abc…");
    }

    #[test]
    fn subject_is_ascii() {
        assert_eq!(subject("Modèle\n1", 99), "Mod?le 1");
    }

    #[test]
    fn digest_separates_its_parts() {
        assert_ne!(digest(&["ab", "c"], 8), digest(&["a", "bc"], 8));
    }

    #[test]
    fn line_is_cut_at_its_limit_and_not_before() {
        for (text, max, line) in [
            ("abcd", 4, "abcd"),
            ("abcde", 4, "abc…"),
            ("éééé", 4, "éééé"),
            ("ééééé", 4, "ééé…"),
            ("  abc  ", 9, "abc"),
            ("\u{200b}abcd", 4, "abcd"),
            ("a\tb", 9, "a b"),
            ("a\u{7f}b", 9, "a b"),
            ("~ab!", 9, "~ab!"),
            ("", 4, ""),
        ] {
            assert_eq!(one_line(text, max), line, "{text:?} at {max}");
        }
    }

    #[test]
    fn invisible_marks_are_removed_and_other_text_stays() {
        for mark in ['\u{200b}', '\u{200f}', '\u{2028}', '\u{202e}', '\u{2060}', '\u{2069}', '\u{feff}'] {
            assert_eq!(one_line(&format!("a{mark}b"), 9), "ab", "{mark:?}");
        }
        for visible in ['\u{200a}', '\u{2010}', '\u{2027}', '\u{202f}', '\u{205f}', '\u{206a}', '\u{fefe}'] {
            assert_eq!(one_line(&format!("a{visible}b"), 9), format!("a{visible}b"), "{visible:?}");
        }
    }

    #[test]
    fn subject_is_cut_without_a_blank_at_its_end() {
        assert_eq!(subject("abc def", 4), "abc");
        assert_eq!(subject("abc def", 7), "abc def");
        assert_eq!(subject("abcdefgh", 7), "abcdefg");
        assert_eq!(subject("  a\tb ", 99), "a b");
        assert_eq!(subject("a…", 99), "a?");
    }

    /// By `printf 'a\0bc\0' | sha256sum`.
    #[test]
    fn digest_is_sha_256_of_the_parts_each_ended_by_zero() {
        assert_eq!(digest(&["a", "bc"], 64), "aa795aa4bbb6117911ef062e271bcb05ccfd58ea439da7d46a44e3a3fcefa790");
        assert_eq!(digest(&["a", "bc"], 8), "aa795aa4");
        assert_eq!(digest(&["a", "bc"], 99).len(), 64);
    }
}
