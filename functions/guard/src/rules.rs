//! Comparison of a resource with the rules of `[guard]`. Pure.

use serde::{Deserialize, Serialize};
use trimtab_core::policy::Guard;
use trimtab_core::port::ObservedResource;
use trimtab_core::text::one_line;

/// Instance families whose volumes are local disks. SageMaker refuses a KMS key for them; the hardware encrypts them.
const LOCAL_DISKS: [&str; 19] = [
    "c5d", "c6id", "g4dn", "g5", "g6", "g6e", "m5d", "m6id", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "r5d", "r6id",
    "trn1", "trn1n", "trn2",
];

/// A violated rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// The rule's key in `[guard]`.
    pub rule: String,
    /// The violation in words; safe to display.
    pub text: String,
}

/// The violations of a resource, in the order of the rules; empty for a compliant resource.
#[must_use]
pub fn breaches(guard: &Guard, actual: &ObservedResource) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut add = |rule: &str, text: String| found.push(Breach { rule: rule.to_owned(), text: one_line(&text, 300) });
    for tag in &guard.tags {
        if actual.tags.get(tag).is_none_or(|value| value.trim().is_empty()) {
            add("tags", format!("the tag {tag} is missing"));
        }
    }
    if guard.kms {
        for (what, _) in actual.keys.iter().filter(|(what, named)| !**named && !is_local(what, actual)) {
            add("kms", format!("its {what} has no KMS key"));
        }
    }
    if guard.vpc && actual.vpc == Some(false) {
        add("vpc", "it is not restricted to a VPC".to_owned());
    }
    if guard.network_isolation && actual.isolated == Some(false) {
        add("network_isolation", "its containers have network access".to_owned());
    }
    if !guard.instance_types.is_empty() {
        for kind in actual.instance_types.iter().filter(|kind| !any_matches(&guard.instance_types, kind)) {
            add("instance_types", format!("instance type {kind} is not allowed"));
        }
    }
    for image in &actual.images {
        let registry = image.split('/').next().unwrap_or_default();
        if !(guard.registries.is_empty() || guard.registries.contains(registry)) {
            add("registries", format!("the registry of image {image} is not on the list in guard.registries"));
        }
        if guard.image_digest && !is_by_digest(image) {
            add("image_digest", format!("image {image} is not pinned by digest"));
        }
    }
    found
}

/// Whether one of the patterns matches the text; `*` matches any text.
#[must_use]
pub fn any_matches<'a>(patterns: impl IntoIterator<Item = &'a String>, text: &str) -> bool {
    patterns.into_iter().any(|pattern| matches(pattern, text))
}

fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn is_local(what: &str, actual: &ObservedResource) -> bool {
    let family = |kind: &String| kind.split('.').nth(1).is_some_and(|family| LOCAL_DISKS.contains(&family));
    what == "volume" && !actual.instance_types.is_empty() && actual.instance_types.iter().all(family)
}

fn is_by_digest(image: &str) -> bool {
    let digest = image.rsplit_once("@sha256:").map(|(_, digest)| digest);
    digest.is_some_and(|digest| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_matches_any_text_and_nothing_else_does() {
        let takes = |pattern: &str, text: &str| matches(pattern, text);
        assert!(takes("ml.m5.*", "ml.m5.large") && takes("*", "") && takes("a*c*e", "abcde") && takes("a", "a"));
        assert!(!takes("ml.m5.*", "ml.m5d.large") && !takes("a", "ab") && !takes("a*b", "ba") && !takes("a*bb", "ab"));
        // No character counts for two parts of a pattern.
        assert!(!takes("a*b*b", "ab") && takes("a*b*b", "abb") && !takes("*ab*ab", "xab"));
    }

    #[test]
    fn instance_families_are_sorted_and_unique() {
        assert!(LOCAL_DISKS.is_sorted());
    }

    #[test]
    fn digest_has_sixty_four_hexadecimal_digits() {
        let image = |digest: &str| format!("a/b@sha256:{digest}");
        assert!(is_by_digest(&image(&"0f".repeat(32))));
        assert!(!is_by_digest(&image(&"0f".repeat(31))) && !is_by_digest("a/b:latest") && !is_by_digest(&image("")));
    }
}
