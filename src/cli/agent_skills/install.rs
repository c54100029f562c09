//! Skills from a source: looks at what a source has, chooses, writes it down and installs it.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde_json::json;

use crate::cli::flags::Flags;
use crate::declared::manifest::{self, edit};
use crate::flow::Declared;
use crate::flow::gather;
use crate::flow::{adopt, draft};
use crate::machine::env::Env;
use crate::machine::fetch::FetchOptions;
use crate::machine::git::Git;
use crate::machine::npm::Npm;
use crate::machine::terminal::pick::{Line, List};
use crate::machine::terminal::{Bars, Ui, one_line};
use crate::model::{
    Binding, Faults, Note, Roots, Scope, SkillName, Source, WantedSkill, did_you_mean, redact_url,
};
use crate::resolve::{self, SkillsAt};

/// Which skills of a source.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Choice {
    /// Only this skill; may be given more than once
    #[arg(long = "skill", value_name = "NAME", conflicts_with = "all")]
    pub skills: Vec<String>,
    /// All skills, however many there are
    #[arg(long)]
    pub all: bool,
}

/// The choice of a person, and what becomes of it.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Choose from a list.
    pub interactive: bool,
    /// Leave the manifest and the lock as they are.
    pub no_save: bool,
}

impl Choice {
    pub fn is_made(&self) -> bool {
        self.all || !self.skills.is_empty()
    }
}

/// How many skills are installed without a choice.
const FEW: usize = 5;

/// What is to be installed of a source.
pub enum Chosen {
    /// The entry for the manifest, and the skills that it brings.
    These { entry: edit::SkillEntry, names: Vec<String> },
    /// A person has to choose first.
    Open(SkillsAt),
}

/// Looks at what a source has and returns what is chosen of it.
///
/// # Errors
/// The source cannot be read, or has nothing of what is named.
pub fn chosen(
    spec: &str,
    choice: &Choice,
    manner: Manner,
    declared: &Declared,
    flags: &Flags,
    env: &Env,
    ui: Ui,
) -> Result<Chosen> {
    let entry = entry(spec, declared, &env.roots)?;
    let want = wanted(declared, &entry, &env.roots)?;
    let at = look(&want, flags, env, ui)?;
    let Some(names) = choose(spec, &at, choice, manner, env, ui)? else {
        return Ok(Chosen::Open(at));
    };
    let brought = match names.as_slice() {
        [] => at.names.keys().map(ToString::to_string).collect(),
        names => names.to_vec(),
    };
    Ok(Chosen::These { entry: edit::SkillEntry { names, ..entry }, names: brought })
}

/// Returns the manifest entry for a word of the command line; a path is written so that it means the
/// same from the manifest.
fn entry(spec: &str, declared: &Declared, roots: &Roots) -> Result<edit::SkillEntry> {
    if let Some(package) = spec.strip_prefix("npm:") {
        return Ok(edit::SkillEntry { npm: Some(package.to_owned()), ..Default::default() });
    }
    let local =
        matches!(spec, "." | "..") || ["./", "../", "/", "~"].iter().any(|p| spec.starts_with(p));
    let source = if local {
        match Source::parse(spec, &roots.cwd, roots) {
            Ok(source) => adopt::portable(&source, declared, roots),
            Err(error) => bail!("`{spec}` {error}"),
        }
    } else {
        spec.to_owned()
    };
    Ok(edit::SkillEntry { source: Some(source), scope: Scope::User, ..Default::default() })
}

/// Reads an entry as the manifest would.
pub fn wanted(declared: &Declared, entry: &edit::SkillEntry, roots: &Roots) -> Result<WantedSkill> {
    let file = &declared.intent.manifest;
    let text = edit::add_skill(file, "", entry).map_err(Faults::from)?;
    // Alone it is bound to nothing, and waits for nothing.
    let roots = Roots { binding: Binding::Own, ..roots.clone() };
    let intent = manifest::parse(file, &text, &roots).map_err(|faults| {
        let said: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
        anyhow::anyhow!(said.join("; "))
    })?;
    intent.agent_skills.into_iter().next().ok_or_else(|| anyhow::anyhow!("nothing is asked for"))
}

/// Looks at what a source has.
fn look(want: &WantedSkill, flags: &Flags, env: &Env, ui: Ui) -> Result<SkillsAt> {
    let bars = Bars::new(ui);
    let fetch = FetchOptions {
        offline: flags.offline,
        git: Git::new(env.git_timeout),
        npm: Npm::new(env.git_timeout),
        timeout: env.git_timeout,
        ..FetchOptions::new(env.roots.cache_dir.clone(), &bars)
    };
    let Some(wanted) = resolve::survey(want) else { bail!("the source is missing") };
    gather::skills_of(&wanted, &fetch).map_err(|trouble| {
        let hint = trouble.hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        anyhow::anyhow!("{}{hint}", trouble.text)
    })
}

