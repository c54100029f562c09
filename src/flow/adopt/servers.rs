//! Servers as manifest entries: everything that the client holds, but for secrets.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::declared::ledger::{Mark, Marks};
use crate::model::{
    Pairs, Position, Scope, ServerRecord, Text, Transport, WantedServer, secret_in,
};

/// The variables that stand for secrets, with what they stand for.
pub type Variables = BTreeMap<String, String>;

/// A server that a manifest can say.
pub struct AdoptedServer {
    pub wanted: WantedServer,
    /// What the ledger remembers: where a literal secret stays in the client's file, and only that.
    pub applied: Marks,
    /// The variables that now stand for its secrets.
    pub exports: Vec<String>,
}

/// Returns a client's server as one of a manifest; the text says why there can be none.
pub fn adopt(
    (name, scope): (&str, Scope),
    server: &ServerRecord,
    variables: &mut Variables,
) -> Result<AdoptedServer, String> {
    if let Some(fault) = fault(server) {
        return Err(fault);
    }
    let mut adopting = Adopting { server: name, variables, exports: Vec::new() };
    let args = adopting.args(&server.args);
    let url = server.url.as_ref().map(|url| adopting.without_secrets("", url));
    let (env, headers) = (adopting.pairs(&server.env), adopting.pairs(&server.headers));
    if let Some(key) = secret_key(&server.extra) {
        // Claude Code 2.1.329 puts variables into command, args, env, url and headers only.
        return Err(format!("`{key}` holds a secret where the client takes no variable"));
    }
    let (transport, extra) = (server.transport.clone(), server.extra.clone());
    let record = match transport {
        Some(Transport::Stdio) => {
            let command = server.command.clone();
            ServerRecord { transport, command, args, env, extra, ..ServerRecord::default() }
        }
        _ => ServerRecord { transport, url, headers, extra, ..ServerRecord::default() },
    };
    let mut applied = Marks::of(&record);
    for field in record.fields().into_iter().filter(|field| record.get(field) != server.get(field))
    {
        applied.set(field, Mark::Literal);
    }
    let at = Position { line: 1, column: 1 };
    let wanted = WantedServer { name: name.to_owned(), record, scope, at };
    Ok(AdoptedServer { wanted, applied, exports: adopting.exports })
}

/// What adopting one server needs to know and finds out.
struct Adopting<'a> {
    server: &'a str,
    variables: &'a mut Variables,
    exports: Vec<String>,
}

impl Adopting<'_> {
    fn args(&mut self, args: &[Text]) -> Vec<Text> {
        let mut flag = String::new();
        let mut shown = Vec::new();
        for arg in args {
            shown.push(self.without_secrets(&flag, arg));
            // A flag names the value behind it.
            let word = arg.to_string();
            let names = word.starts_with('-') && !word.contains('=');
            flag = if names { word.trim_start_matches('-').to_owned() } else { String::new() };
        }
        shown
    }

    fn pairs(&mut self, pairs: &Pairs) -> Pairs {
        pairs.iter().map(|(name, text)| (name, self.without_secrets(name, text))).collect()
    }

    /// Returns a text with `${NAME}` for each secret in it.
    fn without_secrets(&mut self, key: &str, text: &Text) -> Text {
        let mut text = text.to_string();
        while let Some(at) = secret_in(key, &text) {
            let whole = at == (0..text.len());
            let before = text[..at.start].trim_end_matches(['=', ':', ' ', '/', '@']);
            let word = before.rsplit(|c: char| !is_name_char(c) && c != '-').next().unwrap_or("");
            let word = word.trim_start_matches('-');
            let name = match (key.is_empty(), whole) {
                (false, true) => self.variable(key, &text[at.clone()], is_variable(key)),
                (false, false) => self.variable(key, &text[at.clone()], false),
                (true, _) => self.variable(word, &text[at.clone()], false),
            };
            text.replace_range(at, &format!("${{{name}}}"));
        }
        text.into()
    }

    /// Returns the variable for a secret: the key itself where it is one and free.
    fn variable(&mut self, key: &str, secret: &str, as_is: bool) -> String {
        let key = if key.is_empty() { "TOKEN" } else { key };
        let long = upper(&format!("{}_{key}", self.server));
        let short = as_is.then(|| key.to_owned());
        let numbered = (2..).map(|n| format!("{long}_{n}"));
        let name = short
            .into_iter()
            .chain([long.clone()])
            .chain(numbered)
            .find(|name| self.variables.get(name).is_none_or(|taken| taken == secret))
            .unwrap_or(long);
        self.variables.insert(name.clone(), secret.to_owned());
        if !self.exports.contains(&name) {
            self.exports.push(name.clone());
        }
        name
    }
}

