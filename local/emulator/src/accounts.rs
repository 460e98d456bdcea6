//! The caller and the account of a call. All resources are in one account, except those that a caller accesses through
//! a role of another. MiniStack serves STS; its responses show which credentials belong to which account.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::journal::Entry;
use crate::world::{World, lock};

/// The credentials of an assumed role.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The account of the role.
    account: String,
    /// The access key that assumed the role.
    caller: String,
}

impl World {
    /// The account of this access key, if it differs from the configured account. As in MiniStack, an access key of
    /// twelve digits belongs to the account with that number.
    pub(crate) fn account_of(&self, principal: &str) -> Option<String> {
        let own = principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit());
        let account = if own {
            Some(principal.to_owned())
        } else {
            lock(&self.sessions).get(principal).map(|session| session.account.clone())
        };
        account.filter(|account| *account != self.config.account)
    }

    /// The original caller of this access key: for a session, the access key that assumed the role.
    pub(crate) fn caller(&self, principal: &str) -> String {
        lock(&self.sessions).get(principal).map_or_else(|| principal.to_owned(), |session| session.caller.clone())
    }

    /// All access keys of this caller: its own, and those of its sessions.
    pub(crate) fn keys_of(&self, caller: &str) -> BTreeSet<String> {
        let sessions = lock(&self.sessions);
        let theirs = sessions.iter().filter(|(_, session)| session.caller == caller).map(|(key, _)| key.clone());
        theirs.chain([caller.to_owned()]).collect()
    }

    /// Stores the account and the caller of the credentials in an `AssumeRole` response.
    pub(crate) fn store_session(&self, entry: &Entry, response: &Bytes) {
        let text = String::from_utf8_lossy(response);
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

/// The action and its parameters in the query protocol, which STS uses.
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
    fn form_is_decoded() {
        let body = Bytes::from_static(
            b"Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fx&ExternalId=a+b",
        );
        let (action, fields) = form(&body).unwrap();
        assert_eq!((action.as_str(), fields["ExternalId"].as_str()), ("AssumeRole", Some("a b")));
        assert_eq!(fields["RoleArn"], "arn:aws:iam::210987654321:role/x");
    }

    #[test]
    fn session_key_is_read_from_response() {
        let response =
            "<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey></Credentials>";
        assert_eq!(within(response, "<AccessKeyId>"), Some("ASIA1"));
    }
}
