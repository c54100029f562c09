//! What is and what is not a source.

use proptest::prelude::*;

use super::*;

fn roots() -> Roots {
    crate::clients::roots_below(Path::new("/home/u"), Path::new("/home/u"))
}

fn parse(text: &str) -> Result<Source, SourceError> {
    Source::parse(text, Path::new("/base/dir"), &roots())
}

fn github(repo: &str, reference: Option<&str>) -> Source {
    Source::GitHub { repo: repo.into(), reference: reference.map(Into::into) }
}

fn git(url: &str, reference: Option<&str>) -> Source {
    Source::Git { url: url.into(), reference: reference.map(Into::into) }
}

#[test]
fn every_spelling_is_read_and_prints_back_to_the_same_source() {
    let check = |text: &str, expected: Source| {
        assert_eq!(parse(text), Ok(expected.clone()), "{text}");
        assert_eq!(parse(&expected.to_string()), Ok(expected), "{text} printed");
    };
    let directory = |path: &str| Source::Directory { path: path.into() };
    let file = |path: &str| Source::File { path: path.into() };
    let url = |url: &str| Source::Url { url: url.into() };

    check("o/r", github("o/r", None));
    check("o/r.git", github("o/r", None));
    check("o/r@v1.2", github("o/r", Some("v1.2")));
    check("o/r#feature/x", github("o/r", Some("feature/x")));
    check("o/r@a@b", github("o/r", Some("a@b")));
    check("https://github.com/o/r", git("https://github.com/o/r.git", None));
    check("HTTPS://GitHub.com/o/r.git", git("https://github.com/o/r.git", None));
    check("http://www.github.com/o/r/", git("https://github.com/o/r.git", None));
    check("https://github.com/o/r?tab=readme", git("https://github.com/o/r.git", None));
    check("https://github.com/o/r#v1", git("https://github.com/o/r.git", Some("v1")));
    check(
        "https://github.com/o/r/tree/feature/x",
        git("https://github.com/o/r.git", Some("feature/x")),
    );
    check(
        "https://github.com/o/r/commit/0123abc",
        git("https://github.com/o/r.git", Some("0123abc")),
    );
    check("https://t@github.com/o/r", git("https://t@github.com/o/r", None));
    check("https://gitlab.com/g/sub/r", git("https://gitlab.com/g/sub/r.git", None));
    check("https://gitlab.com/g/s/r/-/tree/v1", git("https://gitlab.com/g/s/r.git", Some("v1")));
    check(
        "https://gitlab.com/g/r/-/raw/main/m.json",
        url("https://gitlab.com/g/r/-/raw/main/m.json"),
    );
    check("https://h.example/r.git#main", git("https://h.example/r.git", Some("main")));
    check("http://localhost:8080/r.git", git("http://localhost:8080/r.git", None));
    check("ssh://git@h.example:2222/r.git", git("ssh://git@h.example:2222/r.git", None));
    check("git+ssh://git@h.example/r#v1", git("ssh://git@h.example/r", Some("v1")));
    check("git@github.com:o/r.git", git("git@github.com:o/r.git", None));
    check("git@h:r.json#v1", git("git@h:r.json", Some("v1")));
    check("file:///srv/r.git#v1", git("file:///srv/r.git", Some("v1")));
    check(".", directory("/base/dir"));
    check("..", directory("/base"));
    check("./a b/", directory("/base/dir/a b"));
    check("../x/./y", directory("/base/x/y"));
    check("/abs/dir", directory("/abs/dir"));
    check("~", directory("/home/u"));
    check("~/m", directory("/home/u/m"));
    check("./odd.json/", directory("/base/dir/odd.json"));
    check("catalogs/my own.json", file("/base/dir/catalogs/my own.json"));
    check("market.json", file("/base/dir/market.json"));
    check("~/m.json", file("/home/u/m.json"));
    check("https://h.example/m.json", url("https://h.example/m.json"));
    check("https://h.example/m.json?v=2", url("https://h.example/m.json?v=2"));
}

