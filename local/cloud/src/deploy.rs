//! Deployment of Trimtab to the local cloud: the same template and the same tool as on AWS.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::server::tail;
use crate::{Cloud, CloudError, STACK, root, tool};

/// The folder in the template's `CodeUri`, relative to the template.
const CODE_URI: &str = "../target/lambda/";

impl Cloud {
    /// Deploys `infra/template.yaml` with the binaries of `make build` (`target/lambda`). Blocks until the stack is deployed.
    ///
    /// # Errors
    /// SAM is not installed, or the deployment fails.
    pub fn deploy(&self) -> Result<(), CloudError> {
        self.sam_deploy(&root().join("infra/template.yaml"))
    }

    /// Deploys `infra/template.yaml` with the binaries `FOLDER/FUNCTION/bootstrap`. Blocks until the stack is deployed.
    ///
    /// # Errors
    /// The template cannot be copied, SAM is not installed, or the deployment fails.
    pub fn deploy_from(&self, functions: &Path) -> Result<(), CloudError> {
        self.sam_deploy(&self.template_for(functions)?)
    }

    /// Copies the template into the cloud's folder, with the binaries' folder in each `CodeUri`.
    fn template_for(&self, functions: &Path) -> Result<PathBuf, CloudError> {
        let failed = |cause| CloudError::Start { what: "the copy of infra/template.yaml".to_owned(), cause };
        let functions = functions.canonicalize().map_err(failed)?;
        let text = std::fs::read_to_string(root().join("infra/template.yaml")).map_err(failed)?;
        let copy = self.folder().join("template.yaml");
        std::fs::write(&copy, text.replace(CODE_URI, &format!("{}/", functions.display()))).map_err(failed)?;
        Ok(copy)
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
