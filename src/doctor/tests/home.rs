//! A home in memory: the client's files as texts, and what would be found beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::clients::{self, FileProblem, FromPlugin, Policy};
use crate::declared::{lock, manifest};
use crate::doctor::{
    Disk, Evidence, Finding, Fix, RegistryFix, SeenSkill, ServerEnvironment, ServerFix,
};
use crate::model::{Client, Files, Roots, Scope};
use crate::resolve::{ClientShelf, Observed, Shelf};

pub const MANIFEST: &str = "/h/dots/skills.toml";
pub const KNOWN: &str = "/h/.claude/plugins/known_marketplaces.json";
pub const INSTALLED: &str = "/h/.claude/plugins/installed_plugins.json";
pub const SETTINGS: &str = "/h/.claude/settings.json";
pub const SHARED: &str = "/h/p/.claude/settings.json";
pub const CLAUDE: &str = "/h/.claude.json";
pub const MCP: &str = "/h/p/.mcp.json";
pub const TOOLS: &str = "/h/.claude/plugins/marketplaces/tools";
pub const ALPHA: &str = "/h/.claude/plugins/cache/tools/alpha/1.0.0";
pub const SKILLS: &str = "/h/.agents/skills/.zskills.json";

/// Everything that the checks may look at. Registries and settings are values until they are asked for,
/// unless a row brings the text.
pub struct Home {
    pub manifest: Option<String>,
    pub lock: String,
    pub texts: BTreeMap<&'static str, String>,
    pub known: Map<String, Value>,
    pub installed: Map<String, Value>,
    pub settings: Map<String, Value>,
    /// Found by others than the codecs.
    pub problems: Vec<FileProblem>,
    /// All but the state, which the files tell.
    pub observed: Observed,
    pub cached: BTreeSet<PathBuf>,
    pub git_configs: BTreeMap<PathBuf, String>,
    pub environment: ServerEnvironment,
    /// The servers of plugins: the plugin, the name that the client gives it, and the entry.
    pub plugin_servers: Vec<(&'static str, &'static str, Value)>,
    pub skills: Vec<SeenSkill>,
    pub disk: Disk,
    pub policy: Policy,
}

pub fn roots() -> Roots {
    clients::roots_below(Path::new("/h"), Path::new("/h/p"))
}

/// Returns a hash or commit of one digit.
pub fn hash<T: std::str::FromStr>(digit: char) -> T {
    let commit = digit.to_string().repeat(40).parse().ok();
    let tree = || format!("sha256:{}", digit.to_string().repeat(64)).parse().ok();
    commit.or_else(tree).expect("a commit or the hash of a tree")
}

impl Home {
    /// Returns a home in which nothing is wanted and nothing is there.
    pub fn empty() -> Self {
        Self {
            manifest: Some("version = 1\n".to_owned()),
            lock: "version = 1\n".to_owned(),
            texts: BTreeMap::new(),
            known: Map::new(),
            installed: Map::new(),
            settings: Map::new(),
            problems: Vec::new(),
            observed: Observed::default(),
            cached: BTreeSet::new(),
            git_configs: BTreeMap::new(),
            environment: ServerEnvironment::default(),
            plugin_servers: Vec::new(),
            skills: Vec::new(),
            disk: Disk::default(),
            policy: Policy::default(),
        }
    }

    /// Returns a home with a marketplace and a plugin of it that another hand put there.
    pub fn unmanaged() -> Self {
        let mut home = Self::empty();
        let source = json!({"source": "github", "repo": "o/tools"});
        home.known.insert("tools".to_owned(), known(&source, TOOLS));
        let record = json!({"scope": "user", "installPath": ALPHA, "version": "1.0.0"});
        home.installed.insert("alpha@tools".to_owned(), json!([record]));
        home.settings.insert("enabledPlugins".to_owned(), json!({"alpha@tools": true}));
        home.observed.present.insert(TOOLS.into());
        home.observed.heads.insert(TOOLS.into(), hash('c'));
        home.observed.trees.insert(ALPHA.into(), hash('a'));
        home.cached.insert(ALPHA.into());
        home.disk.there = [TOOLS, ALPHA, "/h", "/h/p"].into_iter().map(PathBuf::from).collect();
        home.disk.scans.insert(ALPHA.into(), crate::doctor::Scan::default());
        home
    }

