//! The suite on the local cloud: the same template, by the same tool, as on AWS.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::server::tail;
use crate::{Cloud, CloudError, STACK, root, tool};

impl Cloud {
    /// Deploys `infra/template.yaml` with the binaries in `target/lambda`, which `make build` makes
    /// for this machine's architecture. Blocks until it is done.
    ///
    /// # Errors
    /// SAM is not set up, or does not succeed.
    pub fn deploy(&self) -> Result<(), CloudError> {
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
        let log = self.folder().join("deploy.log");
        let failed = |cause| CloudError::Start { what: "sam deploy".to_owned(), cause };
        let output = File::create(&log).map_err(failed)?;
        let status = Command::new(tool("sam")?)
            .arg("deploy")
            .arg("--template-file")
            .arg(root().join("infra/template.yaml"))
            .args(["--stack-name", STACK, "--resolve-s3", "--no-progressbar", "--capabilities", "CAPABILITY_IAM"])
            .args(["--parameter-overrides", &format!("Architecture={architecture}")])
            .envs(self.environment())
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output)
            .status()
            .map_err(failed)?;
        if status.success() {
            return Ok(());
        }
        Err(CloudError::Failed { what: "sam deploy did not succeed".to_owned(), tail: tail(&log), log })
    }
}
