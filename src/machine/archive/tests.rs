use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use super::*;

/// Packs one entry; the name goes into the header as it is.
pub(crate) fn tar_gz(entries: &[(&str, tar::EntryType, u32, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, mode, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

pub(crate) fn zipped(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, mode, bytes) in entries {
        let options = SimpleFileOptions::default().unix_permissions(*mode);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn unpacked(bytes: &[u8], top: Top) -> Result<TempDir, ArchiveError> {
    let into = TempDir::new().unwrap();
    unpack(bytes, into.path(), top, Limits { files: 3, bytes: 4096 }).map(|()| into)
}

use tar::EntryType::{Block, Directory, Fifo, Link, Regular, Symlink};

#[test]
fn files_come_out_with_their_executable_bit() {
    let tar = tar_gz(&[
        ("p/", Directory, 0o755, b""),
        ("p/a", Regular, 0o644, b"one"),
        ("./p/bin/b", Regular, 0o755, b"two"),
    ]);
    let zip = zipped(&[("p/a", 0o644, b"one"), ("p/bin/b", 0o755, b"two")]);
    for bytes in [tar, zip] {
        for (top, prefix) in [(Top::Keep, "p/"), (Top::Strip, "")] {
            let into = unpacked(&bytes, top).unwrap();
            let file = |name: &str| into.path().join(format!("{prefix}{name}"));
            let executable = |name| fs::metadata(file(name)).unwrap().permissions().mode() & 0o100;
            assert_eq!(fs::read_to_string(file("a")).unwrap(), "one");
            assert_eq!((executable("a"), executable("bin/b")), (0, 0o100));
        }
    }
}

#[test]
fn paths_that_leave_the_folder_are_refused_and_nothing_is_written() {
    for name in ["../x", "/x", "a/../../x", "a\\..\\x", "C:x", "a/.git/config", ".GIT/x", "a\nb"] {
        for bytes in [tar_gz(&[(name, Regular, 0o644, b"")]), zipped(&[(name, 0o644, b"")])] {
            let error = unpacked(&bytes, Top::Keep).unwrap_err();
            assert!(matches!(error, ArchiveError::Path(_)), "{name}: {error:?}");
            assert!(error.is_refusal());
        }
    }
}

#[test]
fn links_and_devices_are_refused() {
    for kind in [Symlink, Link, Fifo, Block] {
        let error = unpacked(&tar_gz(&[("x", kind, 0o644, b"")]), Top::Keep).unwrap_err();
        assert!(matches!(error, ArchiveError::Kind { .. }), "{kind:?}: {error:?}");
    }
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    writer.add_symlink("x", "/etc", SimpleFileOptions::default()).unwrap();
    let zip = writer.finish().unwrap().into_inner();
    assert!(matches!(unpacked(&zip, Top::Keep), Err(ArchiveError::Kind { .. })));
}

#[test]
fn archives_over_a_limit_are_refused() {
    let large = [b'x'; 5000];
    let many = ["a", "b", "c", "d"];
    let tar = tar_gz(&[("x", Regular, 0o644, &large)]);
    assert!(matches!(unpacked(&tar, Top::Keep), Err(ArchiveError::TooLarge(4096))));
    let zip = zipped(&[("x", 0o644, &large)]);
    assert!(matches!(unpacked(&zip, Top::Keep), Err(ArchiveError::TooLarge(4096))));
    let tar = tar_gz(&many.map(|name| (name, Regular, 0o644, &b""[..])));
    assert!(matches!(unpacked(&tar, Top::Keep), Err(ArchiveError::TooMany(3))));
}

#[test]
fn an_archive_that_grows_too_much_is_refused() {
    let into = TempDir::new().unwrap();
    let zeros = vec![0; 17 << 20];
    let bytes = zipped(&[("x", 0o644, &zeros)]);
    let error = unpack(&bytes, into.path(), Top::Keep, Limits::DEFAULT).unwrap_err();
    assert!(matches!(error, ArchiveError::TooLarge(_)), "{error:?}");
}

#[test]
fn the_second_of_two_files_with_one_name_is_refused() {
    let tar = tar_gz(&[("x", Regular, 0o644, b"1"), ("./x", Regular, 0o644, b"2")]);
    assert!(matches!(unpacked(&tar, Top::Keep), Err(ArchiveError::Twice { .. })));
}

#[test]
fn damaged_archives_are_told_from_hostile_ones() {
    let zip = zipped(&[("a", 0o644, &[b'x'; 900])]);
    let tar = tar_gz(&[("a", Regular, 0o644, &[b'x'; 900])]);
    for bytes in [&b"hello"[..], &zip[..zip.len() / 2], &tar[..tar.len() / 2]] {
        assert!(!unpacked(bytes, Top::Keep).unwrap_err().is_refusal());
    }
}
