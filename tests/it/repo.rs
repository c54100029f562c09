//! Real git repositories and marketplaces in them.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::http::HttpServer;
use crate::sandbox::Sandbox;

/// A folder of the sandbox, mostly a git repository that stands for a remote.
#[derive(Clone)]
pub struct Repo<'a> {
    sandbox: &'a Sandbox,
    pub path: PathBuf,
}

impl<'a> Repo<'a> {
    pub fn new(sandbox: &'a Sandbox, path: PathBuf) -> Self {
        fs::create_dir_all(&path).unwrap();
        Self { sandbox, path }
    }

    pub fn git(&self, args: &[&str]) -> String {
        self.sandbox.git(&self.path, args)
    }

    pub fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub fn link(&self, link: &str, target: &str) -> &Self {
        let link = self.path.join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, link).unwrap();
        self
    }

    /// Commits everything and returns the commit.
    pub fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
        self.head()
    }

    /// Replaces the history by one commit that shares nothing with it.
    pub fn rewrite(&self) -> String {
        self.git(&["checkout", "--quiet", "--orphan", "rewritten"]);
        let head = self.commit();
        self.git(&["branch", "--quiet", "--force", "main", &head]);
        self.git(&["checkout", "--quiet", "main"]);
        self.git(&["branch", "--quiet", "-D", "rewritten"]);
        head
    }

    /// Makes a lightweight tag of the current commit, moving it if it is there.
    pub fn tag(&self, name: &str) -> &Self {
        self.git(&["tag", "--force", name]);
        self
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Changes the catalog in place, without a commit.
    pub fn edit_catalog(&self, edit: impl FnOnce(&mut Value)) -> &Self {
        let path = self.path.join(CATALOG);
        let mut catalog = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        edit(&mut catalog);
        self.write(CATALOG, &pretty(&catalog))
    }

    /// Gives a plugin of this marketplace another version and commits.
    pub fn release(&self, plugin: &str, version: &str) -> String {
        let (path, text) = manifest(plugin, Some(version));
        self.write(&format!("plugins/{plugin}/{path}"), &text);
        self.write(&format!("plugins/{plugin}/CHANGES"), version);
        self.commit()
    }

    /// Writes a plugin into the root of this repository and commits it.
    pub fn plugin(&self, name: &str, version: Option<&str>) -> String {
        self.plugin_in("", name, version)
    }

    /// The same in a folder of the repository, given with a closing `/`.
    pub fn plugin_in(&self, folder: &str, name: &str, version: Option<&str>) -> String {
        for (path, text) in [manifest(name, version), skill(name)] {
            self.write(&format!("{folder}{path}"), &text);
        }
        self.commit()
    }
}

/// A marketplace in the making; plugins lie in `plugins/<name>`.
pub struct Marketplace<'a> {
    repo: Repo<'a>,
    catalog: Value,
}

const CATALOG: &str = ".claude-plugin/marketplace.json";

impl<'a> Marketplace<'a> {
    pub fn new(repo: Repo<'a>, name: &str) -> Self {
        let catalog = json!({ "name": name, "owner": { "name": "Ada" }, "plugins": [] });
        Self { repo, catalog }
    }

    /// Adds a plugin with one skill.
    pub fn plugin(self, name: &str, version: &str) -> Self {
        self.relative(name, Some(version))
    }

    /// Adds a plugin that states no version.
    pub fn unversioned(self, name: &str) -> Self {
        self.relative(name, None)
    }

    /// Adds a plugin that needs others of this marketplace.
    pub fn dependent(self, name: &str, dependencies: &[&str]) -> Self {
        let text = json!({ "name": name, "version": "1.0.0", "dependencies": dependencies });
        self.plugin(name, "1.0.0")
            .file(&format!("plugins/{name}/.claude-plugin/plugin.json"), &pretty(&text))
    }

    /// Adds an entry as given, with no files.
    pub fn entry(mut self, entry: Value) -> Self {
        self.catalog["plugins"].as_array_mut().unwrap().push(entry);
        self
    }

    /// Sets a key of the catalog, such as `renames`.
    pub fn set(mut self, key: &str, value: Value) -> Self {
        self.catalog[key] = value;
        self
    }

    pub fn file(self, path: &str, text: &str) -> Self {
        self.repo.write(path, text);
        self
    }

    pub fn link(self, link: &str, target: &str) -> Self {
        self.repo.link(link, target);
        self
    }

    /// Writes the catalog and commits.
    pub fn commit(self) -> Repo<'a> {
        let repo = self.folder();
        repo.commit();
        repo
    }

    /// Writes the catalog without git.
    pub fn folder(self) -> Repo<'a> {
        self.repo.write(CATALOG, &pretty(&self.catalog));
        self.repo
    }

    fn relative(self, name: &str, version: Option<&str>) -> Self {
        for (path, text) in [manifest(name, version), skill(name)] {
            self.repo.write(&format!("plugins/{name}/{path}"), &text);
        }
        self.entry(json!({ "name": name, "source": format!("./plugins/{name}") }))
    }
}

/// Puts `demo-plugin` 1.0.0 into a registry of one package.
pub fn publish(home: &Sandbox, server: &HttpServer) {
    let mut archive =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (path, text) in [
        ("package/package.json", r#"{"name":"demo-plugin","version":"1.0.0"}"#),
        ("package/.claude-plugin/plugin.json", r#"{"name":"demo"}"#),
        ("package/skills/demo/SKILL.md", "---\nname: demo\ndescription: x\n---\n"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    let encoder = archive.into_inner().unwrap();
    let folder = home.remotes().join("demo-plugin");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("demo-plugin-1.0.0.tgz"), encoder.finish().unwrap()).unwrap();
    let tarball = server.url("demo-plugin/demo-plugin-1.0.0.tgz");
    let document = json!({
        "name": "demo-plugin",
        "dist-tags": { "latest": "1.0.0" },
        "versions": { "1.0.0": {
            "name": "demo-plugin", "version": "1.0.0", "dist": { "tarball": tarball }
        } }
    });
    fs::write(folder.join("index.json"), document.to_string()).unwrap();
}

fn manifest(name: &str, version: Option<&str>) -> (String, String) {
    let mut value = json!({ "name": name, "description": "A plugin" });
    if let Some(version) = version {
        value["version"] = version.into();
    }
    (".claude-plugin/plugin.json".to_owned(), pretty(&value))
}

fn skill(name: &str) -> (String, String) {
    let text = format!("---\nname: {name}\ndescription: Use it when tests run.\n---\n\nDo it.\n");
    (format!("skills/{name}/SKILL.md"), text)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}
