//! Files that a crash or a disk left incomplete: they open to a prefix of what was committed, or are refused, never to a mixture.

use std::fs;
use std::path::{Path, PathBuf};

use tieout_model::Digest;
use tieout_store::{Counts, DatabaseUrl, DocumentFilter, ExecutionMode, Store};

use crate::server;
use crate::world::{file, fill, must, queued, run};

const PAGE: usize = 4096;
const FRAME: usize = 24 + PAGE;
const LOG_HEADER: usize = 32;
/// Random places that each file is cut at.
const CUTS: usize = 400;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 1).unwrap() % bound
    }
}

/// A database and its log as a crash leaves them, with all heads that ever were.
struct Wreck {
    folder: tempfile::TempDir,
    database: Vec<u8>,
    log: Vec<u8>,
    heads: Vec<Digest>,
    /// Changesets that the database holds without its log.
    settled: usize,
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// In memory if there is such a place: thousands of files are written.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(server::postgres::place()).unwrap()
}

impl Wreck {
    async fn make() -> Self {
        let folder = folder();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        let mut heads = vec![store.audit_head().await.unwrap().digest];
        fill(&store).await;
        let entries = store.audit_entries(1, 1_000).await.unwrap();
        heads.extend(entries.iter().map(|entry| entry.digest));
        // Closed, all of it goes into the database; what follows stays in the log.
        drop(store);
        let settled = heads.len() - 1;
        let store = file(&path).await;
        for second in 20..40 {
            let key = format!("later-{second}");
            heads.push(must(&store, queued(&key, "E200", second)).await.head);
        }
        let database = fs::read(&path).unwrap();
        let log = fs::read(beside(&path, "-wal")).unwrap();
        drop(store);
        assert!(log.len() > 20 * FRAME && database.len() > 20 * PAGE);
        Self {
            folder,
            database,
            log,
            heads,
            settled,
        }
    }

    /// What these two files open to: how many changesets, or why not.
    async fn open(&self, database: &[u8], log: &[u8]) -> Result<usize, String> {
        let path = self.folder.path().join("torn.db");
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(beside(&path, end));
        }
        fs::write(&path, database).unwrap();
        if !log.is_empty() {
            fs::write(beside(&path, "-wal"), log).unwrap();
        }
        let url = DatabaseUrl::file(&path);
        let store = Store::open(&url, ExecutionMode::Inline).await;
        let store = store.map_err(|error| format!("{error:?}"))?;
        let verified = store.verify_audit(None).await;
        let verified = verified.map_err(|error| format!("{error:?}"))?;
        let position = usize::try_from(verified.entries).unwrap();
        assert_eq!(verified.head, self.heads[position], "a mixture");
        Ok(position)
    }
}

#[test]
fn a_log_cut_anywhere_opens_to_a_prefix() {
    run(async {
        let wreck = Wreck::make().await;
        let mut chance = Chance(1);
        let frames = (0..=wreck.log.len() / FRAME).map(|i| LOG_HEADER + i * FRAME);
        let mut cuts: Vec<usize> = frames
            .flat_map(|end| [end, end + 1, end + FRAME / 2])
            .collect();
        cuts.extend((0..CUTS).map(|_| chance.below(wreck.log.len() + 1)));
        cuts.sort_unstable();
        let mut last = wreck.settled;
        let mut seen = std::collections::BTreeSet::new();
        for cut in cuts {
            let cut = cut.min(wreck.log.len());
            let position = wreck.open(&wreck.database, &wreck.log[..cut]).await;
            let position = position.unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
            assert!(position >= last, "a longer log opens to less at {cut}");
            last = position;
            seen.insert(position);
        }
        let all: Vec<usize> = (wreck.settled..wreck.heads.len()).collect();
        assert_eq!(
            seen.into_iter().collect::<Vec<_>>(),
            all,
            "every prefix must occur"
        );
    });
}

