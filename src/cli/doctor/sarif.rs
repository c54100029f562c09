//! Findings as SARIF 2.1.0, which code scanning services read.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::doctor::{self, Finding, Severity};

/// Returns the document: every check as a rule, every finding as a result.
pub fn document(findings: &[Finding]) -> Value {
    let rules: Vec<Value> = doctor::checks()
        .map(|check| {
            json!({
                "id": check.id,
                "shortDescription": { "text": check.title },
                "fullDescription": { "text": check.cause },
                "help": { "text": format!("Fix: {}", check.fix), "markdown": check.explain() },
                "defaultConfiguration": { "level": level(check.severity) },
            })
        })
        .collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "zskills",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "results": results,
        }],
    })
}

fn result(finding: &Finding) -> Value {
    let mut place = json!({ "artifactLocation": { "uri": uri(&finding.diagnostic.file) } });
    if let Some(at) = finding.diagnostic.at {
        place["region"] = json!({ "startLine": at.line, "startColumn": at.column });
    }
    let message = format!("{}\nFix: {}", finding.diagnostic.message, finding.fix.describe());
    let mut result = json!({
        "ruleId": finding.check.id,
        "level": level(finding.severity),
        "message": { "text": message },
        "locations": [{ "physicalLocation": place }],
    });
    if let Some(index) = doctor::checks().position(|check| check == finding.check) {
        result["ruleIndex"] = index.into();
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// Returns a path as a URI; everything but plain characters is escaped.
fn uri(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(byte));
            }
            byte => write!(uri, "%{byte:02X}").expect("strings take text"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_blanks_is_escaped() {
        assert_eq!(uri(Path::new("/a b/ü@c.json")), "file:///a%20b/%C3%BC%40c.json");
    }
}
