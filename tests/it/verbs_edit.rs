//! edit: the manifest in an editor.

use crate::sandbox::Sandbox;

const MANIFEST: &str = "~/.config/zskills/skills.toml";
const COPY: &str = "~/.config/zskills/skills.edit.toml";

/// A home with a manifest and an editor that does this to its last argument.
fn with_editor(script: &str) -> Sandbox {
    let home = Sandbox::new().manifest("version = 1\n");
    home.shim_with("ed-test", &format!("for file; do :; done\n{script}"));
    home.var("EDITOR", "ed-test --wait")
}

#[test]
fn a_text_that_can_be_read_takes_the_place_of_the_manifest() {
    let home = with_editor("printf '# mine\\n' >> \"$file\"");
    home.zskills(&["edit"]).expect(0).says(&["zskills sync"]);
    assert_eq!(home.read(MANIFEST), "version = 1\n# mine\n");
    assert!(!home.exists(COPY));
    let document = home.zskills(&["edit", "--json"]).document("edit");
    assert_eq!(document["changed"], true);
}

#[test]
fn a_text_with_faults_stays_beside_and_every_fault_is_shown() {
    let home = with_editor("printf 'versoin = 2\\n' > \"$file\"");
    home.zskills(&["edit"]).expect(1).says(&["skills.edit.toml:1", "versoin", "stays as it was"]);
    assert_eq!(home.read(MANIFEST), "version = 1\n");
    assert_eq!(home.read(COPY), "versoin = 2\n");
    home.zskills(&["edit"]).expect(1).says(&["left from another edit"]);
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let home = with_editor("true");
    let before = home.stamps();
    home.zskills(&["edit"]).expect(0).says(&["nothing was changed"]);
    assert_eq!(home.stamps(), before);
}

#[test]
fn an_editor_that_fails_leaves_no_copy_of_an_untouched_text() {
    let home = with_editor("exit 3");
    home.zskills(&["edit"]).expect(1).says(&["ed-test"]);
    assert!(!home.exists(COPY));
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_not_lost() {
    let home =
        with_editor("printf '# a\\n' >> \"$file\"; printf '# b\\n' >> \"${file%.edit.toml}.toml\"");
    home.zskills(&["edit"]).expect(1).says(&["your text is in"]);
    assert_eq!(home.read(MANIFEST), "version = 1\n# b\n");
    assert_eq!(home.read(COPY), "version = 1\n# a\n");
}

#[test]
fn without_a_manifest_or_an_editor_it_says_what_to_do() {
    with_editor("true").var("EDITOR", "").zskills(&["edit"]).expect(1).says(&["VISUAL"]);
    Sandbox::new().zskills(&["edit"]).expect(1).says(&["zskills init"]);
}
