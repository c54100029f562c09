//! Where Claude Code 2.1.329 keeps things.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Claude, loading, names, settings};
use super::{claude_json, installed_plugins, known_marketplaces, managed_servers_paths, mcp_json};
use crate::clients::Variables;
use crate::clients::layout::{
    ClientFile, Field, Layout, Links, LockFolder, Place, PluginFiles, PluginLayout,
};
use crate::model::{Client, ClientHome, Item, Roots, Scope, Source, State};

/// The nearest switch of a plugin wins.
const NEAREST: [Scope; 3] = [Scope::Local, Scope::Project, Scope::User];

/// The folder of the client below a home or a project.
pub(super) const FOLDER: &str = ".claude";

/// What the client puts into the folder of a version while sessions use it, and once none does.
const IN_USE: &str = ".in_use";
const ORPHANED: &str = ".orphaned_at";

/// The lock of `.claude.json`, beside the name of the file also where that is a link.
const LOCK: LockFolder = LockFolder { ending: ".lock", stale: Duration::from_secs(10) };

/// The variables that move its files. The second is ours, for tests and unusual homes.
pub(super) const VARIABLES: [&str; 4] = [
    "CLAUDE_CONFIG_DIR",
    "CLAUDE_HOME",
    "CLAUDE_CODE_PLUGIN_CACHE_DIR",
    "ZSKILLS_MANAGED_SETTINGS",
];

pub(super) fn home(home: &Path, variables: &Variables) -> ClientHome {
    // The client's own variable moves `.claude.json` inside; ours leaves it beside.
    let (dir, config) = match (variables(VARIABLES[0]), variables(VARIABLES[1])) {
        (Some(dir), _) => (dir.clone(), dir.join(".claude.json")),
        (None, Some(dir)) => {
            let beside = dir.parent().unwrap_or(&dir).join(".claude.json");
            (dir, beside)
        }
        (None, None) => (home.join(FOLDER), home.join(".claude.json")),
    };
    ClientHome {
        config,
        plugins: variables(VARIABLES[2]).unwrap_or_else(|| dir.join("plugins")),
        // A variable can add to what an administrator says, and take nothing from it.
        managed: std::iter::once(managed_dir()).chain(variables(VARIABLES[3])).collect(),
        dir,
    }
}

/// Returns where administrators put managed settings.
fn managed_dir() -> PathBuf {
    PathBuf::from(if cfg!(target_os = "macos") {
        "/Library/Application Support/ClaudeCode"
    } else if cfg!(windows) {
        r"C:\Program Files\ClaudeCode"
    } else {
        "/etc/claude-code"
    })
}

/// Returns the client's places.
pub(super) fn of(roots: &Roots) -> &ClientHome {
    roots.of(Client::Claude)
}

impl Layout for Claude {
    fn files(&self, roots: &Roots) -> Vec<ClientFile> {
        let replaced = |path| ClientFile { links: Links::Replaced, ..ClientFile::plain(path) };
        let mut files: Vec<ClientFile> = self.registries(roots).into_iter().map(replaced).collect();
        let plain = self.switches(roots).into_iter().map(|(path, _)| ClientFile::plain(path));
        files.extend(plain);
        files.extend([
            // It holds logins. The client locks it, for it reads, changes and writes it as a whole.
            ClientFile {
                mode: 0o600,
                lock: Some(LOCK),
                ..ClientFile::plain(claude_json::path(roots))
            },
            ClientFile { links: Links::Refused, ..ClientFile::plain(mcp_json::path(roots)) },
        ]);
        files.extend(managed_servers_paths(roots).map(ClientFile::plain));
        let ignored = settings::ignored_places(roots).into_iter();
        files.extend(ignored.map(|(path, _)| ClientFile::plain(path)));
        files
    }

    fn place(&self, roots: &Roots, item: &Item) -> Place {
        match item {
            Item::Marketplace { name } => {
                Place::new(known_marketplaces::path(roots), [name.as_str()])
            }
            Item::Declared { name, reach } => {
                let file = settings::path(roots, reach.scope());
                Place::new(file, [settings::DECLARED, name, "source"])
            }
            Item::Plugin { id, .. } => {
                Place::new(installed_plugins::path(roots), [installed_plugins::PLUGINS, id])
            }
            Item::Enabled { id, reach } => {
                Place::new(settings::path(roots, reach.scope()), [settings::ENABLED, id])
            }
            Item::Server { name, reach } => match (reach.scope(), reach.project()) {
                (Scope::Project, _) => Place::new(mcp_json::path(roots), ["mcpServers", name]),
                (Scope::Local, Some(project)) => {
                    let project = project.to_string_lossy();
                    let keys = ["projects", &project, "mcpServers", name];
                    Place::new(claude_json::path(roots), keys)
                }
                (Scope::User | Scope::Local, _) => {
                    Place::new(claude_json::path(roots), ["mcpServers", name])
                }
            },
            Item::Skill { name, reach } => {
                Place::new(self.skills(roots, reach.scope()).join(name), [])
            }
        }
    }

    fn key(&self, item: &Item, field: Field) -> Option<&'static str> {
        match (item, field) {
            (Item::Marketplace { .. }, Field::Folder) => Some("installLocation"),
            (Item::Marketplace { .. }, Field::Source) => Some("source"),
            (Item::Marketplace { .. }, Field::Refreshed) => Some("lastUpdated"),
            _ => None,
        }
    }

    fn folder_name(&self) -> &'static str {
        FOLDER
    }

    fn skills(&self, roots: &Roots, scope: Scope) -> PathBuf {
        match scope {
            Scope::User => of(roots).dir.join("skills"),
            Scope::Project | Scope::Local => roots.project.join(FOLDER).join("skills"),
        }
    }

    fn plugins(&self) -> Option<&dyn PluginLayout> {
        Some(self)
    }
}

