//! A saved plan is applied exactly, or not at all.

use crate::sandbox::{Sandbox, changes};
use crate::{tools, wants};

const SETTINGS: &str = "~/.claude/settings.json";

fn saved(plugins: &[&str]) -> Sandbox {
    let home = Sandbox::new().manifest(&wants(plugins)).file(
        SETTINGS,
        "{\n  \"model\": \"opus\",\n  \"enabledPlugins\": {\n    \"beta@tools\": false\n  }\n}\n",
    );
    tools(&home);
    let before = home.tree();
    home.zskills(&["sync", "--dry-run", "--out", "~/plan.json"]).expect(0).says(&["alpha@tools"]);
    let written: Vec<String> = changes(&before, &home.tree())
        .into_iter()
        .filter(|line| !line.contains("/.cache") && !line.contains("plan.json"))
        .collect();
    assert_eq!(written, [""; 0]);
    assert_eq!(home.mode("~/plan.json"), 0o600);
    home
}

#[test]
fn what_was_saved_is_what_is_done() {
    let home = saved(&["alpha", "beta"]);
    home.marketplace("tools").plugin("alpha", "9.0.0").plugin("beta", "9.0.0").commit();
    // The client writes other keys of the same file at each start.
    let settings = home.read(SETTINGS).replace("\"opus\"", "\"haiku\"");
    home.write(SETTINGS, settings);
    home.processes();
    home.zskills(&["apply", "~/plan.json"]).expect(0).says(&["done: 3 added"]);
    assert!(
        !home.processes().iter().any(|line| line.contains("fetch") || line.contains("ls-remote"))
    );
    assert_eq!(home.json(SETTINGS)["model"], "haiku");
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
    home.synced().says(&["up to date"]);
    home.zskills(&["undo"]).expect(0);
    assert_eq!(home.record("alpha@tools"), serde_json::Value::Null);
}

#[test]
fn what_is_different_now_is_named_and_nothing_is_done() {
    let check = |change: &dyn Fn(&Sandbox), named: &str| {
        let home = saved(&["alpha", "beta"]);
        change(&home);
        let before = home.subtree("~/.claude");
        let run = home.zskills(&["apply", "~/plan.json"]);
        run.expect(4).says(&[named, "is not what it was when the plan was saved"]);
        assert_eq!(home.subtree("~/.claude"), before, "{named}");
        let json = home.zskills(&["apply", "~/plan.json", "--json"]);
        assert_eq!(json.document("error")["exit"], 4);
    };
    check(
        &|home| {
            let settings =
                home.read(SETTINGS).replace("\"beta@tools\": false", "\"beta@tools\": true");
            home.write(SETTINGS, settings);
        },
        "enabledPlugins.beta@tools",
    );
    check(&|home| home.write("~/.config/zskills/skills.toml", wants(&["alpha"])), "skills.toml");
    check(&|home| home.write("~/.config/zskills/skills.lock", "version = 1\n"), "skills.lock");
    check(
        &|home| home.write("~/.claude/plugins/cache/tools/alpha/1.0.0/mine", "x"),
        "cache/tools/alpha/1.0.0",
    );
}

#[test]
fn a_file_that_is_no_plan_is_named() {
    let home = Sandbox::new().manifest(&wants(&["alpha"])).file("~/plan.json", "{}");
    home.zskills(&["apply", "~/plan.json"]).expect(1).says(&["plan.json", "is no saved plan"]);
    home.zskills(&["apply", "~/none.json"]).expect(1).says(&["there is no plan"]);
    home.zskills(&["sync", "--out", "~/x"]).expect(2).says(&["--dry-run"]);
}
