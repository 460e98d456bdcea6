//! Configuration, read from the environment once.

/// The settings of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `TRIMTAB_TABLE`: the ledger's table.
    pub table: String,
    /// `TRIMTAB_BUS`: Trimtab's event bus.
    pub bus: String,
    /// `TRIMTAB_LOG`: the lowest level that is logged; `info` unless set.
    pub log: String,
    /// `TRIMTAB_CHAT_TOPIC_ARN`: the topic of the chat channel; without it, nothing is sent to a chat.
    pub chat_topic: Option<String>,
    topic: Option<String>,
}

/// A variable that is not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is not set: set it to {expected} (infra/template.yaml does)")]
pub struct Missing {
    /// The variable.
    pub name: &'static str,
    /// The expected content.
    pub expected: &'static str,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// The first variable that is missing or empty.
    pub fn from_env() -> Result<Self, Missing> {
        Self::from(|name| std::env::var(name).ok())
    }

    fn from(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Missing> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let need = |name, expected| get(name).ok_or(Missing { name, expected });
        Ok(Self {
            table: need("TRIMTAB_TABLE", "the name of the ledger's DynamoDB table")?,
            bus: need("TRIMTAB_BUS", "the name of Trimtab's event bus")?,
            log: get("TRIMTAB_LOG").unwrap_or_else(|| "info".to_owned()),
            chat_topic: get("TRIMTAB_CHAT_TOPIC_ARN"),
            topic: get("TRIMTAB_TOPIC_ARN"),
        })
    }

    /// `TRIMTAB_TOPIC_ARN`: the topic of the subscribers. Only `notify` needs it.
    ///
    /// # Errors
    ///
    /// The variable is not set.
    pub fn topic(&self) -> Result<String, Missing> {
        self.topic.clone().ok_or(Missing { name: "TRIMTAB_TOPIC_ARN", expected: "the ARN of the SNS topic" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_variable_is_named_with_its_expected_content() {
        let error = Settings::from(|name| (name == "TRIMTAB_TABLE").then(|| "t".to_owned())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable TRIMTAB_BUS is not set: set it to the name of Trimtab's event bus (infra/template.yaml does)"
        );
    }

    /// Each variable: whether it must be set, and where its value goes.
    const VARIABLES: [(&str, bool); 5] = [
        ("TRIMTAB_TABLE", true),
        ("TRIMTAB_BUS", true),
        ("TRIMTAB_LOG", false),
        ("TRIMTAB_CHAT_TOPIC_ARN", false),
        ("TRIMTAB_TOPIC_ARN", false),
    ];

    fn value(settings: &Settings, name: &str) -> Option<String> {
        match name {
            "TRIMTAB_TABLE" => Some(settings.table.clone()),
            "TRIMTAB_BUS" => Some(settings.bus.clone()),
            "TRIMTAB_LOG" => Some(settings.log.clone()),
            "TRIMTAB_CHAT_TOPIC_ARN" => settings.chat_topic.clone(),
            _ => settings.topic().ok(),
        }
    }

    #[test]
    fn each_setting_is_read_from_its_own_variable() {
        let settings = Settings::from(|name| Some(format!("of {name}"))).unwrap();
        for (name, _) in VARIABLES {
            assert_eq!(value(&settings, name), Some(format!("of {name}")));
        }
    }

    #[test]
    fn empty_variable_counts_as_missing() {
        for (left_out, needed) in VARIABLES {
            for empty in [None, Some(""), Some(" \t")] {
                let of = |name: &str| if name == left_out { empty.map(str::to_owned) } else { Some("x".to_owned()) };
                match Settings::from(of) {
                    Err(missing) => assert_eq!((missing.name, needed), (left_out, true), "{empty:?}"),
                    Ok(settings) => {
                        let wanted = (left_out == "TRIMTAB_LOG").then(|| "info".to_owned());
                        assert_eq!((value(&settings, left_out), needed), (wanted, false), "{left_out}={empty:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_notify_needs_the_topic() {
        let settings = Settings::from(|name| (name != "TRIMTAB_TOPIC_ARN").then(|| "x".to_owned())).unwrap();
        assert_eq!(settings.topic().unwrap_err().name, "TRIMTAB_TOPIC_ARN");
    }
}
