//! `[[notify.recipients]]`: who is told, by SNS, and of what.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use trimtab_names::name::{NameError, arn, word};
use trimtab_names::severity::Severity;

/// The longest address that a mail server takes, and the longest URL that each HTTP server does.
const EMAIL_MAX: usize = 254;
const URL_MAX: usize = 2_000;

/// Who is told, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Recipient {
    /// Where the messages go.
    pub address: Address,
    /// Of which severities; never empty.
    pub severities: BTreeSet<Severity>,
}

/// How SNS hands a message over. Not by SMS: the suite's messages are longer than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is SNS's own word")]
pub enum Protocol {
    Email,
    Https,
    Lambda,
    Sqs,
}

/// Where messages go: what SNS knows a subscription by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    protocol: Protocol,
    endpoint: String,
}

impl Protocol {
    /// All of them.
    const ALL: [Self; 4] = [Self::Email, Self::Https, Self::Lambda, Self::Sqs];

    /// SNS's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Https => "https",
            Self::Lambda => "lambda",
            Self::Sqs => "sqs",
        }
    }

    /// The protocol that this is SNS's word for, where the suite uses it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == text)
    }
}

impl Address {
    /// Checks the endpoint against the protocol.
    ///
    /// # Errors
    /// [`NameError`] says what the protocol needs.
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

    /// How messages get there.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Where that is.
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

/// Printable ASCII: nothing that a line could be broken by, or that reads as something else.
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

/// A recipient as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    protocol: Protocol,
    endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    severities: Option<BTreeSet<Severity>>,
}

impl TryFrom<Written> for Recipient {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let address = Address::parse(written.protocol, &written.endpoint).map_err(|error| error.to_string())?;
        let severities = written.severities.unwrap_or_else(|| Severity::ALL.into());
        if severities.is_empty() {
            return Err("expected at least one of severities; leave the key out for all".to_owned());
        }
        Ok(Self { address, severities })
    }
}

impl From<Recipient> for Written {
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

    /// demand's policy with these lines as its second recipient.
    fn with(lines: &str) -> Result<Policy, String> {
        let first = "[[notify.recipients]]\nprotocol = \"email\"\nendpoint = \"a@example.com\"\n";
        let text = format!("{DEMAND}\n{first}[[notify.recipients]]\n{lines}\n");
        Policy::parse("demand.toml", &text).map_err(|error| error.to_string())
    }

    fn last(policy: &Policy) -> &Recipient {
        policy.notify.as_ref().unwrap().recipients.last().unwrap()
    }

    #[test]
    fn a_recipient_has_all_severities_or_those_that_are_named() {
        let all = with("protocol = \"https\"\nendpoint = \"https://example.com/hook?team=a\"").unwrap();
        assert_eq!(last(&all).severities, Severity::ALL.into());
        let some = with("protocol = \"email\"\nendpoint = \"b@example.com\"\nseverities = [\"critical\"]").unwrap();
        assert_eq!(last(&some).severities, [Severity::Critical].into());
        assert_eq!(last(&some).address.to_string(), "email b@example.com");
        for policy in [all, some] {
            let back: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
            assert_eq!(back, policy, "it survives the ledger");
        }
    }

    #[test]
    fn an_endpoint_is_what_its_protocol_needs() {
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
    fn no_severity_at_all_is_refused_with_its_line() {
        let fault = with("protocol = \"email\"\nendpoint = \"b@example.com\"\nseverities = []").unwrap_err();
        assert!(fault.contains("notify.recipients[1]: expected at least one of severities"), "{fault}");
    }
}
