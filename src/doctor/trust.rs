//! Whether what is here is what was reviewed: bytes, commits, names and powers against the lock.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Evidence, Finding, Fix, Severity};
use crate::clients;
use crate::content::catalog;
use crate::declared::lock::{Lock, LockedMarketplace};
use crate::model::{
    Client, InstallRecord, KnownMarketplace, MarketplaceName, PluginId, Reach, RegistrySource, Row,
    Scope, Source, State, WELL_KNOWN_MARKETPLACES,
};

/// How a folder differs from the locked bytes; paths are relative to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Altered {
    pub modified: Vec<String>,
    pub extra: Vec<String>,
    pub missing: Vec<String>,
}

/// Where disk and records are not what the lock says.
pub(super) fn drift_from_lock(evidence: &Evidence) -> Vec<Finding> {
    if evidence.intent.is_none() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = evidence
        .lock
        .marketplaces
        .iter()
        .filter_map(|(name, l)| moved(evidence, name, l))
        .collect();
    let locked = evidence.lock.plugins.iter();
    for (wanted, scope, locked) in locked.flat_map(|(id, l)| Scope::ALL.map(|s| (id, s, l))) {
        let id = wanted.to_string();
        let Some(row) = evidence.record(&id, scope) else { continue };
        let record = row.record;
        // Another hand may have another version in another scope.
        if !record.auto && !evidence.wants(&id, scope) {
            continue;
        }
        let Some(tree) = evidence.observed.trees.get(&record.install_path) else { continue };
        // A local folder is read where it lies; the copy in the cache does not matter.
        if *tree == locked.tree || comes_from_folder(evidence, wanted) {
            continue;
        }
        let names = evidence.disk.altered.get(&record.install_path).map(Altered::describe);
        let text = format!(
            "the bytes of `{id}` in `{}` are not the ones in skills.lock{}",
            record.install_path.display(),
            names.unwrap_or_default()
        );
        findings.push(Finding {
            id: "lock.drift",
            severity: Severity::Error,
            about: id.clone(),
            diagnostic: evidence.at(row.fact, text),
            fix: Fix::Sync,
        });
    }
    findings
}

impl Altered {
    fn describe(&self) -> String {
        const SHOWN: usize = 5;
        let part = |word: &str, paths: &[String]| {
            let names: Vec<String> = paths.iter().take(SHOWN).map(|p| format!("`{p}`")).collect();
            let more = match paths.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (!paths.is_empty()).then(|| format!("{word} {}{more}", names.join(", ")))
        };
        let parts = [
            part("modified", &self.modified),
            part("extra", &self.extra),
            part("missing", &self.missing),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) }
    }
}

/// Returns the finding about a marketplace that does not stand at the locked commit.
fn moved(
    evidence: &Evidence,
    name: &MarketplaceName,
    locked: &LockedMarketplace,
) -> Option<Finding> {
    let row = marketplaces(evidence).find(|row| row.name == name.as_str())?;
    let known = row.record;
    let head = evidence.observed.heads.get(&known.install_location)?;
    let commit = locked.commit.as_ref().filter(|commit| *commit != head)?;
    if source_changed(evidence, name.as_str(), known).is_some() {
        return None;
    }
    let (id, text) = match &locked.pin {
        Some(tag) if evidence.disk.tags.contains(name.as_str()) => (
            "trust.tag-moved",
            format!("tag `{tag}` of marketplace `{name}` now is {}", head.short()),
        ),
        _ if evidence.disk.rewritten.contains(name.as_str()) => (
            "trust.history-rewritten",
            format!("marketplace `{name}` stands at {}, in another history", head.short()),
        ),
        _ => ("lock.drift", format!("marketplace `{name}` stands at {}", head.short())),
    };
    let text = format!("{text}; the lock says {}", commit.short());
    Some(Finding {
        id,
        severity: Severity::Error,
        about: name.to_string(),
        diagnostic: evidence.at(row.fact, text),
        fix: Fix::Sync,
    })
}

/// Marketplaces that the client takes from another place than the manifest or the lock says.
pub(super) fn changed_sources(evidence: &Evidence) -> Vec<Finding> {
    marketplaces(evidence)
        .filter_map(|row| {
            let name = row.name;
            let (text, fix) = source_changed(evidence, name, row.record)?;
            Some(Finding {
                id: "trust.source-changed",
                severity: Severity::Error,
                about: name.to_owned(),
                diagnostic: evidence.at_field(row.fact, "source", text),
                fix,
            })
        })
        .collect()
}

