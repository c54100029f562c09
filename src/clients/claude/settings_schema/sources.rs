//! Lists of the sources that marketplaces may have, as an administrator's rules and, to no effect, other
//! settings hold them. A marketplace that is declared is judged elsewhere: there most faults cost it alone.

use super::hooks::ADDRESS;
use super::keys::TEXTS;
use super::rule::Rule::{Flag, List, Map, Shaped, Tagged, Text};
use super::rule::{Field, Rule, may, must};

pub(super) const LIST: Rule = List(&Tagged(
    "source",
    &[
        ("github", GITHUB),
        ("git", GIT),
        ("url", &[must("url", ADDRESS), may("headers", Map(&Text)), may("headersHelper", Text)]),
        ("npm", &[must("package", PACKAGE), may("version", Text), may("registry", ADDRESS)]),
        ("file", &[must("path", Text)]),
        ("directory", &[must("path", Text)]),
        ("skills-dir", &[]),
        ("hostPattern", &[must("hostPattern", Text)]),
        ("pathPattern", &[must("pathPattern", Text)]),
        ("settings", &[must("name", NAME), must("plugins", List(&PLUGIN))]),
    ],
));

const GITHUB: &[Field] = &[
    must("repo", Text),
    may("ref", Text),
    may("path", Text),
    may("sparsePaths", TEXTS),
    may("skipLfs", Flag),
];

const GIT: &[Field] = &[
    must("url", Text),
    may("ref", Text),
    may("path", Text),
    may("sparsePaths", TEXTS),
    may("skipLfs", Flag),
];

const PACKAGE: Rule = Shaped(no_spaces, "the name of a package", "tools");
const NAME: Rule = Shaped(no_spaces, "a name without spaces", "tools");

fn no_spaces(text: &str) -> bool {
    !text.is_empty() && !text.contains(' ')
}

const PLUGIN: Rule = Rule::Object(&[must("name", Text), must("source", Rule::Object(&[]))]);
