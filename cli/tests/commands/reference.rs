//! `docs/reference/cli.md` is generated from the command line. `UPDATE=1` writes it.

use std::fmt::Write;
use std::path::Path;

use clap::builder::StyledStr;
use clap::{Arg, Command};

const HEAD: &str = "\
<!-- Generated from the command line by cli/tests/commands/reference.rs. Update: UPDATE=1 cargo nextest run -p trimtab-cli reference -->

# Command line

`trimtab` plans offline, applies policies and operates Trimtab in an AWS account. It uses the credentials and the region of
the environment, as the AWS CLI does.
";

const AFTER: &str = "
## Output

A result goes to standard output, as text or, with `--output json`, as one JSON value. An error goes to standard error as
one line that begins with `error: `, and often a second one that begins with `hint: `. An error in the arguments has
several lines, without `hint: `. `trimtab completions` prints a script in each format.

";

fn text(styled: Option<&StyledStr>) -> String {
    styled.map(ToString::to_string).unwrap_or_default()
}

fn reference() -> String {
    let mut command = trimtab_cli::command();
    command.build();
    let mut page = HEAD.to_owned();
    let _ = write!(page, "\n{}.\n{AFTER}", text(command.get_about()));
    let exit_codes = text(command.get_after_help());
    let mut lines = exit_codes.lines();
    let _ = writeln!(page, "{}\n\n```text", lines.next().unwrap().replace("Exit codes:", "## Exit codes"));
    lines.for_each(|line| page.push_str(&format!("{}\n", line.strip_prefix("  ").unwrap_or(line))));
    page.push_str("```\n\n## Options of every command\n");
    table(&mut page, command.get_arguments());
    for subcommand in command.get_subcommands().filter(|one| one.get_name() != "help") {
        section(&mut page, subcommand);
    }
    page
}

fn section(page: &mut String, command: &Command) {
    let usage = command.clone().render_usage().to_string().replace("Usage: ", "");
    let _ = writeln!(
        page,
        "\n## trimtab {}\n\n{}.\n\n```text\n{usage}\n```",
        command.get_name(),
        text(command.get_about())
    );
    table(page, command.get_arguments().filter(|argument| !argument.is_global_set()));
}

fn table<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let rows: Vec<&Arg> =
        arguments.filter(|argument| !["help", "version"].map(Some).contains(&argument.get_long())).collect();
    if !rows.is_empty() {
        page.push_str("\n| argument | meaning |\n|---|---|\n");
    }
    for argument in rows {
        let _ = writeln!(page, "| `{}` | {} |", name(argument), meaning(argument));
    }
}

fn name(argument: &Arg) -> String {
    let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    match argument.get_long() {
        Some(long) if argument.get_action().takes_values() => format!("--{long} {value}"),
        Some(long) => format!("--{long}"),
        None => value,
    }
}

fn meaning(argument: &Arg) -> String {
    let mut meaning = text(argument.get_help());
    let values = argument.get_possible_values();
    if argument.get_action().takes_values() && !values.is_empty() {
        let values: Vec<String> = values
            .iter()
            .map(|value| match value.get_help() {
                Some(help) => format!("`{}` ({help})", value.get_name()),
                None => format!("`{}`", value.get_name()),
            })
            .collect();
        let _ = write!(meaning, ": {}", values.join(", "));
    }
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|one| one.to_string_lossy().into_owned()).collect();
    if argument.get_action().takes_values() && !defaults.is_empty() {
        let _ = write!(meaning, ". Default: `{}`", defaults.join(" "));
    }
    if let Some(variable) = argument.get_env().filter(|_| !argument.is_hide_env_set()) {
        let _ = write!(meaning, ". Environment: `{}`", variable.to_string_lossy());
    }
    meaning
}

#[test]
fn reference_of_the_command_line_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/cli.md");
    let page = reference();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/reference/cli.md is stale: run with UPDATE=1");
}
