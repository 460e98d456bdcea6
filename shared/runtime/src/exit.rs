//! How a function that cannot start ends.

use std::fmt;

use lambda_runtime::Error;

use crate::Missing;

/// Why `main` ends. Rust prints it with `Debug`, so that is the sentence a person reads.
pub struct Exit(String);

impl fmt::Debug for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Missing> for Exit {
    fn from(missing: Missing) -> Self {
        Self(missing.to_string())
    }
}

impl From<Error> for Exit {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}
