//! Generated servers, from few names and texts so that two of them have much in common.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Pairs, ServerRecord, Transport};
use crate::model::Text;

/// Returns texts with and without references.
pub fn texts() -> impl Strategy<Value = Text> {
    let pieces = ["a", "b c", "é\"\\", "${A}", "${B:-x}", "$HOME", "${", "Bearer "];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 1..3)
        .prop_map(|pieces| pieces.concat().into())
}

fn pairs() -> impl Strategy<Value = Pairs> {
    let name = prop::sample::select(vec!["A", "B", "C_1"]);
    prop::collection::vec((name, texts()), 0..4).prop_map(|pairs| pairs.into_iter().collect())
}

fn extras() -> impl Strategy<Value = serde_json::Map<String, Value>> {
    let key = || prop::sample::select(vec!["timeout", "cwd", "oauth", "a.b"]);
    let leaf = || {
        let number = |text| serde_json::from_str::<Value>(text).unwrap();
        let numbers = ["5", "5.0", "1.10", "12345678901234567890123"].map(number);
        let others = [json!("x"), json!(true), json!([1, {"k": "v"}]), json!({})];
        prop::sample::select([numbers, others].concat())
    };
    let table = prop::collection::btree_map(key(), leaf(), 1..3).prop_map(|map| json!(map));
    prop::collection::btree_map(key(), prop_oneof![leaf(), table], 0..3)
        .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// Returns servers such as any client may hold; `transport` says how they are reached.
fn servers(
    transport: impl Strategy<Value = Option<Transport>>,
) -> impl Strategy<Value = ServerRecord> {
    let command = (prop::option::of(texts()), prop::collection::vec(texts(), 0..3), pairs());
    let url = (prop::option::of(texts()), pairs());
    (transport, command, url, extras()).prop_map(
        |(transport, (command, args, env), (url, headers), extra)| {
            // Beside a command nothing needs to say how it is reached.
            let transport = transport.or(command.is_some().then_some(Transport::Stdio));
            ServerRecord { transport, command, args, env, url, headers, extra }
        },
    )
}

/// Returns servers such as any client may hold.
pub fn records() -> impl Strategy<Value = ServerRecord> {
    let known = prop::sample::select(Transport::ALL.to_vec());
    servers(prop_oneof![
        8 => known.prop_map(Some),
        1 => Just(None),
        1 => Just(Some(Transport::Other("pigeon".into()))),
    ])
}

/// Returns servers such as a manifest asks for.
pub fn wanted() -> impl Strategy<Value = ServerRecord> {
    servers(prop::sample::select(Transport::ALL.to_vec()).prop_map(Some)).prop_map(|server| {
        let stdio = server.transport == Some(Transport::Stdio);
        let text = |text: Option<Text>| Some(text.unwrap_or_else(|| "x".into()));
        if stdio {
            let command = text(server.command);
            return ServerRecord { command, url: None, headers: Pairs::default(), ..server };
        }
        ServerRecord {
            url: text(server.url),
            command: None,
            args: Vec::new(),
            env: Pairs::default(),
            ..server
        }
    })
}
