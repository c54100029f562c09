//! Rules over the sources of marketplaces, as the client's managed settings spell them.

use regex_automata::meta::Regex;
use serde_json::Value;

use crate::clients::claude::source;
use crate::model::{RegistrySource, RulePlace, Source};

/// One element of `strictKnownMarketplaces` or `blockedMarketplaces`.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub place: RulePlace,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// A place; its own branch or tag, if it has one, counts.
    Source(Source),
    Host(Regex),
    Path(Regex),
    /// A source that a manifest cannot have, such as an npm package: nothing of ours matches.
    Other,
}

impl Rule {
    pub fn read(value: &Value, place: RulePlace) -> Result<Self, String> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let regex = |key: &str| {
            let pattern = text(key).ok_or_else(|| format!("the rule has no `{key}`"))?;
            Regex::new(pattern).map_err(|_| format!("`{key}` is no regular expression"))
        };
        let what = match text("source") {
            None => return Err("the rule has no `source`".to_owned()),
            Some("hostPattern") => What::Host(regex("hostPattern")?),
            Some("pathPattern") => What::Path(regex("pathPattern")?),
            Some(_) => match source::decode(value) {
                RegistrySource::Known(source) => What::Source(source),
                RegistrySource::Other { .. } => What::Other,
            },
        };
        Ok(Self { place, what })
    }

    /// An allowed source is that very one, its branch or tag included.
    pub fn allows(&self, source: &Source, reference: Option<&str>) -> bool {
        match &self.what {
            What::Source(allowed) => {
                allowed.same_place(source)
                    && allowed.reference() == reference.or(source.reference())
            }
            _ => self.matches_pattern(source),
        }
    }

    /// A blocked source is blocked at every branch and tag, unless the rule names one.
    pub fn blocks(&self, source: &Source, reference: Option<&str>) -> bool {
        match &self.what {
            What::Source(blocked) => {
                let at = blocked.reference();
                let there = at.is_none() || at == reference.or(source.reference());
                blocked.same_place(source) && there
            }
            _ => self.matches_pattern(source),
        }
    }

    fn matches_pattern(&self, source: &Source) -> bool {
        match (&self.what, source) {
            (What::Host(pattern), _) => host(source).is_some_and(|host| pattern.is_match(&host)),
            (What::Path(pattern), Source::Directory { path } | Source::File { path }) => {
                path.to_str().is_some_and(|path| pattern.is_match(path))
            }
            _ => false,
        }
    }
}

/// Returns the host that a source is fetched from, without its port.
fn host(source: &Source) -> Option<String> {
    let url = match source {
        Source::Url { url } => url.clone(),
        _ => source.git_url()?,
    };
    let authority = match url.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        None => url.split(':').next().unwrap_or_default(),
    };
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}
