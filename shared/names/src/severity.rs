//! Severities of facts and messages.

use serde::{Deserialize, Serialize};

/// The urgency of a fact and of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Needs no action.
    Info,
    /// Needs attention the same day: something was held or refused.
    Warning,
    /// Needs attention at once: production or the loop does not work as intended.
    Critical,
}

impl Severity {
    /// All severities in ascending order.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// The word in policies and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Reads the word of a policy or message.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::Severity::{self, Critical, Info, Warning};
    use serde_json::json;

    #[test]
    fn severities_ascend_to_the_one_that_pages() {
        assert_eq!(Severity::ALL, [Info, Warning, Critical]);
        assert!(Info < Warning && Warning < Critical);
        for (severity, word) in [(Info, "info"), (Warning, "warning"), (Critical, "critical")] {
            assert_eq!((severity.as_str(), Severity::parse(word)), (word, Some(severity)));
            assert_eq!(serde_json::to_value(severity).unwrap(), json!(word), "policies write the same word");
        }
        for text in ["", "Critical", "error"] {
            assert_eq!(Severity::parse(text), None, "{text}");
        }
    }
}
