//! Servers: what the manifest asks for, as far as the administrator lets it.

use super::{DesiredServer, Resolver};
use crate::model::{About, Note};

impl Resolver<'_> {
    pub(super) fn servers(&mut self) {
        let wanted = &self.question.intent.servers;
        for server in wanted {
            let (name, scope) = (server.name.clone(), server.scope);
            if let Some(denial) = self.question.policy.forbids_entry(&name, &server.record) {
                let about = About::Server(name.clone());
                self.out.notes.push(Note::refused(about, denial.to_string()));
                self.out.desired.kept_servers.insert((name, scope));
                continue;
            }
            let record = server.record.clone();
            self.out.desired.servers.push(DesiredServer { name, scope, record });
        }
        if let Some(file) = &self.question.observed.only_servers
            && !wanted.is_empty()
        {
            let text = format!(
                "exists and takes exclusive control: {} uses none of the manifest's servers",
                self.question.client
            );
            self.out.notes.push(Note::info(About::File(file.clone()), text));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::clients::{Policy, roots_below};
    use crate::declared::lock::Lock;
    use crate::declared::manifest;
    use crate::model::{Client, Scope, ServerRecord, Transport};
    use crate::resolve::{Answers, Movement, Observed, Question, Resolution, SkillsAsked, resolve};

    const MANIFEST: &str = r#"version = 1

[[mcps]]
name = "zeta"
command = "npx"
args = ["x"]
env = { T = "${T}" }

[[mcps]]
name = "alpha"
url = "https://h/mcp"
scope = "project"
extra = { timeout = 5 }
"#;

    fn resolved(manifest: &str, policy: &str, only_servers: Option<&str>) -> Resolution {
        let roots = roots_below(Path::new("/home/u"), Path::new("/home/u/p"));
        let intent = manifest::parse(Path::new("/dots/skills.toml"), manifest, &roots).unwrap();
        let only_servers = only_servers.map(Into::into);
        let question = Question {
            roots: &roots,
            intent: &intent,
            client: Client::Claude,
            extra: &[],
            lock: &Lock::default(),
            observed: &Observed { only_servers, ..Observed::default() },
            movement: &Movement::Keep,
            skills: SkillsAsked::default(),
            policy: &Policy::parse(&[("/etc/m.json".into(), policy.as_bytes().to_vec())]),
            accepted: &[],
            now: 0,
        };
        resolve(question, &mut Answers::default())
    }

    #[test]
    fn servers_are_desired_as_declared_and_in_the_same_order() {
        let out = resolved(MANIFEST, "{}", None);
        let zeta = ServerRecord {
            transport: Some(Transport::Stdio),
            command: Some("npx".into()),
            args: vec!["x".into()],
            env: [("T", "${T}")].into_iter().collect(),
            ..ServerRecord::default()
        };
        let alpha = ServerRecord {
            transport: Some(Transport::Http),
            url: Some("https://h/mcp".into()),
            extra: [("timeout".to_owned(), 5.into())].into_iter().collect(),
            ..ServerRecord::default()
        };
        let expected = [
            DesiredServer { name: "zeta".into(), scope: Scope::User, record: zeta },
            DesiredServer { name: "alpha".into(), scope: Scope::Project, record: alpha },
        ];
        assert_eq!(out.desired.servers, expected);
        assert!(out.desired.kept_servers.is_empty() && out.notes.is_empty());
    }

    #[test]
    fn what_the_administrator_rules_out_is_said_and_stays_as_it_is() {
        let check = |policy: &str, only: Option<&str>, desired: &[&str], notes: &[&str]| {
            let out = resolved(MANIFEST, policy, only);
            let names: Vec<&str> = out.desired.servers.iter().map(|s| s.name.as_str()).collect();
            assert_eq!(names, desired, "{policy}");
            let all = ["zeta", "alpha"].into_iter().filter(|name| !desired.contains(name));
            let kept = out.desired.kept_servers.iter().map(|(name, _)| name.as_str());
            assert_eq!(kept.collect::<Vec<_>>(), all.rev().collect::<Vec<_>>(), "{policy}");
            let said: Vec<String> = (out.notes.iter())
                .map(|note| format!("{:?} {}: {}", note.level, note.about, note.text))
                .collect();
            assert_eq!(said.len(), notes.len(), "{said:?}");
            for (said, expected) in said.iter().zip(notes) {
                assert!(said.contains(expected), "{said}");
            }
        };
        let all = ["zeta", "alpha"];
        check("{}", None, &all, &[]);
        check(
            r#"{"deniedMcpServers": [{"serverName": "zeta"}]}"#,
            None,
            &["alpha"],
            &["Refused zeta: the server is denied by the administrator"],
        );
        check(
            r#"{"deniedMcpServers": [{"serverUrl": "https://h/*"}]}"#,
            None,
            &["zeta"],
            &["Refused alpha: the server is denied"],
        );
        check(
            r#"{"allowedMcpServers": [{"serverCommand": ["npx", "x"]}]}"#,
            None,
            &["zeta"],
            &["Refused alpha: the server is not among those"],
        );
        check(
            "[]",
            None,
            &[],
            &["Refused zeta: the administrator's policy cannot be read", "alpha"],
        );
        check(
            "{}",
            Some("/etc/managed-mcp.json"),
            &all,
            &[
                "Info /etc/managed-mcp.json: exists and takes exclusive control: Claude Code uses none",
            ],
        );
        let nothing = resolved("version = 1\n", "{}", Some("/etc/managed-mcp.json"));
        assert_eq!(nothing.notes.len(), 0, "it is no news to who wants no servers");
    }
}
