//! Remote indexes: registered in our own state, asked by search and install, never in the client's file.

use serde_json::json;

const KNOWN: &str = "~/.claude/plugins/known_marketplaces.json";
const OURS: &str = "~/.local/state/zskills/indexes.json";

fn entry() -> String {
    json!({ "skills.sh": { "source": { "source": "remote-index", "url": "https://skills.sh" } } })
        .to_string()
}

#[cfg(not(feature = "skills-sh"))]
#[test]
fn without_the_driver_the_source_is_unrecognized() {
    let home = crate::Sandbox::new();
    home.zskills(&["marketplace", "add", "skills.sh"])
        .expect(1)
        .says(&["unrecognized", "--features skills-sh"]);
    assert!(!home.exists(OURS));
    home.write(KNOWN, entry());
    home.zskills(&["doctor"]).says(&["registry.unknown-kind", "takes the entry out"]);
    home.zskills(&["doctor", "--fix"]).expect(0).says(&["only the copy keeps it"]);
    assert!(!home.exists(OURS) && home.json(KNOWN) == json!({}));
}

#[cfg(feature = "skills-sh")]
mod with_the_driver {
    use super::{KNOWN, OURS, entry};
    use crate::http::{HttpServer, Mood};
    use crate::sandbox::{Sandbox, changes};
    use crate::{Repo, tools};
    use serde_json::{Value, json};

