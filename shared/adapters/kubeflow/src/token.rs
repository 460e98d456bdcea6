//! Bearer tokens from Secrets Manager: read once by a warm function, and again when one is refused.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use trimtab_core::failure::Failure;
use trimtab_core::name::SecretName;
use trimtab_core::port::PortResult;
use trimtab_runtime::sdk;

const READ: &str = "secretsmanager:GetSecretValue";

/// A bearer token. `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// The value of the `Authorization` header.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The cache of tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    client: Client,
    known: Mutex<BTreeMap<SecretName, Token>>,
}

impl Tokens {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config), known: Mutex::default() }
    }

    /// The cached token, or else the current one.
    pub(crate) async fn known(&self, secret: &SecretName) -> PortResult<Token> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(secret).cloned();
        match known {
            Some(token) => Ok(token),
            None => self.fresh(secret).await,
        }
    }

    /// Reads the current token.
    pub(crate) async fn fresh(&self, secret: &SecretName) -> PortResult<Token> {
        let read = self.client.get_secret_value().secret_id(secret.as_str()).send().await;
        let read = read.map_err(|error| sdk::failure(READ, &error))?;
        let text = read.secret_string().unwrap_or_default().trim();
        // Checks that the token fits in a header. The failure must not repeat any of it.
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::permanent(
                READ,
                "the secret holds no bearer token: expected the token and nothing else",
            ));
        }
        let token = Token(text.to_owned());
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.clone(), token.clone());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_hidden_in_debug_output() {
        assert!(!format!("{:?}", Token("very-secret".to_owned())).contains("very-secret"));
    }
}
