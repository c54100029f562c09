//! The help: verbs by what they are for, and no line wider than the terminal.

use std::fmt::Write as _;

use crate::machine::terminal::wrapped;

/// Wider lines are hard to read.
pub const WIDEST: usize = 100;

/// Every verb stands in one of these.
const GROUPS: [(&str, &[&str]); 5] = [
    ("What should be here", &["init", "install", "remove", "purge", "enable", "disable", "edit"]),
    ("Make it so", &["sync", "apply", "status", "upgrade", "update", "outdated"]),
    ("Go back", &["history", "undo", "gc"]),
    ("Look", &["list", "info", "why", "search", "doctor", "lint"]),
    ("Where things come from", &["marketplace"]),
];

/// Gives a command line a help that lists its verbs in groups.
pub fn grouped(command: clap::Command) -> clap::Command {
    // clap breaks lines too, but knows nothing of comments that stand below each other.
    let examples = |command: clap::Command| match command.get_after_help() {
        Some(text) => {
            let text = wrapped(&text.to_string(), WIDEST).into_owned();
            command.after_help(text)
        }
        None => command,
    };
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let command =
        names.iter().fold(examples(command), |all, name| all.mut_subcommand(name, examples));
    let header = *command.get_styles().get_header();
    let width = GROUPS.iter().flat_map(|(_, names)| *names).map(|name| name.len()).max();
    let width = width.unwrap_or_default();
    let mut groups = String::new();
    for (title, names) in GROUPS {
        writeln!(groups, "{header}{title}:{header:#}").expect("strings take text");
        for verb in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let (name, about) = (verb.get_name(), verb.get_about().unwrap_or_default());
            let aliases: Vec<&str> = verb.get_visible_aliases().collect();
            let aliases = match aliases.as_slice() {
                [] => String::new(),
                aliases => format!(" [aliases: {}]", aliases.join(", ")),
            };
            writeln!(groups, "  {name:<width$}  {about}{aliases}").expect("strings take text");
        }
        groups.push('\n');
    }
    let options = format!("{header}Everywhere:{header:#}\n{{options}}");
    let groups = wrapped(&groups, WIDEST);
    let usage = "{about-with-newline}\n{usage-heading} {usage}\n\n";
    command.help_template(format!("{usage}{groups}{options}{{after-help}}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_verb_stands_in_one_group_and_in_the_help() {
        let help = grouped(Cli::command()).render_help().to_string();
        for verb in Cli::command().get_subcommands() {
            let groups = GROUPS.iter().filter(|(_, names)| names.contains(&verb.get_name()));
            assert_eq!(groups.count(), 1, "{}", verb.get_name());
            assert!(help.contains(&format!("\n  {} ", verb.get_name())), "{help}");
        }
        let names = GROUPS.iter().flat_map(|(_, names)| *names).count();
        assert_eq!(names, Cli::command().get_subcommands().count());
    }
}
