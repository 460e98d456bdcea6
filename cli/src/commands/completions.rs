//! `trimtab completions`: a completion script. It has no JSON form.

use clap_complete::Shell;

use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script of the shell.
pub fn run(ui: &mut Ui, args: &Args) {
    ui.write(&script(args.shell));
}

/// The completion script of a shell.
#[must_use]
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "trimtab", &mut script);
    script
}
