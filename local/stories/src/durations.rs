//! The durations of the demo's steps, in a file that `local/step` appends to as well.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The file `durations.txt`.
pub(crate) struct Durations(PathBuf);

impl Durations {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self(folder.join("durations.txt"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Appends the time since `began`, in the format of `local/step`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn record(&self, began: Instant, step: &str) -> std::io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0)?;
        writeln!(file, "{:5.0} s  {step}", began.elapsed().as_secs_f64())
    }

    /// The whole file; empty if it does not exist.
    pub(crate) fn read(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap_or_default()
    }
}
