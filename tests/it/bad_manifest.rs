//! Mistakes in `skills.toml`: the place, the line, a caret and a way out; nothing is done.

use crate::sandbox::Sandbox;
use crate::{tools, wants};

/// Syncs a manifest with a mistake: the place and the phrases are shown, and nothing happens.
#[track_caller]
fn refuses(text: &str, place: &str, phrases: &[&str]) {
    let home = Sandbox::new().manifest(text);
    tools(&home);
    home.processes();
    let run = home.zskills(&["sync"]);
    assert_ne!(run.code, Some(0), "{text}\n{run}");
    run.says(&[&format!("skills.toml:{place}"), "^"]).says(phrases);
    assert_eq!(home.processes(), [""; 0], "{text}");
    assert!(!home.exists("~/.claude"), "{text}");
}

#[test]
fn unknown_keys_and_tables_get_a_suggestion() {
    refuses(
        "version = 1\n[[marketplaces]]\nname = \"x\"\nsorce = \"a/b\"\n",
        "4:1",
        &["`sorce`", "did you mean `source`"],
    );
    refuses(
        "version = 1\n[[skils]]\nname = \"a@b\"\n",
        "2:",
        &["`skils`", "did you mean", "skills"],
    );
    refuses(
        "version = 1\n[[skills]]\nname = \"a@b\"\nenabeld = true\n",
        "4:1",
        &["did you mean `enabled`"],
    );
}

#[test]
fn wrong_types_are_shown() {
    refuses("version = 1\n[[skills]]\nname = 5\n", "3:", &["name"]);
    refuses("version = 1\n[[skills]]\nname = \"a@b\"\nenabled = \"yes\"\n", "4:", &["enabled"]);
    refuses(
        "version = 1\n[[skills]]\nname = \"a@b\"\nscope = \"galaxy\"\n",
        "4:",
        &["galaxy", "project"],
    );
    refuses(
        "version = 1\n[[skills]]\nname = \"a@b\"\nversion = \"not a range\"\n",
        "4:",
        &["version"],
    );
}

#[test]
fn broken_toml_is_shown() {
    refuses("version = 1\n[[skills]\n", "2:", &[]);
    refuses("version = = 1\n", "1:", &[]);
    refuses("version = 1\nversion = 1\n", "2:", &["version"]);
}

#[test]
fn another_format_version_is_not_guessed_at() {
    refuses("version = 2\n", "1:", &["version", "1"]);
}

#[test]
fn duplicates_are_refused_with_the_place_of_the_second() {
    refuses(
        "version = 1\n[[skills]]\nname = \"a@b\"\n[[skills]]\nname = \"a\"\nmarketplace = \"b\"\n",
        "",
        &["a@b"],
    );
    refuses(
        "version = 1\n[[marketplaces]]\nname = \"m\"\nsource = \"a/b\"\n[[marketplaces]]\nname = \"m\"\nsource = \"c/d\"\n",
        "",
        &["`m`"],
    );
}

#[test]
fn one_plugin_with_two_pins_is_refused() {
    let user = "version = 1\n[[skills]]\nname = \"a@b\"\npin = \"v1\"\n";
    let project = "[[skills]]\nname = \"a@b\"\nscope = \"project\"\n";
    refuses(
        &format!("{user}{project}"),
        "6:",
        &["a@b", "another pin than in line 2", "same `pin`"],
    );
}

#[test]
fn the_file_of_another_tool_is_recognized() {
    refuses("[skills]\nfoo = \"1\"\n", "1:", &["another tool", "[[skills]]"]);
}

#[test]
fn names_that_could_escape_are_refused_before_anything_runs() {
    for name in ["../x", "a/b", "", "-rf", ".hidden", "a\\u0007b", "a b", "a\\nb", "a\\\\b"] {
        refuses(&wants(&["alpha"]).replace("alpha@tools", &format!("{name}@tools")), "", &["name"]);
        let market =
            format!("version = 1\n[[marketplaces]]\nname = \"{name}\"\nsource = \"acme/tools\"\n");
        refuses(&market, "3:", &["name"]);
    }
}

#[test]
fn sources_that_git_could_take_for_options_or_programs_are_refused() {
    for source in ["--upload-pack=touch x", "ext::sh -c touch% x", "fd::17", "-oProxyCommand=x", ""]
    {
        refuses(&wants(&["alpha"]).replace("acme/tools", source), "5:", &["source"]);
    }
}

#[test]
fn a_pin_that_git_could_take_for_an_option_is_refused() {
    let text = wants(&[]) + "pin = \"--upload-pack=x\"\n";
    refuses(&text, "6:", &["pin"]);
}

#[test]
fn a_plugin_without_a_marketplace_is_shown() {
    refuses("version = 1\n[[skills]]\nname = \"alpha\"\n", "", &["alpha", "marketplace"]);
}

