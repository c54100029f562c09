//! Every rule of the table of settings, asked of the client: a file that breaks it is ignored, so the plugin
//! that it switches on is not listed as enabled.

use std::thread;

use serde_json::{Map, Value, json};
use zskills::clients::Cost;
use zskills::clients::claude::settings_schema::{Field, KEYS, Rule, faults};

use crate::peer::listed;
use crate::sandbox::Sandbox;

/// A home with a project, and one plugin in each scope; each settings file switches on its own.
struct Home(Sandbox);

/// The files, and the plugin that each switches on.
const FILES: [(&str, &str); 3] = [
    ("~/.claude/settings.json", "user@tools"),
    ("~/code/app/.claude/settings.json", "project@tools"),
    ("~/code/app/.claude/settings.local.json", "local@tools"),
];

impl Home {
    fn new() -> Self {
        let home = Sandbox::new().project("~/code/app");
        home.local_marketplace("~/tools", "tools")
            .plugin("user", "1.0.0")
            .plugin("project", "1.0.0")
            .plugin("local", "1.0.0")
            .folder();
        let manifest = "version = 1\n[[marketplaces]]\nname = \"tools\"\nsource = \"~/tools\"\n\
                        [[skills]]\nname = \"user@tools\"\n\
                        [[skills]]\nname = \"project@tools\"\nscope = \"project\"\n\
                        [[skills]]\nname = \"local@tools\"\nscope = \"local\"\n";
        let home = home.manifest(manifest);
        home.zskills(&["sync", "--here"]).expect(0);
        Self(home)
    }

    /// Tells of up to three settings whether the client goes by them.
    fn goes_by(&self, settings: &[Value]) -> Vec<bool> {
        for ((file, plugin), settings) in FILES.iter().zip(settings) {
            let mut settings = settings.clone();
            let map = settings.as_object_mut().unwrap();
            let switches = map.entry("enabledPlugins").or_insert_with(|| json!({}));
            if let Some(switches) = switches.as_object_mut() {
                switches.insert((*plugin).to_owned(), true.into());
            }
            self.0.write(file, settings.to_string());
        }
        let rows = listed(&self.0, "~");
        let is_on = |plugin: &str| rows[plugin]["enabled"] == true;
        FILES.iter().zip(settings).map(|((_, plugin), _)| is_on(plugin)).collect()
    }
}

