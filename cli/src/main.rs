//! `trimtab`: parses the arguments, runs the command, and turns an error into a message and an exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use trimtab_cli::commands::Cli;
use trimtab_cli::fault::Fault;
use trimtab_cli::ui::Ui;

fn main() -> ExitCode {
    let Err(fault) = run(Cli::parse()) else { return ExitCode::SUCCESS };
    let mut stderr = std::io::stderr();
    let _ = writeln!(stderr, "error: {fault}");
    if let Some(hint) = fault.hint() {
        let _ = writeln!(stderr, "hint: {hint}");
    }
    ExitCode::from(fault.exit_code())
}

#[tokio::main(flavor = "current_thread")]
async fn run(cli: Cli) -> Result<(), Fault> {
    cli.command.run(&mut Ui::new(cli.output)).await
}
