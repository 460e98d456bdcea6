//! Whose call it is. Everything is in one account but what somebody reaches by a role of another: STS is
//! MiniStack's, and whom it gave credentials of which account is read from its answers.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::journal::Entry;
use crate::world::{World, lock};

/// Credentials that were given for a role.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The role's account.
    account: String,
    /// Who assumed the role.
    caller: String,
}

impl World {
    /// The account of this access key, where it is another than the world's own. As with MiniStack, an access
    /// key of twelve digits is that account's.
    pub(crate) fn account_of(&self, principal: &str) -> Option<String> {
        let own = principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit());
        let account = if own {
            Some(principal.to_owned())
        } else {
            lock(&self.sessions).get(principal).map(|session| session.account.clone())
        };
        account.filter(|account| *account != self.config.account)
    }

    /// Who calls with this access key: whoever assumed the role that it is a session of.
    pub(crate) fn caller(&self, principal: &str) -> String {
        lock(&self.sessions).get(principal).map_or_else(|| principal.to_owned(), |session| session.caller.clone())
    }

    /// All access keys that this caller has: its own, and those of its sessions.
    pub(crate) fn keys_of(&self, caller: &str) -> BTreeSet<String> {
        let sessions = lock(&self.sessions);
        let theirs = sessions.iter().filter(|(_, session)| session.caller == caller).map(|(key, _)| key.clone());
        theirs.chain([caller.to_owned()]).collect()
    }

    /// Keeps whose the credentials of an `AssumeRole` are, and of which account.
    pub(crate) fn learn(&self, entry: &Entry, answer: &Bytes) {
        let text = String::from_utf8_lossy(answer);
        let role = entry.request.get("RoleArn").and_then(Value::as_str).and_then(|arn| arn.split(':').nth(4));
        if let (Some(account), Some(key)) = (role, within(&text, "<AccessKeyId>")) {
            let session = Session { account: account.to_owned(), caller: self.caller(&entry.principal) };
            lock(&self.sessions).insert(key.to_owned(), session);
        }
    }
}

fn within<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    text.split_once(tag)?.1.split('<').next()
}

/// The action and its parameters, of the protocol that STS speaks.
pub(crate) fn form(body: &Bytes) -> Option<(String, Value)> {
    let fields: BTreeMap<String, String> =
        std::str::from_utf8(body).ok()?.split('&').filter_map(|pair| pair.split_once('=')).map(decoded).collect();
    Some((fields.get("Action")?.clone(), json!(fields)))
}

fn decoded((name, value): (&str, &str)) -> (String, String) {
    let (mut bytes, mut rest) = (Vec::new(), value.as_bytes());
    while let [first, after @ ..] = rest {
        let code = match after {
            [high, low, ..] if *first == b'%' => std::str::from_utf8(&[*high, *low]).ok().map(str::to_owned),
            _ => None,
        };
        match code.and_then(|code| u8::from_str_radix(&code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = after;
            }
        }
    }
    (name.to_owned(), String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_it_was_written() {
        let body = Bytes::from_static(
            b"Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fx&ExternalId=a+b",
        );
        let (action, fields) = form(&body).unwrap();
        assert_eq!((action.as_str(), fields["ExternalId"].as_str()), ("AssumeRole", Some("a b")));
        assert_eq!(fields["RoleArn"], "arn:aws:iam::210987654321:role/x");
    }

    #[test]
    fn the_key_of_a_session_is_in_the_answer() {
        let answer = "<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey></Credentials>";
        assert_eq!(within(answer, "<AccessKeyId>"), Some("ASIA1"));
    }
}
