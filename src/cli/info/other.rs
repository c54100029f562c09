//! What is known about a skill or an MCP server. Values of variables and headers are never shown.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::list::servers;
use crate::clients::agents;
use crate::flow::plugin_servers::all_servers;
use crate::flow::{Declared, gather, manifest, observe};
use crate::machine::env::Env;
use crate::machine::store::disk;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::{Paint, one_line};
use crate::model::{SkillName, WantedSkill, redact_url};

/// A skill or a server, with what there is to say: pairs of a word and a text.
pub struct Other {
    kind: &'static str,
    name: String,
    lines: Vec<(&'static str, String)>,
    details: Value,
}

/// Returns what is known about a name that is no plugin's; nothing when nobody knows it.
pub fn about(word: &str, declared: &Declared, env: &Env) -> Result<Option<Other>> {
    let server = server(word.strip_prefix("mcp:").unwrap_or(word), declared, env)?;
    let skill = if word.starts_with("mcp:") { None } else { skill(word, declared, env)? };
    Ok(skill.or(server))
}

fn place(declared: &Declared, line: usize) -> String {
    format!("{}:{line}", declared.intent.manifest.display())
}

fn skill(name: &str, declared: &Declared, env: &Env) -> Result<Option<Other>> {
    let Ok(known) = name.parse::<SkillName>() else { return Ok(None) };
    let locked = declared.lock.skills.get(&known);
    let state = observe::state(&env.roots)?;
    let recorded = state.skills().find(|row| row.name == name);
    let folders: Vec<_> = agents::skill_scopes(&env.roots)
        .into_iter()
        .map(|scope| agents::skills(&env.roots, scope).join(name))
        .filter(|folder| disk::is_dir(folder))
        .collect();
    let brings = |want: &&WantedSkill| {
        let source = locked.map(|locked| &locked.source);
        want.names.iter().any(|wanted| wanted == name)
            || (source.is_some() && want.written.as_ref() == source && want.brings(name))
    };
    let wanted: Vec<&WantedSkill> = declared.intent.agent_skills.iter().filter(brings).collect();
    let is_on = wanted.is_empty() || wanted.iter().any(|want| want.enabled);
    let written: Vec<String> = wanted.iter().map(|want| place(declared, want.at.line)).collect();
    if locked.is_none() && recorded.is_none() && folders.is_empty() && written.is_empty() {
        return Ok(None);
    }
    let source = match (locked, &recorded) {
        (Some(locked), _) => Some(redact_url(&locked.source)),
        (None, Some(row)) => Some(row.record.source.to_string()),
        (None, None) => None,
    };
    let commit = locked.and_then(|locked| locked.commit.as_ref()).map(ToString::to_string);
    let description = folders.iter().find_map(|folder| gather::description(folder));
    let mut lines = Vec::new();
    lines.extend(description.clone().map(|text| ("about", text)));
    let off = if is_on { "" } else { ", switched off" };
    lines.extend(written.iter().map(|place| ("manifest", format!("{place}{off}"))));
    if written.is_empty() {
        lines.push(("manifest", "not in it".to_owned()));
    }
    lines.push(("source", source.clone().unwrap_or_else(|| "unmanaged".to_owned())));
    lines.extend(commit.clone().map(|commit| ("commit", commit)));
    lines.extend(folders.iter().map(|folder| ("folder", folder.display().to_string())));
    if folders.is_empty() {
        lines.push(("folder", "not installed".to_owned()));
    }
    let details = json!({
        "description": description,
        "manifest": written,
        "enabled": is_on,
        "source": source,
        "locked": locked.map(|locked| json!({
            "commit": commit,
            "package": locked.package,
            "tree": locked.tree.to_string(),
        })),
        "folders": folders,
    });
    Ok(Some(Other { kind: "skill", name: name.to_owned(), lines, details }))
}

fn server(name: &str, declared: &Declared, env: &Env) -> Result<Option<Other>> {
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let snapshot = observe::observe(&env.roots, &declared.lock, &mut fingerprints)?;
    let mut entries = all_servers(&env.roots, &snapshot);
    entries.retain(|entry| entry.name == name || entry.name.ends_with(&format!(":{name}")));
    let (on, off) = (&declared.intent.servers, &declared.intent.servers_off);
    let written = |servers: &[crate::model::WantedServer]| -> Vec<String> {
        let named = servers.iter().filter(|server| server.name == name);
        named.map(|server| place(declared, server.at.line)).collect()
    };
    let (on, off) = (written(on), written(off));
    if entries.is_empty() && on.is_empty() && off.is_empty() {
        return Ok(None);
    }
    let mut lines: Vec<(&str, String)> =
        on.iter().map(|place| ("manifest", place.clone())).collect();
    lines.extend(off.iter().map(|place| ("manifest", format!("{place}, switched off"))));
    if lines.is_empty() {
        lines.push(("manifest", "not in it".to_owned()));
    }
    for entry in &entries {
        let target = servers::target(&entry.record);
        lines.push(("entry", format!("{}: {target}, {}", entry.place_name(), entry.effect)));
        lines.push(("file", entry.file.display().to_string()));
    }
    if entries.is_empty() {
        lines.push(("entry", "in no client".to_owned()));
    }
    let owned = manifest::owned(&env.roots)?;
    let details = json!({
        "manifest": on.iter().chain(&off).collect::<Vec<_>>(),
        "enabled": !on.is_empty() || (off.is_empty() && !entries.is_empty()),
        "entries": servers::json(&entries, &env.roots, &owned.ledger),
    });
    Ok(Some(Other { kind: "server", name: name.to_owned(), lines, details }))
}

impl Other {
    pub fn json(&self) -> Value {
        let mut document =
            json!({ "schema": "zskills/info/1", "kind": self.kind, "name": self.name });
        if let (Value::Object(document), Value::Object(details)) = (&mut document, &self.details) {
            document.extend(details.clone());
        }
        document
    }

    pub fn text(&self, paint: Paint) -> String {
        let mut out = format!("{} ({})\n", paint.bold(&one_line(&self.name)), self.kind);
        for (word, text) in &self.lines {
            writeln!(out, "  {word:<10} {}", one_line(text)).expect("strings take text");
        }
        out
    }
}
