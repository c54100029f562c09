//! What an `[[mcps]]` entry says, and what is said about a wrong one.

use super::*;
use crate::declared::manifest::parse::tests::{faults, read};

fn one(entry: &str) -> WantedServer {
    let text = format!("version = 1\n[[mcps]]\nname = \"s\"\n{entry}\n");
    read(&text).unwrap_or_else(|faults| panic!("{faults:?}")).servers.remove(0)
}

#[test]
fn the_transport_is_told_by_command_and_url() {
    let check = |entry: &str, expected: Transport| {
        assert_eq!(one(entry).record.transport, Some(expected), "{entry}");
    };
    check("command = \"run\"", Transport::Stdio);
    check("command = \"run\"\nheaders = {}", Transport::Stdio);
    check("url = \"https://h/mcp\"", Transport::Http);
    check("url = \"${BASE}/mcp\"", Transport::Http);
    check("url = \"WSS://h/mcp\"", Transport::Ws);
    check("url = \"http://h/sse\"\ntransport = \"sse\"", Transport::Sse);
    check("command = \"run\"\ntransport = \"stdio\"", Transport::Stdio);
}

#[test]
fn names_and_values_keep_their_written_order() {
    let server = one(
        "command = \"run\"\nargs = [\"-v\", \"\"]\nscope = \"local\"\nextra = { timeout = 5, a = { b = [1.5, true] } }\n[mcps.env]\nZ = \"1\"\nA = \"${A}\"",
    );
    assert_eq!(server.record.args, ["-v", ""].map(Text::from));
    assert_eq!(server.scope, Scope::Local);
    let env: Vec<_> = server.record.env.iter().map(|(name, text)| (name, text.clone())).collect();
    assert_eq!(env, [("Z", "1".into()), ("A", "${A}".into())]);
    let extra = serde_json::to_string(&server.record.extra).unwrap();
    assert_eq!(extra, r#"{"timeout":5,"a":{"b":[1.5,true]}}"#);
    let server =
        one("url = \"https://h\"\nheaders = { X = \"1\", Authorization = \"Bearer ${T}\" }");
    assert_eq!(server.record.headers.names().last(), Some("Authorization"));
    assert_eq!(server.record.headers.get("Authorization"), Some(&"Bearer ${T}".into()));
}

#[test]
fn every_fault_of_a_server_is_reported_and_no_secret_is() {
    let text = include_str!("../../../fixtures/manifests/faulty-servers.toml");
    insta::assert_snapshot!(faults(text).join("\n"), @r#"
    6:1 `url` together with `command` | a server is either started or called; keep one of the two
    8:1 the server has neither `command` nor `url`
    13:11 `command` is empty
    14:1 a server with `command` has no use for `headers`
    19:1 a server with `url` has no use for `args`
    20:1 a server with `url` has no use for `env`
    23:8 `name` `not a name` is no server name | use 1 to 64 letters, digits, `_` and `-`
    24:13 unknown transport `htpp` | did you mean `http`?
    29:13 unknown transport `streamable-http` | did you mean `http`?
    32:1 `url` is missing
    35:1 a server with `url` has no use for `command`
    39:7 `url` is no address of `https`, `http`
    44:8 `args` must be an array of strings, not a string
    45:9 `env.PORT` must be a string, not an integer | put it in quotes
    45:20 `env` has a name that cannot be one
    46:1 `extra` has a number that JSON does not know
    46:11 `extra` must not hold `type` | write it as `transport` of the server
    47:1 unknown key `enviroment` | known are `name`, `enabled`, `transport`, `command`, `args`, `env`, `url`, `headers`, `scope`, `project`, `extra`, `when`
    50:8 server `types` in user scope is already in line 42
    52:9 scope `managed` belongs to the administrator's settings, not to a manifest | known are `user`, `project`, `local`
    53:1 `env` must be a table, not an integer
    "#);
    for fault in read(text).unwrap_err() {
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
    }
    let cut = "version = 1\n[[mcps]]\nname = \"s\"\nenv = { TOKEN = \"hunter2 }\n";
    assert!(!read(cut).unwrap_err()[0].to_string().contains("hunter2"));
}
