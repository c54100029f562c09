//! What is known to be prose: it tells people and models something, and does nothing by itself.

/// Ends of names of files that hold text or a picture.
const FILES: [&str; 11] =
    ["adoc", "gif", "ico", "jpeg", "jpg", "markdown", "md", "png", "rst", "txt", "webp"];

/// Names of files without such an end.
const NAMES: [&str; 20] = [
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    ".gitkeep",
    ".keep",
    "authors",
    "changelog",
    "changes",
    "codeowners",
    "contributing",
    "contributors",
    "copying",
    "history",
    "licence",
    "license",
    "license-apache",
    "license-mit",
    "news",
    "notice",
    "readme",
];

/// Keys of a Markdown file's frontmatter.
const FRONTMATTER: [&str; 20] = [
    "argument-hint",
    "author",
    "authors",
    "category",
    "color",
    "compatibility",
    "created_by",
    "description",
    "displayName",
    "homepage",
    "improved_by",
    "keywords",
    "license",
    "metadata",
    "name",
    "repository",
    "tags",
    "title",
    "version",
    "when_to_use",
];

/// Keys of `plugin.json`, and of an entry of a catalog.
const MANIFEST: [&str; 14] = [
    "$schema",
    "author",
    "category",
    "contributors",
    "description",
    "displayName",
    "homepage",
    "keywords",
    "license",
    "metadata",
    "name",
    "repository",
    "tags",
    "version",
];

/// Tells whether a file is prose by its name.
pub fn is_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let end = name.rsplit_once('.').map(|(_, end)| end);
    NAMES.contains(&name.as_str()) || end.is_some_and(|end| FILES.contains(&end))
}

pub fn is_frontmatter(key: &str) -> bool {
    FRONTMATTER.contains(&key)
}

pub fn is_manifest(key: &str) -> bool {
    MANIFEST.contains(&key)
}
