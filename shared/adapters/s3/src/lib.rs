//! [`Objects`] over S3: one signed `GetObject`, sent by the SDKs' HTTP client. It reads no more of an object than
//! requested.

mod answer;

use std::time::SystemTime;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use trimtab_core::failure::Failure;
use trimtab_core::name::ObjectUri;
use trimtab_core::port::Objects;
use trimtab_core::port::PortResult;
use trimtab_runtime::sdk;

use answer::Refused;

const GET: &str = "s3:GetObject";

/// A client of S3.
#[derive(Debug, Clone)]
pub struct S3(SdkConfig);

impl S3 {
    /// Creates a client with the credentials and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(config.clone())
    }

    fn region(&self) -> &str {
        self.0.region().map_or("us-east-1", |region| region.as_ref())
    }

    /// The endpoint of S3.
    fn endpoint(&self) -> String {
        let region = self.region();
        let tail = if region.starts_with("cn-") { ".cn" } else { "" };
        let own = || format!("https://s3.{region}.amazonaws.com{tail}");
        self.0.endpoint_url().map_or_else(own, |url| url.trim_end_matches('/').to_owned())
    }

    /// The signed request for the first bytes of an object.
    async fn request(&self, object: &ObjectUri, most: u32) -> PortResult<http::Request<SdkBody>> {
        let unsigned = |error: &dyn std::error::Error| Failure::permanent(GET, error.to_string());
        let provider = self.0.credentials_provider();
        let provider = provider.ok_or_else(|| Failure::transient(GET, "there are no credentials"))?;
        let credentials = provider.provide_credentials().await;
        let identity = credentials.map_err(|error| Failure::transient(GET, error.to_string()))?.into();
        // S3 requires the path without a second encoding, and a header with the digest of the body.
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let signing = SigningParams::builder().identity(&identity).region(self.region()).name("s3");
        let signing = signing.time(SystemTime::now()).settings(settings).build().map_err(|error| unsigned(&error))?;
        let uri = format!("{}/{}/{}", self.endpoint(), object.bucket(), encoded(object.key()));
        let range = format!("bytes=0-{}", most.saturating_sub(1));
        let headers = [("range", range.as_str())].into_iter();
        let signable = SignableRequest::new("GET", &uri, headers, SignableBody::Bytes(&[]));
        let signable = signable.map_err(|error| unsigned(&error))?;
        let (signature, _) = sign(signable, &signing.into()).map_err(|error| unsigned(&error))?.into_parts();
        let request = http::Request::builder().uri(&uri).header("range", &range).body(SdkBody::empty());
        let mut request = request.map_err(|error| unsigned(&error))?;
        signature.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

impl Objects for S3 {
    async fn read(&self, object: &ObjectUri, most: u32) -> PortResult<Option<Vec<u8>>> {
        let request = self.request(object, most).await?;
        let mut operation = Operation::builder()
            .service_name("s3")
            .operation_name("GetObject")
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url(&self.endpoint())
            .no_auth()
            .retry_classifier(TransientErrorClassifier::<Refused>::new())
            .retry_classifier(HttpStatusCodeClassifier::default());
        if let Some(client) = self.0.http_client() {
            operation = operation.http_client(client);
        }
        if let Some(retries) = self.0.retry_config() {
            operation = operation.standard_retry(retries);
        }
        if let Some(timeouts) = self.0.timeout_config() {
            operation = operation.timeout_config(timeouts.clone());
        }
        let send = operation
            .serializer(|request: http::Request<SdkBody>| HttpRequest::try_from(request).map_err(Into::into))
            .deserializer(answer::read)
            .build();
        send.invoke(request).await.map_err(|error| sdk::failure(GET, &error))
    }
}

/// The key in a path: all characters except unreserved ones and `/` are percent-encoded.
fn encoded(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    key.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_encoded_once_and_keeps_its_folders() {
        assert_eq!(encoded("a b/ü=1.json"), "a%20b/%C3%BC%3D1.json");
    }
}