    /// Returns the same after a sync: the manifest wants it, the lock has it.
    pub fn synced() -> Self {
        let mut home = Self::unmanaged();
        home.want("[[marketplaces]]\nname = \"tools\"\nsource = \"o/tools\"\n");
        home.want("[[skills]]\nname = \"alpha@tools\"\n");
        let (commit, tree) = ("c".repeat(40), "a".repeat(64));
        home.lock(&format!(
            "[[marketplaces]]\nname = \"tools\"\nsource = \"o/tools\"\ncommit = \"{commit}\"\n"
        ));
        home.lock(&format!(
            "[[plugins]]\nid = \"alpha@tools\"\nversion = \"1.0.0\"\ntree = \"sha256:{tree}\"\npowers = []\n"
        ));
        home
    }

    /// Does something more to it.
    pub fn but<T>(mut self, change: impl FnOnce(&mut Self) -> T) -> Self {
        drop(change(&mut self));
        self
    }

    pub fn text(self, file: &'static str, text: impl Into<String>) -> Self {
        self.but(|home| home.texts.insert(file, text.into()))
    }

    /// Adds an entry to the manifest.
    pub fn want(&mut self, entry: &str) {
        self.manifest.get_or_insert_default().push_str(entry);
    }

    /// Adds an entry to the lock.
    pub fn lock(&mut self, entry: &str) {
        self.lock.push_str(entry);
    }

    pub fn register(&mut self, name: &str, source: &Value) {
        let folder = format!("/h/.claude/plugins/marketplaces/{name}");
        self.known.insert(name.to_owned(), known(source, &folder));
    }

    /// Returns the shelf of the user's skills.
    pub fn shelf(&mut self) -> &mut Shelf {
        self.observed
            .shelves
            .entry(Scope::User)
            .or_insert_with(|| Shelf { folder: "/h/.agents/skills".into(), ..Shelf::default() })
    }

    /// Returns what the client has in the folder in which it looks for the user's skills.
    pub fn at_client(&mut self) -> &mut ClientShelf {
        self.shelf().clients.entry(Client::Claude).or_insert_with(|| ClientShelf {
            folder: "/h/.claude/skills".into(),
            ..ClientShelf::default()
        })
    }

    /// Lets a check, or whatever looks at the evidence, have its say.
    pub fn look<T>(&self, look: impl FnOnce(&Evidence) -> T) -> T {
        let roots = roots();
        let intent = self.manifest.as_ref().map(|text| {
            let intent = manifest::parse(Path::new(MANIFEST), text, &roots);
            intent.unwrap_or_else(|faults| panic!("{faults:?}"))
        });
        let locked = lock::parse(Path::new("/h/dots/skills.lock"), &self.lock);
        let locked = locked.unwrap_or_else(|fault| panic!("{fault}"));
        let files = self.files();
        let mut decoded = clients::decode(&roots, &files);
        decoded.problems.extend(self.problems.iter().cloned());
        let file = Path::new(ALPHA).join(".mcp.json");
        let servers = clients::codec(Client::Claude).servers().unwrap();
        let record = |entry: &Value| servers.record(entry.as_object().unwrap());
        let records: Vec<_> =
            self.plugin_servers.iter().map(|(_, _, entry)| record(entry)).collect();
        let of_plugins: Vec<FromPlugin> = self
            .plugin_servers
            .iter()
            .zip(&records)
            .map(|((id, full_name, _), record)| FromPlugin {
                id,
                full_name,
                record,
                file: &file,
                root: Path::new(ALPHA),
            })
            .collect();
        let server_entries = servers.entries(&roots, &decoded.state, &files, &of_plugins);
        let observed = Observed { state: decoded.state, ..self.observed.clone() };
        look(&Evidence {
            roots: &roots,
            client: Client::Claude,
            intent: intent.as_ref(),
            lock: &locked,
            files: &files,
            problems: &decoded.problems,
            observed: &observed,
            cached: &self.cached,
            git_configs: &self.git_configs,
            server_entries: &server_entries,
            environment: &self.environment,
            skills: &self.skills,
            disk: &self.disk,
            policy: &self.policy,
            now: "2026-02-01T00:00:00.000Z",
        })
    }

