//! Tables of what is reviewed: bytes against the lock, names, hidden text, secrets, policies.

use std::path::Path;

use serde_json::json;

use super::home::{ALPHA, CLAUDE, Home, MCP, SHARED, TOOLS, hash};
use super::{Row, row};
use crate::clients::Policy;
use crate::doctor::Altered;
use crate::doctor::scan::HiddenIn;

pub(super) fn rows() -> Vec<Row> {
    [drift(), marketplaces(), content(), addresses(), policies()].into_iter().flatten().collect()
}

fn drift() -> Vec<Row> {
    const DRIFTED: &[&str] = &["error alpha@tools ~/.claude/plugins/installed_plugins.json:4 sync"];
    const MOVED: &[&str] = &["error tools ~/.claude/plugins/known_marketplaces.json:2 sync"];
    let other_bytes = |home: &mut Home| home.observed.trees.insert(ALPHA.into(), hash('b'));
    let other_commit = |home: &mut Home| home.observed.heads.insert(TOOLS.into(), hash('d'));
    let pinned = |home: &mut Home| {
        home.lock = home.lock.replacen("commit =", "pin = \"v1\"\ncommit =", 1);
    };
    let from_folder = |home: &mut Home| {
        home.known["tools"]["source"] = json!({"source": "directory", "path": TOOLS});
    };
    let can = |home: &mut Home| {
        let scan = home.disk.scans.get_mut(Path::new(ALPHA)).unwrap();
        scan.capabilities.push("hook Stop: x".into());
    };
    vec![
        row("lock.drift", "the locked bytes and commit", Home::synced(), &[]),
        row("lock.drift", "other bytes", Home::synced().but(other_bytes), DRIFTED),
        row(
            "lock.drift",
            "other bytes, and it is known how they differ",
            Home::synced().but(other_bytes).but(|home| {
                let altered = Altered { extra: vec!["x".into()], ..Altered::default() };
                home.disk.altered.insert(ALPHA.into(), altered);
            }),
            DRIFTED,
        ),
        row(
            "lock.drift",
            "other bytes of a local folder",
            Home::synced().but(other_bytes).but(from_folder),
            &[],
        ),
        row(
            "lock.drift",
            "other bytes that the manifest does not want here",
            Home::synced().but(other_bytes).but(|home| {
                home.manifest = Some("version = 1\n".into());
            }),
            &[],
        ),
        row("lock.drift", "another commit", Home::synced().but(other_commit), MOVED),
        row(
            "lock.drift",
            "another commit, and there is no manifest",
            Home::synced().but(other_commit).but(|home| home.manifest = None),
            &[],
        ),
        row("trust.tag-moved", "another commit of a branch", Home::synced().but(other_commit), &[]),
        row(
            "trust.tag-moved",
            "another commit of a tag",
            Home::synced()
                .but(other_commit)
                .but(pinned)
                .but(|home| home.disk.tags.insert("tools".into())),
            MOVED,
        ),
        row(
            "trust.history-rewritten",
            "another commit of the same history",
            Home::synced().but(other_commit),
            &[],
        ),
        row(
            "trust.history-rewritten",
            "a commit of another history",
            Home::synced().but(other_commit).but(|home| home.disk.rewritten.insert("tools".into())),
            MOVED,
        ),
        row(
            "trust.history-rewritten",
            "another marketplace altogether",
            Home::synced().but(other_commit).but(|home| {
                home.disk.rewritten.insert("tools".into());
                home.known["tools"]["source"]["repo"] = json!("evil/tools");
            }),
            &[],
        ),
        row("trust.capability-diff", "the locked bytes", Home::synced().but(can), &[]),
        row(
            "trust.capability-diff",
            "bytes that can do more",
            Home::synced().but(can).but(other_bytes),
            &["warning alpha@tools ~/.claude/plugins/installed_plugins.json:4 sync"],
        ),
        row(
            "trust.capability-diff",
            "bytes that can do what the lock has",
            Home::synced().but(can).but(other_bytes).but(|home| {
                let row = format!("powers = [\"{} hook Stop: x\"]\n", "a".repeat(40));
                home.lock = home.lock.replace("powers = []\n", &row);
            }),
            &[],
        ),
    ]
}

