//! Twenty-five secrets go in, by configuration and by what systems answer; none comes out again, in whatever dress.
//!
//! A proxy between the program and the simulators answers some calls itself, with secrets in places where careless systems put them. What
//! the program then wrote (words, logs of every level, database pages, evidence, exports, a backup) is searched byte by byte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::{Twin, golden, tieout};
use crate::proxy::{Proxy, Spoiled};

/// A secret that nobody configured, by number.
fn canary(number: usize) -> String {
    format!("Kanari+{number:02}/x7&\"q\"-{}", 9_000 + number)
}

/// A canary without signs that end a word.
fn plain(number: usize) -> String {
    format!("kanari{number:02}x7q{}", 9_000 + number)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |n: u32, at: usize| char::from(DIGITS[(n >> (18 - 6 * at)) as usize & 63]);
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let n = byte(0) << 16 | byte(1) << 8 | byte(2);
        out.extend((0..=chunk.len()).map(|at| digit(n, at)));
        out.extend(std::iter::repeat_n('=', 3 - chunk.len()));
    }
    out
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn percent(text: &str) -> String {
    let one = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(one).collect()
}

/// Every dress in which a secret is searched for: raw, base64 at any offset, hexadecimal, escaped for addresses and JSON.
fn dresses(secret: &str) -> Vec<String> {
    let json = Value::String(secret.to_owned()).to_string();
    let mut all = vec![
        secret.to_owned(),
        hex(secret),
        hex(secret).to_uppercase(),
        percent(secret),
        percent(secret).to_lowercase(),
        json[1..json.len() - 1].to_owned(),
    ];
    for before in 0..3 {
        let shifted = [&vec![b'x'; before][..], secret.as_bytes()].concat();
        let text = base64(&shifted);
        let (first, last) = ((8 * before).div_ceil(6), 8 * shifted.len() / 6);
        all.push(text[first..last].to_owned());
    }
    all
}

/// Everything below `folder` with its content.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), found);
        } else {
            let name = entry.path().display().to_string();
            found.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
}

