//! What lies around the servers on this machine: programs, variables, and files that git tracks.
//! Nothing is started and nothing is contacted.

use std::collections::BTreeSet;
use std::path::Path;

use crate::clients::{self, ServerEntry};
use crate::doctor::ServerEnvironment;
use crate::machine::env;
use crate::machine::store::disk::{self, Most};
use crate::model::{Part, Roots, Text, variables_in};

/// Finds out about the programs and variables of servers, and about these files.
pub fn environment(
    roots: &Roots,
    server_entries: &[ServerEntry],
    files: BTreeSet<&Path>,
) -> ServerEnvironment {
    let mut environment = ServerEnvironment::default();
    for server in server_entries {
        for text in server.record.texts() {
            let names = variables_in(&text.to_string()).into_iter().map(|variable| variable.name);
            environment.variables.extend(names.filter(|name| env::is_set(name)));
        }
        if let Some(command) = &server.record.command {
            let key = (command.to_string(), server.root.clone());
            let found = is_program(roots, command, server);
            environment.commands.insert(key, found);
        }
    }
    environment.tracked =
        files.into_iter().filter(|file| is_tracked(file)).map(Path::to_owned).collect();
    environment
}

/// Tells whether a command can be run: a path from the project, or a name on the search path.
fn is_program(roots: &Roots, command: &Text, server: &ServerEntry) -> bool {
    let Some(command) = expanded(roots, command, server) else { return true };
    if command.contains(std::path::is_separator) {
        return disk::is_executable(&roots.resolve(&command, &roots.project));
    }
    env::search_path().iter().any(|folder| {
        let endings: &[&str] = if cfg!(windows) { &["", ".exe", ".cmd", ".bat"] } else { &[""] };
        endings.iter().any(|ending| disk::is_executable(&folder.join(format!("{command}{ending}"))))
    })
}

/// Puts the variables into a command; nothing when one is not known here.
fn expanded(roots: &Roots, command: &Text, server: &ServerEntry) -> Option<String> {
    let servers = clients::codec(server.client).servers()?;
    let value = |part: &Part| match part {
        Part::Literal(literal) => Some(literal.clone()),
        Part::Variable { name, default } => {
            let set = servers.value(name, roots, server.root.as_deref());
            set.or_else(|| env::value(name)).or(default.clone())
        }
    };
    let text: String = command.parts().iter().map(value).collect::<Option<_>>()?;
    (!text.contains("${")).then_some(text)
}

/// Tells whether git tracks a file, from the index of its repository alone.
fn is_tracked(file: &Path) -> bool {
    let file = disk::follow_links(file);
    let root = file.ancestors().skip(1).find(|folder| disk::exists(&folder.join(".git")));
    let Some(root) = root else { return false };
    let Some(index) = index(root) else { return false };
    let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
    is_listed(&index, &name)
}

fn index(root: &Path) -> Option<Vec<u8>> {
    let dot_git = root.join(".git");
    let folder = if disk::is_dir(&dot_git) {
        dot_git
    } else {
        // A worktree or submodule: the file says where its repository is.
        let text = String::from_utf8(disk::read(&dot_git, Most::WORD).ok()??).ok()?;
        root.join(text.strip_prefix("gitdir:")?.trim())
    };
    disk::read(&folder.join("index"), Most::GIT).ok()?
}

/// Looks for an entry of a git index: two bytes of flags that end in the length of the name, the
/// name, and a zero.
fn is_listed(index: &[u8], name: &str) -> bool {
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX).min(0x0fff);
    let [high, low] = length.to_be_bytes();
    let rest = [&[low], name.as_bytes(), &[0]].concat();
    index.windows(rest.len() + 1).any(|window| window[0] & 0x0f == high && window[1..] == rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_entry_is_found_by_its_whole_name() {
        let index = b"DIRC....\x00\x0e.claude/x.json\x00\x00\x00\x10\x00sub/.mcp.json\x00";
        assert!(!is_listed(index, ".mcp.json"));
        assert!(is_listed(b"DIRC..\x00\x09.mcp.json\x00\x00", ".mcp.json"));
        assert!(!is_listed(b"DIRC..\x00\x09.mcp.jsonx", ".mcp.json"));
    }
}