/// Returns the names to install, none of them for all; nothing when a person has to choose first.
fn choose(
    spec: &str,
    at: &SkillsAt,
    choice: &Choice,
    manner: Manner,
    env: &Env,
    ui: Ui,
) -> Result<Option<Vec<String>>> {
    let is_made = choice.is_made() || manner.interactive;
    if at.marketplace.is_some() && !is_made {
        return Ok(None);
    }
    if at.names.is_empty() {
        for note in &at.notes {
            ui.note(note);
        }
        bail!("`{spec}` has no skills");
    }
    mention_servers(at, ui);
    if manner.interactive {
        let line = |(name, text): (&SkillName, &Option<String>)| {
            Line::new(name.as_str(), text.as_deref().unwrap_or_default())
        };
        let lines = at.names.iter().map(line).collect();
        let choice = List { what: "skills", lines, query: "", picker: env.picker };
        return choice.some(ui).map(Some);
    }
    for name in &choice.skills {
        if !at.names.keys().any(|there| there.as_str() == name) {
            let near = did_you_mean(name, at.names.keys().map(SkillName::as_str));
            let hint =
                near.map(|near| format!("\nhint: did you mean `{near}`?")).unwrap_or_default();
            bail!("`{spec}` has no skill `{name}`{hint}");
        }
    }
    let is_open = at.names.len() > FEW && !is_made;
    Ok((!is_open).then(|| choice.skills.clone()))
}

fn mention_servers(at: &SkillsAt, ui: Ui) {
    if !at.servers.is_empty() {
        let text =
            format!("the source also has MCP servers, not installed: {}", at.servers.join(", "));
        ui.note(&Note::info("mcp", text));
    }
}

/// Lists what there is to choose from.
pub fn survey(spec: &str, at: &SkillsAt, flags: &Flags, ui: Ui) {
    const SHOWN: usize = 72;
    if flags.json {
        let rows: Vec<_> = at
            .names
            .iter()
            .map(|(name, text)| json!({ "name": name.as_str(), "description": text }))
            .collect();
        ui.json(&json!({
            "schema": "zskills/survey/1",
            "source": redact_url(spec),
            "marketplace": at.marketplace,
            "skills": rows,
        }));
        return;
    }
    let width = at.names.keys().map(|name| name.as_str().len()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, text) in &at.names {
        let text = one_line(text.as_deref().unwrap_or_default());
        let short: String = text.chars().take(SHOWN).collect();
        let dots = if short.len() < text.len() { "…" } else { "" };
        writeln!(out, "  {:<width$}  {short}{dots}", name.as_str()).expect("strings take text");
    }
    ui.data(&out);
    let count = at.names.len();
    match &at.marketplace {
        Some(name) if count == 0 => {
            ui.talk(&format!("`{spec}` is the marketplace `{name}`; nothing was installed"));
            ui.hint(&format!("`zskills install {spec} --marketplace` registers it (or `zskills marketplace add {spec}`)"));
        }
        Some(name) => {
            ui.talk(&format!(
                "`{spec}` is the marketplace `{name}` and has {count} skills; nothing was installed"
            ));
            ui.hint(&format!(
                "`--marketplace` registers it (as `zskills marketplace add {spec}` does); `--skill NAME` or `--all` installs its skills alone"
            ));
        }
        None => {
            ui.talk(&format!("`{spec}` has {count} skills; nothing was installed"));
            ui.hint("choose with `--skill NAME`, from a list with `-i`, or take `--all`");
        }
    }
}

/// Returns the manifest's text with the entries added; what it asks for already stays as it is.
pub fn with_entries(
    declared: &Declared,
    entries: &[edit::SkillEntry],
    roots: &Roots,
) -> Result<String> {
    let file = &declared.intent.manifest;
    let mut text = declared.text.clone().unwrap_or_default();
    for entry in entries {
        let written = entry.source.as_ref().or(entry.npm.as_ref());
        let there: Vec<&WantedSkill> = declared
            .intent
            .agent_skills
            .iter()
            .filter(|want| want.written.as_ref() == written && want.scope == entry.scope)
            .collect();
        let mut names = Vec::new();
        for name in &entry.names {
            // What was left out and is named now is taken back.
            let is_out = |want: &&WantedSkill| want.exclude.contains(name);
            if let Some(written) = written.filter(|_| there.iter().any(is_out)) {
                text = edit::include(file, &text, written, name).map_err(Faults::from)?;
            }
            if !there.iter().any(|want| brings_once_named(want, name)) {
                names.push(name.clone());
            }
        }
        let is_whole = there.iter().any(|want| want.names.is_empty());
        if names.is_empty() && (is_whole || !entry.names.is_empty()) {
            continue;
        }
        // An entry for everything takes the place of those for a part.
        if names.is_empty() && !there.is_empty() {
            let target = edit::Target::SkillSource(written.map_or("", String::as_str));
            text = edit::remove(file, &text, target).map_err(Faults::from)?;
        }
        let entry = edit::SkillEntry { names, ..entry.clone() };
        text = edit::add_skill(file, &text, &entry)
            .and_then(|text| draft::bound(file, text, "agent_skills", entry.scope, roots))
            .map_err(Faults::from)?;
    }
    Ok(text)
}

/// Tells whether an entry brings a skill that `exclude` does not name any more.
fn brings_once_named(want: &WantedSkill, name: &str) -> bool {
    let exclude = want.exclude.iter().filter(|left_out| *left_out != name).cloned().collect();
    WantedSkill { exclude, ..want.clone() }.brings(name)
}
