//! Twenty-five archives that no honest job leaves behind: each refused, soon, and in little memory.

use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{LEN_MAX, MEMBERS_MAX, texts_of, zip_of};

fn zip(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(method);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn named(name: &str) -> Vec<u8> {
    zip(&[(name, b"text")], CompressionMethod::Deflated)
}

/// The archive with these bytes in place of those, wherever they stand.
fn patched(zip: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = zip.to_vec();
    let mut hits = 0;
    for at in 0..out.len().saturating_sub(from.len()) {
        if &out[at..at + from.len()] == from {
            out[at..at + to.len()].copy_from_slice(to);
            hits += 1;
        }
    }
    assert!(hits > 0, "nothing to patch");
    out
}

/// Writes `value` at `offset` of the first entry of the central directory.
fn directory(zip: &[u8], offset: usize, value: &[u8]) -> Vec<u8> {
    let entry = zip.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let mut out = zip.to_vec();
    out[entry + offset..entry + offset + value.len()].copy_from_slice(value);
    out
}

fn many(count: usize) -> Vec<u8> {
    let names: Vec<String> = (0..count).map(|n| format!("{n}.log")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b""[..])).collect();
    zip(&members, CompressionMethod::Stored)
}

fn link() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.add_symlink("1.log", "/etc/passwd", options).unwrap();
    writer.finish().unwrap().into_inner()
}

fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let good = zip_of("1.log", &b"line\n".repeat(2_000)).unwrap();
    let stored = zip(&[("1.log", b"content")], CompressionMethod::Stored);
    let zeros = vec![0; 8 * 1024 * 1024];
    let two = zip(
        &[("a.log", b"1"), ("b.log", b"2")],
        CompressionMethod::Stored,
    );
    let mut ends = b"PK\x05\x06\0\0\0\0".to_vec();
    ends.extend([0xff; 14]);
    vec![
        ("nothing", Vec::new()),
        ("a page", b"<html>log in</html>".to_vec()),
        (
            "gzip",
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0".to_vec(),
        ),
        ("cut in half", good[..good.len() / 2].to_vec()),
        ("cut at its end", good[..good.len() - 1].to_vec()),
        ("an end without a beginning", ends),
        (
            "a bomb",
            zip(&[("1.log", &zeros)], CompressionMethod::Deflated),
        ),
        (
            "a bomb among others",
            zip(
                &[("0.log", b"x"), ("1.log", &zeros)],
                CompressionMethod::Deflated,
            ),
        ),
        ("too many members", many(MEMBERS_MAX + 1)),
        (
            "more than it says",
            directory(&good, 24, &1_u32.to_le_bytes()),
        ),
        (
            "says four gigabytes",
            directory(&stored, 24, &0xffff_fff0_u32.to_le_bytes()),
        ),
        (
            "says a byte beyond the bound",
            directory(
                &stored,
                24,
                &u32::try_from(LEN_MAX + 1).unwrap().to_le_bytes(),
            ),
        ),
        ("a link", link()),
        ("a name upwards", named("../1.log")),
        ("a name upwards in the middle", named("a/../../1.log")),
        ("a name from the root", named("/etc/passwd")),
        ("a name of a drive", named("C:\\1.log")),
        ("a name upwards, the other slash", named("..\\1.log")),
        ("a name with an empty part", named("a//1.log")),
        ("a name with a line end", named("1\n.log")),
        ("a name with a zero", named("1\0.log")),
        ("a name without end", named(&"n".repeat(300))),
        ("a name twice", patched(&two, b"b.log", b"a.log")),
        (
            "content that is not its sum",
            patched(&stored, b"content", b"Content"),
        ),
        (
            "a way of packing that nobody has",
            directory(&stored, 10, &99_u16.to_le_bytes()),
        ),
    ]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a bound of time needs the time")]
fn twenty_five_hostile_archives_are_refused_soon_and_in_little_memory() {
    let archives = archives();
    assert_eq!(archives.len(), 25);
    let before = peak_kib();
    for (name, archive) in archives {
        let began = Instant::now();
        let refused = texts_of(&archive);
        let took = began.elapsed();
        assert!(refused.is_err(), "{name}: {refused:?}");
        assert!(took < Duration::from_secs(1), "{name} took {took:?}");
    }
    assert!(peak_kib().saturating_sub(before) < 200 * 1024);
}

/// Peak of resident memory in KiB, as the kernel counts it; 0 where it is not told.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