fn source_changed(
    evidence: &Evidence,
    name: &str,
    known: &KnownMarketplace,
) -> Option<(String, Fix)> {
    let intent = evidence.intent?;
    let source = known.source.source()?;
    let is = source.redacted();
    let wanted = intent.marketplaces.iter().find(|wanted| wanted.name.as_str() == name);
    if let Some(should) = wanted.and_then(|wanted| wanted.source.as_ref()) {
        let text =
            format!("marketplace `{name}` is `{is}`, the manifest says `{}`", should.redacted());
        return (!same_place(should, source)).then_some((text, Fix::Sync));
    }
    let locked = evidence.lock.marketplaces.get(&name.parse::<MarketplaceName>().ok()?)?;
    let base = intent.manifest.parent().unwrap_or(Path::new("/"));
    let should = Source::parse(&locked.source, base, evidence.roots).ok()?;
    let text = format!("marketplace `{name}` is `{is}`, the lock says `{}`", should.redacted());
    let fix = Fix::ByHand(format!(
        "write the source that you trust into a [[marketplaces]] entry `{name}` of the manifest"
    ));
    (!same_place(&should, source)).then_some((text, fix))
}

/// Marketplaces that are registered twice, so that one plugin can be had under two names.
pub(super) fn doubled_sources(evidence: &Evidence) -> Vec<Finding> {
    let mut seen: Vec<(&str, View)> = Vec::new();
    let mut findings = Vec::new();
    for row in marketplaces(evidence) {
        let name = row.name;
        let Some(place) = place(row.record) else { continue };
        let Some((other, _)) = seen.iter().find(|(_, other)| place.is(other)) else {
            seen.push((name, place));
            continue;
        };
        let text =
            format!("marketplaces `{other}` and `{name}` both are `{}`", place.source.redacted());
        findings.push(Finding {
            id: "trust.source-changed",
            severity: Severity::Warning,
            about: name.to_owned(),
            diagnostic: evidence.at_field(row.fact, "source", text),
            fix: Fix::ByHand(format!("keep one: `zskills marketplace remove {name}`")),
        });
    }
    findings
}

/// What a registered marketplace is a view of.
struct View<'a> {
    source: Cow<'a, Source>,
    /// The catalog's path in its repository; one repository may have several.
    catalog: Option<String>,
}

impl View<'_> {
    fn is(&self, other: &Self) -> bool {
        self.source.same_place(&other.source)
            && self.source.reference() == other.source.reference()
            && self.catalog == other.catalog
    }
}

fn place(known: &KnownMarketplace) -> Option<View<'_>> {
    match &known.source {
        RegistrySource::Known(source) => {
            Some(View { source: Cow::Borrowed(source), catalog: None })
        }
        RegistrySource::Other { .. } => {
            let (source, catalog) = clients::claude::source::repository(&known.source)?;
            Some(View { source: Cow::Owned(source), catalog })
        }
    }
}

/// A catalog file and the folder around it are the same place to the client.
fn same_place(one: &Source, other: &Source) -> bool {
    one.same_place(other)
}

/// Marketplace names that can be taken for others.
pub(super) fn look_alikes(evidence: &Evidence) -> Vec<Finding> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for (known, _) in WELL_KNOWN_MARKETPLACES {
        seen.insert(skeleton(known), known);
    }
    for row in marketplaces(evidence) {
        let name = row.name;
        let official = row.record.source.source().is_some_and(is_official);
        let other = seen.insert(skeleton(name), name).filter(|other| *other != name);
        let text = match other {
            Some(other) => format!("marketplace `{name}` looks like `{other}`"),
            None if catalog::reserved(name) && !official => {
                format!("the name `{name}` is kept for Anthropic, but it comes from somebody else")
            }
            None => continue,
        };
        findings.push(Finding {
            id: "trust.look-alike",
            severity: Severity::Warning,
            about: name.to_owned(),
            diagnostic: evidence.at(row.fact, text),
            fix: Fix::ByHand("make sure that it is the one you meant, or remove it".into()),
        });
    }
    findings
}

fn is_official(source: &Source) -> bool {
    let url = source.git_url().unwrap_or_default().to_ascii_lowercase();
    url.starts_with("https://github.com/anthropics/")
        || url.starts_with("git@github.com:anthropics/")
}

/// Returns what a name looks like at a glance.
fn skeleton(name: &str) -> String {
    let mut plain = String::new();
    for c in name.to_lowercase().chars() {
        plain.push(match c {
            '0' | 'о' | 'ο' => 'o',
            '1' | 'i' | 'і' | 'ι' | '|' => 'l',
            '3' | 'е' | 'ε' => 'e',
            '5' | 'ѕ' => 's',
            'а' | 'α' | '4' => 'a',
            'с' | 'ϲ' => 'c',
            'р' | 'ρ' => 'p',
            'у' | 'γ' => 'y',
            'х' | 'χ' => 'x',
            'ո' => 'n',
            '_' | '.' | '-' => continue,
            c => c,
        });
    }
    plain.replace("rn", "m").replace("vv", "w")
}

