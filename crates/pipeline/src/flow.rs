//! Flows: which kind of document, of which entities, goes from which system to which, and how it is carried.

use std::collections::{BTreeMap, BTreeSet};

use tieout_engine::FlowId;
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

/// What one extraction reads: one kind of record of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name; cursors and documents bear it.
    pub id: FlowId,
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
    let mut found: BTreeMap<(SystemId, DocumentKind), Stream> = BTreeMap::new();
    for flow in flows {
        let kind = match flow.carrier {
            Carrier::Native => flow.kind,
            Carrier::LedgerPosting => DocumentKind::JournalEntry,
        };
        let stream = found
            .entry((flow.source.clone(), kind))
            .or_insert_with(|| Stream {
                id: FlowId(format!("{}/{}", flow.source, kind)),
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
    use tieout_model::{DocumentKind, EntityId, PostingKind, SystemId};

    fn flow(kind: DocumentKind, carrier: Carrier, entities: &[&str]) -> Flow {
        Flow {
            kind,
            carrier,
            entities: entities.iter().map(|e| EntityId::new(*e)).collect(),
            source: SystemId::new("one"),
            target: SystemId::new("two"),
        }
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
