//! Tables of what is wanted, recorded, moved and cached.

use serde_json::json;

use super::home::{ALPHA, Home, TOOLS, hash};
use super::{Row, row};
use crate::content::catalog;
use crate::doctor::{Litter, Program, Start};

pub(super) fn rows() -> Vec<Row> {
    [wanted(), switched_on(), recorded(), working(), moved(), cached()]
        .into_iter()
        .flatten()
        .collect()
}

fn wanted() -> Vec<Row> {
    let missing = |case, home, expected| row("intent.missing", case, home, expected);
    let server = "[[mcps]]\nname = \"s\"\ncommand = \"x\"\n";
    let registered = r#"{"mcpServers": {"s": {"type": "stdio", "command": "x"}}}"#;
    vec![
        missing("all is there", Home::synced(), &[]),
        missing(
            "the registry is empty",
            Home::synced().but(|home| home.known.clear()),
            &["error tools ~/dots/skills.toml:2 sync"],
        ),
        missing(
            "the files of a marketplace are gone",
            Home::synced().but(|home| {
                home.observed.present.clear();
                home.disk.there.clear();
            }),
            &["error tools ~/dots/skills.toml:2 sync"],
        ),
        missing(
            "no plugin is recorded",
            Home::synced().but(|home| home.installed.clear()),
            &["error alpha@tools ~/dots/skills.toml:5 sync"],
        ),
        missing(
            "a plugin is not switched on",
            Home::synced().but(|home| home.settings.clear()),
            &["error alpha@tools ~/dots/skills.toml:5 sync"],
        ),
        missing(
            "a plugin is switched on and should not be",
            Home::synced().but(|home| home.want("enabled = false\n")),
            &["error alpha@tools ~/dots/skills.toml:5 sync"],
        ),
        missing(
            "a version does not meet the requirement",
            Home::synced().but(|home| home.want("version = \"^2\"\n")),
            &["error alpha@tools ~/dots/skills.toml:5 sync"],
        ),
        missing(
            "a version meets the requirement",
            Home::synced().but(|home| home.want("version = \"^1\"\n")),
            &[],
        ),
        missing(
            "a server is not there",
            Home::empty().but(|home| home.want(server)),
            &["error s ~/dots/skills.toml:2 sync"],
        ),
        missing(
            "a server starts something else",
            Home::empty()
                .but(|home| home.want(server))
                .text(super::home::CLAUDE, registered.replace("\"x\"", "\"y\"")),
            &["error s ~/dots/skills.toml:2 sync"],
        ),
        missing(
            "a server is there",
            Home::empty().but(|home| home.want(server)).text(super::home::CLAUDE, registered),
            &[],
        ),
    ]
}

fn switched_on() -> Vec<Row> {
    let missing = |case, home, expected| row("intent.missing", case, home, expected);
    let ghost = |case, home, expected| row("enabled.ghost", case, home, expected);
    let on = |id: &str| {
        let id = id.to_owned();
        Home::unmanaged()
            .but(|home| home.settings.insert("enabledPlugins".into(), json!({id: true})))
    };
    let catalog = |home: &mut Home| {
        let text = br#"{"name": "tools", "owner": {"name": "o"}, "plugins": [{"name": "alpha", "source": "./a"}]}"#;
        let catalog = catalog::parse("c".as_ref(), text).unwrap();
        home.disk.catalogs.insert("tools".into(), catalog);
    };
    vec![
        missing(
            "a switch for what can be had",
            on("beta@tools"),
            &["error beta@tools ~/.claude/settings.json:3 install beta@tools on"],
        ),
        missing("a switch for what cannot be had", on("beta@gone"), &[]),
        missing(
            "a switch that is off",
            Home::unmanaged().but(|home| {
                let off = json!({"alpha@tools": true, "beta@tools": false});
                home.settings.insert("enabledPlugins".into(), off);
            }),
            &[],
        ),
        ghost("a switch for what is installed", Home::unmanaged(), &[]),
        ghost("a switch for what can be had", on("beta@tools"), &[]),
        ghost(
            "a switch of a marketplace that nobody knows",
            on("beta@gone"),
            &["warning beta@gone ~/.claude/settings.json:3 by hand"],
        ),
        ghost(
            "a switch of no plugin's name",
            on("x y"),
            &["warning x y ~/.claude/settings.json:3 by hand"],
        ),
        ghost(
            "a switch for what the catalog does not list",
            on("alfa@tools").but(catalog),
            &["warning alfa@tools ~/.claude/settings.json:3 by hand"],
        ),
    ]
}

