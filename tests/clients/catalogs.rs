//! One marketplace for each way to reach one, with every kind of entry that works on the loopback.

use serde_json::{Value, json};

use crate::http::HttpServer;
use crate::repo::{Marketplace, Repo, publish};
use crate::sandbox::Sandbox;

/// A marketplace `tools` that can be reached while this value lives.
pub struct Catalog {
    /// What `marketplace add` and the manifest take; `~` is the sandbox's home.
    pub source: String,
    pub plugins: Vec<&'static str>,
    /// The address of a package registry, for `.npmrc`.
    pub registry: Option<String>,
    _server: HttpServer,
}

impl Catalog {
    pub fn over_http(home: &Sandbox) -> Self {
        let server = HttpServer::start(&home.remotes());
        let plugins =
            remote_entries(home, &server, local_entries(home.marketplace("tools"))).commit();
        plugins.write("README.md", "later").commit();
        let plugins = [LOCAL, &["bare", "root"], REMOTE].concat();
        Self { source: server.url("acme/tools.git"), plugins, registry: None, _server: server }
    }

    pub fn on_github(home: &Sandbox) -> Self {
        let server = HttpServer::start(&home.remotes());
        local_entries(home.marketplace("tools")).commit();
        let plugins = [LOCAL, &["bare", "root"]].concat();
        Self { source: "acme/tools".to_owned(), plugins, registry: None, _server: server }
    }

    pub fn in_a_folder(home: &Sandbox) -> Self {
        let server = HttpServer::start(&home.remotes());
        let market = local_entries(home.local_marketplace("~/market", "tools"));
        remote_entries(home, &server, market).folder();
        let source = home.path("~/market").to_str().unwrap().to_owned();
        Self { source, plugins: [LOCAL, REMOTE].concat(), registry: None, _server: server }
    }

    pub fn as_a_file(home: &Sandbox) -> Self {
        let folder = Self::in_a_folder(home);
        let source = format!("{}/.claude-plugin/marketplace.json", folder.source);
        Self { source, ..folder }
    }

    pub fn behind_an_address(home: &Sandbox) -> Self {
        let server = HttpServer::start(&home.remotes());
        let web = Repo::new(home, home.remotes().join("web"));
        remote_entries(home, &server, Marketplace::new(web, "tools")).folder();
        let source = server.url("web/.claude-plugin/marketplace.json");
        Self { source, plugins: REMOTE.to_vec(), registry: None, _server: server }
    }

    pub fn of_packages(home: &Sandbox) -> Self {
        let server = HttpServer::start(&home.remotes());
        publish(home, &server);
        let source = json!({ "source": "npm", "package": "demo-plugin", "version": "1.0.0" });
        home.marketplace("tools").entry(json!({ "name": "packed", "source": source })).commit();
        Self {
            source: server.url("acme/tools.git"),
            plugins: vec!["packed"],
            registry: Some(server.url("")),
            _server: server,
        }
    }

    /// Returns a manifest that asks for everything in a scope.
    pub fn manifest(&self, scope: &str) -> String {
        let mut text = format!(
            "version = 1\n\n[[marketplaces]]\nname = \"tools\"\nsource = \"{}\"\n",
            self.source
        );
        for name in &self.plugins {
            text.extend(["\n[[skills]]\nname = \"", name, "@tools\"\nscope = \"", scope, "\"\n"]);
        }
        text
    }
}

const LOCAL: &[&str] = &["alpha", "undated", "lax", "needs"];
const REMOTE: &[&str] = &["solo", "solo-ref", "solo-sha", "sub"];

fn local_entries(market: Marketplace<'_>) -> Marketplace<'_> {
    market
        .plugin("alpha", "1.0.0")
        .unversioned("undated")
        .dependent("needs", &["helper"])
        .plugin("helper", "0.1.0")
        .set("metadata", json!({ "pluginRoot": "./beds" }))
        .file("beds/bare/.claude-plugin/plugin.json", "{ \"name\": \"bare\" }\n")
        .file("beds/bare/run.sh", "#!/bin/sh\n")
        .link("beds/bare/again.sh", "run.sh")
        .entry(json!({ "name": "bare", "source": "bare" }))
        .file("lax/skills/x/SKILL.md", "---\nname: x\ndescription: x\n---\n")
        .entry(json!({
            "name": "lax", "source": "./lax", "strict": false, "version": "0.2.0", "skills": ["./skills/x"]
        }))
        .entry(json!({ "name": "root", "source": "./", "strict": false, "skills": ["./lax/skills/x"] }))
}

fn remote_entries<'a>(
    home: &'a Sandbox,
    server: &HttpServer,
    market: Marketplace<'a>,
) -> Marketplace<'a> {
    let solo = home.repo("acme/solo");
    let first = solo.plugin("solo", None);
    solo.tag("v1").write("more", "x").commit();
    let mono = home.repo("acme/mono");
    mono.plugin_in("pkgs/sub/", "sub", None);
    let url = server.url("acme/solo.git");
    let entry = |name: &str, source: Value| json!({ "name": name, "source": source });
    market
        .entry(entry("solo", json!({ "source": "url", "url": url })))
        .entry(entry("solo-ref", json!({ "source": "url", "url": url, "ref": "v1" })))
        .entry(entry("solo-sha", json!({ "source": "url", "url": url, "ref": "main", "sha": first })))
        .entry(entry(
            "sub",
            json!({ "source": "git-subdir", "url": server.url("acme/mono.git"), "path": "pkgs/sub" }),
        ))
}
