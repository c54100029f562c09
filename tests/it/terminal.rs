//! What a person at a terminal sees and types: lists to choose from, questions, and Ctrl-C.

use crate::pty::OnTerminal;
use crate::sandbox::Sandbox;
use crate::skill_verbs::kit;
use crate::{declares, tools, wants};

const MANIFEST: &str = "~/.config/zskills/skills.toml";

const NARROW: (u16, u16) = (60, 12);
const WIDE: (u16, u16) = (200, 40);

const DOWN: &str = "\u{1b}[B";
const ESCAPE: &str = "\u{1b}";
const CTRL_C: &str = "\u{3}";

/// A home with the marketplace `tools` and fifteen plugins that a filter can tell apart.
fn shelf() -> Sandbox {
    let home = Sandbox::new().manifest(&declares("acme/tools")).var("ZSKILLS_NO_FZF", "1");
    let others = (0..12).map(|number| format!("other-{number}"));
    let names = ["github", "git", "pdf"].map(str::to_owned).into_iter().chain(others);
    let market = home.marketplace("tools");
    let repo = names.fold(market, |market, name| market.plugin(&name, "1.0.0")).commit();
    repo.edit_catalog(|catalog| {
        for entry in catalog["plugins"].as_array_mut().unwrap() {
            entry["description"] = "words ".repeat(30).into();
        }
    });
    repo.commit();
    home.synced();
    home
}

#[track_caller]
fn ends_with(code: i32, terminal: &mut OnTerminal) {
    let (ended, heard) = terminal.ends();
    assert_eq!(ended, code, "{heard}");
}

#[test]
fn a_list_filters_while_one_types_and_enter_installs() {
    for size in [NARROW, WIDE] {
        let home = shelf();
        let mut terminal = home.on_terminal(size, &["install", "-i"]);
        terminal.shows("15 of 15").press("git").shows("> git\n>  git@tools");
        terminal.shows("2 of 15").hides("pdf@tools");
        assert!(!terminal.broke_a_line());
        terminal.press(DOWN).shows(">  github@tools").press("\r");
        ends_with(0, &mut terminal);
        assert_eq!(home.enabled("github@tools"), Some(true));
        assert_eq!(home.enabled("git@tools"), None);
    }
}

#[test]
fn what_is_named_beside_i_is_typed_in_already() {
    let home = shelf();
    let mut terminal = home.on_terminal(NARROW, &["install", "-i", "git"]);
    terminal.shows("plugins to install> git").shows("2 of 15");
    terminal.press("\t").shows("1 marked").press("\t").shows("2 marked").press("\r");
    ends_with(0, &mut terminal);
    assert_eq!((home.enabled("git@tools"), home.enabled("github@tools")), (Some(true), Some(true)));
    let mut terminal = home.on_terminal(WIDE, &["remove", "-i", "github"]);
    terminal.shows("what to remove> github").shows("1 of").press("\r");
    ends_with(0, &mut terminal);
    assert_eq!((home.enabled("git@tools"), home.enabled("github@tools")), (Some(true), None));
}

#[test]
fn a_list_that_is_left_changes_nothing_and_the_terminal_is_as_before() {
    for (key, code) in [(ESCAPE, 1), (CTRL_C, 130)] {
        let home = shelf();
        let before = home.stamps();
        // A shell in between tells how it ended, and the state of the terminal.
        let line = "stty -g; trap : INT; $ZSKILLS install -i; echo \"ended with $?\"; stty -g";
        let mut terminal = home.shell_on_terminal(NARROW, line);
        terminal.shows("15 of 15").press(key).shows(&format!("ended with {code}"));
        let (_, heard) = terminal.ends();
        let lines: Vec<&str> =
            heard.lines().filter(|line| line.matches(':').count() > 10).collect();
        assert_eq!(lines.len(), 2, "{heard}");
        assert_eq!(lines[0], lines[1], "{heard}");
        assert_eq!(home.stamps(), before);
    }
}

#[test]
fn fzf_is_used_where_it_is_and_told_what_is_typed() {
    let home = shelf().var("ZSKILLS_NO_FZF", "");
    home.shim_with("fzf", "grep '^github'");
    let mut terminal = home.on_terminal(NARROW, &["install", "-i", "git"]);
    ends_with(0, &mut terminal);
    assert_eq!(home.enabled("github@tools"), Some(true));
    let calls = home.processes();
    assert!(calls.iter().any(|call| call.contains("fzf --multi") && call.ends_with("--query git")));
}

#[test]
fn the_skills_of_a_source_are_chosen_from_the_same_list() {
    let home = Sandbox::new().var("ZSKILLS_NO_FZF", "1");
    kit(&home, &["pdf", "docx", "xlsx"]);
    let mut terminal = home.on_terminal(NARROW, &["install", "-i", "acme/kit"]);
    terminal.shows("3 of 3").press("xl").shows("1 of 3").press("\r");
    ends_with(0, &mut terminal);
    assert!(home.exists("~/.agents/skills/xlsx/SKILL.md"));
    assert!(!home.exists("~/.agents/skills/pdf"));
}

