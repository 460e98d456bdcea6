//! Whom a message is for, in one word: the model and how soon to look, such as `churn/critical`.
//!
//! The names of a [filter policy][logic] of SNS must all match, and only the values of one name are
//! alternatives. So "churn's critical messages, and all of demand's" cannot be said of the attributes
//! `model` and `severity`; of a word that holds both it can. A policy has at most [`VALUES_MAX`] values.
//!
//! [logic]: https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fact::Severity;
use crate::name::ModelName;

mod subscription;

pub use subscription::{Standing, Subscription, Subscriptions};

/// The message attribute that holds the word. A subscription whose filter policy names it is the suite's own.
pub const ATTRIBUTE: &str = "audience";

/// The [most values][doc] that a filter policy on one attribute has.
///
/// [doc]: https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
pub const VALUES_MAX: usize = 150;

/// What stands where the model would, in what belongs to none: no model's name.
const NO_MODEL: &str = "-";

/// What stands behind the model: what one message can be of. A digest may hold two severities; what is
/// critical is in none.
const TOGETHER: [&[Severity]; 4] =
    [&[Severity::Info], &[Severity::Warning], &[Severity::Critical], &[Severity::Info, Severity::Warning]];

fn word<'a>(severities: impl IntoIterator<Item = &'a Severity>) -> String {
    severities.into_iter().map(|severity| severity.as_str()).collect::<Vec<_>>().join("+")
}

/// The word for a message of this model and severity; a digest's has each severity that is in it.
#[must_use]
pub fn of(model: Option<&ModelName>, severities: &BTreeSet<Severity>) -> String {
    format!("{}/{}", model.map_or(NO_MODEL, ModelName::as_str), word(severities))
}

/// Whose messages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Each model's, and what belongs to none.
    All,
    /// What belongs to no model.
    Platform,
    /// One model's.
    Model(ModelName),
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("everything"),
            Self::Platform => f.write_str("the suite"),
            Self::Model(model) => write!(f, "{model}"),
        }
    }
}

/// What a subscription lets through: of whose messages, which severities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(BTreeMap<Whose, BTreeSet<Severity>>);

/// A value of the filter policy.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Match {
    Exactly(String),
    Prefix { prefix: String },
    Suffix { suffix: String },
}

impl Filter {
    /// Lets these through, too.
    pub fn let_through(&mut self, whose: Whose, severities: impl IntoIterator<Item = Severity>) {
        self.0.entry(whose).or_default().extend(severities);
    }

    /// What of it is about whom this holds for.
    #[must_use]
    pub fn only(&self, holds: impl Fn(&Whose) -> bool) -> Self {
        let kept = self.0.iter().filter(|(whose, _)| holds(whose));
        Self(kept.map(|(whose, severities)| (whose.clone(), severities.clone())).collect())
    }

    /// Lets through what the other one does, too.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (whose, severities) in other.0 {
            self.let_through(whose, severities);
        }
        self
    }

    /// Whether nothing gets through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many values its filter policy has.
    #[must_use]
    pub fn values(&self) -> usize {
        self.matches().len()
    }

    /// The filter policy, as SNS takes it.
    #[must_use]
    pub fn policy(&self) -> Value {
        json!({ATTRIBUTE: self.matches()})
    }

    /// Reads a filter policy; `None` where it is none of the suite's. What the suite would not write is left out.
    #[must_use]
    pub fn read(policy: &Value) -> Option<Self> {
        let mut read = Self::default();
        for value in policy.get(ATTRIBUTE)?.as_array()? {
            if let Some((whose, severities)) = Match::deserialize(value).ok().and_then(Match::says) {
                read.let_through(whose, severities);
            }
        }
        Some(read)
    }

    fn matches(&self) -> Vec<Match> {
        self.0.iter().flat_map(|(whose, severities)| matches(whose, severities)).collect()
    }
}

fn matches(whose: &Whose, wanted: &BTreeSet<Severity>) -> Vec<Match> {
    let owner = match whose {
        Whose::All => None,
        Whose::Platform => Some(NO_MODEL),
        Whose::Model(model) => Some(model.as_str()),
    };
    let together = TOGETHER.into_iter().filter(|some| some.iter().any(|severity| wanted.contains(severity)));
    match owner {
        Some(owner) if wanted.len() == Severity::ALL.len() => vec![Match::Prefix { prefix: format!("{owner}/") }],
        Some(owner) => together.map(|some| Match::Exactly(format!("{owner}/{}", word(some)))).collect(),
        None => together.map(|some| Match::Suffix { suffix: format!("/{}", word(some)) }).collect(),
    }
}

