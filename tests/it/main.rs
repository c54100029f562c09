//! Scenarios: the binary in a home of its own, with real git repositories beside it.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read and write their sandbox"
)]

mod http;
mod pty;
mod repo;
mod sandbox;

mod bad_client_files;
mod bad_manifest;
mod bad_remote;
mod bytes;
#[cfg(feature = "checkpoints")]
mod checkpoints;
mod clients_apart;
mod crash;
mod docs;
mod doctor;
mod doctor_checks;
mod doctor_trust;
mod faults;
mod first_minutes;
mod gate;
mod gc;
mod history;
mod install_kinds;
mod itself;
mod keep;
mod layers;
mod list;
mod lock;
mod machines;
mod marketplaces;
mod ownership;
mod plugin_sources;
mod projects;
mod remote_index;
mod roots;
mod saved_plans;
mod scopes;
mod scripts;
mod secrets;
mod server_verbs;
mod servers;
mod signals;
mod skill_care;
mod skill_sources;
mod skill_verbs;
mod skills;
mod sync;
mod terminal;
mod trust;
mod verbs_edit;
mod verbs_feeds;
mod verbs_install;
mod verbs_marketplace;
mod verbs_search;

use repo::Repo;
use sandbox::Sandbox;

/// A manifest with the marketplace `acme/tools` and these plugins of it.
fn wants(plugins: &[&str]) -> String {
    declares("acme/tools") + &plugins.iter().map(|name| plugin(name, "")).collect::<String>()
}

/// A manifest that declares `tools` from a source and asks for nothing.
fn declares(source: &str) -> String {
    format!("version = 1\n\n[[marketplaces]]\nname = \"tools\"\nsource = \"{source}\"\n")
}

/// One `[[skills]]` entry of the marketplace `tools` with more lines.
fn plugin(name: &str, more: &str) -> String {
    format!("\n[[skills]]\nname = \"{name}@tools\"\n{more}\n")
}

/// The marketplace `acme/tools` with `alpha` 1.0.0 and `beta` 2.0.0.
fn tools(home: &Sandbox) -> Repo<'_> {
    home.marketplace("tools").plugin("alpha", "1.0.0").plugin("beta", "2.0.0").commit()
}

/// A home in which another hand installed `gamma@other` from the folder `~/other`.
fn with_unmanaged(home: Sandbox) -> Sandbox {
    home.local_marketplace("~/other", "other").plugin("gamma", "3.0.0").folder();
    let other = home.path("~/other").display().to_string();
    let cached = home.path("~/.claude/plugins/cache/other/gamma/3.0.0").display().to_string();
    home.file("~/.claude/plugins/cache/other/gamma/3.0.0/.claude-plugin/plugin.json", GAMMA)
        .file(
            "~/.claude/plugins/known_marketplaces.json",
            &format!(
                r#"{{
  "other": {{
    "source": {{
      "source": "directory",
      "path": "{other}"
    }},
    "installLocation": "{other}",
    "lastUpdated": "2026-01-01T00:00:00.000Z"
  }}
}}"#
            ),
        )
        .file(
            "~/.claude/plugins/installed_plugins.json",
            &format!(
                r#"{{
  "version": 2,
  "plugins": {{
    "gamma@other": [
      {{
        "scope": "user",
        "installPath": "{cached}",
        "version": "3.0.0",
        "installedAt": "2026-01-01T00:00:00.000Z",
        "lastUpdated": "2026-01-01T00:00:00.000Z"
      }}
    ]
  }}
}}"#
            ),
        )
        .file(
            "~/.claude/settings.json",
            "{\n  \"enabledPlugins\": {\n    \"gamma@other\": true\n  }\n}\n",
        )
}

const GAMMA: &str = "{\n  \"name\": \"gamma\",\n  \"version\": \"3.0.0\"\n}\n";
