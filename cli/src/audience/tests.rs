//! Filters, and the messages that they let through.

use serde_json::json;
use trimtab_core::audience::of;

use super::*;
use Severity::{Critical, Info, Warning};

fn model(name: &str) -> Audience {
    Audience::Model(ModelName::parse(name).unwrap())
}

fn filter<const N: usize>(wanted: [(Audience, &[Severity]); N]) -> Filter {
    let mut filter = Filter::default();
    for (audience, severities) in wanted {
        filter.add(audience, severities.iter().copied());
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
fn filter_of_two_models_passes_only_what_each_wants() {
    let both = filter([(model("churn"), &[Critical]), (model("demand"), &Severity::ALL)]);
    assert_eq!(both.policy(), json!({"audience": ["churn/critical", {"prefix": "demand/"}]}));
    assert!(lets(&both, Some("churn"), &[Critical]) && lets(&both, Some("demand"), &[Info]));
    assert!(!lets(&both, Some("churn"), &[Warning]) && !lets(&both, Some("loans"), &[Critical]));
    assert!(!lets(&both, Some("demand-2"), &[Critical]), "a name that begins alike is another model");
    assert_eq!(both.to_string(), "churn (critical), demand (all)");
}

#[test]
fn digest_is_for_each_subscriber_of_one_of_its_lines() {
    let urgent = filter([(model("demand"), &[Warning, Critical])]);
    assert!(lets(&urgent, Some("demand"), &[Warning]) && lets(&urgent, Some("demand"), &[Info, Warning]));
    assert!(!lets(&urgent, Some("demand"), &[Info]));
    let critical = filter([(Audience::All, &[Critical])]);
    assert!(!lets(&critical, Some("demand"), &[Info, Warning]));
}

#[test]
fn all_models_include_the_platform() {
    let (all, warnings) = (filter([(Audience::All, &Severity::ALL)]), filter([(Audience::All, &[Warning])]));
    let platform = filter([(Audience::Platform, &[Warning])]);
    for (model, severities) in [(Some("churn"), &[Info][..]), (None, &[Warning]), (Some("demand"), &[Info, Warning])] {
        assert!(lets(&all, model, severities));
        assert_eq!(lets(&warnings, model, severities), severities.contains(&Warning));
        assert_eq!(lets(&platform, model, severities), model.is_none());
    }
}

#[test]
fn filter_is_read_back_and_other_filters_are_ignored() {
    let wanted = filter([
        (Audience::All, &[Info, Critical]),
        (Audience::Platform, &Severity::ALL),
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
fn model_takes_at_most_three_values() {
    for some in [&[Info][..], &[Info, Warning], &[Info, Critical], &[Warning, Critical], &Severity::ALL] {
        assert!((1..=3).contains(&filter([(model("churn"), some)]).values()), "{some:?}");
    }
}

#[test]
fn filter_policy_has_the_form_that_sns_documents() {
    let rows = [
        (
            filter([(Audience::All, &Severity::ALL)]),
            json!([{"suffix": "/info"}, {"suffix": "/warning"}, {"suffix": "/critical"}, {"suffix": "/info+warning"}]),
        ),
        (filter([(Audience::All, &[Critical])]), json!([{"suffix": "/critical"}])),
        (filter([(Audience::Platform, &Severity::ALL)]), json!([{"prefix": "-/"}])),
        (filter([(Audience::Platform, &[Critical])]), json!(["-/critical"])),
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
    let both = churn.clone().and(filter([(model("churn"), &[Info]), (Audience::Platform, &[Warning])]));
    assert_eq!(both, filter([(model("churn"), &[Info, Critical]), (Audience::Platform, &[Warning])]));
    assert_eq!(both.only(|audience| *audience == Audience::Platform), filter([(Audience::Platform, &[Warning])]));
    assert_eq!(both.only(|_| true), both);
    assert!(both.only(|_| false).is_empty() && Filter::default().is_empty() && !churn.is_empty());
}

#[test]
fn filter_has_a_text_form() {
    let all = filter([
        (Audience::All, &[Critical]),
        (Audience::Platform, &Severity::ALL),
        (model("churn"), &[Warning, Critical]),
    ]);
    assert_eq!(all.to_string(), "all models (critical), platform (all), churn (warning, critical)");
    assert_eq!(Filter::default().to_string(), "");
}

#[test]
fn filter_is_read_strictly() {
    let odd = json!({"audience": ["churn", "churn/", "/critical", "-/critical", "churn/info+warning", {"prefix": "churn"},
        {"prefix": "Churn/"}, {"suffix": "critical"}, {"suffix": "/urgent"}]});
    assert_eq!(Filter::read(&odd), Some(filter([(Audience::Platform, &[Critical])])));
    for other in [json!({}), json!({"audience": "churn/critical"}), json!([]), json!(null)] {
        assert_eq!(Filter::read(&other), None, "{other}");
    }
}
