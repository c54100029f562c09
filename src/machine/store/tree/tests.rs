use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;
use std::time::Instant;

use tempfile::TempDir;

use super::*;

struct Tree(TempDir);

impl Tree {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn with(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn with_link(self, path: &str, target: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    fn with_mode(self, path: &str, mode: u32) -> Self {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn hash(&self) -> String {
        hash(self.0.path()).unwrap().to_string()
    }
}

fn sample() -> Tree {
    Tree::new().with("a/b.md", "one").with("a.md", "two").with_link("l", "a/b.md")
}

#[test]
fn the_hash_of_a_tree_is_the_same_on_every_machine_and_in_every_version() {
    let expected = "sha256:7884c05fd914feb8d1a6f5c5f5c4758d37e7247104ea2b3560fbb4e92328dbd6";
    assert_eq!(sample().hash(), expected);
}

#[test]
fn the_hash_ignores_what_is_not_content() {
    let same = sample()
        .with(".git/HEAD", "x")
        .with(".in_use/1", "")
        .with(".orphaned_at", "1")
        .with_mode("a.md", 0o600);
    fs::create_dir(same.path("empty")).unwrap();
    assert_eq!(same.hash(), sample().hash());
}

#[test]
fn the_hash_changes_with_every_change_of_content() {
    let changed = [
        sample().with("a.md", "Two"),
        sample().with_mode("a.md", 0o755),
        sample().with("c.md", ""),
        sample().with("a/.git/HEAD", "nested repositories are content"),
        Tree::new().with("a/b.md", "one").with("b.md", "two").with_link("l", "a/b.md"),
        Tree::new().with("a/b.md", "one").with("a.md", "two").with_link("l", "a.md"),
        Tree::new().with("a/b.md", "one").with("a.md", "two").with("l", "a/b.md"),
        Tree::new().with("a/b.md", "onetwo").with("a.md", "").with_link("l", "a/b.md"),
    ];
    let mut hashes = changed.iter().map(Tree::hash).collect::<Vec<_>>();
    hashes.push(sample().hash());
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), changed.len() + 1);
}

fn refused(tree: &Tree) -> String {
    let error = check(tree.0.path(), Limits::DEFAULT).unwrap_err();
    assert!(error.is_refusal());
    error.to_string()
}

#[test]
fn links_that_leave_the_tree_are_refused() {
    for (link, target) in [
        ("l", "/etc/passwd"),
        ("l", ".."),
        ("a/l", "../../x"),
        ("a/l", "b/../../../x"),
        ("l", ".git/config"),
        ("a/l", "../.git"),
    ] {
        let text = refused(&sample_without_link().with_link(link, target));
        let expected = format!("the link `{link}` leaves the tree: it points to `{target}`");
        assert_eq!(text, expected);
    }
    let through = Tree::new().with("a/b/c", "").with_link("d", "a/b").with_link("e", "d/../../x");
    assert!(refused(&through).contains("`e` leaves the tree"));
}

fn sample_without_link() -> Tree {
    Tree::new().with("a/b.md", "one")
}

#[test]
fn links_inside_the_tree_are_fine() {
    let tree = sample().with_link("a/up", "../a.md").with_link("m", "l").with_link("self", ".");
    let listing = check(tree.0.path(), Limits::DEFAULT).unwrap();
    let paths = listing.entries.iter().map(|e| e.path.as_str()).collect::<Vec<_>>();
    assert_eq!(paths, ["a.md", "a/b.md", "a/up", "l", "m", "self"]);
}

#[test]
fn a_fifo_is_refused_and_never_opened() {
    let tree = Tree::new();
    let made = Command::new("mkfifo").arg(tree.path("pipe")).status().unwrap();
    assert!(made.success());
    assert_eq!(refused(&tree), "`pipe` is neither a file, a folder nor a link");
    assert!(hash(tree.0.path()).unwrap_err().is_refusal());
    let to = TempDir::new().unwrap();
    assert!(copy(tree.0.path(), &to.path().join("t"), Copy::Content).is_err());
}

#[test]
fn names_that_differ_only_in_case_are_refused() {
    let tree = Tree::new().with("d/Read.md", "").with("d/README.md", "").with("d/read.MD", "");
    assert!(refused(&tree).contains("are one name where case does not count"));
    let folders = Tree::new().with("a/x", "").with("A/y", "");
    assert_eq!(refused(&folders), "`a` and `A` are one name where case does not count");
}

#[test]
fn names_that_are_not_utf8_are_refused_and_control_characters_are_not_printed() {
    let tree = Tree::new();
    fs::write(tree.0.path().join(std::ffi::OsStr::from_bytes(b"\x1b[31m\xff")), "").unwrap();
    let text = refused(&tree);
    assert!(text.contains("is not UTF-8") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn trees_over_a_limit_are_refused() {
    let tree = sample();
    let few = Limits { files: 2, ..Limits::DEFAULT };
    let small = Limits { bytes: 4, ..Limits::DEFAULT };
    assert!(matches!(check(tree.0.path(), few), Err(TreeError::TooMany { .. })));
    assert!(matches!(check(tree.0.path(), small), Err(TreeError::TooLarge { .. })));
}

#[test]
fn a_copy_of_the_content_has_the_hash_of_the_original() {
    let tree = sample().with(".git/HEAD", "x").with("run", "#!").with_mode("run", 0o755);
    let folder = TempDir::new().unwrap();
    let to = folder.path().join("copy");
    copy(tree.0.path(), &to, Copy::Content).unwrap();
    assert_eq!(hash(&to).unwrap().to_string(), tree.hash());
    assert!(!to.join(".git").exists());
    assert!(copy(tree.0.path(), &to, Copy::Content).is_err(), "the target exists now");
}

#[test]
fn a_copy_of_everything_has_the_markers_too() {
    let tree = sample().with(".git/HEAD", "x").with(".in_use/1", "").with("a/.git/HEAD", "y");
    let folder = TempDir::new().unwrap();
    let to = folder.path().join("copy");
    copy(tree.0.path(), &to, Copy::All).unwrap();
    assert_eq!(paths(&to, 9).unwrap().len(), paths(tree.0.path(), 9).unwrap().len());
    assert!(to.join(".git/HEAD").exists() && to.join(".in_use/1").exists());
    assert_eq!(hash(&to).unwrap().to_string(), tree.hash());
}

#[test]
fn the_head_is_read_from_every_place_where_git_keeps_it() {
    let [one, two] = ["1".repeat(40), "2".repeat(40)];
    let check = |tree: Tree, expected: Option<&str>| {
        let found = head(tree.0.path());
        assert_eq!(found.as_ref().map(crate::model::Commit::as_str), expected);
    };
    check(Tree::new().with(".git/HEAD", &format!("{one}\n")), Some(&one));
    let branch = || Tree::new().with(".git/HEAD", "ref: refs/heads/a/b\n");
    let packed = format!("# pack-refs with: peeled\n{two} refs/heads/a/b\n^{one}\n");
    check(branch().with(".git/refs/heads/a/b", &format!("{one}\n")), Some(&one));
    check(branch().with(".git/packed-refs", &packed), Some(&two));
    check(branch(), None);
    check(Tree::new().with(".git/HEAD", "ref: refs/../../x").with("x", &one), None);
    check(Tree::new(), None);
}

#[test]
fn a_known_tree_is_not_read_again_until_something_in_it_changes() {
    let cache = TempDir::new().unwrap();
    let tree = sample();
    let mut first = Fingerprints::load(cache.path());
    let before = first.hash(tree.0.path()).unwrap();
    first.save_if_changed().unwrap();
    let saved = fs::read_to_string(cache.path().join("fingerprints")).unwrap();

    // A memory that lies shows that the second run does not read the files.
    let lie = format!("sha256:{}", "0".repeat(64));
    fs::write(cache.path().join("fingerprints"), saved.replace(before.as_str(), &lie)).unwrap();
    let mut second = Fingerprints::load(cache.path());
    assert_eq!(second.hash(tree.0.path()).unwrap().as_str(), lie);
    let tree = tree.with("a.md", "owt");
    let after = second.hash(tree.0.path()).unwrap();
    assert_ne!(after, before);
    assert_eq!(after.to_string(), tree.hash());
}

#[test]
fn a_missing_or_damaged_memory_is_empty() {
    let cache = TempDir::new().unwrap();
    let tree = sample();
    for text in ["", "{}", "zskills fingerprints 1\nx", "zskills fingerprints 2\n"] {
        fs::write(cache.path().join("fingerprints"), text).unwrap();
        let hash = Fingerprints::load(cache.path()).hash(tree.0.path()).unwrap();
        assert_eq!(hash.to_string(), tree.hash());
    }
}

#[test]
fn nothing_is_written_when_every_tree_was_known() {
    let cache = TempDir::new().unwrap();
    let trees = (0..200)
        .map(|_| (0..8).fold(Tree::new(), |tree, n| tree.with(&format!("d{}/{n}", n % 3), "x")))
        .collect::<Vec<_>>();
    let hash_all = || {
        let mut memory = Fingerprints::load(cache.path());
        for tree in &trees {
            memory.hash(tree.0.path()).unwrap();
        }
        memory.save_if_changed().unwrap();
        fs::metadata(cache.path().join("fingerprints")).unwrap().ino()
    };
    let first = hash_all();
    let start = Instant::now();
    assert_eq!(hash_all(), first);
    // The budget is 8 ms; the slack is for debug builds on busy machines.
    let elapsed = start.elapsed();
    assert!(elapsed.as_millis() < 500, "{elapsed:?}");
}

/// Makes folders in each other, and returns the path of the last.
fn nested(tree: &Tree, depth: usize) -> String {
    let path = vec!["d"; depth].join("/");
    fs::create_dir_all(tree.path(&path)).unwrap();
    path
}

#[test]
fn folders_in_each_other_have_an_end() {
    let (fine, deep) = (Tree::new(), Tree::new());
    nested(&fine, 100);
    check(fine.0.path(), Limits::DEFAULT).unwrap();
    let path = nested(&deep, 600);
    for n in 0..200 {
        symlink("x", deep.path(&format!("{path}/{n}"))).unwrap();
    }
    let text = refused(&deep);
    assert!(text.starts_with("more than 100 folders in each other, down to `d/d/"), "{text}");
    let root = deep.0.path();
    assert!(matches!(hash(root), Err(TreeError::TooDeep { .. })));
    assert!(matches!(list(root, 10_000), Err(TreeError::TooDeep { .. })));
    assert!(matches!(compare(root, root), Err(TreeError::TooDeep { .. })));
}

#[test]
fn twenty_thousand_links_across_the_deepest_tree_are_looked_at_in_a_moment() {
    let mut links = links::Links::default();
    let mut folder = PathBuf::new();
    for _ in 0..100 {
        let next = folder.join("d");
        links.folder(&folder, &next);
        folder = next;
    }
    // Up to the root, and down again.
    let target = PathBuf::from("../".repeat(100)).join(&folder);
    let start = Instant::now();
    for n in 0..20_000 {
        links.link(&folder, &folder.join(n.to_string()), &target).unwrap();
    }
    links.stay_inside().unwrap();
    // The budget is one second; the slack is for debug builds on busy machines.
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    let longer = links.link(&folder, &folder.join("long"), &target.join("x"));
    assert!(matches!(longer, Err(TreeError::LongLink { limit: 200, .. })), "{longer:?}");
    links.link(&folder, &folder.join("out"), Path::new(&"../".repeat(101))).unwrap();
    assert!(links.stay_inside().unwrap_err().to_string().contains("leaves the tree"));
}

/// What a hash was before it was streamed: everything in memory at once.
fn naive(entries: &[(String, u8, Vec<u8>)]) -> TreeHash {
    let mut sorted = entries.to_vec();
    sorted.sort();
    let mut digest = Sha256::new();
    for (path, kind, bytes) in sorted {
        digest.update((path.len() as u64).to_le_bytes());
        digest.update(path);
        digest.update([kind]);
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    }
    tree_hash(&digest.finalize())
}

#[test]
fn a_streamed_hash_is_that_of_the_bytes_whatever_their_number() {
    let sizes = [0, 1, 16_383, 16_384, 16_385, 100_000];
    let tree = Tree::new();
    let mut entries = Vec::new();
    for size in sizes {
        let (path, text) = (format!("d/{size}"), "x".repeat(size));
        entries.push((path.clone(), b'f', text.clone().into_bytes()));
        fs::create_dir_all(tree.path("d")).unwrap();
        fs::write(tree.path(&path), text).unwrap();
    }
    assert_eq!(hash(tree.0.path()).unwrap(), naive(&entries));
}

#[test]
fn a_file_that_is_not_as_long_as_it_said_is_an_error() {
    let check = |length: u64, text: &str| {
        Sum::default().file(Path::new("x"), false, length).read(text.as_bytes())
    };
    check(3, "abc").unwrap();
    for text in ["ab", "abcd"] {
        assert!(check(3, text).unwrap_err().to_string().contains("changed"), "{text}");
    }
}

#[test]
fn two_trees_that_differ_in_the_last_byte_of_a_large_file_differ() {
    let ends_in = |last: &str| {
        let tree = Tree::new().with("same", "x").with("large", &"x".repeat(1 << 20));
        let text = fs::read_to_string(tree.path("large")).unwrap();
        tree.with("large", &(text + last))
    };
    let (one, two) = (ends_in("a"), ends_in("b"));
    let found = compare(one.0.path(), two.0.path()).unwrap();
    assert_eq!(found.modified, ["large"]);
    assert!(found.extra.is_empty() && found.missing.is_empty());
}