fn recorded() -> Vec<Row> {
    let gone = |home: &mut Home| {
        home.observed.trees.clear();
        home.disk.there.remove(std::path::Path::new(ALPHA));
    };
    vec![
        row("inventory.no-marketplace", "it is registered", Home::synced(), &[]),
        row(
            "inventory.no-marketplace",
            "wanted",
            Home::synced().but(|home| home.known.clear()),
            &["error alpha@tools ~/.claude/plugins/installed_plugins.json:4 sync"],
        ),
        row(
            "inventory.no-marketplace",
            "of another hand, and its source is known from settings",
            Home::unmanaged().but(|home| {
                home.known.clear();
                let source = json!({"source": {"source": "github", "repo": "o/tools"}});
                home.settings.insert("extraKnownMarketplaces".into(), json!({"tools": source}));
            }),
            &[
                "error alpha@tools ~/.claude/plugins/installed_plugins.json:4 install alpha@tools on",
            ],
        ),
        row(
            "inventory.no-marketplace",
            "of another hand, from nowhere",
            Home::unmanaged().but(|home| home.known.clear()),
            &["error alpha@tools ~/.claude/plugins/installed_plugins.json:4 by hand"],
        ),
        row("inventory.no-bytes", "they are there", Home::synced(), &[]),
        row(
            "inventory.no-bytes",
            "wanted",
            Home::synced().but(gone),
            &["error alpha@tools ~/.claude/plugins/installed_plugins.json:4 sync"],
        ),
        row(
            "inventory.no-bytes",
            "of another hand, switched off",
            Home::unmanaged().but(gone).but(|home| home.settings.clear()),
            &[
                "error alpha@tools ~/.claude/plugins/installed_plugins.json:4 install alpha@tools off",
            ],
        ),
    ]
}

fn working() -> Vec<Row> {
    let scan = |home: &mut Home, change: fn(&mut crate::doctor::Scan)| {
        change(home.disk.scans.get_mut(std::path::Path::new(ALPHA)).unwrap());
    };
    let needs = |home: &mut Home| scan(home, |scan| scan.dependencies.push("beta".into()));
    let runs = |home: &mut Home, start| {
        let program = Program { event: "Stop".into(), start };
        home.disk.scans.get_mut(std::path::Path::new(ALPHA)).unwrap().programs.push(program);
    };
    let in_plugin = |there| Start::InPlugin { path: "run".into(), there };
    vec![
        row("plugin.load-error", "it loads", Home::synced(), &[]),
        row(
            "plugin.load-error",
            "a path that is not there",
            Home::synced().but(|home| {
                scan(home, |scan| scan.load_faults.push("`skills` names `./s`".into()));
            }),
            &["warning alpha@tools ~/.claude/plugins/installed_plugins.json:4 by hand"],
        ),
        row("dependency.missing", "it needs nothing", Home::synced(), &[]),
        row(
            "dependency.missing",
            "the manifest wants it",
            Home::synced().but(needs),
            &["error beta@tools ~/.claude/plugins/installed_plugins.json:4 sync"],
        ),
        row(
            "dependency.missing",
            "of another hand",
            Home::unmanaged().but(needs),
            &["error beta@tools ~/.claude/plugins/installed_plugins.json:4 install beta@tools on"],
        ),
        row(
            "dependency.missing",
            "it is installed",
            Home::synced().but(needs).but(|home| {
                let record = home.installed["alpha@tools"].clone();
                home.installed.insert("beta@tools".into(), record);
            }),
            &[],
        ),
        row(
            "command.missing",
            "a file that is there",
            Home::synced().but(|home| runs(home, in_plugin(true))),
            &[],
        ),
        row(
            "command.missing",
            "a file that is not there",
            Home::synced().but(|home| runs(home, in_plugin(false))),
            &["warning alpha@tools ~/.claude/plugins/installed_plugins.json:4 by hand"],
        ),
        row(
            "command.missing",
            "a program that is not on the search path",
            Home::synced().but(|home| runs(home, Start::OnPath("jq".into()))),
            &["warning alpha@tools ~/.claude/plugins/installed_plugins.json:4 by hand"],
        ),
        row(
            "command.missing",
            "a program on the search path",
            Home::synced().but(|home| {
                runs(home, Start::OnPath("jq".into()));
                home.disk.programs.insert("jq".into());
            }),
            &[],
        ),
        row(
            "stale.same-version",
            "the marketplace has the same bytes",
            Home::unmanaged().but(|home| home.disk.offered.insert("alpha@tools".into(), hash('a'))),
            &[],
        ),
        row(
            "stale.same-version",
            "the marketplace has other bytes",
            Home::unmanaged().but(|home| home.disk.offered.insert("alpha@tools".into(), hash('b'))),
            &["warning alpha@tools ~/.claude/plugins/installed_plugins.json:4 by hand"],
        ),
    ]
}

