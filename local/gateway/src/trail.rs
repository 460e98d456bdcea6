//! CloudTrail: it tells of the calls that people make, as AWS would. Only callers that were made known
//! are people: all others are part of the scenery.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::journal::Entry;
use crate::world::{World, lock};

/// What CloudTrail calls the service.
const SOURCE: &str = "sagemaker.amazonaws.com";

/// Fields whose own fields are people's words, and stay as they are.
const WORDS: [&str; 2] = ["Environment", "HyperParameters"];

/// Tells of a call to SageMaker that changes something, if a person made it.
pub(crate) fn tell(world: &Arc<World>, entry: &Entry) {
    let reads = ["Describe", "List", "Get", "Search"].iter().any(|verb| entry.action.starts_with(verb));
    let identity = lock(&world.people).get(&entry.principal).cloned();
    let Some(identity) = identity.filter(|_| entry.service == "sagemaker" && !reads) else { return };
    let detail = detail(world, entry, &identity);
    let later = Arc::clone(world);
    world.later(async move { later.emit("aws.sagemaker", "AWS API Call via CloudTrail", &[], detail).await });
}

fn detail(world: &World, entry: &Entry, identity: &str) -> Value {
    let mut detail = json!({
        "eventVersion": "1.11",
        "userIdentity": who(&world.config.account, identity),
        "eventTime": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": SOURCE,
        "eventName": entry.action,
        "awsRegion": world.config.region,
        "requestParameters": small(&entry.request),
        "responseElements": null,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": world.config.account,
        "eventCategory": "Management",
    });
    let said = |name: &str| entry.response.get(name).cloned().unwrap_or_default();
    if let Some(fields) = detail.as_object_mut() {
        if entry.status == 200 {
            fields.insert("responseElements".to_owned(), small(&entry.response));
        } else {
            fields.insert("errorCode".to_owned(), said("__type"));
            fields.insert("errorMessage".to_owned(), said("message"));
        }
    }
    detail
}

/// A session of a role, or a user.
fn who(account: &str, arn: &str) -> Value {
    let session = arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split_once('/'));
    match session {
        None => json!({"type": "IAMUser", "arn": arn, "accountId": account}),
        Some((role, _)) => json!({
            "type": "AssumedRole",
            "arn": arn,
            "accountId": account,
            "sessionContext": {"sessionIssuer": {
                "type": "Role",
                "arn": format!("arn:aws:iam::{account}:role/{role}"),
                "accountId": account,
                "userName": role,
            }},
        }),
    }
}

/// CloudTrail writes each field with a small first letter.
fn small(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, inner)| field(name, inner)).collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.iter().map(small).collect()),
        other => other.clone(),
    }
}

fn field(name: &str, inner: &Value) -> (String, Value) {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    let value = if WORDS.contains(&name) { inner.clone() } else { small(inner) };
    (first.into_iter().chain(letters).collect(), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_begin_small_and_peoples_words_stay() {
        let request = json!({"TrainingJobName": "A", "OutputDataConfig": {"S3OutputPath": "s3://B"},
            "Tags": [{"Key": "Owner", "Value": "Maya"}], "Environment": {"PATH": "x"}});
        let expected = json!({"trainingJobName": "A", "outputDataConfig": {"s3OutputPath": "s3://B"},
            "tags": [{"key": "Owner", "value": "Maya"}], "environment": {"PATH": "x"}});
        assert_eq!(small(&request), expected);
    }

    #[test]
    fn a_session_names_the_role_behind_it() {
        let session = who("123456789012", "arn:aws:sts::123456789012:assumed-role/data-science/maya");
        let issuer = session.pointer("/sessionContext/sessionIssuer/arn").and_then(Value::as_str);
        assert_eq!(issuer, Some("arn:aws:iam::123456789012:role/data-science"));
        assert!(who("123456789012", "arn:aws:iam::123456789012:user/maya").get("sessionContext").is_none());
    }
}