#[test]
fn a_log_whose_last_frame_is_half_written_or_whose_bytes_flipped_opens_to_a_prefix() {
    run(async {
        let wreck = Wreck::make().await;
        let mut chance = Chance(2);
        for frame in 0..(wreck.log.len() - LOG_HEADER) / FRAME {
            let begin = LOG_HEADER + frame * FRAME;
            let mut half = wreck.log[..begin + FRAME].to_vec();
            half[begin + FRAME / 2..].fill(0);
            let mut flipped = wreck.log.clone();
            flipped[begin + chance.below(FRAME)] ^= 1 << chance.below(8);
            for log in [half, flipped] {
                let position = wreck.open(&wreck.database, &log).await;
                let position = position.unwrap_or_else(|error| panic!("frame {frame}: {error}"));
                assert!(position >= wreck.settled);
            }
        }
    });
}

#[test]
fn a_database_cut_anywhere_is_refused_or_whole() {
    run(async {
        let wreck = Wreck::make().await;
        let mut chance = Chance(3);
        let mut cuts: Vec<usize> = (0..wreck.database.len() / PAGE).map(|i| i * PAGE).collect();
        cuts.extend((0..CUTS).map(|_| chance.below(wreck.database.len())));
        let (mut refused, mut is_whole) = (0, 0);
        for cut in cuts {
            let begin = &wreck.database[..cut];
            // Without its log nothing makes up for what is missing; an empty file is a new database, which heads kept outside show.
            match wreck.open(begin, &[]).await {
                Ok(position) => assert_eq!((cut, position), (0, 0)),
                Err(_) => refused += 1,
            }
            match wreck.open(begin, &wreck.log).await {
                Ok(position) => {
                    assert!(
                        cut == 0 || position + 1 == wreck.heads.len(),
                        "cut at {cut}"
                    );
                    is_whole += 1;
                }
                Err(_) => refused += 1,
            }
        }
        assert!(refused > CUTS, "{refused} refused, {is_whole} whole");
    });
}

/// What a person sees of a database.
async fn shown(store: &Store) -> Result<(Counts, String), String> {
    let counts = store.counts().await.map_err(|e| format!("{e:?}"))?;
    let all = store.documents(&DocumentFilter::default()).await;
    Ok((counts, format!("{:?}", all.map_err(|e| format!("{e:?}"))?)))
}

#[test]
fn a_page_with_a_flipped_byte_or_half_written_is_refused_or_noticed_or_harmless() {
    run(async {
        let wreck = Wreck::make().await;
        let mut chance = Chance(4);
        let path = wreck.folder.path().join("torn.db");
        wreck.open(&wreck.database, &[]).await.unwrap();
        let whole = shown(&file(&path).await).await.unwrap();
        let (mut noticed, mut harmless) = (0, 0);
        for page in 0..wreck.database.len() / PAGE {
            let begin = page * PAGE;
            let mut half = wreck.database.clone();
            half[begin + PAGE / 2..begin + PAGE].fill(0xa5);
            let mut flipped = wreck.database.clone();
            flipped[begin + chance.below(PAGE)] ^= 1 << chance.below(8);
            for database in [half, flipped] {
                match wreck.open(&database, &[]).await {
                    Ok(position) => {
                        assert_eq!(position, wreck.settled);
                        let again = shown(&file(&path).await).await;
                        assert_eq!(again.as_ref(), Ok(&whole), "page {page}");
                        harmless += 1;
                    }
                    Err(_) => noticed += 1,
                }
            }
        }
        // In pages of tables that a migration dropped there is nothing to notice; the file's first page counts them.
        let unused = u32::from_be_bytes(wreck.database[36..40].try_into().unwrap());
        let unused = usize::try_from(unused).unwrap();
        assert!(unused < wreck.database.len() / PAGE / 3, "{unused} unused");
        assert!(
            noticed + 2 * unused > harmless,
            "{noticed} noticed, {harmless} harmless, {unused} pages unused"
        );
    });
}