fn moved() -> Vec<Row> {
    let away = |home: &mut Home| {
        let path = "/old/.claude/plugins/cache/tools/alpha/1.0.0";
        home.installed["alpha@tools"][0]["installPath"] = json!(path);
    };
    let in_project = |project: &'static str| {
        Home::unmanaged().but(move |home| {
            let record = &mut home.installed["alpha@tools"][0];
            record["scope"] = json!("project");
            record["projectPath"] = json!(project);
            home.settings.clear();
        })
    };
    let age = |date: &'static str| {
        Home::unmanaged().but(move |home| home.known["tools"]["lastUpdated"] = json!(date))
    };
    vec![
        row("path.foreign", "all is where it is recorded", Home::synced(), &[]),
        row(
            "path.foreign",
            "a plugin of another home",
            Home::synced().but(away),
            &["error alpha@tools ~/.claude/plugins/installed_plugins.json:4 correct 1"],
        ),
        row(
            "path.foreign",
            "a plugin of another home that is here no more",
            Home::synced().but(away).but(|home| home.disk.there.clear()),
            &[],
        ),
        row(
            "path.foreign",
            "a marketplace of another home",
            Home::synced().but(|home| {
                home.known["tools"]["installLocation"] =
                    json!("C:\\u\\.claude\\plugins\\marketplaces\\tools");
            }),
            &["error tools ~/.claude/plugins/known_marketplaces.json:7 correct 1"],
        ),
        row(
            "path.foreign",
            "a local marketplace that was recorded elsewhere",
            Home::empty().but(|home| {
                home.register("own", &json!({"source": "directory", "path": "/src/own"}));
                home.disk.there.insert("/src/own".into());
            }),
            &["error own ~/.claude/plugins/known_marketplaces.json:7 correct 1"],
        ),
        row("project.dangling", "a record of this user", Home::unmanaged(), &[]),
        row(
            "project.dangling",
            "a project that is gone",
            in_project("/h/gone"),
            &["info alpha@tools ~/.claude/plugins/installed_plugins.json:4 drop 1"],
        ),
        row(
            "project.dangling",
            "a project on a disk that is not there",
            in_project("/mnt/x/gone"),
            &["info alpha@tools ~/.claude/plugins/installed_plugins.json:4 by hand"],
        ),
        row(
            "project.dangling",
            "this project, which names it no more",
            in_project("/h/p"),
            &["warning alpha@tools ~/.claude/plugins/installed_plugins.json:4 drop 1"],
        ),
        row(
            "project.dangling",
            "this project, whose settings cannot be read",
            in_project("/h/p").text(super::home::SHARED, "{"),
            &[],
        ),
        row(
            "project.dangling",
            "this project, which switches it off",
            in_project("/h/p")
                .text(super::home::SHARED, r#"{"enabledPlugins": {"alpha@tools": false}}"#),
            &[],
        ),
        row("sync.refresh-failing", "refreshed yesterday", Home::unmanaged(), &[]),
        row(
            "sync.refresh-failing",
            "refreshed long ago",
            age("2025-12-01T00:00:00.000Z"),
            &["warning tools ~/.claude/plugins/known_marketplaces.json:8 by hand"],
        ),
        row("sync.refresh-failing", "never refreshed", age("x"), &[]),
        row(
            "sync.refresh-failing",
            "long ago, but it cannot move",
            age("2025-12-01T00:00:00.000Z").but(|home| {
                home.known["tools"]["source"] = json!({"source": "directory", "path": TOOLS});
            }),
            &[],
        ),
    ]
}

fn cached() -> Vec<Row> {
    vec![
        row("bytes.no-inventory", "a record names it", Home::synced(), &[]),
        row(
            "bytes.no-inventory",
            "no record names it",
            Home::unmanaged().but(|home| home.installed.clear()),
            &["info 1.0.0 ~/.claude/plugins/cache/tools/alpha/1.0.0 by hand"],
        ),
        row(
            "bytes.no-inventory",
            "a record will name it",
            Home::unmanaged().but(|home| {
                let path = "/old/.claude/plugins/cache/tools/alpha/1.0.0";
                home.installed["alpha@tools"][0]["installPath"] = json!(path);
            }),
            &[],
        ),
        row("cache.garbage", "nothing is left", Home::synced(), &[]),
        row(
            "cache.garbage",
            "a clone was left",
            Home::synced().but(|home| {
                let path = "/h/.claude/plugins/cache/temp_1".into();
                home.disk.litter.push(Litter { path, bytes: 2048 });
            }),
            &["info temp_1 ~/.claude/plugins/cache/temp_1 by hand"],
        ),
    ]
}
