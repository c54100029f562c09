//! Which project an entry means: the one that its manifest lies in, or the one that it is bound to.

use crate::sandbox::{Sandbox, changes};
use crate::{declares, plugin, tools};

const MANIFEST: &str = "~/.config/zskills/skills.toml";
const SETTINGS: &str = "~/code/app/.claude/settings.json";
const LOCAL: &str = "~/code/app/.claude/settings.local.json";

/// A home with the project `~/code/app`, whose own manifest has one plugin of project scope.
fn with(more: &str) -> Sandbox {
    let manifest = declares("acme/tools") + &plugin("alpha", more);
    let home = Sandbox::new().project("~/code/app").manifest(&manifest);
    tools(&home);
    home
}

#[track_caller]
fn is_on(home: &Sandbox, file: &str) -> bool {
    home.exists(file) && home.json(file)["enabledPlugins"]["alpha@tools"] == true
}

#[test]
fn what_names_no_project_waits_until_it_is_applied_to_one_and_is_kept_up_from_then_on() {
    let home = with("scope = \"project\"");
    home.synced().says(&[
        "no project is named for `alpha@tools`",
        "`zskills sync --here`",
        "project =",
    ]);
    assert!(!is_on(&home, SETTINGS));
    home.zskills(&["sync", "--check"]).expect(0);
    home.synced_with(&["--here"]);
    assert!(is_on(&home, SETTINGS));
    home.synced().is_silent_about(&["no project is named"]);
    let home = home.cwd("~/elsewhere");
    home.remove(SETTINGS);
    home.synced().says(&["project ~/code/app", "alpha@tools"]);
    assert!(is_on(&home, SETTINGS), "it is kept up from everywhere");
    let tree = home.tree();
    home.synced();
    assert_eq!(changes(&tree, &home.tree()), [""; 0]);
    home.write(MANIFEST, declares("acme/tools"));
    home.synced();
    assert!(!is_on(&home, SETTINGS));
    home.cwd("~")
        .zskills(&["sync", "--here"])
        .expect(1)
        .says(&["needs a project, and this folder is the home"]);
}

#[test]
fn what_is_bound_to_a_project_goes_there_from_wherever_the_command_runs() {
    let home = with("scope = \"local\"\nproject = \"~/code/app\"").cwd("~/elsewhere");
    home.synced();
    assert!(is_on(&home, LOCAL));
    let tree = home.tree();
    home.synced();
    assert_eq!(changes(&tree, &home.tree()), [""; 0]);
    home.zskills(&["sync", "--frozen"]).expect(0);
    let home = home.cwd("~/code/app");
    home.synced();
    assert_eq!(changes(&tree, &home.tree()), [""; 0]);
    let home = home.cwd("~/elsewhere");
    home.remove(LOCAL);
    home.zskills(&["sync", "--check"]).expect(3);
    let document = home.zskills(&["sync", "--json"]).document("sync");
    assert_eq!(document["projects"][0]["applied"], true);
    assert_eq!(document["projects"][0]["project"], "~/code/app");
    home.write(MANIFEST, declares("acme/tools"));
    home.synced();
    assert!(!is_on(&home, LOCAL));
}

#[test]
fn a_project_that_is_not_there_is_waited_for_and_never_made() {
    let home = with("scope = \"local\"\nproject = \"~/code/gone\"");
    home.synced().says(&["~/code/gone: is not there, so `alpha@tools` waits for it"]);
    assert!(!home.exists("~/code/gone") && !is_on(&home, LOCAL));
    home.zskills(&["sync", "--check"]).expect(0);
    let home = with("project = \"~/code/app\"");
    home.zskills(&["sync"]).expect(1).says(&["`project` without the scope of a project"]);
}

#[test]
fn the_manifest_of_a_project_means_that_project_wherever_the_command_runs() {
    let home = Sandbox::new().project("~/code/app").cwd("~/elsewhere");
    tools(&home);
    let manifest = declares("acme/tools") + &plugin("alpha", "scope = \"project\"");
    home.write("~/code/app/skills.toml", manifest);
    home.zskills(&["sync", "--file", "../code/app/skills.toml"]).expect(0);
    assert!(is_on(&home, SETTINGS));
    assert!(!home.exists("~/elsewhere/.claude"));
    home.zskills(&["sync", "--here", "--file", "../code/app/skills.toml"])
        .expect(1)
        .says(&["the project that it lies in"]);
    // A link to it from the usual place makes it the user's own.
    home.link(MANIFEST, "~/code/app/skills.toml");
    home.remove(SETTINGS);
    home.zskills(&["sync", "--file", "../code/app/skills.toml"])
        .expect(0)
        .says(&["project ~/code/app"]);
    assert!(is_on(&home, SETTINGS));
}

#[test]
fn install_into_a_project_writes_its_own_manifest_and_local_the_users_with_its_name() {
    let home = Sandbox::new().project("~/code/app").manifest(&declares("acme/tools"));
    tools(&home);
    home.synced();
    home.zskills(&["install", "alpha", "--scope", "project"]).expect(0);
    assert!(is_on(&home, SETTINGS));
    assert!(home.read("~/code/app/skills.toml").contains("alpha"));
    assert!(!home.read(MANIFEST).contains("alpha"));
    home.synced().says(&["up to date"]);
    home.zskills(&["remove", "alpha"]).expect(1).says(&["on behalf of", "app/skills.toml`"]);
    home.zskills(&["remove", "alpha", "--file", "skills.toml"]).expect(0);
    assert!(!is_on(&home, SETTINGS));
    home.zskills(&["install", "alpha", "--scope", "local"]).expect(0);
    assert!(home.read(MANIFEST).contains("scope = \"local\"\nproject = \"~/code/app\"\n"));
    assert!(is_on(&home, LOCAL));
    home.synced().says(&["up to date"]);
    home.zskills(&["install", "--scope", "local", "--mcp", "clock", "--", "true"]).expect(0);
    assert_eq!(home.read(MANIFEST).matches("project = \"~/code/app\"").count(), 2);
    home.synced().says(&["up to date"]);
}

#[test]
fn adopt_takes_the_users_own_things_and_with_here_those_of_the_project() {
    let home = Sandbox::new().project("~/code/app");
    let root = home.path("~/code/app").display().to_string();
    let text = serde_json::json!({
        "mcpServers": {"mine": {"command": "true"}},
        "projects": {root: {"mcpServers": {"theirs": {"command": "true"}}}},
    });
    home.write("~/.claude.json", text.to_string());
    home.zskills(&["sync", "--adopt"]).expect(0).says(&["1 things of this project are left"]);
    assert!(!home.read(MANIFEST).contains("theirs"));
    home.zskills(&["sync", "--adopt", "--here"]).expect(0);
    let manifest = home.read(MANIFEST);
    assert!(manifest.contains("name = \"theirs\""), "{manifest}");
    assert!(manifest.contains("project = \"~/code/app\""), "{manifest}");
    home.cwd("~").synced().says(&["up to date"]);
}
