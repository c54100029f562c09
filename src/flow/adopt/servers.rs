//! Servers as manifest entries: everything that the client holds, but for secrets.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::clients::claude::servers::client_shape;
use crate::model::{Position, Scope, Transport, WantedServer, secret_in};
use crate::plan::server_entry;

/// The variables that stand for secrets, with what they stand for.
pub type Variables = BTreeMap<String, String>;

/// A server that a manifest can say.
pub struct AdoptedServer {
    pub wanted: WantedServer,
    /// What the ledger remembers: null where a literal secret stays in the client's file.
    pub applied: Value,
    /// The variables that now stand for its secrets.
    pub exports: Vec<String>,
}

/// Returns a client's entry as one of a manifest; the text says why there can be none.
pub fn adopt(
    (name, scope): (&str, Scope),
    entry: &Value,
    variables: &mut Variables,
) -> Result<AdoptedServer, String> {
    let fields = entry.as_object().ok_or("its entry is not an object")?;
    let mut adopting = Adopting { server: name, variables, exports: Vec::new() };
    let mut hidden = Map::new();
    let transport = transport(fields)?;
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    let args = strings(fields)?;
    let mut shown = Vec::new();
    for (index, arg) in args.iter().enumerate() {
        // A flag names the value behind it.
        let flag = index.checked_sub(1).map_or("", |at| args[at]);
        let flag = if flag.starts_with('-') && !flag.contains('=') { flag } else { "" };
        shown.push(adopting.without_secrets(flag.trim_start_matches('-'), arg));
    }
    if shown != args {
        hidden.insert("args".into(), Value::Null);
    }
    let url = text("url").map(|url| adopting.without_secrets("", url));
    if url.as_deref() != text("url") {
        hidden.insert("url".into(), Value::Null);
    }
    let stdio = transport == Transport::Stdio;
    let env = adopting.pairs(fields, "env", &mut hidden)?;
    let headers = adopting.pairs(fields, "headers", &mut hidden)?;
    let ours = ["type", "command", "args", "env", "url", "headers"];
    let extra = fields.iter().filter(|(key, _)| !ours.contains(&key.as_str()));
    let extra: Map<String, Value> = extra.map(|(key, v)| (key.clone(), v.clone())).collect();
    if let Some(key) = secret_key(&extra) {
        // Claude Code 2.1.329 puts variables into command, args, env, url and headers only.
        return Err(format!("`{key}` holds a secret where the client takes no variable"));
    }
    let wanted = WantedServer {
        name: name.to_owned(),
        transport,
        command: text("command").filter(|_| stdio).map(str::to_owned),
        args: if stdio { shown } else { Vec::new() },
        env: if stdio { env } else { Vec::new() },
        url: url.filter(|_| !stdio),
        headers: if stdio { Vec::new() } else { headers },
        scope,
        extra,
        at: Position { line: 1, column: 1 },
    };
    let mut applied = client_shape(&server_entry(&wanted));
    hide(&mut applied, &Value::Object(hidden));
    Ok(AdoptedServer { wanted, applied, exports: adopting.exports })
}

/// What adopting one server needs to know and finds out.
struct Adopting<'a> {
    server: &'a str,
    variables: &'a mut Variables,
    exports: Vec<String>,
}