#[test]
fn a_manifest_that_is_not_text_is_an_error_about_that_file() {
    let home = Sandbox::new();
    home.write("~/.config/zskills/skills.toml", b"version = 1 # \xff\n");
    let run = home.zskills(&["sync"]);
    assert_ne!(run.code, Some(0), "{run}");
    run.says(&["skills.toml", "UTF-8"]);
}

#[test]
fn a_manifest_that_is_named_but_missing_is_an_error() {
    let home = Sandbox::new();
    let run = home.zskills(&["sync", "--file", "~/none.toml"]);
    assert_ne!(run.code, Some(0), "{run}");
    run.says(&["~/none.toml"]);
}

#[test]
fn words_of_other_tools_are_answered_with_ours() {
    refuses("version = 1\n[[plugins]]\nname = \"a@b\"\n", "2:", &["`plugins`", "`[[skills]]`"]);
    refuses(
        "version = 1\n[[mcpServers]]\nname = \"a\"\ncommand = \"b\"\n",
        "2:",
        &["`mcpServers`", "`[[mcps]]`"],
    );
    refuses(
        "version = 1\n[mcpServers.a]\ncommand = \"b\"\n",
        "2:",
        &["`mcpServers`", "`[[mcps]]`"],
    );
    refuses(
        "version = 1\n[[skills]]\nsource = \"acme/kit\"\nname = \"pdf\"\n",
        "3:1",
        &["a plugin of a marketplace", "`[[agent_skills]]`"],
    );
    refuses(
        "version = 1\n[[skills]]\nname = \"a@b\"\nscope = \"global\"\n",
        "4:",
        &["did you mean `user`"],
    );
}

/// Syncs a manifest that reads well and asks for what cannot be had: it is shown where that stands.
#[track_caller]
fn points_at(text: &str, place: &str, phrases: &[&str]) {
    let home = Sandbox::new().manifest(text);
    tools(&home);
    home.repo("acme/kit")
        .write("skills/docx/SKILL.md", "---\nname: docx\ndescription: Does docx.\n---\n")
        .commit();
    let run = home.zskills(&["sync"]);
    run.expect(1).says(&[&format!("skills.toml:{place}"), "^"]).says(phrases);
    let document = home.zskills(&["sync", "--json"]).expect(1).document("sync");
    let line: u64 = place.split(':').next().unwrap().parse().unwrap();
    let notes = document["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["fault"]["line"] == line), "{document}");
}

#[test]
fn what_cannot_be_had_is_shown_where_it_stands() {
    points_at(&wants(&["gone"]), "8:8", &["gone@tools", "name = \"gone@tools\""]);
    points_at(
        &(wants(&[]) + "\n[[skills]]\nname = \"alpha@tools\"\nversion = \"^9\"\n"),
        "9:11",
        &["alpha@tools", "^9"],
    );
    points_at(
        "version = 1\n[[skills]]\nname = \"a\"\nmarketplace = \"nobody\"\n",
        "4:15",
        &["nobody"],
    );
    points_at(
        "version = 1\n[[marketplaces]]\nname = \"tools\"\nsource = \"acme/tools\"\npin = \"v9\"\n",
        "5:7",
        &["v9"],
    );
    points_at(
        "version = 1\n[[agent_skills]]\nsource = \"acme/kit\"\nnames = [\"docx\", \"dcox\"]\n",
        "4:18",
        &["dcox"],
    );
    points_at("version = 1\n[[agent_skills]]\nsource = \"./nowhere\"\n", "3:10", &["nowhere"]);
}

#[test]
fn references_that_the_client_takes_literally_are_named_and_so_is_a_secret() {
    let home = Sandbox::new().manifest(
        "version = 1\n[[mcps]]\nname = \"s\"\ncommand = \"true\"\nargs = [\"$ROOT/x\"]\nenv = { A = \"${TOKEN\", API_KEY = \"hunter2hunter2\" }\n",
    );
    let run = home.zskills(&["sync"]);
    run.expect(0).says(&[
        "`args` has `$ROOT`",
        "`env.A` has `${TOKEN` without",
        "`env.API_KEY` holds",
    ]);
    run.is_silent_about(&["hunter2"]);
    // Said once; from then on it is doctor's to say.
    home.zskills(&["sync"]).expect(0).is_silent_about(&["`args` has", "`env.A` has", "holds"]);
    home.zskills(&["doctor"]).says(&["mcp.env-syntax", "mcp.secret-literal"]);
}

#[test]
fn a_wish_that_is_unmet_after_an_edit_is_shown_where_it_stands_now() {
    let home = Sandbox::new().manifest(
        "version = 1\n\n[[marketplaces]]\nname = \"tools\"\nsource = \"acme/tools\"\n\n[[skills]]\nname = \"gone@tools\"\nenabled = false\nversion = \"^9\"\n",
    );
    home.marketplace("tools").plugin("alpha", "1.0.0").commit();
    home.zskills(&["enable", "gone@tools"]).expect(1).says(&[
        "skills.toml:8:8",
        "name = \"gone@tools\"",
        "^",
    ]);
}
