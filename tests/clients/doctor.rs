//! What doctor heals the client lists again: before, and after one `--fix`.

use crate::peer::listed;
use crate::sandbox::Sandbox;

const PLUGINS: &str = "~/.claude/plugins";

fn synced() -> Sandbox {
    let home = Sandbox::new().manifest(
        "version = 1\n[[marketplaces]]\nname = \"tools\"\nsource = \"~/tools\"\n\
         [[skills]]\nname = \"alpha@tools\"\n",
    );
    home.local_marketplace("~/tools", "tools").plugin("alpha", "1.0.0").folder();
    home.zskills(&["sync"]).expect(0);
    assert!(works(&home), "the client lists what was synced");
    home
}

/// Tells whether the client lists the plugin as enabled and without an error.
fn works(home: &Sandbox) -> bool {
    let rows = listed(home, "~");
    rows.get("alpha@tools").is_some_and(|row| row["enabled"] == true && row["errors"].is_null())
}

#[track_caller]
fn heals(breakage: impl Fn(&Sandbox)) {
    let home = synced();
    breakage(&home);
    assert!(!works(&home), "the client does not notice");
    home.zskills(&["doctor", "--check"]).expect(3);
    home.zskills(&["doctor", "--fix", "--yes"]).expect(0);
    assert!(works(&home), "the client lists it again");
    home.zskills(&["doctor", "--check", "--strict"]).expect(0);
}

#[test]
fn a_registry_that_the_client_cannot_read_works_again() {
    for text in ["", "{\"tools\": {", "{\"x\": {\"source\": {\"source\": \"remote-index\"}}}"] {
        heals(|home| home.write(&format!("{PLUGINS}/known_marketplaces.json"), text));
    }
}

#[test]
fn an_inventory_that_the_client_cannot_read_works_again() {
    for text in ["", "{\"version\": 2, \"plugins\": {", "{\"version\": 3, \"plugins\": {}}"] {
        heals(|home| home.write(&format!("{PLUGINS}/installed_plugins.json"), text));
    }
}

#[test]
fn settings_with_a_comment_count_again() {
    heals(|home| {
        let file = "~/.claude/settings.json";
        home.write(file, home.read(file).replacen('{', "{ // mine\n", 1));
    });
}

#[test]
fn a_folder_registered_under_a_path_of_another_machine_loads_again() {
    heals(|home| {
        let file = format!("{PLUGINS}/known_marketplaces.json");
        let here = home.path("~/tools").display().to_string();
        let mut known = home.json(&file);
        known["tools"]["installLocation"] = "/home/ada/tools".into();
        assert_eq!(known["tools"]["source"]["path"], here);
        home.write(&file, serde_json::to_string_pretty(&known).unwrap());
    });
}

#[test]
fn a_fresh_machine_with_restored_settings_gets_its_plugins() {
    heals(|home| {
        for name in ["installed_plugins.json", "known_marketplaces.json", "cache"] {
            home.remove(&format!("{PLUGINS}/{name}"));
        }
    });
}