impl Adopting<'_> {
    /// Returns the keys and texts of `env` or `headers`, and marks those that held a secret.
    fn pairs(
        &mut self,
        fields: &Map<String, Value>,
        key: &str,
        hidden: &mut Map<String, Value>,
    ) -> Result<Vec<(String, String)>, String> {
        let Some(value) = fields.get(key) else { return Ok(Vec::new()) };
        let map = value.as_object().ok_or(format!("`{key}` is not an object"))?;
        let mut pairs = Vec::new();
        let mut marks = Map::new();
        for (name, value) in map {
            let text = value.as_str().ok_or(format!("`{key}.{name}` is not a text"))?;
            let shown = self.without_secrets(name, text);
            if shown != text {
                marks.insert(name.clone(), Value::Null);
            }
            pairs.push((name.clone(), shown));
        }
        if !marks.is_empty() {
            hidden.insert(key.to_owned(), Value::Object(marks));
        }
        Ok(pairs)
    }

    /// Returns a text with `${NAME}` for each secret in it.
    fn without_secrets(&mut self, key: &str, text: &str) -> String {
        let mut text = text.to_owned();
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
        text
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

fn transport(fields: &Map<String, Value>) -> Result<Transport, String> {
    let (command, url) = (fields.get("command"), fields.get("url"));
    let kind = match fields.get("type") {
        None if url.is_some() && command.is_none() => {
            return Err("it has a `url` but no `type`; `zskills doctor --fix` adds one".into());
        }
        None => "stdio",
        Some(kind) => kind.as_str().ok_or("its `type` is not a text")?,
    };
    let transport = match kind {
        "streamable-http" => Some(Transport::Http),
        kind => Transport::ALL.into_iter().find(|transport| transport.as_str() == kind),
    };
    let transport = transport.ok_or(format!("the client does not know its `type` `{kind}`"))?;
    let (needed, other) = if transport == Transport::Stdio {
        (("command", command), ("url", url))
    } else {
        (("url", url), ("command", command))
    };
    if !needed.1.is_some_and(Value::is_string) {
        return Err(format!("it has no `{}`", needed.0));
    }
    if other.1.is_some() {
        return Err("it has `url` together with `command`".into());
    }
    Ok(transport)
}

fn strings(fields: &Map<String, Value>) -> Result<Vec<&str>, String> {
    let Some(args) = fields.get("args") else { return Ok(Vec::new()) };
    let texts = args.as_array().map(|args| args.iter().map(Value::as_str).collect());
    texts.flatten().ok_or("its `args` are not a list of texts".into())
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

/// Puts a null wherever there is one in `marks`.
fn hide(value: &mut Value, marks: &Value) {
    match marks {
        Value::Object(marks) => {
            for (key, mark) in marks {
                if let Some(value) = value.get_mut(key) {
                    hide(value, mark);
                }
            }
        }
        _ => *value = Value::Null,
    }
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
    use crate::clients::claude::servers::same_server;
    use crate::declared::manifest::{self, edit};
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
            let adopted = adopt(("my-server", Scope::User), &entry, &mut variables).unwrap();
            let text = edit::add_server(file, "version = 1\n", &adopted.wanted).unwrap();
            // Control characters and the like are for people to settle.
            let Ok(intent) = manifest::parse(file, &text, &roots) else { return Ok(()) };
            let back = WantedServer { at: adopted.wanted.at, ..intent.servers[0].clone() };
            prop_assert_eq!(&back, &adopted.wanted);
            prop_assert!(is_met(&back, &entry), "{} {}", entry, server_entry(&back));
            if adopted.exports.is_empty() {
                prop_assert!(same_server(&entry, &server_entry(&back)));
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
        let one = adopt(("my-hub", Scope::User), &entry, &mut variables).ok().unwrap();
        assert_eq!(one.wanted.args, ["--api-key", "${MY_HUB_API_KEY}", "-v"]);
        assert_eq!(one.wanted.env[0].1, "${TOKEN}");
        assert_eq!(one.exports, ["MY_HUB_API_KEY", "TOKEN"]);
        assert_eq!(
            one.applied,
            json!({"type": "stdio", "command": "x", "args": null, "env": {"TOKEN": null, "MODE": "a"}})
        );
        let same = adopt(("b", Scope::User), &entry, &mut variables).ok().unwrap();
        assert_eq!(same.wanted.env[0].1, "${TOKEN}");
        let other = json!({"command": "x", "env": {"TOKEN": "hunter2222"}});
        let other = adopt(("c", Scope::User), &other, &mut variables).ok().unwrap();
        assert_eq!(other.wanted.env[0].1, "${C_TOKEN}");
        let remote = json!({"type": "http", "url": format!("https://u:pw1234@h/?token={TOKEN}")});
        let remote = adopt(("r", Scope::User), &remote, &mut variables).ok().unwrap();
        assert_eq!(remote.wanted.url.unwrap(), "https://u:${R_U}@h/?token=${R_TOKEN}");
    }

    #[test]
    fn what_a_manifest_cannot_say_is_refused() {
        let check = |entry: Value, expected: &str| {
            let why = adopt(("a", Scope::User), &entry, &mut Variables::new()).err().unwrap();
            assert!(why.contains(expected), "{why}");
        };
        check(json!({"url": "https://h"}), "no `type`");
        check(json!({"type": "http", "url": "u", "command": "x"}), "together");
        check(json!({"type": "pigeon", "url": "u"}), "pigeon");
        check(json!({"command": "x", "env": {"A": 1}}), "`env.A`");
        check(json!({"command": "x", "args": "y"}), "`args`");
        check(
            json!({"type": "http", "url": "u", "oauth": {"clientSecret": TOKEN}}),
            "`oauth.clientSecret`",
        );
    }
}