    fn files(&self) -> Files {
        let installed = json!({"version": 2, "plugins": self.installed});
        let values = [
            (KNOWN, Value::from(self.known.clone())),
            (INSTALLED, installed),
            (SETTINGS, Value::from(self.settings.clone())),
        ];
        let texts = values.map(|(file, value)| (file, format!("{value:#}")));
        let given = self.texts.iter().map(|(file, text)| (*file, text.clone()));
        let bytes = |(file, text): (&str, String)| (file.into(), Some(text.into_bytes()));
        texts.into_iter().chain(given).map(bytes).collect()
    }
}

fn known(source: &Value, folder: &str) -> Value {
    json!({
        "source": source,
        "installLocation": folder,
        "lastUpdated": "2026-01-31T00:00:00.000Z",
    })
}

/// Returns a finding as rows spell it: how bad, about what, where, and what would be done.
pub fn spelled(finding: &Finding) -> String {
    let Finding { severity, about, diagnostic, fix, .. } = finding;
    let file = diagnostic.file.display().to_string();
    let file = file.strip_prefix("/h").map_or(file.clone(), |rest| format!("~{rest}"));
    let line = diagnostic.at.map(|at| format!(":{}", at.line)).unwrap_or_default();
    format!("{} {about} {file}{line} {}", severity.as_str(), done(fix))
}

fn done(fix: &Fix) -> String {
    match fix {
        Fix::Sync => "sync".to_owned(),
        Fix::Install(plugin) if plugin.enabled => format!("install {} on", plugin.id),
        Fix::Install(plugin) => format!("install {} off", plugin.id),
        Fix::RewriteServers(ServerFix::Wrap) => "wrap".to_owned(),
        Fix::RewriteServers(ServerFix::Move) => "move".to_owned(),
        Fix::RewriteServers(ServerFix::AddType) => "add type".to_owned(),
        Fix::RepairRegistry(RegistryFix::Rebuild) => "rebuild".to_owned(),
        Fix::RepairRegistry(RegistryFix::DropEntry) => "drop entry".to_owned(),
        Fix::RepairRegistry(RegistryFix::MoveIndex) => "move index".to_owned(),
        Fix::Correct(changes) => format!("correct {}", changes.len()),
        Fix::Drop(changes) => format!("drop {}", changes.len()),
        Fix::Strip(_) => "strip".to_owned(),
        Fix::ByHand(_) => "by hand".to_owned(),
    }
}

#[test]
fn the_paths_of_rows_are_the_ones_of_the_client() {
    let (roots, layout) = (roots(), clients::plugin_layout(Client::Claude));
    let files: Vec<_> = clients::files(&roots).into_iter().map(|file| file.path).collect();
    for path in [KNOWN, INSTALLED, SETTINGS, SHARED, CLAUDE, MCP, SKILLS] {
        assert!(files.contains(&path.into()), "{path}");
    }
    assert_eq!(layout.marketplace(&roots, "tools"), Path::new(TOOLS));
    assert_eq!(layout.version(&roots, &"alpha@tools".parse().unwrap(), "1.0.0"), Path::new(ALPHA));
}