/// Deployed plugins that can do what the lock does not know of.
pub(super) fn more_capabilities(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (row, scan) in super::content::scans(evidence) {
        let (id, scope, folder) = (row.name, row.reach.scope(), &row.record.install_path);
        let Ok(parsed) = id.parse::<PluginId>() else { continue };
        let Some(locked) = evidence.lock.plugins.get(&parsed).filter(|_| evidence.wants(id, scope))
        else {
            continue;
        };
        // The same bytes bring the same; and a copy of a local folder is not what runs.
        if evidence.observed.trees.get(folder) == Some(&locked.tree)
            || comes_from_folder(evidence, &parsed)
        {
            continue;
        }
        let new: Vec<&str> = scan
            .capabilities
            .iter()
            .filter(|one| !locked.capabilities.contains(*one))
            .map(String::as_str)
            .collect();
        if new.is_empty() {
            continue;
        }
        let text = format!("`{id}` brings what the lock does not have: {}", new.join("; "));
        findings.push(Finding {
            id: "trust.capability-diff",
            severity: Severity::Warning,
            about: id.to_owned(),
            diagnostic: evidence.at(row.fact, text),
            fix: Fix::Sync,
        });
    }
    findings
}

/// Plugins that the client will never update, for their version did not change and their bytes did.
pub(super) fn stale_bytes(evidence: &Evidence) -> Vec<Finding> {
    evidence
        .records()
        .filter_map(|row| {
            let (id, record) = (row.name, row.record);
            let offered = evidence.disk.offered.get(id)?;
            let tree = evidence.observed.trees.get(&record.install_path)?;
            let version = record.version.as_deref().unwrap_or("unknown");
            let text =
                format!("`{id}` {version} is installed with other bytes than its marketplace has");
            (tree != offered).then(|| Finding {
                id: "stale.same-version",
                severity: Severity::Warning,
                about: id.to_owned(),
                diagnostic: evidence.at(row.fact, text),
                fix: Fix::ByHand(format!("uninstall and install `{id}`, or adopt it and upgrade")),
            })
        })
        .collect()
}

/// Returns the plugins that no lock holds, so that only their marketplace can say whether they are stale.
pub fn stale_candidates<'a>(
    state: &'a State,
    lock: &'a Lock,
) -> impl Iterator<Item = (PluginId, &'a InstallRecord, &'a KnownMarketplace)> {
    let unlocked = state.plugins().filter(|row| *row.reach == Reach::USER);
    unlocked.filter_map(|row| {
        let id: PluginId = row.name.parse().ok().filter(|id| !lock.plugins.contains_key(id))?;
        let known = state.marketplace(row.client, id.marketplace.as_str())?;
        known.source.source()?.git_url()?;
        Some((id, row.record, known))
    })
}

pub(super) fn comes_from_folder(evidence: &Evidence, id: &PluginId) -> bool {
    let known = evidence.observed.state.marketplace(Client::Claude, id.marketplace.as_str());
    let source = known.and_then(|known| known.source.source());
    matches!(source, Some(Source::Directory { .. } | Source::File { .. }))
}

fn marketplaces<'a>(evidence: &'a Evidence) -> impl Iterator<Item = Row<'a, &'a KnownMarketplace>> {
    evidence.observed.state.marketplaces()
}

/// Returns the folders of which it is to be found out how they differ from the lock.
pub fn drifted<'a>(
    state: &'a State,
    lock: &'a Lock,
    trees: &'a BTreeMap<PathBuf, crate::model::TreeHash>,
) -> impl Iterator<Item = &'a Path> {
    state.plugins().filter_map(|row| {
        let locked = lock.plugins.get(&row.name.parse::<PluginId>().ok()?)?;
        let tree = trees.get(&row.record.install_path)?;
        (*tree != locked.tree).then_some(row.record.install_path.as_path())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        let check = |one: &str, other: &str, same: bool| {
            assert_eq!(skeleton(one) == skeleton(other), same, "{one} {other}");
        };
        check("claude-plugins-official", "c1aude-plugins-official", true);
        check("claude-plugins-official", "claude_plugins.0fficial", true);
        check("anthropic-agent-skills", "antbropic-agent-skills", false);
        check("modern", "modem", true);
        check("tools", "toolz", false);
    }
}