/// Returns why no manifest can say a server.
fn fault(server: &ServerRecord) -> Option<String> {
    let misfit = |key: &str| server.extra.get(key);
    let command = (server.command.is_some(), misfit("command").is_some(), "command");
    let url = (server.url.is_some(), misfit("url").is_some(), "url");
    let ((there, _, needed), (other, odd, _)) = match &server.transport {
        _ if misfit("type").is_some() => return Some("its `type` is not a text".into()),
        Some(Transport::Other(kind)) => {
            return Some(format!("the client does not know its `type` `{}`", kind.escape_debug()));
        }
        None if url.0 || url.1 => {
            return Some("it has a `url` but no `type`; `zskills doctor --fix` adds one".into());
        }
        Some(Transport::Stdio) | None => (command, url),
        Some(Transport::Http | Transport::Sse | Transport::Ws) => (url, command),
    };
    if !there {
        return Some(format!("it has no `{needed}`"));
    }
    if other || odd {
        return Some("it has `url` together with `command`".into());
    }
    if misfit("args").is_some() {
        return Some("its `args` are not a list of texts".into());
    }
    ["env", "headers"].into_iter().find_map(|key| match misfit(key)? {
        Value::Object(misfits) => {
            let name = misfits.keys().next()?;
            Some(format!("`{key}.{name}` is not a text"))
        }
        _ => Some(format!("`{key}` is not an object")),
    })
}