#[test]
fn a_question_is_answered_with_yes_and_anything_else_is_no() {
    let question = "Delete the bytes of `alpha@tools`? [y/N]";
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    home.synced();
    let before = home.stamps();
    for (answer, code) in [("\n", 1), ("no\n", 1), ("\u{4}", 1), (CTRL_C, 130)] {
        let mut terminal = home.on_terminal(NARROW, &["purge", "alpha"]);
        terminal.shows(question).press(answer);
        ends_with(code, &mut terminal);
        assert_eq!(home.stamps(), before, "{answer:?}");
    }
    let mut terminal = home.on_terminal(WIDE, &["purge", "alpha"]);
    terminal.shows(question).press("y\n");
    ends_with(0, &mut terminal);
    assert!(!home.read(MANIFEST).contains("alpha"));
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let home = shelf();
    let long =
        "version = 1\nunheard-of = \"words and words and words and words and words and words\"\n";
    home.write("~/long.toml", long);
    for size in [NARROW, WIDE] {
        for (line, code) in [
            ("search words --no-pager", 0),
            ("install git --dry-run", 0),
            ("install nothing-of-that-name", 1),
            ("doctor --explain --no-pager", 0),
            ("list --help", 0),
            ("--help", 0),
            ("sync --file ~/long.toml", 1),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let mut terminal = home.on_terminal(size, &words);
            ends_with(code, &mut terminal);
            assert!(!terminal.broke_a_line(), "{line} on {size:?}\n{}", terminal.ends().1);
        }
    }
    let piped = home.zskills(&["search", "words"]);
    assert!(piped.stdout.lines().any(|line| line.len() > 100), "{piped}");
}

/// A home with a pager that marks what it shows.
fn with_pager(script: &str) -> Sandbox {
    let home = shelf();
    home.shim_with("reader", script);
    home.var("PAGER", "reader --quietly")
}

#[test]
fn what_is_longer_than_the_screen_goes_through_a_pager() {
    let check = |home: &Sandbox, size: (u16, u16), line: &str, paged: bool| {
        let mut terminal = home.shell_on_terminal(size, &format!("$ZSKILLS {line}"));
        let (code, heard) = terminal.ends();
        assert_eq!(code, 0, "{heard}");
        assert!(heard.contains("git@tools"), "{line}\n{heard}");
        assert_eq!(heard.contains("page:"), paged, "{line}\n{heard}");
    };
    let home = with_pager("echo page:; cat");
    check(&home, NARROW, "search words", true);
    check(&home, WIDE, "search words", false);
    let (code, heard) = home.on_terminal((60, 2), &["history"]).ends();
    assert!(code == 0 && heard.contains("page:\n") && heard.contains("zskills sync"), "{heard}");
    check(&home, NARROW, "search words --json", false);
    check(&home, NARROW, "search words --no-pager", false);
    check(&home, NARROW, "search words | cat", false);
    let home = home.var("ZSKILLS_PAGER", "");
    check(&home, NARROW, "search words", false);
    let home = home.var("ZSKILLS_PAGER", "there-is-no-such-reader");
    check(&home, NARROW, "search words", false);
    let home = home.var("ZSKILLS_PAGER", "sed 's/^/page:/'");
    check(&home, NARROW, "search words", true);
}

#[test]
fn a_pager_may_be_left_and_has_ctrl_c_to_itself() {
    let home = with_pager(
        "trap : INT; head -n 1; echo reading; read line </dev/tty; read line </dev/tty; echo \"left with $line\"",
    );
    let mut terminal = home.on_terminal(NARROW, &["search", "words"]);
    terminal.shows("reading").press(CTRL_C).press("q\nq\n").shows("left with q");
    ends_with(0, &mut terminal);
}

#[test]
fn a_name_that_several_have_is_asked_for_once_where_somebody_can_answer() {
    let home = shelf();
    home.local_marketplace("~/more", "more").plugin("git", "2.0.0").folder();
    home.zskills(&["marketplace", "add", "~/more"]).expect(0);
    home.zskills(&["install", "git"]).expect(1).says(&["`git@more`, `git@tools`"]);
    let mut terminal = home.on_terminal(NARROW, &["install", "git"]);
    terminal.shows("which `git`>").shows("git@tools").press("tool").shows("1 of 2").press("\r");
    ends_with(0, &mut terminal);
    assert_eq!((home.enabled("git@tools"), home.enabled("git@more")), (Some(true), None));
    home.zskills(&["install", "git@more"]).expect(0);
    let mut terminal = home.on_terminal(WIDE, &["disable", "git"]);
    terminal.shows("which `git`>").press("\r");
    ends_with(0, &mut terminal);
    assert_eq!((home.enabled("git@tools"), home.enabled("git@more")), (Some(true), Some(false)));
    let before = home.stamps();
    let mut terminal = home.on_terminal(WIDE, &["remove", "git"]);
    terminal.shows("which `git`>").press(CTRL_C);
    ends_with(130, &mut terminal);
    assert_eq!(home.stamps(), before);
}
