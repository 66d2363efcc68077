//! Flows: which kind of document, of which entities, goes from which system to which, and how it is carried.

use std::collections::{BTreeMap, BTreeSet};

use tieout_engine::{Cadence, FlowId};
use tieout_model::{DocumentKind, EntityId, PostingKind, SystemId};

/// How a document travels. Exactly one of the two for each kind and entity, so nothing ever posts twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carrier {
    /// As the same kind of document.
    Native,
    /// As the journal entry that the source's ledger made of it.
    LedgerPosting,
}

/// One configured flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// What travels. `journal_entry` means journals and every posting whose document has no flow of its own.
    pub kind: DocumentKind,
    /// How it is carried.
    pub carrier: Carrier,
    /// Of which entities.
    pub entities: BTreeSet<EntityId>,
    /// The system of record.
    pub source: SystemId,
    /// Where it goes.
    pub target: SystemId,
    /// How soon.
    pub cadence: Cadence,
}

/// Two flows carry the same documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "flows {first} and {second} both carry {kind} of entity {entity}; a document may travel one way only: take the entity out of one of them"
)]
pub struct FlowOverlap {
    /// Position of the one flow in the configuration, from 1.
    pub first: usize,
    /// Position of the other.
    pub second: usize,
    /// The kind.
    pub kind: DocumentKind,
    /// The entity.
    pub entity: EntityId,
}

/// What one extraction reads: one kind of record of one source, for the flows that share a cadence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name; documents bear it. Streams that differ in cadence only share it.
    pub id: FlowId,
    /// Under which name it is remembered how far it has read.
    pub cursor: FlowId,
    /// How soon it is read.
    pub cadence: Cadence,
    /// The kind of record that is read.
    pub kind: DocumentKind,
    /// The system of record.
    pub source: SystemId,
    /// Where each entity's documents go.
    pub targets: BTreeMap<EntityId, SystemId>,
    /// For journal entries: whose postings travel, for each entity.
    pub postings: BTreeMap<EntityId, BTreeSet<PostingKind>>,
}

impl Stream {
    /// The postings that travel for no entity at all, so that a source need not read them.
    pub fn postings_excluded(&self) -> BTreeSet<PostingKind> {
        ALL_POSTINGS
            .into_iter()
            .filter(|posting| {
                !self
                    .postings
                    .values()
                    .any(|carried| carried.contains(posting))
            })
            .collect()
    }

    /// What its reading covers, as text that is kept beside its cursor: `E100=journal+other;E200=`.
    pub fn coverage(&self) -> String {
        let entities = self.postings.iter().map(|(entity, postings)| {
            let postings: Vec<&str> = postings.iter().map(|posting| posting.word()).collect();
            format!("{entity}={}", postings.join("+"))
        });
        entities.collect::<Vec<_>>().join(";")
    }

    /// True if a reading that covered `before` has seen everything of this stream.
    pub fn is_covered_by(&self, before: &str) -> bool {
        if before == self.coverage() {
            return true;
        }
        let before: BTreeMap<&str, BTreeSet<&str>> = before
            .split(';')
            .filter_map(|part| part.split_once('='))
            .map(|(entity, postings)| (entity, postings.split('+').collect()))
            .collect();
        self.postings.iter().all(|(entity, postings)| {
            let known = before.get(entity.as_str());
            known.is_some_and(|known| postings.iter().all(|p| known.contains(p.word())))
        })
    }

    /// True if a posting of that kind travels for that entity.
    pub fn carries(&self, entity: &EntityId, posting: PostingKind) -> bool {
        self.postings
            .get(entity)
            .is_some_and(|carried| carried.contains(&posting))
    }
}

const ALL_POSTINGS: [PostingKind; 5] = [
    PostingKind::Journal,
    PostingKind::SupplierInvoice,
    PostingKind::SupplierCredit,
    PostingKind::SupplierReversal,
    PostingKind::Other,
];

/// The streams of a configuration.
///
/// # Errors
/// Every [`FlowOverlap`] at once.
pub fn streams(flows: &[Flow]) -> Result<Vec<Stream>, Vec<FlowOverlap>> {
    let overlaps = overlaps(flows);
    if !overlaps.is_empty() {
        return Err(overlaps);
    }
    let mut found: BTreeMap<(SystemId, DocumentKind, String), Stream> = BTreeMap::new();
    for flow in flows {
        let kind = match flow.carrier {
            Carrier::Native => flow.kind,
            Carrier::LedgerPosting => DocumentKind::JournalEntry,
        };
        let name = format!("{}/{}", flow.source, kind);
        let cadence = flow.cadence.to_string();
        let cursor = if flow.cadence.is_real_time() {
            name.clone()
        } else {
            format!("{name} {cadence}")
        };
        let stream = found
            .entry((flow.source.clone(), kind, cadence))
            .or_insert_with(|| Stream {
                id: FlowId(name),
                cursor: FlowId(cursor),
                cadence: flow.cadence.clone(),
                kind,
                source: flow.source.clone(),
                targets: BTreeMap::new(),
                postings: BTreeMap::new(),
            });
        for entity in &flow.entities {
            stream.targets.insert(entity.clone(), flow.target.clone());
            let carried = stream.postings.entry(entity.clone()).or_default();
            carried.extend(carried_postings(flow));
        }
    }
    Ok(found.into_values().collect())
}

