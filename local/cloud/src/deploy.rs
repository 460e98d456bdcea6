//! Deployment of Trimtab to the local cloud: the same template and the same tool as on AWS.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::server::tail;
use crate::{Cloud, CloudError, STACK, root, tool};

/// The folder in each `CodeUri` of the template, relative to the template.
const CODE_URI: &str = "../target/lambda/";

impl Cloud {
    /// Deploys `infra/template.yaml` with the binaries of `make build` (`target/lambda`). Blocks until the stack is deployed.
    ///
    /// # Errors
    /// SAM is not installed, or the deployment fails.
    pub fn deploy(&self) -> Result<(), CloudError> {
        self.sam_deploy(&root().join("infra/template.yaml"))
    }

    /// Deploys `infra/template.yaml` with the packages `FOLDER/FUNCTION.zip`. Blocks until the stack is deployed.
    ///
    /// # Errors
    /// The template cannot be copied, SAM is not installed, or the deployment fails.
    pub fn deploy_packages(&self, folder: &Path) -> Result<(), CloudError> {
        let failed = |cause| CloudError::Start { what: "the copy of infra/template.yaml".to_owned(), cause };
        let folder = folder.canonicalize().map_err(failed)?;
        let text = std::fs::read_to_string(root().join("infra/template.yaml")).map_err(failed)?;
        let package = |line: &str| match line.split_once(CODE_URI) {
            Some((before, function)) => format!("{before}{}\n", folder.join(format!("{function}.zip")).display()),
            None => format!("{line}\n"),
        };
        let copy = self.folder().join("template.yaml");
        std::fs::write(&copy, text.lines().map(package).collect::<String>()).map_err(failed)?;
        self.sam_deploy(&copy)
    }

    fn sam_deploy(&self, template: &Path) -> Result<(), CloudError> {
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
        let log = self.folder().join("deploy.log");
        let failed = |cause| CloudError::Start { what: "sam deploy".to_owned(), cause };
        let output = File::create(&log).map_err(failed)?;
        let status = Command::new(tool("sam")?)
            .arg("deploy")
            .arg("--template-file")
            .arg(template)
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
        Err(CloudError::Failed { what: "sam deploy failed".to_owned(), tail: tail(&log), log })
    }
}