fn marketplaces() -> Vec<Row> {
    let changed = |case, home, expected| row("trust.source-changed", case, home, expected);
    let alike = |case, home, expected| row("trust.look-alike", case, home, expected);
    let with = |name: &'static str, source: serde_json::Value| {
        Home::unmanaged().but(move |home| home.register(name, &source))
    };
    let github = |repo: &str| json!({"source": "github", "repo": repo});
    vec![
        changed("the source that the manifest has", Home::synced(), &[]),
        changed(
            "another source than the manifest has",
            Home::synced().but(|home| home.known["tools"]["source"]["repo"] = json!("evil/tools")),
            &["error tools ~/.claude/plugins/known_marketplaces.json:3 sync"],
        ),
        changed(
            "another source than the lock has",
            Home::synced().but(|home| {
                home.manifest = Some("version = 1\n".into());
                home.known["tools"]["source"]["repo"] = json!("evil/tools");
            }),
            &["error tools ~/.claude/plugins/known_marketplaces.json:3 by hand"],
        ),
        changed(
            "two names for one place",
            with("twice", json!({"source": "git", "url": "https://github.com/o/tools.git"})),
            &["warning twice ~/.claude/plugins/known_marketplaces.json:11 by hand"],
        ),
        changed(
            "two catalogs of one repository",
            with("twice", json!({"source": "github", "repo": "o/tools", "path": "x.json"})),
            &[],
        ),
        alike("a name of its own", Home::unmanaged(), &[]),
        alike(
            "like another that is registered",
            with("to0ls", github("x/y")),
            &["warning tools ~/.claude/plugins/known_marketplaces.json:2 by hand"],
        ),
        alike(
            "like one that everybody knows",
            with("c1aude-plugins-official", github("x/y")),
            &[
                "warning c1aude-plugins-official ~/.claude/plugins/known_marketplaces.json:10 by hand",
            ],
        ),
        alike(
            "kept for Anthropic",
            with("healthcare", github("x/y")),
            &["warning healthcare ~/.claude/plugins/known_marketplaces.json:10 by hand"],
        ),
        alike(
            "kept for Anthropic, and theirs",
            with(
                "healthcare",
                json!({"source": "git", "url": "ssh://git@github.com/anthropics/h"}),
            ),
            &[],
        ),
    ]
}

fn content() -> Vec<Row> {
    let scanned = |change: fn(&mut crate::doctor::Scan)| {
        Home::unmanaged()
            .but(move |home| change(home.disk.scans.get_mut(Path::new(ALPHA)).unwrap()))
    };
    vec![
        row("hidden.unicode", "nothing is hidden", Home::unmanaged(), &[]),
        row(
            "hidden.unicode",
            "a character is hidden",
            scanned(|scan| {
                scan.hidden.push(HiddenIn {
                    path: "README.md".into(),
                    line: 3,
                    column: 1,
                    point: 0x200b,
                    what: "zero width space".into(),
                    count: 2,
                });
            }),
            &["error alpha@tools ~/.claude/plugins/cache/tools/alpha/1.0.0/README.md:3 by hand"],
        ),
        row("tree.unsafe", "nothing leads out", Home::unmanaged(), &[]),
        row(
            "tree.unsafe",
            "a link leads out",
            scanned(|scan| scan.fault = Some("`x` leads out".into())),
            &["error alpha@tools ~/.claude/plugins/cache/tools/alpha/1.0.0 by hand"],
        ),
    ]
}