impl Match {
    /// What it lets through; `None` for what comes of others: a digest of two severities.
    fn says(self) -> Option<(Whose, Vec<Severity>)> {
        Some(match self {
            Self::Exactly(text) => {
                let (owner, word) = text.split_once('/')?;
                (owned(owner)?, vec![Severity::parse(word)?])
            }
            Self::Prefix { prefix } => (owned(prefix.strip_suffix('/')?)?, Severity::ALL.into()),
            Self::Suffix { suffix } => (Whose::All, vec![Severity::parse(suffix.strip_prefix('/')?)?]),
        })
    }
}

fn owned(owner: &str) -> Option<Whose> {
    if owner == NO_MODEL { Some(Whose::Platform) } else { ModelName::parse(owner).ok().map(Whose::Model) }
}

/// As people read it: `churn (warning, critical), demand (all)`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (whose, severities)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let words: Vec<&str> = severities.iter().map(|severity| severity.as_str()).collect();
            let words = if words.len() == Severity::ALL.len() { "all".to_owned() } else { words.join(", ") };
            write!(f, "{comma}{whose} ({words})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Critical, Info, Warning};

    fn model(name: &str) -> Whose {
        Whose::Model(ModelName::parse(name).unwrap())
    }

    fn filter<const N: usize>(wanted: [(Whose, &[Severity]); N]) -> Filter {
        let mut filter = Filter::default();
        for (whose, severities) in wanted {
            filter.let_through(whose, severities.iter().copied());
        }
        filter
    }

    /// Whether SNS would let it through: some value matches.
    fn lets(filter: &Filter, model: Option<&str>, severities: &[Severity]) -> bool {
        let model = model.map(|model| ModelName::parse(model).unwrap());
        let word = of(model.as_ref(), &severities.iter().copied().collect());
        filter.matches().iter().any(|value| match value {
            Match::Exactly(text) => *text == word,
            Match::Prefix { prefix } => word.starts_with(prefix),
            Match::Suffix { suffix } => word.ends_with(suffix),
        })
    }

    #[test]
    fn churns_critical_messages_and_all_of_demands_get_through_and_nothing_else() {
        let both = filter([(model("churn"), &[Critical]), (model("demand"), &Severity::ALL)]);
        assert_eq!(both.policy(), json!({"audience": ["churn/critical", {"prefix": "demand/"}]}));
        assert!(lets(&both, Some("churn"), &[Critical]) && lets(&both, Some("demand"), &[Info]));
        assert!(!lets(&both, Some("churn"), &[Warning]) && !lets(&both, Some("loans"), &[Critical]));
        assert!(!lets(&both, Some("demand-2"), &[Critical]), "a name that begins alike is another model");
        assert_eq!(both.to_string(), "churn (critical), demand (all)");
    }

    #[test]
    fn a_digest_is_for_whoever_wants_something_that_is_in_it() {
        let urgent = filter([(model("demand"), &[Warning, Critical])]);
        assert!(lets(&urgent, Some("demand"), &[Warning]) && lets(&urgent, Some("demand"), &[Info, Warning]));
        assert!(!lets(&urgent, Some("demand"), &[Info]));
        let critical = filter([(Whose::All, &[Critical])]);
        assert!(!lets(&critical, Some("demand"), &[Info, Warning]));
    }

    #[test]
    fn everything_is_of_each_model_and_of_none() {
        let (all, warnings) = (filter([(Whose::All, &Severity::ALL)]), filter([(Whose::All, &[Warning])]));
        let nobodys = filter([(Whose::Platform, &[Warning])]);
        for (model, severities) in
            [(Some("churn"), &[Info][..]), (None, &[Warning]), (Some("demand"), &[Info, Warning])]
        {
            assert!(lets(&all, model, severities));
            assert_eq!(lets(&warnings, model, severities), severities.contains(&Warning));
            assert_eq!(lets(&nobodys, model, severities), model.is_none());
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_other_teams_filters_are_not() {
        let wanted = filter([
            (Whose::All, &[Info, Critical]),
            (Whose::Platform, &Severity::ALL),
            (model("churn"), &[Warning]),
            (model("demand"), &Severity::ALL),
        ]);
        assert_eq!(Filter::read(&wanted.policy()), Some(wanted));
        assert_eq!(Filter::read(&json!({"model": ["churn"], "severity": ["critical"]})), None);
        let odd =
            json!({"audience": ["churn/urgent", {"anything-but": "x"}, "../critical", "*/critical", 7, "churn/info"]});
        assert_eq!(Filter::read(&odd), Some(filter([(model("churn"), &[Info])])));
    }

    #[test]
    fn a_model_takes_three_values_at_most() {
        for some in [&[Info][..], &[Info, Warning], &[Info, Critical], &[Warning, Critical], &Severity::ALL] {
            assert!((1..=3).contains(&filter([(model("churn"), some)]).values()), "{some:?}");
        }
    }

    #[test]
    fn audience_of_a_message_is_its_model_and_its_severities() {
        let churn = ModelName::parse("churn").unwrap();
        assert_eq!(of(Some(&churn), &[Critical].into()), "churn/critical");
        assert_eq!(of(None, &[Warning].into()), "-/warning");
        assert_eq!(of(Some(&churn), &[Warning, Info].into()), "churn/info+warning", "a digest has both");
        assert_eq!(ATTRIBUTE, "audience");
    }

    #[test]
    fn filter_policy_has_the_form_that_sns_documents() {
        let rows = [
            (
                filter([(Whose::All, &Severity::ALL)]),
                json!([{"suffix": "/info"}, {"suffix": "/warning"}, {"suffix": "/critical"}, {"suffix": "/info+warning"}]),
            ),
            (filter([(Whose::All, &[Critical])]), json!([{"suffix": "/critical"}])),
            (filter([(Whose::Platform, &Severity::ALL)]), json!([{"prefix": "-/"}])),
            (filter([(Whose::Platform, &[Critical])]), json!(["-/critical"])),
            (filter([(model("churn"), &[Info])]), json!(["churn/info", "churn/info+warning"])),
            (
                filter([(model("churn"), &[Warning, Critical])]),
                json!(["churn/warning", "churn/critical", "churn/info+warning"]),
            ),
        ];
        for (filter, values) in rows {
            assert_eq!(filter.policy(), json!({"audience": values}), "{filter}");
            assert_eq!(filter.values(), values.as_array().unwrap().len());
        }
    }

    #[test]
    fn filters_add_up_and_are_taken_apart_again() {
        let churn = filter([(model("churn"), &[Critical])]);
        let both = churn.clone().and(filter([(model("churn"), &[Info]), (Whose::Platform, &[Warning])]));
        assert_eq!(both, filter([(model("churn"), &[Info, Critical]), (Whose::Platform, &[Warning])]));
        assert_eq!(both.only(|whose| *whose == Whose::Platform), filter([(Whose::Platform, &[Warning])]));
        assert_eq!(both.only(|_| true), both);
        assert!(both.only(|_| false).is_empty() && Filter::default().is_empty() && !churn.is_empty());
    }

    #[test]
    fn filter_is_said_in_words() {
        let all = filter([
            (Whose::All, &[Critical]),
            (Whose::Platform, &Severity::ALL),
            (model("churn"), &[Warning, Critical]),
        ]);
        assert_eq!(all.to_string(), "everything (critical), the suite (all), churn (warning, critical)");
        assert_eq!(Filter::default().to_string(), "");
    }

    #[test]
    fn filter_that_is_read_says_no_more_than_what_stands_there() {
        let odd = json!({"audience": ["churn", "churn/", "/critical", "-/critical", "churn/info+warning", {"prefix": "churn"},
            {"prefix": "Churn/"}, {"suffix": "critical"}, {"suffix": "/urgent"}]});
        assert_eq!(Filter::read(&odd), Some(filter([(Whose::Platform, &[Critical])])));
        for other in [json!({}), json!({"audience": "churn/critical"}), json!([]), json!(null)] {
            assert_eq!(Filter::read(&other), None, "{other}");
        }
    }
}