fn carried_postings(flow: &Flow) -> Vec<PostingKind> {
    match (flow.kind, flow.carrier) {
        (DocumentKind::JournalEntry, _) => {
            vec![
                PostingKind::Journal,
                PostingKind::SupplierReversal,
                PostingKind::Other,
            ]
        }
        (DocumentKind::SupplierInvoice, Carrier::LedgerPosting) => {
            vec![PostingKind::SupplierInvoice]
        }
        (DocumentKind::SupplierCredit, Carrier::LedgerPosting) => vec![PostingKind::SupplierCredit],
        (_, Carrier::Native) | (DocumentKind::Supplier, Carrier::LedgerPosting) => Vec::new(),
    }
}

fn overlaps(flows: &[Flow]) -> Vec<FlowOverlap> {
    let mut seen: BTreeMap<(DocumentKind, EntityId), usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (i, flow) in flows.iter().enumerate() {
        for entity in &flow.entities {
            match seen.get(&(flow.kind, entity.clone())) {
                Some(first) => found.push(FlowOverlap {
                    first: first + 1,
                    second: i + 1,
                    kind: flow.kind,
                    entity: entity.clone(),
                }),
                None => {
                    seen.insert((flow.kind, entity.clone()), i);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Carrier, Flow, streams};
    use tieout_engine::Cadence;
    use tieout_model::{DocumentKind, EntityId, PostingKind, SystemId};

    fn flow(kind: DocumentKind, carrier: Carrier, entities: &[&str]) -> Flow {
        Flow {
            kind,
            carrier,
            entities: entities.iter().map(|e| EntityId::new(*e)).collect(),
            source: SystemId::new("one"),
            target: SystemId::new("two"),
            cadence: Cadence::real_time(),
        }
    }

    #[test]
    fn flows_of_one_cadence_are_read_together_and_know_what_they_cover() {
        let bills = |entities: &[&str], cadence: &str| Flow {
            cadence: Cadence::parse(cadence, "UTC").unwrap(),
            ..flow(DocumentKind::SupplierInvoice, Carrier::Native, entities)
        };
        let flows = [bills(&["A"], "real_time"), bills(&["B", "C"], "hourly")];
        let found = streams(&flows).unwrap();
        let cursors: Vec<&str> = found.iter().map(|s| s.cursor.0.as_str()).collect();
        assert_eq!(
            cursors,
            ["one/supplier_invoice hourly UTC", "one/supplier_invoice"]
        );
        assert!(found.iter().all(|s| s.id.0 == "one/supplier_invoice"));
        let hourly = &found[0];
        assert!(hourly.is_covered_by(&hourly.coverage()));
        assert!(hourly.is_covered_by("A=;B=;C="));
        assert!(!hourly.is_covered_by("B="));
        let journals = [flow(DocumentKind::JournalEntry, Carrier::Native, &["A"])];
        let journals = &streams(&journals).unwrap()[0];
        assert_eq!(journals.coverage(), "A=journal+supplier_reversal+other");
        assert!(!journals.is_covered_by("A=journal"));
    }

    #[test]
    fn a_document_carried_twice_is_refused_with_every_overlap_named() {
        let flows = [
            flow(DocumentKind::SupplierInvoice, Carrier::Native, &["A", "B"]),
            flow(
                DocumentKind::SupplierInvoice,
                Carrier::LedgerPosting,
                &["B", "A"],
            ),
        ];
        assert_eq!(streams(&flows).unwrap_err().len(), 2);
    }

    #[test]
    fn postings_of_native_documents_do_not_travel_but_their_voids_do() {
        let flows = [
            flow(DocumentKind::SupplierInvoice, Carrier::Native, &["A"]),
            flow(DocumentKind::JournalEntry, Carrier::Native, &["A"]),
        ];
        let streams = streams(&flows).unwrap();
        let journals = streams
            .iter()
            .find(|s| s.kind == DocumentKind::JournalEntry)
            .unwrap();
        let a = EntityId::new("A");
        assert!(!journals.carries(&a, PostingKind::SupplierInvoice));
        assert!(journals.carries(&a, PostingKind::SupplierReversal));
        assert!(
            journals
                .postings_excluded()
                .contains(&PostingKind::SupplierInvoice)
        );
    }
}