fn addresses() -> Vec<Row> {
    let check = |case, home, expected| row("secret.in-address", case, home, expected);
    let git = |url: &str| json!({"source": "git", "url": url});
    let registered = |url: &str| {
        let source = git(url);
        Home::unmanaged().but(move |home| home.register("own", &source))
    };
    let wanted = |url: &str| {
        let entry = format!("[[marketplaces]]\nname = \"own\"\nsource = \"{url}\"\n");
        Home::unmanaged().but(move |home| home.want(&entry))
    };
    let token = "https://h.example/m/0a1b2c3d4e5f6a7b8c9d0e1f/r.git";
    vec![
        check("a plain address", registered("https://h.example/r.git"), &[]),
        check(
            "a login in the registry",
            registered("https://u:p@h.example/r.git"),
            &["warning own ~/.claude/plugins/known_marketplaces.json:10 by hand"],
        ),
        check(
            "a login in the registry of what the manifest has without",
            registered("https://u:p@h.example/r.git").but(|home| {
                home.want(
                    "[[marketplaces]]\nname = \"own\"\nsource = \"https://h.example/r.git\"\n",
                );
            }),
            &["warning own ~/.claude/plugins/known_marketplaces.json:10 sync"],
        ),
        check(
            "a login in a source that a manifest cannot say",
            Home::unmanaged().but(|home| {
                let source =
                    json!({"source": "url", "url": "https://u:p@h.example/c.json", "headers": {}});
                home.register("own", &source);
            }),
            &["warning own ~/.claude/plugins/known_marketplaces.json:10 by hand"],
        ),
        check(
            "a token in the path",
            registered(token),
            &["warning own ~/.claude/plugins/known_marketplaces.json:10 by hand"],
        ),
        check(
            "a login in settings",
            Home::unmanaged().but(|home| {
                let source =
                    json!({"source": {"source": "git", "url": "https://u:p@h.example/r.git"}});
                home.settings.insert("extraKnownMarketplaces".into(), json!({"own": source}));
            }),
            &["warning own ~/.claude/settings.json:7 by hand"],
        ),
        check(
            "a login in the manifest",
            wanted("https://u:p@h.example/r.git"),
            &["warning own ~/dots/skills.toml:2 by hand"],
        ),
        check(
            "a login in a clone",
            Home::unmanaged().but(|home| {
                let text = "[remote \"origin\"]\n\turl = https://u:p@h.example/r.git\n".to_owned();
                home.git_configs.insert(Path::new(TOOLS).join(".git/config"), text);
            }),
            &["warning tools ~/.claude/plugins/marketplaces/tools/.git/config:2 by hand"],
        ),
        check(
            "no login in a clone",
            Home::unmanaged().but(|home| {
                let text = "[remote \"origin\"]\n\turl = https://h.example/r.git\n".to_owned();
                home.git_configs.insert(Path::new(TOOLS).join(".git/config"), text);
            }),
            &[],
        ),
    ]
}

fn policies() -> Vec<Row> {
    let managed = |text: &'static str| {
        move |home: &mut Home| {
            home.policy = Policy::parse(&[("/etc/m.json".into(), text.as_bytes().to_vec())]);
        }
    };
    let server = r#"{"mcpServers": {"s": {"command": "x"}}}"#;
    let denied = r#"{"deniedMcpServers": [{"serverName": "s"}]}"#;
    vec![
        row("policy.deny", "there is no policy", Home::synced(), &[]),
        row(
            "policy.deny",
            "the administrator blocks a marketplace",
            Home::synced().but(managed(
                r#"{"blockedMarketplaces": [{"source": "github", "repo": "o/tools"}]}"#,
            )),
            &["error tools ~/.claude/plugins/known_marketplaces.json:2 by hand"],
        ),
        row(
            "policy.deny",
            "the manifest denies a marketplace",
            Home::unmanaged().but(|home| home.want("[policy]\ndeny = [\"o/*\"]\n")),
            &["error tools ~/.claude/plugins/known_marketplaces.json:2 by hand"],
        ),
        row(
            "policy.deny",
            "the administrator denies a server",
            Home::empty().text(CLAUDE, server).but(managed(denied)),
            &["error s ~/.claude.json:1 by hand"],
        ),
        row(
            "policy.deny",
            "the administrator denies a server that is not used anyway",
            Home::empty()
                .text(MCP, server)
                .text(SHARED, r#"{"disabledMcpjsonServers": ["s"]}"#)
                .but(managed(denied)),
            &[],
        ),
        row("policy.deny", "the policy cannot be read", Home::synced().but(managed("{")), &[]),
        row("policy.syntax", "it can be read", Home::synced().but(managed(denied)), &[]),
        row(
            "policy.syntax",
            "it cannot be read",
            Home::synced().but(managed("{")),
            &["error policy /etc/m.json:1 by hand"],
        ),
        row(
            "policy.project-approves",
            "a user approves",
            Home::empty()
                .but(|home| home.settings.insert("enableAllProjectMcpServers".into(), json!(true))),
            &[],
        ),
        row(
            "policy.project-approves",
            "the project approves all",
            Home::empty().text(SHARED, "{\n\"enableAllProjectMcpServers\": true}"),
            &["warning enableAllProjectMcpServers ~/p/.claude/settings.json:2 by hand"],
        ),
        row(
            "policy.project-approves",
            "the project approves some",
            Home::empty().text(SHARED, r#"{"enabledMcpjsonServers": ["s"]}"#),
            &["warning enabledMcpjsonServers ~/p/.claude/settings.json:1 by hand"],
        ),
        row(
            "policy.project-approves",
            "the project approves none",
            Home::empty().text(SHARED, r#"{"enabledMcpjsonServers": []}"#),
            &[],
        ),
    ]
}
