//! The HTTP API of skills.sh.
//!
//! Request: `GET <base>/api/search?q=<words>&limit=<n>` with `Authorization: Bearer <key>`. Response:
//! `{"skills": [{"id", "name", "installs", "source": "owner/repo"}, …]}`; a `description` is shown
//! where there is one, and further keys do not matter. A row that does not name a skill in a
//! repository on GitHub is left out. This shape is what is publicly known; it was tried against
//! servers of the tests, not against the live service.

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use super::{BYTES, Index, IndexError, IndexHit, TIMEOUT};
use crate::machine::env::Key;
use crate::machine::http::{self, Limits, Plain};
use crate::model::{SkillName, Source};

/// How many rows are looked through for one name.
const MANY: usize = 100;

/// The service at one address.
pub struct SkillsSh {
    base: String,
    key: Key,
}

#[derive(Deserialize)]
struct Answer {
    skills: Vec<Value>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    source: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    installs: Option<u64>,
}

impl SkillsSh {
    pub fn new(base: &str, key: Key) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), key }
    }
}

impl Index for SkillsSh {
    fn search(&self, query: &str, limit: usize) -> Result<Vec<IndexHit>, IndexError> {
        let limits = Limits { bytes: BYTES, timeout: TIMEOUT, plain: Plain::Loopback };
        let body = http::get_with_key(&self.address(query, limit), self.key.reveal(), limits)?;
        let mut hits = hits(&body)?;
        hits.truncate(limit);
        Ok(hits)
    }

    fn source_of(&self, name: &SkillName) -> Result<Vec<IndexHit>, IndexError> {
        let mut hits = self.search(name.as_str(), MANY)?;
        hits.retain(|hit| hit.name == *name);
        Ok(hits)
    }
}

impl SkillsSh {
    fn address(&self, query: &str, limit: usize) -> String {
        let base = format!("{}/api/search", self.base);
        let limit = limit.to_string();
        match Url::parse_with_params(&base, [("q", query), ("limit", &limit)]) {
            Ok(url) => url.into(),
            // Asking for it says what is wrong with it.
            Err(_) => base,
        }
    }
}

fn hits(body: &[u8]) -> Result<Vec<IndexHit>, IndexError> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|error| IndexError::Answer(error.to_string()))?;
    let mut hits: Vec<IndexHit> = Vec::new();
    for hit in answer.skills.into_iter().filter_map(hit) {
        if !hits.iter().any(|other| other.name == hit.name && other.repo == hit.repo) {
            hits.push(hit);
        }
    }
    Ok(hits)
}

fn hit(row: Value) -> Option<IndexHit> {
    let row: Row = serde_json::from_value(row).ok()?;
    Some(IndexHit {
        name: row.name.parse().ok()?,
        // Nothing else that a manifest may name, such as a folder of this machine.
        repo: Source::github(&row.source)?,
        description: row.description.unwrap_or_default(),
        installs: row.installs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_name_no_skill_in_a_repository_are_left_out() {
        let check = |row: &str, expected: Option<(&str, &str)>| {
            let hits = hits(format!("{{\"skills\":[{row}]}}").as_bytes()).unwrap();
            let found = hits.first().map(|hit| (hit.name.as_str(), hit.repo.as_str()));
            assert_eq!(found, expected, "{row}");
        };
        check(r#"{"id":"a","name":"pdf","installs":3,"source":"o/r"}"#, Some(("pdf", "o/r")));
        check(r#"{"name":"pdf","source":"o/r","more":{}}"#, Some(("pdf", "o/r")));
        check(r#"{"name":"../pdf","source":"o/r"}"#, None);
        for source in ["/etc", "./o/r", "~/r", "o/r@main", "o/r/x", "-o/r", "https://h/r.git", ""] {
            check(&format!(r#"{{"name":"pdf","source":"{source}"}}"#), None);
        }
        check(r#"{"name":"pdf"}"#, None);
        check("5", None);
    }

    #[test]
    fn words_are_escaped_in_the_address() {
        let index = SkillsSh::new("https://h/", Key::new("k").unwrap());
        assert_eq!(index.address("a&b c", 5), "https://h/api/search?q=a%26b+c&limit=5");
    }
}
