//! Whether a marketplace is the one that its name promises.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::clients::{self, Field, plugin_layout};
use crate::model::{KnownMarketplace, MarketplaceName, Row, Source, WELL_KNOWN_MARKETPLACES};

pub(super) const CHECKS: &[&Check] = &[&SOURCE_CHANGED, &LOOK_ALIKE];

const SOURCE_CHANGED: Check = Check {
    id: "trust.source-changed",
    severity: Severity::Error,
    title: "a marketplace name that now means another place",
    cause: "The client's registry takes this marketplace from another source than the manifest or \
            the lock says. Whoever registers a name again re-points every plugin that is installed \
            from it, and the client only notes \
            it. Two names for one place are told as well, as a warning.",
    fix: "`--fix` points it back when the manifest names the source. Otherwise sync refuses to go \
          on: write the source that you trust into the manifest. Of two names for one place, \
          remove one.",
    run: |evidence| [changed_sources(evidence), doubled_sources(evidence)].concat(),
};

/// Marketplaces that the client takes from another place than the manifest or the lock says.
fn changed_sources(evidence: &Evidence) -> Vec<Symptom> {
    let changed = evidence.observed.state.marketplaces().filter_map(|row| {
        let (text, fix) = source_changed(evidence, row)?;
        Some(Symptom::new(row.name, evidence.at_field(row.fact, Field::Source, text), fix))
    });
    changed.collect()
}

/// Returns what to say of a marketplace that comes from another place than it should.
pub(super) fn source_changed(
    evidence: &Evidence,
    row: Row<&KnownMarketplace>,
) -> Option<(String, Fix)> {
    let (name, intent) = (row.name, evidence.intent?);
    let source = row.record.source.source()?;
    let is = source.redacted();
    let wanted = intent.marketplaces.iter().find(|wanted| wanted.name.as_str() == name);
    if let Some(should) = wanted.and_then(|wanted| wanted.source.as_ref()) {
        let text =
            format!("marketplace `{name}` is `{is}`, the manifest says `{}`", should.redacted());
        return (!should.same_place(source)).then_some((text, Fix::Sync));
    }
    let locked = evidence.lock.marketplaces.get(&name.parse::<MarketplaceName>().ok()?)?;
    let base = intent.manifest.parent().unwrap_or(Path::new("/"));
    let should = Source::parse(&locked.source, base, evidence.roots).ok()?;
    let text = format!("marketplace `{name}` is `{is}`, the lock says `{}`", should.redacted());
    let fix = Fix::by_hand(format!(
        "write the source that you trust into a [[marketplaces]] entry `{name}` of the manifest"
    ));
    (!should.same_place(source)).then_some((text, fix))
}

/// Marketplaces that are registered twice, so that one plugin can be had under two names.
fn doubled_sources(evidence: &Evidence) -> Vec<Symptom> {
    let mut seen: Vec<(&str, View)> = Vec::new();
    let mut symptoms = Vec::new();
    for row in evidence.observed.state.marketplaces() {
        let name = row.name;
        let Some(place) = place(row) else { continue };
        let Some((other, _)) = seen.iter().find(|(_, other)| place.is(other)) else {
            seen.push((name, place));
            continue;
        };
        let text =
            format!("marketplaces `{other}` and `{name}` both are `{}`", place.source.redacted());
        let diagnostic = evidence.at_field(row.fact, Field::Source, text);
        let fix = Fix::by_hand(format!("keep one: `zskills marketplace remove {name}`"));
        symptoms.push(Symptom::new(name, diagnostic, fix).severity(Severity::Warning));
    }
    symptoms
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

fn place<'a>(row: Row<'a, &'a KnownMarketplace>) -> Option<View<'a>> {
    let source = &row.record.source;
    if let Some(source) = source.source() {
        return Some(View { source: Cow::Borrowed(source), catalog: None });
    }
    let (source, catalog) = clients::codec(row.client).repository(source)?;
    Some(View { source: Cow::Owned(source), catalog })
}

const LOOK_ALIKE: Check = Check {
    id: "trust.look-alike",
    severity: Severity::Warning,
    title: "a name that looks like another",
    cause: "The name of a registered marketplace can be taken for one that everybody knows or that \
            is registered beside it, or is kept for the client's maker and comes from somebody else.",
    fix: "by hand: make sure that it is the one you meant, or remove it.",
    run: look_alikes,
};

fn look_alikes(evidence: &Evidence) -> Vec<Symptom> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut symptoms = Vec::new();
    for (known, _) in WELL_KNOWN_MARKETPLACES {
        seen.insert(skeleton(known), known);
    }
    for row in evidence.observed.state.marketplaces() {
        let name = row.name;
        let kept = plugin_layout(row.client).kept_for(name, row.record.source.source());
        let other = seen.insert(skeleton(name), name).filter(|other| *other != name);
        let text = match (other, kept) {
            (Some(other), _) => format!("marketplace `{name}` looks like `{other}`"),
            (None, Some(owner)) => {
                format!("the name `{name}` is kept for {owner}, but it comes from somebody else")
            }
            (None, None) => continue,
        };
        let fix = Fix::by_hand("make sure that it is the one you meant, or remove it");
        symptoms.push(Symptom::new(name, evidence.at(row.fact, text), fix));
    }
    symptoms
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