impl PluginLayout for Claude {
    fn folder(&self, roots: &Roots) -> PathBuf {
        of(roots).plugins.clone()
    }

    fn marketplaces(&self, roots: &Roots) -> PathBuf {
        of(roots).plugins.join("marketplaces")
    }

    fn catalog_file(&self) -> &'static str {
        ".claude-plugin/marketplace.json"
    }

    fn manifest_files(&self) -> &'static [&'static str] {
        &[".claude-plugin/plugin.json", "plugin.json"]
    }

    fn kept_for(&self, name: &str, source: Option<&Source>) -> Option<&'static str> {
        names::kept_for(name, source)
    }

    fn uses_itself(&self, name: &str) -> Option<&'static str> {
        names::internal(name)
    }

    fn load_faults(&self, files: &PluginFiles) -> Vec<String> {
        loading::faults(files)
    }

    fn markers(&self) -> &'static [&'static str] {
        &[IN_USE, ORPHANED]
    }

    fn cache(&self, roots: &Roots) -> PathBuf {
        of(roots).plugins.join("cache")
    }

    fn version_name(&self, version: &str) -> String {
        /// The client fails on names that the file system refuses; any folder will do, it is recorded.
        const LONGEST: usize = 200;
        if matches!(version, "." | "..") {
            return "-".to_owned();
        }
        let mut name = String::new();
        for c in version.chars() {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
                name.push(c);
            } else {
                name.push_str(&"-".repeat(c.len_utf16()));
            }
        }
        name.truncate(LONGEST);
        if name.is_empty() { "unknown".to_owned() } else { name }
    }

    fn snapshot_marker(&self) -> &'static str {
        ".gcs-sha"
    }

    fn orphan_marker(&self) -> &'static str {
        ORPHANED
    }

    fn root_variable(&self) -> &'static str {
        "CLAUDE_PLUGIN_ROOT"
    }

    fn marketplace_registry(&self, roots: &Roots) -> PathBuf {
        known_marketplaces::path(roots)
    }

    fn registries(&self, roots: &Roots) -> Vec<PathBuf> {
        vec![known_marketplaces::path(roots), installed_plugins::path(roots)]
    }

    fn switches(&self, roots: &Roots) -> Vec<(PathBuf, Scope)> {
        settings::scopes(roots).map(|scope| (settings::path(roots, scope), scope)).collect()
    }

    fn rank(&self, scope: Scope) -> usize {
        NEAREST.iter().take_while(|nearer| **nearer != scope).count()
    }

    fn is_on(&self, roots: &Roots, state: &State, id: &str) -> bool {
        let switch = |scope: Scope| state.switch(Client::Claude, id, &roots.reach(scope));
        NEAREST.into_iter().find_map(switch) == Some(true)
    }

    fn re_rooted(&self, roots: &Roots, path: &Path) -> Option<PathBuf> {
        let text = path.to_str()?.replace('\\', "/");
        let found = ["cache", "marketplaces"].iter().filter_map(|folder| {
            let at = text.rfind(&format!("/plugins/{folder}/"))?;
            Some(&text[at + "/plugins/".len()..])
        });
        let rest = found.min_by_key(|rest| rest.len())?;
        let plain = rest.split('/').all(|name| !name.is_empty() && name != "." && name != "..");
        plain.then(|| of(roots).plugins.join(rest))
    }

    fn makes_itself(&self, id: &str) -> bool {
        ["@skills-dir", "@builtin", "@inline"].iter().any(|end| id.ends_with(end))
    }

    fn is_litter(&self, name: &str) -> bool {
        name.starts_with("temp_")
            || Path::new(name).extension().is_some_and(|end| end == "clone")
            || name.contains(".unreadable.")
    }

    fn managed(&self, roots: &Roots) -> Vec<(PathBuf, PathBuf)> {
        let places = of(roots).managed.iter();
        places
            .map(|place| (place.join("managed-settings.json"), place.join("managed-settings.d")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_describes_the_folder_around_its_own() {
        let check = |catalog: &str, expected: &str| {
            assert_eq!(Claude.described_by(Path::new(catalog)), Path::new(expected), "{catalog}");
        };
        check("/m/.claude-plugin/marketplace.json", "/m");
        check("/m/.claude-plugin/other.json", "/m");
        check("/m/catalogs/marketplace.json", "/m/catalogs");
        check("/.claude-plugin/marketplace.json", "/");
        check("marketplace.json", "");
    }

    #[test]
    fn a_folder_name_is_what_the_client_makes_of_the_version() {
        let check =
            |version: &str, expected: &str| assert_eq!(Claude.version_name(version), expected);
        check("1.0.0-rc.1", "1.0.0-rc.1");
        check("1.0.0+build", "1.0.0-build");
        check("1.0 beta", "1.0-beta");
        check("../x", "..-x");
        check("1.0/2", "1.0-2");
        check("a\\b", "a-b");
        check("A~b@c", "A-b-c");
        check("é1", "-1");
        check(".", "-");
        check("..", "-");
        check("1..2", "1..2");
        check(&"x".repeat(300), &"x".repeat(200));
    }
}
