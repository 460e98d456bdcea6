//! `[[notify.recipients]]`: recipients of messages by SNS, and the severities that they receive.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use trimtab_names::name::{NameError, arn, word};
use trimtab_names::severity::Severity;

/// The longest address that mail servers accept, and the longest URL that every HTTP server accepts.
const EMAIL_MAX: usize = 254;
const URL_MAX: usize = 2_000;

/// A recipient, and the severities that it receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "RecipientToml", into = "RecipientToml")]
pub struct Recipient {
    /// The address of the subscription.
    pub address: Address,
    /// The severities of the messages; never empty.
    pub severities: BTreeSet<Severity>,
}

/// The protocol of an SNS subscription. SMS is missing because messages are longer than a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is SNS's own word")]
pub enum Protocol {
    Email,
    Https,
    Lambda,
    Sqs,
}

/// Protocol and endpoint, which identify a subscription of an SNS topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    protocol: Protocol,
    endpoint: String,
}

impl Protocol {
    /// All protocols.
    const ALL: [Self; 4] = [Self::Email, Self::Https, Self::Lambda, Self::Sqs];

    /// The name in SNS.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Https => "https",
            Self::Lambda => "lambda",
            Self::Sqs => "sqs",
        }
    }

    /// Reads the name in SNS; `None` for a protocol that Trimtab does not use.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == text)
    }
}

impl Address {
    /// Validates the endpoint for the protocol.
    ///
    /// # Errors
    /// [`NameError`] with the form that the protocol requires.
    pub fn parse(protocol: Protocol, endpoint: &str) -> Result<Self, NameError> {
        let (holds, kind, expected) = match protocol {
            Protocol::Email => (is_email(endpoint), "e-mail address", "one such as oncall@example.com"),
            Protocol::Https => (is_url(endpoint), "URL", "https://…, without user and password"),
            Protocol::Lambda => (
                arn(endpoint, "lambda", |name| {
                    name.strip_prefix("function:").is_some_and(|name| word(name, 200, "_-:"))
                }),
                "function",
                "an ARN such as arn:aws:lambda:eu-west-1:123456789012:function:oncall",
            ),
            Protocol::Sqs => (
                arn(endpoint, "sqs", |name| word(name, 80, "_-")),
                "queue",
                "an ARN such as arn:aws:sqs:eu-west-1:123456789012:oncall, of a standard queue",
            ),
        };
        let endpoint = endpoint.to_owned();
        if holds { Ok(Self { protocol, endpoint }) } else { Err(NameError { kind, expected }) }
    }

    /// The protocol.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The e-mail address, URL or ARN.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.protocol.as_str(), self.endpoint)
    }
}

/// Whether the text is printable ASCII: other characters could break a line or imitate another address.
fn printable(text: &str, max: usize) -> bool {
    text.len() <= max && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_email(text: &str) -> bool {
    let mut parts = text.split('@');
    let named = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
    printable(text, EMAIL_MAX) && named(parts.next()) && named(parts.next()) && parts.next().is_none()
}

fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
    printable(text, URL_MAX) && host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
}

/// A recipient in TOML.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RecipientToml {
    /// The protocol of the subscription.
    protocol: Protocol,
    /// The e-mail address, the `https://` URL, or the ARN of the function or queue.
    endpoint: String,
    /// The severities of the messages that the recipient receives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    severities: Option<BTreeSet<Severity>>,
}

impl TryFrom<RecipientToml> for Recipient {
    type Error = String;
    fn try_from(written: RecipientToml) -> Result<Self, Self::Error> {
        let address = Address::parse(written.protocol, &written.endpoint).map_err(|error| error.to_string())?;
        let severities = written.severities.unwrap_or_else(|| Severity::ALL.into());
        if severities.is_empty() {
            return Err("expected at least one severity; leave severities out for all".to_owned());
        }
        Ok(Self { address, severities })
    }
}

impl From<Recipient> for RecipientToml {
    fn from(recipient: Recipient) -> Self {
        let Recipient { address: Address { protocol, endpoint }, severities } = recipient;
        Self { protocol, endpoint, severities: Some(severities).filter(|some| some.len() < Severity::ALL.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    const DEMAND: &str = include_str!("../../../policies/demand.toml");

    /// The policy of demand with these lines as its second recipient.
    fn with(lines: &str) -> Result<Policy, String> {
        let first = "[[notify.recipients]]\nprotocol = \"email\"\nendpoint = \"a@example.com\"\n";
        let text = format!("{DEMAND}\n{first}[[notify.recipients]]\n{lines}\n");
        Policy::parse("demand.toml", &text).map_err(|error| error.to_string())
    }

    fn last(policy: &Policy) -> &Recipient {
        policy.notify.as_ref().unwrap().recipients.last().unwrap()
    }

    #[test]
    fn recipient_has_all_severities_or_the_named_ones() {
        let all = with("protocol = \"https\"\nendpoint = \"https://example.com/hook?team=a\"").unwrap();
        assert_eq!(last(&all).severities, Severity::ALL.into());
        let some = with("protocol = \"email\"\nendpoint = \"b@example.com\"\nseverities = [\"critical\"]").unwrap();
        assert_eq!(last(&some).severities, [Severity::Critical].into());
        assert_eq!(last(&some).address.to_string(), "email b@example.com");
        for policy in [all, some] {
            let back: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
            assert_eq!(back, policy, "the ledger stores it as JSON");
        }
    }

    #[test]
    fn endpoint_of_a_recipient_must_fit_its_protocol() {
        let refused = [
            ("email", "oncall", "e-mail address"),
            ("email", "a@b@example.com", "e-mail address"),
            ("email", "a@example.com\\nBcc: b@example.com", "e-mail address"),
            ("https", "http://example.com/hook", "URL: expected https://"),
            ("https", "https://maya:secret@example.com/", "without user and password"),
            (
                "sqs",
                "https://sqs.eu-west-1.amazonaws.com/123456789012/oncall",
                "queue: expected an ARN such as arn:aws:sqs",
            ),
            ("sqs", "arn:aws:sqs:eu-west-1:123456789012:oncall.fifo", "of a standard queue"),
            ("lambda", "oncall", "function: expected an ARN such as arn:aws:lambda"),
            ("sms", "+15550100", "unknown variant `sms`"),
        ];
        for (protocol, endpoint, expected) in refused {
            let fault = with(&format!("protocol = \"{protocol}\"\nendpoint = \"{endpoint}\"")).unwrap_err();
            assert!(fault.contains(expected) && fault.contains("notify.recipients[1]"), "{fault}");
        }
        for (protocol, endpoint) in [
            ("sqs", "arn:aws:sqs:eu-west-1:123456789012:oncall"),
            ("sqs", "arn:aws-cn:sqs:cn-north-1:123456789012:on_call-1"),
            ("lambda", "arn:aws:lambda:eu-west-1:123456789012:function:oncall:live"),
            ("email", "on.call+churn@example.com"),
        ] {
            with(&format!("protocol = \"{protocol}\"\nendpoint = \"{endpoint}\"")).unwrap();
        }
    }

    #[test]
    fn recipient_without_severity_is_refused_with_its_line() {
        let fault = with("protocol = \"email\"\nendpoint = \"b@example.com\"\nseverities = []").unwrap_err();
        assert!(fault.contains("notify.recipients[1]: expected at least one severity"), "{fault}");
    }
}