/// Runs the program with all its logs, and keeps what it says in `out`; answers its exit code and its data.
fn logged(
    twin: &Twin,
    out: &Path,
    name: &str,
    arguments: &[&str],
    env: &[(&str, &str)],
) -> (i32, String) {
    let built = env!("CARGO_BIN_EXE_tieout");
    let mut command = Command::new(built);
    command
        .args(arguments)
        .args(["--config", &twin.config()])
        .stdin(Stdio::null())
        .env("USER", "tester")
        .env("TIEOUT_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .envs(env.iter().copied());
    let ended = command.output().unwrap();
    let data = String::from_utf8_lossy(&ended.stdout).into_owned();
    let said = [ended.stdout, ended.stderr].concat();
    std::fs::write(out.join(format!("{name}.txt")), said).unwrap();
    (ended.status.code().unwrap_or(-1), data)
}

/// What Fusion says to the first writes: a refusal each, with a secret in it.
fn refusals(password: &str) -> Vec<Spoiled> {
    let texts = [
        format!(
            "Authorization: Basic {}",
            base64(format!("u:{password}").as_bytes())
        ),
        format!("The log-in with {password} was not taken"),
        format!("form j_password={}&x=1", percent(password)),
        format!("trace {}", hex(password)),
        format!("password={} is wrong", plain(11)),
        format!("Bearer {}", plain(12)),
        format!("{{\"access_token\":\"{}\"}}", plain(13)),
        format!(
            "cannot reach https://ann:{}@db.example.invalid/x",
            plain(14)
        ),
        format!("client_secret={}", plain(15)),
        format!("api_key: {}", plain(16)),
        format!("<pwd>{}</pwd>", plain(22)),
        format!("passphrase = '{}'", plain(23)),
    ];
    let one = |text: &String| {
        let body = serde_json::json!({
            "title": "Bad Request", "status": "400",
            "o:errorDetails": [{"detail": text, "o:errorCode": "X-1", "o:errorPath": "/"}],
        });
        Spoiled::new("POST", "/invoices", 400, body.to_string())
            .with("set-cookie", &format!("JSESSIONID={}; Path=/", plain(17)))
            .with("x-auth-token", &plain(18))
    };
    texts.iter().map(one).collect()
}

/// What both say to some reads: pages and redirections.
fn pages(password: &str) -> Vec<Spoiled> {
    let page = format!(
        "<html><input name=\"password\" value=\"{}\"><p>{password}</p></html>",
        plain(19)
    );
    vec![
        Spoiled::new("GET", "/invoices", 500, page)
            .with("www-authenticate", &format!("Bearer {}", plain(24)))
            .with("x-debug", &plain(25)),
        Spoiled::new("GET", "/invoices", 302, String::new()).with(
            "location",
            &format!("https://example.invalid/?token={}", plain(20)),
        ),
    ]
}

/// What Intacct says to some calls.
fn errors(sender: &str, user: &str) -> Vec<Spoiled> {
    let xml = |words: String| {
        let words = words.replace('&', "&amp;").replace('<', "&lt;");
        let text = format!(
            "<?xml version=\"1.0\"?><response><control><status>failure</status></control><errormessage><error><errorno>X</errorno><description>{words}</description><description2>{words}</description2><correction>{words}</correction></error></errormessage></response>"
        );
        Spoiled::new("POST", "/ia/xml", 200, text)
    };
    vec![
        xml(format!("sender password {sender} refused")),
        xml(format!(
            "user {} of <password>{user}</password>",
            percent(user)
        )),
        xml(format!("<sessionid>{}</sessionid>", plain(21))),
    ]
}

/// The simulators behind proxies, and everything the program says in one folder.
struct Scene {
    twin: Twin,
    intacct: Proxy,
    fusion: Proxy,
    passwords: [String; 3],
    out: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let twin = Twin::start(&golden());
        let login = |system: &str, name: &str| {
            let found = twin.ready["login"][system][name].as_str();
            found.unwrap().to_owned()
        };
        let sender = login("intacct", "sender_password");
        let user = login("intacct", "user_password");
        let fusion = login("fusion", "password");
        let address = |system: &str| twin.ready[system].as_str().unwrap();
        let spoiled = [refusals(&fusion), pages(&fusion)].concat();
        let scene = Self {
            intacct: Proxy::before(address("intacct"), errors(&sender, &user)),
            fusion: Proxy::before(address("fusion"), spoiled),
            passwords: [sender, user, fusion],
            out: tempfile::tempdir().unwrap(),
            twin,
        };
        scene.twin.configure(|config| scene.configure(config));
        // One invoice for each refusal.
        for number in 0..refusals("").len() {
            let bill = scene.twin.bill(&format!("LEAK-{number}"), "12.34");
            scene.twin.post("documents", &bill);
        }
        scene
    }

    fn configure(&self, config: &mut toml::Table) {
        let endpoint = format!("{}/ia/xml/xmlgw.phtml", self.intacct.url);
        config["intacct"]["endpoint"] = endpoint.into();
        config["fusion"]["base_url"] = self.fusion.url.clone().into();
        let database = self.out.path().join("tieout.db");
        let store = config["store"].as_table_mut().unwrap();
        let address = format!("sqlite:{}", database.display());
        store.insert("database".into(), address.into());
        store.insert("password".into(), "env:CANARY_DATABASE".into());
        let listen = "listen = \"127.0.0.1:0\"\nsecrets = [\"env:CANARY_A\", \"env:CANARY_B\"]";
        let trigger: toml::Table = listen.parse().unwrap();
        config.insert("trigger".into(), trigger.into());
    }

    /// Runs a command and keeps what it says under `name`.
    fn run(&self, name: &str, arguments: &[&str]) -> (i32, String) {
        let secrets = [1, 2, 3].map(canary);
        let names = ["CANARY_DATABASE", "CANARY_A", "CANARY_B"];
        let env: Vec<(&str, &str)> = names
            .into_iter()
            .zip(secrets.iter().map(String::as_str))
            .collect();
        logged(&self.twin, self.out.path(), name, arguments, &env)
    }

    /// Every command that says something about documents, systems or the database.
    fn say_everything(&self) {
        self.run("run", &["run", "--drain", "--json"]);
        self.run("again", &["run", "--drain"]);
        self.run("list", &["document", "list", "--json", "--limit", "100000"]);
        let stopped = "rejected|uncertain|held|parked";
        self.run("table", &["document", "list", "--state", stopped]);
        let rejected = ["document", "list", "--state", "rejected", "--json"];
        let (_, listed) = self.run("rejected", &rejected);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        assert_eq!(listed.as_array().unwrap().len(), refusals("").len());
        for row in listed.as_array().unwrap() {
            let number = row["number"].as_str().unwrap();
            self.run(&format!("show-{number}"), &["document", "show", number]);
        }
        self.run("check", &["check"]);
        let evidence = self.out.path().join("evidence");
        let out = evidence.to_str().unwrap();
        self.run("reconcile", &["reconcile", "--period", "all", "--out", out]);
        self.run("audit", &["audit", "export"]);
        self.run("config", &["config", "check"]);
        let backup = self.out.path().join("backup.db");
        let to = backup.to_str().unwrap();
        let (code, _) = self.run("backup", &["store", "backup", "--out", to]);
        assert_eq!(code, 0);
    }

    /// Secrets in the wrong place are refused without being repeated.
    fn put_secrets_in_wrong_places(&self) {
        let inline = format!("postgres://ann:{}@127.0.0.1:1/x", plain(4));
        let (code, _) = self.run("inline", &["run", "--drain", "--database", &inline]);
        assert_eq!(code, 3);
        let text = std::fs::read_to_string(self.twin.config()).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let file = elsewhere.path().join("tieout.toml");
        std::fs::write(&file, text.replace("env:CANARY_A", &plain(5))).unwrap();
        let said = tieout(&["config", "check", "--config", file.to_str().unwrap()]);
        assert_eq!(said.code, 2, "{said:?}");
        let words = format!("{}{}", said.out, said.err);
        std::fs::write(self.out.path().join("wrong.txt"), words).unwrap();
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets = self.passwords.to_vec();
        secrets.extend((1..=3).map(canary));
        secrets.extend([4, 5].map(plain));
        secrets.extend((11..=25).map(plain));
        secrets.extend(self.intacct.sessions());
        secrets.push(private_key(&self.twin));
        secrets
    }
}

