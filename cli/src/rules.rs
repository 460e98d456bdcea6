//! The functions that an event reaches, by the rules of `infra/template.yaml`, which is embedded.

use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use trimtab_core::fact;

use crate::fault::Fault;
use crate::pattern::Pattern;

const TEMPLATE: &str = include_str!("../../infra/template.yaml");

/// A rule of the template.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The function that it invokes, such as `retrain`.
    pub function: String,
    /// Its name within the function, such as `Drift`.
    pub name: String,
    /// Whether it is a rule of Trimtab's event bus; otherwise of the account's default bus.
    pub own_bus: bool,
    /// Its event pattern, as EventBridge takes it.
    pub json: Value,
    pattern: Pattern,
}

/// The rules of the embedded template, in its order.
///
/// # Errors
/// The template is invalid.
pub fn embedded() -> Result<Vec<Rule>, Fault> {
    read(TEMPLATE)
}

fn read(template: &str) -> Result<Vec<Rule>, Fault> {
    let yaml: Yaml = serde_yaml_ng::from_str(template).map_err(|error| Fault::Template(error.to_string()))?;
    let resources = yaml.get("Resources").and_then(Yaml::as_mapping).ok_or_else(|| expected("Resources"))?;
    let mut rules = Vec::new();
    for (id, resource) in resources {
        if resource.get("Type").and_then(Yaml::as_str) != Some("AWS::Serverless::Function") {
            continue;
        }
        let id = id.as_str().ok_or_else(|| expected("a name for each resource"))?;
        let events = resource.get("Properties").and_then(|properties| properties.get("Events"));
        let events = events.and_then(Yaml::as_mapping).ok_or_else(|| expected(&format!("Events of {id}")))?;
        for (name, event) in events {
            rules.push(rule(id, name.as_str().unwrap_or_default(), event)?);
        }
    }
    Ok(rules)
}

fn rule(function: &str, name: &str, event: &Yaml) -> Result<Rule, Fault> {
    let place = |what: &str| format!("{what} of {function}.{name}");
    let properties = event.get("Properties").ok_or_else(|| expected(&place("Properties")))?;
    let json = match event.get("Type").and_then(Yaml::as_str) {
        Some("EventBridgeRule") => {
            let pattern = properties.get("Pattern").ok_or_else(|| expected(&place("Pattern")))?;
            serde_json::to_value(pattern).map_err(|error| Fault::Template(format!("{}: {error}", place("Pattern"))))?
        }
        // A schedule has no pattern. Its events name the rule, whose name SAM generates.
        Some("Schedule") => json!({"source": ["aws.events"], "detail-type": ["Scheduled Event"],
            "resources": [{"wildcard": format!("arn:*:rule/*{function}{name}*")}]}),
        _ => return Err(expected(&place("type EventBridgeRule or Schedule"))),
    };
    Ok(Rule {
        function: function.to_lowercase(),
        name: name.to_owned(),
        own_bus: properties.get("EventBusName").is_some(),
        pattern: Pattern::parse(&json).map_err(|error| Fault::Template(format!("{}: {error}", place("Pattern"))))?,
        json,
    })
}

fn expected(what: &str) -> Fault {
    Fault::Template(format!("expected {what}"))
}

impl Rule {
    /// Whether EventBridge would deliver this event to the function. Trimtab's facts are on its own bus, all other events
    /// on the default one.
    #[must_use]
    pub fn takes(&self, event: &Value) -> bool {
        let own = event.get("source").and_then(Value::as_str) == Some(fact::SOURCE);
        self.own_bus == own && self.pattern.matches(event)
    }
}

/// The functions that react to this event, each once, in the template's order.
#[must_use]
pub fn matching(rules: &[Rule], event: &Value) -> Vec<String> {
    let mut functions: Vec<String> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.takes(event)) {
        if !functions.contains(&rule.function) {
            functions.push(rule.function.clone());
        }
    }
    functions
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn template_has_rules_for_every_function() {
        let rules = embedded().unwrap();
        for function in ["integrate", "retrain", "deploy", "notify", "reconcile"] {
            assert!(rules.iter().any(|rule| rule.function == function), "{function} has no rule");
        }
    }

    #[test]
    fn facts_and_events_of_aws_are_on_different_buses() {
        let rules = embedded().unwrap();
        let event = |source: &str| json!({"source": source, "detail-type": "Training Requested", "detail": {}});
        assert_eq!(matching(&rules, &event("trimtab")), ["retrain", "lineage"]);
        assert_eq!(matching(&rules, &event("aws.sagemaker")), Vec::<String>::new());
    }

    #[test]
    fn error_in_the_template_names_its_place() {
        let template =
            "Resources: {A: {Type: AWS::Serverless::Function, Properties: {Events: {B: {Type: SQS, Properties: {}}}}}}";
        assert_eq!(
            read(template).unwrap_err().to_string(),
            "infra/template.yaml: expected type EventBridgeRule or Schedule of A.B"
        );
    }
}
