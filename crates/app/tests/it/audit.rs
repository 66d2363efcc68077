//! Heads kept outside, as an auditor uses them: signed checkpoints and an exported log.

use std::fs;
use std::path::PathBuf;

use crate::judge::Typed;
use crate::program::{Ended, Twin, golden};

/// A line with one character of `name`'s value changed.
fn forged(line: &str, name: &str) -> String {
    let at = line.find(&format!("\"{name}\":\"")).unwrap() + name.len() + 4;
    let other = if line.as_bytes()[at] == b'0' {
        "1"
    } else {
        "0"
    };
    format!("{}{other}{}", &line[..at], &line[at + 1..])
}

/// A tenant whose books are carried, and an auditor with a key and two files of his own.
struct Audited {
    twin: Twin,
    typed: Typed,
    private: String,
    public: String,
    heads: PathBuf,
    log: PathBuf,
}

impl Audited {
    fn start() -> Self {
        let twin = Twin::start(&golden());
        let private = twin.path("keys/signing/auditor-1.key.pem");
        let made = Self {
            public: String::new(),
            private: private.to_str().unwrap().to_owned(),
            heads: twin.path("heads.jsonl"),
            log: twin.path("log.jsonl"),
            typed: Typed::new(),
            twin,
        };
        Self {
            public: made.key_of("auditor"),
            ..made
        }
    }

    /// Makes a key; answers where its public half is.
    fn key_of(&self, owner: &str) -> String {
        let made = self
            .twin
            .tieout(&["key", "new", "--owner", owner])
            .expect(0);
        let public = self.twin.path(&format!("{owner}.pub.pem"));
        let public = public.to_str().unwrap().to_owned();
        let export = ["key", "export", made.out.trim(), "--out", &public];
        self.twin.tieout(&export).expect(0);
        public
    }

    fn carry(&mut self) {
        self.typed.enter(&self.twin);
        self.twin.drain().expect(0);
    }

    fn checkpoint(&self) {
        let out = self.heads.to_str().unwrap();
        let arguments = ["audit", "checkpoint", "--key", &self.private, "--out", out];
        self.twin.tieout(&arguments).expect(0);
    }

    fn verify_by(&self, public: &str) -> Ended {
        let heads = self.heads.to_str().unwrap();
        let through = ["audit", "verify", "--checkpoints", heads];
        let arguments = [&through[..], &["--checkpoint-key", public]].concat();
        self.twin.tieout(&arguments)
    }

    fn against_log(&self) -> Ended {
        let log = self.log.to_str().unwrap();
        self.twin.tieout(&["audit", "verify", "--log", log])
    }
}

#[test]
fn checkpoints_and_an_exported_log_show_whoever_forged_them_and_a_log_made_anew() {
    let mut audited = Audited::start();
    for _ in 0..3 {
        audited.carry();
        audited.checkpoint();
    }
    let export = ["audit", "export", "--out", audited.log.to_str().unwrap()];
    audited.twin.tieout(&export).expect(0);
    audited.carry();
    let whole = fs::read_to_string(&audited.heads).unwrap();
    assert_eq!(whole.lines().count(), 3);
    audited.verify_by(&audited.public).expect(0);
    audited.against_log().expect(0);

    // A checkpoint that somebody altered, and the key of somebody else.
    let first = whole.lines().next().unwrap();
    fs::write(&audited.heads, forged(first, "sig")).unwrap();
    let refused = audited.verify_by(&audited.public).expect(4);
    refused.says(&["P0404", "line 1 of"]);
    fs::write(&audited.heads, &whole).unwrap();
    let stranger = audited.key_of("stranger");
    let refused = audited.verify_by(&stranger).expect(2);
    refused.says(&["P0018", "line 1 of"]);

    // The first entry that differs is named: here it is the exported log that somebody edited.
    let text = fs::read_to_string(&audited.log).unwrap();
    let edited = text.lines().enumerate().map(|(i, line)| match i {
        6.. => forged(line, "digest"),
        _ => line.to_owned(),
    });
    let edited: Vec<String> = edited.collect();
    fs::write(&audited.log, edited.join("\n")).unwrap();
    let refused = audited.against_log().expect(4);
    refused.says(&["P0404", "audit entry 7 "]);
    fs::write(&audited.log, &text).unwrap();

    // The database is thrown away and the books are carried again: a log that is whole in itself, and another.
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(audited.twin.path(&format!("tieout.db{end}")));
    }
    audited
        .verify_by(&audited.public)
        .expect(4)
        .says(&["P0404"]);
    // A database made anew knows nothing of what was sent before: what the target takes twice is noticed, and a person is told.
    audited.twin.drain().expect(1);
    audited.twin.tieout(&["audit", "verify"]).expect(0);
    audited
        .verify_by(&audited.public)
        .expect(4)
        .says(&["P0404"]);
    audited.against_log().expect(4).says(&["audit entry 1 "]);
}
