//! Names in Airflow, Kubeflow and CodePipeline, and the names that separate training from other work.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::{NameError, hyphenated, word};

/// The required ending of the name of a training state machine or of a training pipeline in CodePipeline. By this
/// ending the rules of EventBridge and IAM recognize what `retrain` owns.
pub const TRAINING: &str = "-training";

/// The required beginning of the name of a secret: the functions may read no other secret.
pub const SECRETS: &str = "trimtab/";

names! {
    /// An environment of Amazon MWAA.
    EnvironmentName, "MWAA environment", "1 to 80 letters, digits, '_' and '-', the first a letter",
        |t| word(t, 80, "_-") && t.starts_with(|first: char| first.is_ascii_alphabetic());
    /// A DAG of Airflow.
    DagId, "DAG", "1 to 250 letters, digits, '.', '_' and '-'", |t| word(t, 250, "._-");
    /// A run of a DAG, by the ID that Trimtab gives it.
    DagRunId, "DAG run", "1 to 64 letters, digits, '.', '_' and '-'", |t| word(t, 64, "._-");
    /// A pipeline, experiment or run of Kubeflow Pipelines, by its ID.
    KubeflowId, "Kubeflow id", "1 to 64 letters, digits and '-', such as a UUID", |t| word(t, 64, "-");
    /// A secret in Secrets Manager.
    SecretName, "secret", "1 to 256 letters, digits and '/_+=.@-', beginning with \"trimtab/\"",
        |t| word(t, 256, "/_+=.@-") && t.starts_with(SECRETS) && t.len() > SECRETS.len();
    /// An execution of a CodePipeline pipeline.
    CodePipelineRunId, "CodePipeline execution", "1 to 64 letters, digits and '-'", |t| word(t, 64, "-");
    /// The base URL of an API, over TLS, without user and query.
    HttpsUrl, "URL", "https://HOST, with port and path where needed, without user, query or a slash at its end",
        |t| t.len() <= 300 && t.strip_prefix("https://").is_some_and(is_location);
}

/// `HOST[:PORT][/PATH]`.
fn is_location(text: &str) -> bool {
    let (authority, path) = text.split_once('/').map_or((text, None), |(authority, path)| (authority, Some(path)));
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    host.split('.').all(|label| hyphenated(label, 63))
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        && path.is_none_or(|path| path.split('/').all(|part| word(part, 100, "._-~") && !part.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_without_tls_or_with_user_or_query_is_refused() {
        for good in ["https://kubeflow.example.com", "https://localhost:8443", "https://ml.example.com:8443/pipeline"] {
            assert!(HttpsUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://kubeflow.example.com",
            "https://",
            "https://user@example.com",
            "https://example.com?x=1",
            "https://example.com/",
            "https://example.com/../etc",
            "https://example.com:0",
            "https://example.com#x",
            "https://a b",
        ] {
            assert!(HttpsUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn secret_of_another_owner_is_refused() {
        assert!(SecretName::parse("trimtab/kubeflow").is_ok());
        for bad in ["kubeflow", "another-team/kubeflow", "trimtab/", "trimtab/a b", "arn:aws:secretsmanager:x"] {
            assert!(SecretName::parse(bad).is_err(), "{bad}");
        }
    }
}
