//! The `[[mcps]]` entries.

use serde_json::{Map, Number, Value as Json};
use toml_edit::{Item, Table, TableLike, Value};

use super::parse::{Context, Seen, printable};
use super::raw::{Spanned, TableAt, article, key_span, listed};
use super::render::{Block, inline_table, quoted, quoted_list};
use crate::model::{
    Elsewhere, Pairs, Scope, ServerRecord, Text, Transport, WantedServer, did_you_mean,
};

const KEYS: [&str; 12] = [
    "name",
    "enabled",
    "transport",
    "command",
    "args",
    "env",
    "url",
    "headers",
    "scope",
    "project",
    "extra",
    "when",
];

impl Context<'_> {
    /// Returns the servers that are on, and those that are switched off.
    pub(super) fn servers(
        &mut self,
        root: &Table,
        elsewhere: &mut Elsewhere,
    ) -> (Vec<WantedServer>, Vec<WantedServer>) {
        let mut seen = Seen::default();
        let (mut wanted, mut off) = (Vec::new(), Vec::new());
        for entry in self.reader.entries(root, "mcps") {
            let name = self.server_name(&entry);
            let server = self.server(&entry);
            let is_on = self.reader.boolean(entry.table, "enabled").is_none_or(|on| on.value);
            let is_here = self.is_here(entry.table);
            let (Some(name), Some(mut server)) = (name, server) else { continue };
            if !is_here {
                name.value.clone_into(&mut server.name);
                elsewhere.servers.push(server);
                continue;
            }
            let what = format!("server `{}` in {} scope", name.value, server.scope);
            self.once(&mut seen, (name.value.to_owned(), server.scope), &what, name.at);
            name.value.clone_into(&mut server.name);
            if is_on { wanted.push(server) } else { off.push(server) }
        }
        (wanted, off)
    }

    fn server_name<'d>(&mut self, entry: &TableAt<'d>) -> Option<Spanned<&'d str>> {
        let name = self.reader.required(entry, "name")?;
        let is_name = (1..=64).contains(&name.value.len())
            && name.value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if !is_name {
            let message = format!("`name` {} is no server name", printable(name.value));
            let hint = "use 1 to 64 letters, digits, `_` and `-`";
            self.reader.fault_with_hint(&name.at, message, hint);
        }
        is_name.then_some(name)
    }

    /// Reads everything but the name.
    fn server(&mut self, entry: &TableAt<'_>) -> Option<WantedServer> {
        let table = entry.table;
        self.reader.unknown_keys(table, &KEYS);
        let command = self.reader.string(table, "command");
        let url = self.reader.string(table, "url");
        let transport = self.transport(entry, url.as_ref());
        let args = self.reader.strings(table, "args");
        let text = |text: &Option<Spanned<&str>>| text.as_ref().map(|text| text.value.into());
        let record = ServerRecord {
            command: text(&command),
            args: args.into_iter().map(|arg| arg.value.into()).collect(),
            env: self.pairs(table, "env"),
            url: text(&url),
            headers: self.pairs(table, "headers"),
            extra: self.extra(table),
            transport: transport.clone(),
        };
        let scope = self.scope(table, &Scope::ALL);
        let at = self.reader.position(&entry.at);
        let transport = transport?;
        if transport == Transport::Stdio {
            self.misplaced(table, &["url", "headers"], "a server with `command`");
            self.command_fits(entry, command.as_ref());
        } else {
            self.misplaced(table, &["command", "args", "env"], "a server with `url`");
            self.url_fits(entry, &transport, url.as_ref());
        }
        Some(WantedServer { name: String::new(), record, scope, at })
    }

    /// Reads `transport`, or tells it from `command` and `url`.
    fn transport(&mut self, entry: &TableAt<'_>, url: Option<&Spanned<&str>>) -> Option<Transport> {
        let has = |key: &str| entry.table.contains_key(key);
        if has("transport") {
            let text = self.reader.string(entry.table, "transport")?;
            let known = Transport::ALL;
            let known: Vec<&str> = known.iter().map(Transport::as_str).collect();
            let found = Transport::known(text.value);
            if found.is_none() {
                let near = match text.value {
                    "streamable-http" | "streamable_http" => Some("http".to_owned()),
                    other => did_you_mean(other, known.iter().copied()),
                };
                let message = format!("unknown transport {}", printable(text.value));
                let hint = near.map_or(format!("known are {}", listed(&known)), |near| {
                    format!("did you mean `{near}`?")
                });
                self.reader.fault_with_hint(&text.at, message, hint);
            }
            return found;
        }
        match (has("command"), has("url")) {
            (true, true) => {
                let at = key_span(entry.table, "url");
                let hint = "a server is either started or called; keep one of the two";
                self.reader.fault_with_hint(&at, "`url` together with `command`", hint);
                None
            }
            (false, false) => {
                self.reader.fault(&entry.at, "the server has neither `command` nor `url`");
                None
            }
            (true, false) => Some(Transport::Stdio),
            (false, true) => Some(match url {
                Some(url) if scheme(url.value).starts_with("ws") => Transport::Ws,
                _ => Transport::Http,
            }),
        }
    }

    fn command_fits(&mut self, entry: &TableAt<'_>, command: Option<&Spanned<&str>>) {
        match command {
            Some(command) if command.value.trim().is_empty() => {
                self.reader.fault(&command.at, "`command` is empty");
            }
            None if !entry.table.contains_key("command") => {
                self.reader.fault(&entry.at, "`command` is missing");
            }
            Some(_) | None => {}
        }
    }

    fn url_fits(
        &mut self,
        entry: &TableAt<'_>,
        transport: &Transport,
        url: Option<&Spanned<&str>>,
    ) {
        let Some(url) = url else {
            if !entry.table.contains_key("url") {
                self.reader.fault(&entry.at, "`url` is missing");
            }
            return;
        };
        let schemes: &[&str] =
            if *transport == Transport::Ws { &["wss", "ws"] } else { &["https", "http"] };
        // The client puts variables in place, so an address may start with one.
        let known = schemes.contains(&scheme(url.value).as_str()) || url.value.starts_with("${");
        if !known || url.value.contains(|c: char| c.is_whitespace() || c.is_control()) {
            let message = format!("`url` is no address of {}", listed(schemes));
            self.reader.fault(&url.at, message);
        }
    }

    /// Complains about keys that this kind of server has no use for.
    fn misplaced(&mut self, table: &dyn TableLike, keys: &[&str], server: &str) {
        for key in keys.iter().filter(|key| !table.get(key).is_none_or(is_hollow)) {
            self.reader.fault(&key_span(table, key), format!("{server} has no use for `{key}`"));
        }
    }

    /// Returns the keys and strings of the table at `key`.
    fn pairs(&mut self, table: &dyn TableLike, key: &str) -> Pairs {
        let Some(inner) = self.table(table, key) else { return Pairs::default() };
        let mut pairs = Pairs::default();
        for (name, item) in inner.iter() {
            let at = key_span(inner, name);
            let bad = |c: char| c == '=' || c.is_control() || c.is_whitespace();
            if name.is_empty() || name.contains(bad) {
                self.reader.fault(&at, format!("`{key}` has a name that cannot be one"));
            }
            if let Some(text) = item.as_str() {
                pairs.set(name, text.into());
                continue;
            }
            let found = item.type_name();
            let message =
                format!("`{key}.{name}` must be a string, not {} {found}", article(found));
            self.reader.fault_with_hint(&at, message, "put it in quotes");
        }
        pairs
    }

    fn extra(&mut self, table: &dyn TableLike) -> Map<String, Json> {
        let Some(extra) = self.table(table, "extra") else { return Map::new() };
        for (key, _) in extra.iter() {
            let ours = ["type", "command", "args", "env", "url", "headers"];
            if ours.contains(&key) {
                let message = format!("`extra` must not hold `{key}`");
                let instead = if key == "type" { "transport" } else { key };
                let hint = format!("write it as `{instead}` of the server");
                self.reader.fault_with_hint(&key_span(extra, key), message, hint);
            }
        }
        let map = json_table(extra);
        if map.is_none() {
            let at = key_span(table, "extra");
            self.reader.fault(&at, "`extra` has a number that JSON does not know");
        }
        map.unwrap_or_default()
    }

    fn table<'d>(&mut self, table: &'d dyn TableLike, key: &str) -> Option<&'d dyn TableLike> {
        let item = table.get(key)?;
        let inner = item.as_table_like();
        if inner.is_none() {
            let found = item.type_name();
            let message = format!("`{key}` must be a table, not {} {found}", article(found));
            self.reader.fault(&key_span(table, key), message);
        }
        inner
    }
}

