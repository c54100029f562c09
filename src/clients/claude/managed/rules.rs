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
    Package(String),
    /// A source that nothing of ours can have.
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
            Some("npm") => {
                What::Package(text("package").ok_or("the rule has no `package`")?.to_owned())
            }
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

    /// A blocked source is blocked at every branch and tag, unless the rule names one, and by whatever
    /// other way its place can be asked for.
    pub fn blocks(&self, source: &Source, reference: Option<&str>) -> bool {
        match &self.what {
            What::Source(blocked) => {
                let at = blocked.reference();
                let there = at.is_none() || at == reference.or(source.reference());
                let same = match (blocked.address(), source.address()) {
                    (Some(Ok(blocked)), Some(Ok(address))) => blocked.overlaps(&address),
                    _ => blocked.same_place(source),
                };
                same && there
            }
            _ => self.matches_pattern(source),
        }
    }

    pub fn is_package(&self, name: &str) -> bool {
        matches!(&self.what, What::Package(package) if package == name)
    }

    /// Tells whether the rule is about hosts, and so about whatever is fetched.
    pub fn is_over_hosts(&self) -> bool {
        matches!(self.what, What::Host(_))
    }

    /// Tells whether a pattern matches the host, or the path, that a source leads to.
    pub fn matches_pattern(&self, source: &Source) -> bool {
        match (&self.what, source, source.address()) {
            (What::Host(pattern), _, Some(Ok(address))) => pattern.is_match(address.host()),
            (What::Path(pattern), Source::Directory { path } | Source::File { path }, _) => {
                path.to_str().is_some_and(|path| pattern.is_match(path))
            }
            (What::Path(pattern), _, Some(Ok(address))) => {
                address.file().is_some_and(|path| pattern.is_match(&path))
            }
            _ => false,
        }
    }
}
