//! The exit of a function that cannot start.

use std::fmt;

use lambda_runtime::Error;

use crate::Missing;

/// The error that ends `main`. Rust prints it with `Debug`, which therefore shows the plain sentence.
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
