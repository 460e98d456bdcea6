//! CloudTrail events of API calls. Only the calls of registered principals lead to events (`/_trimtab/principal`).

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::journal::Entry;
use crate::world::{World, lock};

/// The name of the service in CloudTrail.
const SOURCE: &str = "sagemaker.amazonaws.com";

/// Fields whose keys are defined by the user and stay unchanged.
const USER_KEYS: [&str; 2] = ["Environment", "HyperParameters"];

/// Sends the event of a mutating SageMaker call, if its caller is registered.
pub(crate) fn send_event(world: &Arc<World>, entry: &Entry) {
    let reads = ["Describe", "List", "Get", "Search"].iter().any(|verb| entry.action.starts_with(verb));
    let identity = lock(&world.principals).get(&entry.principal).cloned();
    let Some(identity) = identity.filter(|_| entry.service == "sagemaker" && !reads) else { return };
    let detail = detail(world, entry, &identity);
    let later = Arc::clone(world);
    world.later(async move { later.emit("aws.sagemaker", "AWS API Call via CloudTrail", &[], detail).await });
}

fn detail(world: &World, entry: &Entry, identity: &str) -> Value {
    let mut detail = json!({
        "eventVersion": "1.11",
        "userIdentity": user_identity(&world.config.account, identity),
        "eventTime": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": SOURCE,
        "eventName": entry.action,
        "awsRegion": world.config.region,
        "requestParameters": lower_camel_case(&entry.request),
        "responseElements": null,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": world.config.account,
        "eventCategory": "Management",
    });
    let text = |name: &str| entry.response.get(name).cloned().unwrap_or_default();
    if let Some(fields) = detail.as_object_mut() {
        if entry.status == 200 {
            fields.insert("responseElements".to_owned(), lower_camel_case(&entry.response));
        } else {
            fields.insert("errorCode".to_owned(), text("__type"));
            fields.insert("errorMessage".to_owned(), text("message"));
        }
    }
    detail
}

/// The `userIdentity` of an ARN: a session of a role, or a user.
fn user_identity(account: &str, arn: &str) -> Value {
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

/// Converts field names to lower camel case, as CloudTrail does.
fn lower_camel_case(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, inner)| field(name, inner)).collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.iter().map(lower_camel_case).collect()),
        other => other.clone(),
    }
}

fn field(name: &str, inner: &Value) -> (String, Value) {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    let value = if USER_KEYS.contains(&name) { inner.clone() } else { lower_camel_case(inner) };
    (first.into_iter().chain(letters).collect(), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_names_are_lower_camel_case_except_user_keys() {
        let request = json!({"TrainingJobName": "A", "OutputDataConfig": {"S3OutputPath": "s3://B"},
            "Tags": [{"Key": "Owner", "Value": "Maya"}], "Environment": {"PATH": "x"}});
        let expected = json!({"trainingJobName": "A", "outputDataConfig": {"s3OutputPath": "s3://B"},
            "tags": [{"key": "Owner", "value": "Maya"}], "environment": {"PATH": "x"}});
        assert_eq!(lower_camel_case(&request), expected);
    }

    #[test]
    fn session_identity_contains_its_role() {
        let session = user_identity("123456789012", "arn:aws:sts::123456789012:assumed-role/data-science/maya");
        let issuer = session.pointer("/sessionContext/sessionIssuer/arn").and_then(Value::as_str);
        assert_eq!(issuer, Some("arn:aws:iam::123456789012:role/data-science"));
        assert!(user_identity("123456789012", "arn:aws:iam::123456789012:user/maya").get("sessionContext").is_none());
    }
}