#[test]
fn twenty_five_secrets_leave_no_trace() {
    let scene = Scene::new();
    scene.say_everything();
    scene.put_secrets_in_wrong_places();
    assert_eq!(scene.fusion.left(), 0, "not every spoiled answer was given");
    assert_eq!(
        scene.intacct.left(),
        0,
        "not every spoiled answer was given"
    );
    let secrets = scene.secrets();
    assert!(secrets.len() >= 25, "only {} secrets", secrets.len());
    search(scene.out.path(), &secrets);
}

/// The private half that signs the mapping, one line of its file.
fn private_key(twin: &Twin) -> String {
    let mut found = Vec::new();
    files(twin.folder.path(), &mut found);
    let key = found
        .iter()
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .find(|text| text.contains("PRIVATE KEY"));
    let key = key.expect("the set-up made a key");
    key.lines().nth(1).unwrap().to_owned()
}

/// So many first bytes of a dress are looked up at every place.
const HEAD_LEN: usize = 6;

fn search(folder: &Path, secrets: &[String]) {
    let mut heads: BTreeMap<[u8; HEAD_LEN], Vec<(usize, Vec<u8>)>> = BTreeMap::new();
    for (number, secret) in secrets.iter().enumerate() {
        for dress in dresses(secret) {
            let bytes = dress.into_bytes();
            let head = bytes[..HEAD_LEN].try_into().unwrap();
            heads.entry(head).or_default().push((number, bytes));
        }
    }
    let firsts: BTreeSet<u8> = heads.keys().map(|head| head[0]).collect();
    let firsts: Vec<bool> = (0..=255).map(|byte| firsts.contains(&byte)).collect();
    let mut found = Vec::new();
    files(folder, &mut found);
    let mut hits = Vec::new();
    for (name, content) in &found {
        for (at, window) in content.windows(HEAD_LEN).enumerate() {
            if !firsts[usize::from(window[0])] {
                continue;
            }
            for (number, dress) in heads.get(window).into_iter().flatten() {
                if content[at..].starts_with(dress) {
                    let from = at.saturating_sub(60);
                    let around = &content[from..(at + dress.len() + 20).min(content.len())];
                    let around = String::from_utf8_lossy(around);
                    hits.push(format!("secret {number} in {name}: {around}"));
                }
            }
        }
    }
    assert!(hits.is_empty(), "{} hits:\n{}", hits.len(), hits.join("\n"));
    let bytes: usize = found.iter().map(|(_, bytes)| bytes.len()).sum();
    println!(
        "{} secrets in no dress in {} files, {bytes} bytes",
        secrets.len(),
        found.len()
    );
}