/// Writes a server as a `[[mcps]]` block, the transport only where nothing else tells it.
///
/// Returns nothing when `extra` has a null or a number that TOML does not know.
pub(super) fn block(server: &WantedServer) -> Option<String> {
    let ServerRecord { transport, command, args, env, url, headers, extra } = &server.record;
    let (command, url) = (command.as_ref().map(Text::to_string), url.as_ref().map(Text::to_string));
    let told = match (&command, &url) {
        (None, Some(url)) if scheme(url).starts_with("ws") => Transport::Ws,
        (None, Some(_)) => Transport::Http,
        (Some(_), _) | (None, None) => Transport::Stdio,
    };
    let texts = |pairs: &Pairs| {
        inline_table(pairs.iter().map(|(name, text)| (name.to_owned(), quoted(&text.to_string()))))
    };
    let args: Vec<String> = args.iter().map(Text::to_string).collect();
    let transport = transport.as_ref().filter(|transport| **transport != told);
    let scope = (server.scope != Scope::User).then_some(server.scope.as_str());
    let written = toml_map(extra)?;
    let block = Block::new("mcps")
        .text("name", &server.name)
        .maybe("transport", transport.map(Transport::as_str))
        .maybe("command", command)
        .filled("args", args.is_empty(), || quoted_list(&args))
        .filled("env", env.is_empty(), || texts(env))
        .maybe("url", url)
        .filled("headers", headers.is_empty(), || texts(headers))
        .maybe("scope", scope)
        .filled("extra", extra.is_empty(), || written);
    Some(block.finish())
}