    fn skills_of<'a>(home: &'a Sandbox, repo: &str) -> Repo<'a> {
        let repo = home.repo(repo);
        for name in ["pdf", "docx"] {
            let text = format!("---\nname: {name}\ndescription: Does {name}.\n---\n\nWell.\n");
            repo.write(&format!("skills/{name}/SKILL.md"), &text);
        }
        repo.commit();
        repo
    }

    /// A home with an index that has these rows, registered, with the key that it wants.
    fn home(rows: &Value) -> (Sandbox, HttpServer) {
        let home = Sandbox::new();
        home.write("~/served/api/search/index.json", json!({ "skills": rows }).to_string());
        let server = HttpServer::start(&home.path("~/served"));
        server.set(Mood::Login("Bearer hunter2"));
        let home = home
            .var("ZSKILLS_SKILLS_SH_URL", server.url(""))
            .var("ZSKILLS_SKILLS_SH_API_KEY", "hunter2");
        home.zskills(&["marketplace", "add", "skills.sh"]).expect(0);
        (home, server)
    }

    fn pdf() -> Value {
        json!([{ "id": "acme/kit/pdf", "name": "pdf", "installs": 7, "source": "acme/kit" }])
    }

    #[test]
    fn the_registration_is_ours_and_the_client_does_not_see_it() {
        let (home, _server) = home(&json!([]));
        assert_eq!(home.json(OURS)["indexes"]["skills.sh"]["url"], "https://skills.sh");
        assert!(!home.exists(KNOWN));
        home.zskills(&["marketplace", "list"]).expect(0).says(&["[remote-index]"]);
        let list = home.zskills(&["marketplace", "list", "--json"]).json();
        assert_eq!(list["skills.sh"]["source"]["source"], "remote-index");
        let before = home.stamps();
        home.zskills(&["marketplace", "add", "skills.sh"]).expect(0);
        assert_eq!(changes(&before, &home.stamps()), [""; 0]);
        home.zskills(&["marketplace", "update", "skills.sh"]).expect(0).says(&["nothing to"]);
        home.zskills(&["marketplace", "remove", "skills.sh"]).expect(0);
        home.zskills(&["marketplace", "list"]).expect(0).says(&["(none)"]);
    }

    #[test]
    fn a_search_has_local_hits_first_and_then_those_of_the_index() {
        let (home, server) = home(&pdf());
        home.marketplace("tools").plugin("my-pdf", "1.0.0").commit();
        home.zskills(&["marketplace", "add", "acme/tools"]).expect(0);
        let run = home.zskills(&["search", "pdf", "--json"]);
        let rows: Vec<Value> = serde_json::from_str(&run.expect(0).stdout).unwrap();
        assert_eq!(rows[0]["name"], "my-pdf");
        let row = json!({ "kind": "skill", "name": "pdf", "description": "", "installs": 7,
            "marketplace": "skills.sh", "source_repo": "acme/kit" });
        assert_eq!(rows[1..], [row]);
        home.zskills(&["search", "pdf"]).expect(0).says(&["skill of acme/kit in skills.sh, 7"]);
        assert_eq!(server.requests(), ["GET /api/search"; 2]);
    }

    #[test]
    fn an_index_in_trouble_costs_a_note_and_no_more() {
        let (home, server) = home(&pdf());
        tools(&home);
        home.zskills(&["marketplace", "add", "acme/tools"]).expect(0);
        let check = |about: &str| {
            let run = home.zskills(&["search", "alpha"]);
            run.expect(0).says(&["alpha@tools", "skills.sh: the index was left out", about]);
            run.is_silent_about(&["hunter2"]);
            home.zskills(&["install", "no-such"]).expect(1).says(&[about, "zskills search"]);
        };
        for (status, about) in [(401, "API_KEY"), (429, "too many requests"), (503, "later")] {
            server.set(Mood::Status(status));
            check(about);
        }
        server.set(Mood::Truncated);
        check("skills.sh/api/search".trim_start_matches("skills.sh"));
        server.set(Mood::Well);
        for (body, about) in [
            ("<html>".to_owned(), "not the JSON"),
            (json!({ "skills": 5 }).to_string(), "not the JSON"),
            (" ".repeat((1 << 20) + 1), "more than 1048576 bytes"),
        ] {
            home.write("~/served/api/search/index.json", body);
            check(about);
        }
        let home = home.var("ZSKILLS_SKILLS_SH_API_KEY", "");
        home.zskills(&["search", "alpha"]).expect(0).says(&["alpha@tools", "is not set"]);
    }

    #[test]
    fn a_silent_index_is_given_up_after_five_seconds() {
        let (home, server) = home(&pdf());
        server.set(Mood::Hang);
        home.zskills(&["search", "alpha"]).expect(0).says(&["no answer within 5 s"]);
    }

    #[test]
    fn install_falls_through_to_the_index_and_takes_only_that_skill() {
        let (home, _server) = home(&pdf());
        skills_of(&home, "acme/kit");
        home.zskills(&["install", "pdf"]).expect(0).says(&["acme/kit"]);
        let manifest = home.read("~/.config/zskills/skills.toml");
        assert!(manifest.contains("source = \"acme/kit\"\nname = \"pdf\""), "{manifest}");
        assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
        assert!(!home.exists("~/.agents/skills/docx"));
        home.synced().says(&["up to date"]);
    }

    #[test]
    fn what_a_catalog_lists_is_not_asked_for() {
        let (home, server) = home(&pdf());
        tools(&home);
        home.zskills(&["marketplace", "add", "acme/tools"]).expect(0);
        home.zskills(&["install", "alpha"]).expect(0);
        home.zskills(&["install", "pdf", "--offline"]).expect(1);
        home.zskills(&["install", "pdf@tools"]).expect(1);
        assert_eq!(server.requests(), [""; 0]);
    }

    #[test]
    fn a_name_from_several_places_is_for_a_person_to_choose() {
        let rows = json!([
            { "name": "pdf", "installs": 9, "source": "evil/kit" },
            { "name": "pdf", "installs": 7, "source": "acme/kit" },
        ]);
        let (home, _server) = home(&rows);
        home.zskills(&["install", "pdf"]).expect(1).says(&[
            "from 2 places",
            "zskills install acme/kit --skill pdf",
            "evil/kit",
        ]);
        assert!(!home.exists("~/.agents/skills/pdf"));
    }

    #[test]
    fn doctor_moves_an_index_out_of_the_clients_registry() {
        let home = Sandbox::new().file(KNOWN, &entry());
        home.zskills(&["doctor", "--check"]).expect(3).says(&["moves the index"]);
        home.zskills(&["doctor", "--fix"]).expect(0);
        assert_eq!(home.json(KNOWN), json!({}));
        assert_eq!(home.json(OURS)["indexes"]["skills.sh"]["url"], "https://skills.sh");
        home.zskills(&["doctor", "--check"]).expect(0);
        home.zskills(&["marketplace", "list"]).expect(0).says(&["[remote-index]"]);
    }
}