/// Returns the path of a secret among the keys that a manifest passes on.
fn secret_key(map: &Map<String, Value>) -> Option<String> {
    map.iter().find_map(|(key, value)| {
        let found = match value {
            Value::String(text) => secret_in(key, text).map(|_| String::new()),
            Value::Object(inner) => secret_key(inner).map(|inner| format!(".{inner}")),
            Value::Array(values) => values
                .iter()
                .any(|value| value.as_str().is_some_and(|text| secret_in(key, text).is_some()))
                .then(String::new),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        };
        found.map(|rest| format!("{key}{rest}"))
    })
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_variable(name: &str) -> bool {
    name.chars().all(is_name_char) && name.starts_with(|c: char| !c.is_ascii_digit())
}

fn upper(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if is_name_char(c) { c.to_ascii_uppercase() } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::clients::claude::servers::record;
    use crate::declared::manifest::{self, edit};
    use crate::model::Field;
    use crate::plan::is_met;

    fn words() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9 ._/:=\\-]{0,20}",
            "\\PC{0,8}",
            Just("${A}".to_owned()),
            Just("${A:-b c}".to_owned()),
            Just(TOKEN.to_owned()),
            Just(format!("--token={TOKEN}")),
            Just("https://u:hunter22@h/?key=hunter22".to_owned()),
        ]
    }

    fn pairs() -> impl Strategy<Value = Value> {
        prop::collection::btree_map("[A-Za-z_][A-Za-z0-9_-]{0,8}", words(), 0..4)
            .prop_map(|map| json!(map))
    }

    fn extras() -> impl Strategy<Value = Value> {
        let value = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            Just(json!(1.5)),
            Just(json!({"clientId": "me", "deep": [1, {"a": "b"}]})),
        ];
        prop::collection::btree_map("x[a-z]{1,6}", value, 0..3).prop_map(|map| json!(map))
    }

    fn read(entry: &Value) -> ServerRecord {
        record(entry.as_object().unwrap())
    }

    /// Entries as the client, or a person, writes them.
    fn entries() -> impl Strategy<Value = Value> {
        let stdio = ("[a-z/.]{1,12}", prop::collection::vec(words(), 0..4), pairs(), any::<bool>());
        let stdio = stdio.prop_map(|(command, args, env, typed)| {
            let mut entry = json!({ "command": command, "args": args, "env": env });
            if typed {
                entry["type"] = json!("stdio");
            }
            entry
        });
        let kinds = prop::sample::select(vec!["http", "sse", "streamable-http"]);
        let remote = (kinds, "https://[a-z]{1,9}(/[a-z]{1,9})?(\\?token=[a-z0-9]{6,12})?", pairs());
        let remote = remote.prop_map(
            |(kind, url, headers)| json!({ "type": kind, "url": url, "headers": headers }),
        );
        (prop_oneof![stdio, remote], extras()).prop_map(|(mut entry, extras)| {
            if let (Some(entry), Some(extras)) = (entry.as_object_mut(), extras.as_object()) {
                entry.extend(extras.clone());
            }
            entry
        })
    }

    proptest! {
        #[test]
        fn what_was_adopted_comes_back_through_the_manifest_and_needs_no_write(entry in entries()) {
            let roots = crate::machine::env::read(Some(Path::new("/h"))).unwrap().roots;
            let file = Path::new("/h/skills.toml");
            let mut variables = Variables::new();
            let server = read(&entry);
            let adopted = adopt(("my-server", Scope::User), &server, &mut variables).unwrap();
            let text = edit::add_server(file, "version = 1\n", &adopted.wanted).unwrap();
            // Control characters and the like are for people to settle.
            let Ok(intent) = manifest::parse(file, &text, &roots) else { return Ok(()) };
            let back = WantedServer { at: adopted.wanted.at, ..intent.servers[0].clone() };
            prop_assert_eq!(&back, &adopted.wanted);
            prop_assert!(is_met(&back.record, &server), "{} {:?}", entry, back);
            if adopted.exports.is_empty() {
                prop_assert_eq!(&server, &back.record);
            }
            prop_assert!(!text.contains(TOKEN) && !text.contains("hunter22"), "{}", text);
        }
    }

    const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

    #[test]
    fn each_secret_gets_a_variable_and_equal_ones_share_it() {
        let mut variables = Variables::new();
        let entry = json!({"command": "x", "args": ["--api-key", "hunter22", "-v"],
            "env": {"TOKEN": TOKEN, "MODE": "a"}});
        let mut adopted =
            |name, entry| adopt((name, Scope::User), &read(entry), &mut variables).ok().unwrap();
        let env =
            |adopted: &AdoptedServer| adopted.wanted.record.env.get("TOKEN").unwrap().to_string();
        let one = adopted("my-hub", &entry);
        let args = ["--api-key", "${MY_HUB_API_KEY}", "-v"].map(Text::from);
        assert_eq!(one.wanted.record.args, args);
        assert_eq!(env(&one), "${TOKEN}");
        assert_eq!(one.exports, ["MY_HUB_API_KEY", "TOKEN"]);
        let mut expected = Marks::of(&one.wanted.record);
        expected.set(Field::Args, Mark::Literal);
        expected.set(Field::Env("TOKEN".into()), Mark::Literal);
        assert_eq!(one.applied, expected);
        assert_eq!(env(&adopted("b", &entry)), "${TOKEN}");
        let other = json!({"command": "x", "env": {"TOKEN": "hunter2222"}});
        assert_eq!(env(&adopted("c", &other)), "${C_TOKEN}");
        let remote = json!({"type": "http", "url": format!("https://u:pw1234@h/?token={TOKEN}")});
        let url = adopted("r", &remote).wanted.record.url.unwrap();
        assert_eq!(url.to_string(), "https://u:${R_U}@h/?token=${R_TOKEN}");
    }

    #[test]
    fn what_a_manifest_cannot_say_is_refused() {
        let check = |entry: Value, expected: &str| {
            let server = read(&entry);
            let why = adopt(("a", Scope::User), &server, &mut Variables::new()).err().unwrap();
            assert!(why.contains(expected), "{why}");
        };
        check(json!({"url": "https://h"}), "no `type`");
        check(json!({"type": "http", "url": "u", "command": "x"}), "together");
        check(json!({"type": "pigeon", "url": "u"}), "pigeon");
        check(json!({"command": "x", "env": {"A": 1}}), "`env.A`");
        check(json!({"command": "x", "args": "y"}), "`args`");
        check(json!({"command": "x", "env": ["y"]}), "`env`");
        check(json!({"type": 5, "command": "x"}), "`type` is not a text");
        check(json!({"type": "stdio"}), "no `command`");
        check(
            json!({"type": "http", "url": "u", "oauth": {"clientSecret": TOKEN}}),
            "`oauth.clientSecret`",
        );
    }
}
