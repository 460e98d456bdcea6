//! The audience of a message in one word: the model and the severity, such as `churn/critical`.
//!
//! The names of a [filter policy][logic] of SNS must all match, and only the values of one name are
//! alternatives. So "churn's critical messages, and all of demand's" cannot be expressed with two attributes
//! `model` and `severity`; with one word that holds both it can. `trimtab apply` writes the filters.
//!
//! [logic]: https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html

use std::collections::BTreeSet;

use crate::fact::Severity;
use crate::name::ModelName;

/// The message attribute that holds the word. A subscription whose filter policy names it is Trimtab's own.
pub const ATTRIBUTE: &str = "audience";

/// The word's first part for messages that belong to no model. It cannot be a model's name.
pub const PLATFORM: &str = "-";

/// The word's second part. A digest has several severities, joined in ascending order.
#[must_use]
pub fn word<'a>(severities: impl IntoIterator<Item = &'a Severity>) -> String {
    severities.into_iter().map(|severity| severity.as_str()).collect::<Vec<_>>().join("+")
}

/// The word for a message of this model, or of no model, with these severities.
#[must_use]
pub fn of(model: Option<&ModelName>, severities: &BTreeSet<Severity>) -> String {
    format!("{}/{}", model.map_or(PLATFORM, ModelName::as_str), word(severities))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Critical, Info, Warning};

    #[test]
    fn audience_of_a_message_is_its_model_and_its_severities() {
        let churn = ModelName::parse("churn").unwrap();
        assert_eq!(of(Some(&churn), &[Critical].into()), "churn/critical");
        assert_eq!(of(None, &[Warning].into()), "-/warning");
        assert_eq!(of(Some(&churn), &[Warning, Info].into()), "churn/info+warning", "a digest has both");
        assert_eq!(ATTRIBUTE, "audience");
    }
}
