//! What the texts of a declared server hold that will not do what somebody meant.

use crate::model::{About, Client, Note, Text, WantedServer, secret_in, unclosed_in, variables_in};

/// Returns a remark for each reference that the client takes literally, and for each literal secret.
pub fn of(server: &WantedServer) -> Vec<Note> {
    let parts = parts(server);
    let is_script = is_shell(server);
    let mut notes = Vec::new();
    for Part { place, name, text } in &parts {
        if let Some(word) = unclosed_in(text) {
            let said = format!("`{place}` has `{word}` without its `}}`");
            let note = Note::info(About::Server(server.name.clone()), said);
            notes.push(note.hint(format!("write `{word}}}`")));
        }
        // A shell has variables of its own.
        let foreign = variables_in(text).into_iter().filter(|_| !(is_script && place == "args"));
        for variable in foreign {
            let Some(written) = variable.foreign else { continue };
            let said =
                format!("`{place}` has `{written}`, which {} takes as it stands", Client::TARGET);
            let hint = format!("write `${{{}}}`", variable.name);
            notes.push(Note::info(About::Server(server.name.clone()), said).hint(hint));
        }
        if secret_in(name, text).is_some() {
            let said = format!("`{place}` holds a literal secret, and a manifest is shared");
            let hint = "write `${NAME}` in its place and export that variable";
            notes.push(Note::info(About::Server(server.name.clone()), said).hint(hint));
        }
    }
    notes
}

/// One text of a server: where it stands, and the name under which it does.
struct Part<'a> {
    place: String,
    name: &'a str,
    text: String,
}

fn parts(server: &WantedServer) -> Vec<Part<'_>> {
    let record = &server.record;
    let single = |place: &str, text: &Text| Part {
        place: place.to_owned(),
        name: "",
        text: text.to_string(),
    };
    let command = record.command.iter().map(|text| single("command", text));
    let args = record.args.iter().map(|text| single("args", text));
    let url = record.url.iter().map(|text| single("url", text));
    let tables = [("env", &record.env), ("headers", &record.headers)];
    let pairs = tables.into_iter().flat_map(|(table, pairs)| {
        pairs.iter().map(move |(name, text)| Part {
            place: format!("{table}.{name}"),
            name,
            text: text.to_string(),
        })
    });
    command.chain(args).chain(url).chain(pairs).collect()
}

fn is_shell(server: &WantedServer) -> bool {
    let command = server.record.command.as_ref().map(ToString::to_string).unwrap_or_default();
    let program = command.rsplit('/').next().unwrap_or_default();
    matches!(program, "sh" | "bash" | "zsh" | "dash" | "fish" | "ksh")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Position, Scope, ServerRecord, Transport};

    #[test]
    fn what_will_not_do_what_was_meant_is_named_without_its_value() {
        let check = |command: &str, arg: &str, header: &str, expected: &[&str]| {
            let server = WantedServer {
                name: "s".to_owned(),
                record: ServerRecord {
                    transport: Some(Transport::Stdio),
                    command: Some(command.into()),
                    args: vec![arg.into()],
                    headers: [("Authorization", header)].into_iter().collect(),
                    ..ServerRecord::default()
                },
                scope: Scope::User,
                at: Position { line: 1, column: 1 },
            };
            let said: Vec<String> = of(&server).into_iter().map(|note| note.text).collect();
            assert_eq!(said.len(), expected.len(), "{said:?}");
            for (said, expected) in said.iter().zip(expected) {
                assert!(said.contains(expected) && !said.contains("hunter2"), "{said}");
            }
        };
        check("npx", "${HOME}/x", "Bearer ${TOKEN}", &[]);
        check("npx", "$HOME/x", "Bearer ${TOKEN}", &["`args` has `$HOME`"]);
        check("/bin/sh", "echo $HOME", "Bearer ${TOKEN}", &[]);
        check("npx", "x", "Bearer ${TOKEN", &["has `${TOKEN` without its `}`"]);
        check(
            "npx",
            "x",
            "Bearer hunter2hunter2hunter2",
            &["`headers.Authorization` holds a literal"],
        );
    }
}
