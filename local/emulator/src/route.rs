//! Routing of a request by the service in its signature.

use axum::http::{HeaderMap, Uri, header};

/// A server behind the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// EventBridge, Lambda, DynamoDB and all services without another server.
    MiniStack,
    /// The model registry and autoscaling.
    Moto,
}

/// The caller and service in the credential scope of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The access key.
    pub principal: String,
    /// The signing name of the service, such as `sagemaker`.
    pub service: String,
}

impl Scope {
    /// Reads the scope from the `Authorization` header, or from a presigned URL's query.
    pub fn of(headers: &HeaderMap, uri: &Uri) -> Option<Self> {
        let signed = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let header = signed.and_then(|value| value.split_once("Credential=")).map(|(_, rest)| rest);
        let query =
            uri.query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential=")));
        let credential = header.or(query)?.split([',', ' ']).next()?.replace("%2F", "/").replace("%2f", "/");
        let parts: Vec<&str> = credential.split('/').collect();
        let [principal, _date, _region, service, "aws4_request"] = parts.as_slice() else { return None };
        Some(Self { principal: (*principal).to_owned(), service: (*service).to_owned() })
    }

    /// The server of this service.
    pub fn backend(&self) -> Backend {
        match self.service.as_str() {
            "sagemaker" | "application-autoscaling" => Backend::Moto,
            _ => Backend::MiniStack,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(service: &str) -> HeaderMap {
        let value =
            format!("AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host");
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn signature_contains_service_and_caller() {
        let scope = Scope::of(&signed("sagemaker"), &Uri::from_static("/")).unwrap();
        assert_eq!((scope.principal.as_str(), scope.backend()), ("AKID", Backend::Moto));
        assert_eq!(Scope::of(&signed("dynamodb"), &Uri::from_static("/")).unwrap().backend(), Backend::MiniStack);
    }

    #[test]
    fn presigned_url_contains_service_and_caller() {
        let uri = Uri::from_static("/b/k?X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request");
        assert_eq!(Scope::of(&HeaderMap::new(), &uri).unwrap().service, "s3");
    }

    #[test]
    fn unsigned_request_has_no_scope() {
        assert_eq!(Scope::of(&HeaderMap::new(), &Uri::from_static("/health")), None);
    }
}