#[test]
fn what_git_or_the_network_must_not_see_is_refused() {
    use SourceError as E;
    let check = |text: &str, expected: E| assert_eq!(parse(text), Err(expected), "{text:?}");
    let scheme = |name: &str| E::Scheme(name.into());
    check("", E::Empty);
    check("o/r\n", E::Control);
    check("-o/r", E::Dash);
    check("--upload-pack=x", E::Dash);
    check(" o/r", E::Blank);
    check("ext::sh -c x", E::Blank);
    check("ext::sh", scheme("ext"));
    check("a@ext::sh", scheme("a@ext"));
    check("git://h/r", scheme("git"));
    check("ftp://h/r", scheme("ftp"));
    check("data:text/plain,x", scheme("data"));
    check("data:application/x.json", scheme("data"));
    check("C:\\x", scheme("C"));
    check("ssh://-oProxyCommand=x/r", E::Host);
    check("ssh://-x@h/r", E::Address(AddressFault::Login));
    check("git@-oProxyCommand=x:r", E::Host);
    check("git@h:-r", E::Path);
    check("https:///r", E::Host);
    check("https://h", E::Path);
    check("https://github.com/o", E::Path);
    check("https://github.com/o/r/blob/main/m.json", E::Page);
    check("https://gitlab.com/g/r/-/blob/main/m.json", E::Page);
    check("https://h/m.json#main", E::FileReference);
    check("file://host", E::Path);
    check("~other/m", E::Home);
    check("alpha", E::Shape);
    check("a/b/c", E::Shape);
    check("../r".replace("..", "a/..").as_str(), E::Shape);
    check("o/r@", E::Reference(ReferenceError::Empty));
    check("o/r@-x", E::Reference(ReferenceError::Dash));
    check("o/r@a..b", E::Reference(ReferenceError::Dots));
    for bad in ['~', '^', ':', '?', '*', '[', '\\'] {
        check(&format!("o/r@a{bad}"), E::Reference(ReferenceError::Character(bad)));
    }
}

#[test]
fn one_repository_has_many_spellings() {
    let same = |a: &str, b: &str| parse(a).unwrap().same_place(&parse(b).unwrap());
    for spelling in [
        "O/R@v1",
        "https://github.com/o/r.git",
        "https://token@GitHub.com/O/r",
        "git@github.com:o/R.git",
        "ssh://git@github.com/o/r",
        "ssh://git@github.com:22/o/r.git#x",
    ] {
        assert!(same("o/r", spelling) && same(spelling, "o/r"), "{spelling}");
    }
    assert!(same("git@h.example:g/r", "ssh://git@H.example/g/r.git"));
    assert!(same("./x", "/base/dir/x/"));
    for (a, b) in [
        ("o/r", "o/s"),
        ("o/r", "https://github.com.evil.example/o/r"),
        ("o/r", "https://evil.example/github.com/o/r"),
        ("https://h.example/R", "https://h.example/r"),
        ("https://h.example/r", "http://h.example/r"),
        ("o/r", "./o/r"),
    ] {
        assert!(!same(a, b), "{a} {b}");
    }
}

#[test]
fn git_gets_an_address_and_people_get_one_without_secrets() {
    let source = parse("https://u:secret@h.example/r.git#v1").unwrap();
    assert_eq!(source.git_url().as_deref(), Some("https://u:secret@h.example/r.git"));
    assert_eq!(source.reference(), Some("v1"));
    assert_eq!(source.redacted(), "https://h.example/r.git#v1");
    assert_eq!(parse("o/r").unwrap().git_url().as_deref(), Some("https://github.com/o/r.git"));
    assert_eq!(parse("./x").unwrap().git_url(), None);
}

proptest! {
    #[test]
    fn whatever_is_accepted_prints_back(text in "[a-z@#:/.~?=-]{0,24}") {
        if let Ok(source) = parse(&text) {
            prop_assert_eq!(parse(&source.to_string()), Ok(source.clone()));
            prop_assert!(source.same_place(&source));
        }
    }
}
