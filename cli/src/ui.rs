//! Output: a result is printed as text for an operator or as JSON for a program.

use std::fmt;
use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;

/// Output format
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Text for an operator
    #[default]
    Text,
    /// One JSON value; its shape is stable within a major version
    Json,
}

/// Standard output in the format that the operator chose.
pub struct Ui {
    output: Output,
    stdout: Box<dyn Write>,
}

impl Ui {
    /// Prints to standard output.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self { output, stdout: Box::new(std::io::stdout()) }
    }

    /// Prints a result: its `Display` as text, its `Serialize` as JSON.
    pub fn print<T: Serialize + fmt::Display>(&mut self, value: &T) {
        let text = match self.output {
            Output::Text => value.to_string(),
            Output::Json => format!("{:#}\n", serde_json::json!(value)),
        };
        self.write(text.as_bytes());
    }

    /// Prints bytes that have no other format.
    pub fn write(&mut self, bytes: &[u8]) {
        // `trimtab history | head` closes the pipe early, which is no failure of the command.
        let _ = self.stdout.write_all(bytes);
    }
}

impl fmt::Debug for Ui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ui").field("output", &self.output).finish_non_exhaustive()
    }
}
