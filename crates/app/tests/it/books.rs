//! The books move, are backed up while work goes on, and come back older than the systems: nothing is posted twice.

use std::time::Duration;

use crate::judge::Typed;
use crate::program::{Twin, golden};
use crate::server::shared;

fn work(twin: &Twin, typed: &mut Typed, count: usize) {
    for _ in 0..count {
        typed.enter(twin);
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// The head that `audit verify` names, of the configured database.
fn head(twin: &Twin) -> String {
    let verified = twin.tieout(&["audit", "verify", "--json"]).expect(0).json();
    verified["head"].as_str().unwrap().to_owned()
}

/// A backup made while a worker works, restored into `restored`, against systems that went on.
fn yesterday(database: Option<&str>, restored: &str) {
    let twin = Twin::start(&golden());
    if let Some(database) = database {
        twin.use_database(database);
    }
    let mut typed = Typed::new();
    let worker = twin.worker();
    work(&twin, &mut typed, 10);
    let backup = twin.path("backup.db");
    let backup = backup.to_str().unwrap();
    let made = twin.tieout(&["store", "backup", "--out", backup]);
    let made = made.expect(0).json();
    work(&twin, &mut typed, 15);
    assert_eq!(worker.terminate().0, 0);
    twin.drain().expect(0);
    typed.judge(&twin);

    let restored = restored.replace("{folder}", twin.folder.path().to_str().unwrap());
    let done = crate::program::tieout(&["store", "restore", "--from", backup, "--to", &restored]);
    done.says(&["is not known here"]);
    let done = done.expect(0).json();
    assert_eq!(done["audit_head"], made["audit_head"]);
    twin.use_database(&restored);
    work(&twin, &mut typed, 2);
    let drained = twin.tieout(&["run", "--drain"]);
    // The span that is lost here, and what of it was found again.
    drained.says(&["restored", "found"]);
    drained.expect(0);
    typed.judge(&twin);
}

#[test]
fn a_backup_of_a_file_made_under_load_comes_back_and_posts_nothing_twice() {
    yesterday(None, "sqlite:{folder}/restored.db");
}

#[test]
fn a_backup_of_a_server_made_under_load_comes_back_and_posts_nothing_twice() {
    yesterday(Some(&shared().database()), &shared().database());
}

#[test]
fn the_books_move_to_a_server_and_back_under_one_audit_head() {
    let twin = Twin::start(&golden());
    let mut typed = Typed::new();
    work(&twin, &mut typed, 3);
    twin.drain().expect(0);
    let file = format!("sqlite:{}", twin.path("tieout.db").display());
    let server = shared().database();
    let back = format!("sqlite:{}", twin.path("back.db").display());
    twin.use_database(&file);
    for (from, to) in [(&file, &server), (&server, &back)] {
        let before = head(&twin);
        let moved = crate::program::tieout(&["store", "move", "--from", from, "--to", to]);
        let moved = moved.expect(0).json();
        assert_eq!(moved["audit_head"], before.as_str());
        // Nothing is carried from the old place any more.
        twin.drain().expect(2).says(&["moved"]);
        twin.use_database(to);
        assert_eq!(head(&twin), before);
        work(&twin, &mut typed, 3);
        twin.drain().expect(0);
        typed.judge(&twin);
        // A second move into a database that is in use is refused.
        let again = crate::program::tieout(&["store", "move", "--from", from, "--to", to]);
        again.says(&["P0308"]);
        assert_ne!(again.code, 0);
    }
}