/// Returns the client's verdict on each of some settings; two clients at a time.
fn verdicts(settings: &[Value]) -> Vec<bool> {
    let half = settings.len().div_ceil(2).next_multiple_of(3).max(3);
    let ask = |part: &[Value]| -> Vec<bool> {
        let home = Home::new();
        part.chunks(3).flat_map(|three| home.goes_by(three)).collect()
    };
    thread::scope(|scope| {
        let parts: Vec<_> =
            settings.chunks(half).map(|part| scope.spawn(move || ask(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

/// Returns a value that a rule takes.
fn good(rule: &Rule) -> Value {
    match rule {
        Rule::Text => json!("x"),
        Rule::Shaped(_, _, like) => json!(like),
        Rule::Word(words) => json!(words[0]),
        Rule::Flag => json!(false),
        Rule::Number(..) | Rule::Whole(_) => json!(1),
        Rule::List(rule) => json!([good(rule)]),
        Rule::Map(rule) => json!({ "x": good(rule) }),
        Rule::Object(fields) | Rule::Hooks(fields) => complete(fields).into(),
        Rule::Tagged(key, kinds) => tagged(key, kinds[0]).into(),
        Rule::Either(rules) => good(&rules[0]),
        Rule::OrNull(rule) | Rule::Alone(rule) => good(rule),
    }
}

/// Returns an object with the keys that it has to have.
fn complete(fields: &[Field]) -> Map<String, Value> {
    let needed = fields.iter().filter(|field| field.needed);
    needed.map(|field| (field.key.to_owned(), good(&field.rule))).collect()
}

fn tagged(key: &str, (tag, fields): (&str, &[Field])) -> Map<String, Value> {
    let mut map = complete(fields);
    map.insert(key.to_owned(), tag.into());
    map
}

/// Returns values that break a rule, each at one place, one for each place that can be broken.
fn bad(rule: &Rule) -> Vec<Value> {
    match rule {
        Rule::Text => vec![json!(5)],
        Rule::Shaped(fits, ..) => vec![if fits("") { json!(5) } else { json!("") }],
        Rule::Word(_) => vec![json!("no such word")],
        Rule::Flag => vec![json!("yes")],
        Rule::Number(..) => vec![json!("5")],
        Rule::Whole(least) => vec![json!(f64::from(*least) - 1.0)],
        Rule::List(rule) => or_else(bad(rule), &json!({}), |value| json!([value])),
        Rule::Map(rule) => or_else(bad(rule), &json!([]), |value| json!({ "x": value })),
        Rule::Object(fields) => or_else(bad_object(&Map::new(), fields), &json!([]), |value| value),
        Rule::Hooks(fields) => {
            bad_object(&Map::new(), fields).into_iter().chain([json!([{}])]).collect()
        }
        Rule::Tagged(key, kinds) => {
            let kind = |(tag, fields): &(&str, &[Field])| {
                let tag = Map::from_iter([((*key).to_owned(), json!(tag))]);
                bad_object(&tag, fields)
            };
            let unknown = [json!({}), json!({ *key: "no such kind" })];
            kinds.iter().flat_map(kind).chain(unknown).collect()
        }
        // What another of them takes is not bad; null none of them takes.
        Rule::Either(_) => vec![Value::Null],
        Rule::OrNull(rule) => bad(rule),
        Rule::Alone(_) => Vec::new(),
    }
}

/// Returns what is made of each broken part, or where none can be broken the whole in another type.
fn or_else(broken: Vec<Value>, whole: &Value, make: impl Fn(Value) -> Value) -> Vec<Value> {
    if broken.is_empty() { vec![whole.clone()] } else { broken.into_iter().map(make).collect() }
}

fn bad_object(base: &Map<String, Value>, fields: &[Field]) -> Vec<Value> {
    let whole = || {
        let mut map = complete(fields);
        map.extend(base.clone());
        map
    };
    let mut all = Vec::new();
    for field in fields {
        for value in bad(&field.rule) {
            let mut map = whole();
            map.insert(field.key.to_owned(), value);
            all.push(map.into());
        }
        if field.needed {
            let mut map = whole();
            map.remove(field.key);
            all.push(map.into());
        }
    }
    all
}

/// Tells whether we take a file for one that the client goes by.
fn we_go_by(settings: &Value) -> bool {
    faults(settings.as_object().unwrap()).iter().all(|fault| fault.cost == Cost::Entry)
}

#[test]
fn whatever_breaks_a_rule_of_settings_makes_the_client_ignore_the_file() {
    let broken: Vec<Value> = KEYS
        .iter()
        .flat_map(|field| bad(&field.rule).into_iter().map(|value| json!({ field.key: value })))
        .collect();
    assert!(broken.len() > 250, "{} rules are asked about", broken.len());
    for settings in &broken {
        assert!(!we_go_by(settings), "we take {settings}");
    }
    let tolerated: Vec<&Value> = broken
        .iter()
        .zip(verdicts(&broken))
        .filter_map(|(settings, goes_by)| goes_by.then_some(settings))
        .collect();
    assert!(tolerated.is_empty(), "the client goes by {tolerated:#?}");
}

#[test]
fn what_is_known_to_cost_itself_alone_the_client_leaves_out() {
    let settings = json!({
        "effortLevel": 5,
        "theme": [],
        "unknown": { "deep": null },
        "env": { "A": 5, "B": null },
        "policyHelper": 5,
        "subagentStatusLine": {},
        "modelPicker": { "options": 5 },
        "allowedMcpServers": [5],
        "disableAutoMode": null,
        "enableWorkflows": null,
        "permissions": { "allow": [5, "Bash("], "deny": [null], "workingDirectoriesExclude": 5 },
        "enabledPlugins": { "a@m": ["^1"], "no-marketplace": true },
        "extraKnownMarketplaces": {
            "a": 5,
            "b": {},
            "c": { "source": 5 },
            "d": { "source": { "source": "github" } },
            "e": { "source": { "source": "github", "repo": "o/r" }, "autoUpdate": "yes" },
        },
        "hooks": { "Stop": 5, "PostToolUse": [{ "hooks": [{ "type": "no" }] }], "NoEvent": 5 },
        "sandbox": { "bwrapPath": 5 },
        "statusLine": { "type": "command", "command": "", "refreshInterval": "x" },
    });
    let empty = json!({ "hooks": [], "extraKnownMarketplaces": [] });
    assert!(we_go_by(&settings) && we_go_by(&empty));
    assert_eq!(Home::new().goes_by(&[settings, empty]), [true, true]);
}