/// Returns a JSON value as TOML on one line.
fn toml(value: &Json) -> Option<String> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(on) => on.to_string(),
        Json::Number(number) => {
            let text = number.to_string();
            let is_float = text.contains(['.', 'e', 'E']) && number.as_f64()?.is_finite();
            return (is_float || number.is_i64()).then_some(text);
        }
        Json::String(text) => quoted(text),
        Json::Array(values) => {
            let values: Vec<String> = values.iter().map(toml).collect::<Option<_>>()?;
            format!("[{}]", values.join(", "))
        }
        Json::Object(map) => toml_map(map)?,
    })
}

fn toml_map(map: &Map<String, Json>) -> Option<String> {
    let pairs = map.iter().map(|(key, value)| Some((key.clone(), toml(value)?)));
    Some(inline_table(pairs.collect::<Option<Vec<_>>>()?))
}

fn scheme(url: &str) -> String {
    url.split_once("://").map_or(String::new(), |(scheme, _)| scheme.to_ascii_lowercase())
}

/// Tells whether an item is an empty table or array.
fn is_hollow(item: &Item) -> bool {
    item.as_table_like().is_some_and(TableLike::is_empty)
        || item.as_array().is_some_and(toml_edit::Array::is_empty)
}

fn json_table(table: &dyn TableLike) -> Option<Map<String, Json>> {
    table.iter().map(|(key, item)| Some((key.to_owned(), json_item(item)?))).collect()
}

fn json_item(item: &Item) -> Option<Json> {
    match item {
        Item::None => Some(Json::Null),
        Item::Value(value) => json(value),
        Item::Table(table) => json_table(table).map(Json::Object),
        Item::ArrayOfTables(tables) => {
            let tables = tables.iter().map(|table| json_table(table).map(Json::Object));
            tables.collect::<Option<_>>().map(Json::Array)
        }
    }
}

fn json(value: &Value) -> Option<Json> {
    match value {
        Value::String(text) => Some(Json::String(text.value().clone())),
        Value::Integer(number) => Some(Json::Number((*number.value()).into())),
        Value::Float(number) => Number::from_f64(*number.value()).map(Json::Number),
        Value::Boolean(on) => Some(Json::Bool(*on.value())),
        Value::Datetime(time) => Some(Json::String(time.value().to_string())),
        Value::Array(array) => array.iter().map(json).collect::<Option<_>>().map(Json::Array),
        Value::InlineTable(table) => json_table(table).map(Json::Object),
    }
}

#[cfg(test)]
#[path = "servers_tests.rs"]
mod tests;
