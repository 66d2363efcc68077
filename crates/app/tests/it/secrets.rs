//! Sealed secrets: a configuration that refers to them works, and nothing that is printed or kept shows one.

use std::path::Path;

use crate::program::{Twin, golden};

/// No file of the folder but the one it came from shows the secret.
fn assert_nowhere(folder: &Path, except: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_nowhere(&path, except, secret);
        } else if path != except {
            let bytes = std::fs::read(&path).unwrap();
            let is_shown = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!is_shown, "{} shows the secret", path.display());
        }
    }
}

#[test]
fn a_sealed_secret_serves_the_configuration_and_shows_itself_nowhere() {
    let twin = Twin::start(&golden());
    let plain = twin.path("keys/fusion.secret");
    let secret = std::fs::read_to_string(&plain).unwrap();
    let secret = secret.trim().to_owned();
    assert!(secret.len() >= 8);
    twin.configure(|config| config["fusion"]["password"] = "sealed:fusion".into());
    // Missing: named where it is needed and where it is listed.
    twin.tieout(&["config", "check"]).expect(2).says(&[
        "P0004",
        "[fusion] password",
        "sealed:fusion",
        "tieout secret set fusion",
    ]);
    let listed = twin.tieout(&["secret", "list", "--json"]).expect(1).json();
    assert_eq!(listed[0]["state"], "missing");
    assert_eq!(listed[0]["used_by"][0], "[fusion] password");

    let from = plain.to_str().unwrap();
    let set = twin.tieout(&["secret", "set", "fusion", "--from", from]);
    let set = set.expect(0);
    assert!(!set.out.contains(&secret) && !set.err.contains(&secret));
    twin.tieout(&["config", "check"]).expect(0);
    twin.drain().expect(0);
    let listed = twin.tieout(&["secret", "list", "--json"]).expect(0);
    assert!(!listed.out.contains(&secret));
    assert_eq!(listed.json()[0]["version"], 1);
    assert_eq!(listed.json()[0]["state"], "sealed");
    assert_nowhere(twin.folder.path(), &plain, &secret);

    // A new root key opens what the old one sealed; the old one opens nothing.
    let root = twin.path("secrets.root.key");
    let before = std::fs::read(&root).unwrap();
    twin.tieout(&["secret", "rekey"]).expect(0);
    twin.tieout(&["config", "check"]).expect(0);
    let after = std::fs::read(&root).unwrap();
    assert_ne!(before, after);
    std::fs::write(&root, &before).unwrap();
    twin.tieout(&["config", "check"])
        .expect(2)
        .says(&["P0004", "sealed by another root key"]);
    let listed = twin.tieout(&["secret", "list", "--json"]).expect(1).json();
    assert_eq!(listed[0]["state"], "does not open");
    std::fs::write(&root, &after).unwrap();

    twin.tieout(&["secret", "remove", "fusion"])
        .expect(2)
        .says(&["P0025", "[fusion] password"]);
    twin.configure(|config| config["fusion"]["password"] = "file:keys/fusion.secret".into());
    twin.tieout(&["secret", "remove", "fusion"]).expect(0);
    twin.tieout(&["secret", "remove", "fusion"])
        .expect(2)
        .says(&["P0025", "no secret fusion"]);
}

#[test]
fn what_cannot_be_a_secret_is_refused_and_changes_nothing() {
    let twin = Twin::start(&golden());
    // Standard input is empty here.
    twin.tieout(&["secret", "set", "fusion"])
        .expect(2)
        .says(&["P0025", "1 to 65536 bytes"]);
    twin.tieout(&["secret", "set", "fusion", "--from", "/nowhere/secret"])
        .expect(2)
        .says(&["P0025", "/nowhere/secret"]);
    let from = twin.path("keys/fusion.secret");
    twin.tieout(&["secret", "set", "a b", "--from", from.to_str().unwrap()])
        .expect(2)
        .says(&["P0025", "cannot name a secret"]);
    assert!(!twin.path("secrets.sealed").exists());
    twin.configure(|config| {
        let mut secrets = toml::Table::new();
        secrets.insert("root_key".into(), "sealed:root".into());
        config.insert("secrets".into(), secrets.into());
    });
    twin.tieout(&["config", "check"])
        .expect(2)
        .says(&["P0007", "root_key cannot be sealed itself"]);
}
