//! Turns captured documents into deliveries, or holds them with every reason at once.
//!
//! All documents of a pass are decided on and committed together; a document that depends on another (a reversal or void on its original) is
//! looked at again whenever something moved. It is not opened before its original is in the target or settled by hand: what stops the
//! original stops what follows it (domain dossier 1.4).

use tieout_engine::crosswalk::control::approval_of;
use tieout_engine::crosswalk::{HoldReason, Lineage, Unmapped};
use tieout_engine::lineage;
use tieout_engine::plan::{self, Coded, Intent, Waiting};
use tieout_engine::{Change, Delivery, DeliveryRole, DeliveryState, HoldNotice};
use tieout_model::{Document, Envelope, SystemId, Violations};
use tieout_store::{StoredDelivery, StoredDocument};

use crate::balances::OWN_SYSTEM;
use crate::context::{self, Context, PassError, Progress, Tally};
use crate::notice;

/// Deals with captured documents.
///
/// # Errors
/// [`PassError`] if the store fails.
pub async fn pass(context: &Context) -> Result<Progress, PassError> {
    let fresh = context
        .store
        .to_translate(context.bounds.translate_len_max, false)
        .await?;
    let worked = deal_with(context, fresh).await?;
    if worked > 0 {
        return Ok(Progress::Worked(worked));
    }
    let waiting = context
        .store
        .to_translate(context.bounds.waiting_len_max, true)
        .await?;
    let worked = deal_with(context, waiting).await?;
    if worked > 0 {
        Ok(Progress::Worked(worked))
    } else {
        Ok(Progress::Idle { wake_at: None })
    }
}

async fn deal_with(context: &Context, documents: Vec<StoredDocument>) -> Result<u32, PassError> {
    let mut changes = Vec::new();
    let mut worked = 0_u32;
    for document in &documents {
        if let Decided::Done(done) = decide(context, document).await? {
            count(context, &done);
            worked = worked.saturating_add(1);
            changes.extend(done);
        }
    }
    context.commit("translate", changes).await?;
    Ok(worked)
}

/// A document that only waits for another one is neither held nor translated.
fn count(context: &Context, changes: &[Change]) {
    let mut holds = changes.iter().filter_map(|change| {
        let Change::Hold { is_transient, .. } = change else {
            return None;
        };
        Some(*is_transient)
    });
    match holds.next() {
        None => Tally::add(&context.tally.translated, 1),
        Some(false) => Tally::add(&context.tally.held, 1),
        Some(true) => {}
    }
}

enum Decided {
    Done(Vec<Change>),
    StillWaiting,
}

async fn decide(context: &Context, stored: &StoredDocument) -> Result<Decided, PassError> {
    let envelope = &stored.envelope;
    let deliveries = load_deliveries(context, stored).await?;
    let entity = envelope.document.entity();
    let mut streams = context.streams.iter().filter(|s| s.id == stored.flow);
    let target = streams.find_map(|stream| stream.targets.get(entity?).cloned());
    // A journal of our own is coded already and has no flow: it goes where it went before.
    let own = own_coding(envelope, &deliveries);
    let target = target.or_else(|| own.as_ref().map(|(target, _)| target.clone()));
    let Some(target) = target else {
        return Ok(hold_once(stored, no_flow(envelope)));
    };
    let waiting = Waiting {
        envelope,
        flow: stored.flow.clone(),
        target,
        is_deleted: stored.is_deleted,
        deliveries: &deliveries,
    };
    let now = context.now();
    let changes = match plan::intent(&waiting) {
        Intent::Nothing => Ok(vec![plan::settled(&waiting)]),
        Intent::Withdraw(_) => Ok(plan::withdraw(&waiting)),
        Intent::ByHand => return Ok(Decided::Done(vec![plan::by_hand(envelope)])),
        Intent::Wait if stored.is_waiting => return Ok(Decided::StillWaiting),
        Intent::Wait => return Ok(Decided::Done(vec![plan::wait(envelope)])),
        Intent::Correct if stored.is_deleted => plan::correct(&waiting, None, now),
        intent @ (Intent::Correct | Intent::Replace(_) | Intent::Post) => {
            let coded = match own {
                Some((_, coded)) => coded,
                None => match code(context, envelope).await? {
                    Ok(coded) => coded,
                    Err(reasons) => return Ok(hold_once(stored, reasons)),
                },
            };
            if let Intent::Replace(id) = intent {
                plan::post(&waiting, coded, now, Some(id))
            } else if matches!(intent, Intent::Correct) {
                plan::correct(&waiting, Some(coded), now)
            } else {
                plan::post(&waiting, coded, now, None)
            }
        }
    };
    Ok(match changes {
        Ok(changes) if stored.is_doubtful => Decided::Done(plan::look_up_first(changes, now)),
        Ok(changes) => Decided::Done(changes),
        Err(violations) => hold_once(stored, Reasons::of_violations(&violations)),
    })
}

/// Target and coding of a journal of our own that was sent before and refused.
fn own_coding(
    envelope: &Envelope,
    deliveries: &[(Delivery, Document)],
) -> Option<(SystemId, Coded)> {
    if envelope.origin.system.as_str() != OWN_SYSTEM {
        return None;
    }
    let (last, _) = deliveries.last()?;
    let coded = Coded {
        document: envelope.document.clone(),
        version: last.crosswalk_version.clone(),
        crosswalk: last.crosswalk,
        lineage: Vec::new(),
    };
    Some((last.target.clone(), coded))
}

async fn load_deliveries(
    context: &Context,
    stored: &StoredDocument,
) -> Result<Vec<(Delivery, Document)>, PassError> {
    // Deliveries are opened together with the first settlement: before it there are none.
    if stored.settled_revision.is_none() {
        return Ok(Vec::new());
    }
    let rows = context.store.deliveries_of(stored.id).await?;
    rows.into_iter()
        .map(|stored| {
            let document = context::decoded(&stored)?;
            Ok((stored.delivery, document))
        })
        .collect()
}

/// Why a document is held.
struct Reasons {
    notices: Vec<HoldNotice>,
    is_transient: bool,
}

impl Reasons {
    fn of_unmapped(unmapped: Vec<Unmapped>) -> Self {
        let notices = unmapped.into_iter().map(notice::of_gap).collect();
        Self {
            notices,
            is_transient: false,
        }
    }

    fn of_violations(violations: &Violations) -> Self {
        let notice = HoldNotice {
            code: "P0102".into(),
            summary: violations.to_string(),
            remedy: "correct the document in the source system".into(),
        };
        Self {
            notices: vec![notice],
            is_transient: false,
        }
    }
}

fn hold_once(stored: &StoredDocument, reasons: Reasons) -> Decided {
    if stored.is_waiting && reasons.is_transient {
        return Decided::StillWaiting;
    }
    Decided::Done(vec![Change::Hold {
        document: stored.id,
        revision: stored.revision.clone(),
        notices: reasons.notices,
        is_transient: reasons.is_transient,
    }])
}

fn no_flow(envelope: &Envelope) -> Reasons {
    let entity = envelope
        .document
        .entity()
        .map(ToString::to_string)
        .unwrap_or_default();
    let notice = HoldNotice {
        code: "P0103".into(),
        summary: format!("no flow of the configuration carries documents of entity {entity}"),
        remedy: "add the entity to a flow, or restore the flow that captured this document".into(),
    };
    Reasons {
        notices: vec![notice],
        is_transient: false,
    }
}

/// The document coded for the target, by the five selection rules of the crosswalk.
async fn code(context: &Context, envelope: &Envelope) -> Result<Result<Coded, Reasons>, PassError> {
    let reverses = envelope.document.reverses();
    let original = if reverses.is_empty() {
        None
    } else {
        match settled_original(context, envelope).await? {
            Some(original) => Some(original),
            None => return Ok(Err(awaits_original(envelope))),
        }
    };
    let lineage = match (&original, envelope.document.accounting_date()) {
        (Some((original, version)), Some(on)) => Lineage::Reverses {
            original,
            version,
            on,
        },
        _ => Lineage::None,
    };
    let mut translated = context.crosswalk.translate(envelope, lineage);
    if let (
        Err(gaps),
        Lineage::Reverses {
            original,
            version,
            on,
        },
    ) = (&translated, lineage)
        && gaps
            .iter()
            .any(|gap| gap.reason == HoldReason::RetiredValue)
        && let Some(approval) = approval(context, envelope).await?
    {
        let recorded = (original, version);
        let crosswalk = &context.crosswalk;
        translated = crosswalk.translate_superseding(envelope, recorded, on, &approval);
    }
    Ok(match translated {
        Ok(translation) => Ok(Coded {
            document: translation.document,
            version: translation.version,
            crosswalk: translation.crosswalk,
            lineage: lineage::encode(&translation.rules),
        }),
        Err(unmapped) => Err(Reasons::of_unmapped(unmapped)),
    })
}

/// The approval of superseding values for this document, if a controller gave one.
async fn approval(context: &Context, envelope: &Envelope) -> Result<Option<String>, PassError> {
    let steps = context.store.register_steps().await?;
    Ok(approval_of(&steps, &envelope.id().to_string()))
}

/// The original as it was sent, once it is in the target or a person settled it; and under which version.
async fn settled_original(
    context: &Context,
    envelope: &Envelope,
) -> Result<Option<(Document, String)>, PassError> {
    let origin = &envelope.origin;
    for natural_key in envelope.document.reverses() {
        let found = context
            .store
            .document_by_key(&origin.system, &origin.company, natural_key)
            .await?;
        let Some(id) = found else { continue };
        let rows = context.store.deliveries_of(id).await?;
        let is_posting = |row: &StoredDelivery| row.delivery.role == DeliveryRole::Posting;
        let Some(posting) = rows.into_iter().rfind(is_posting) else {
            continue;
        };
        let is_settled = matches!(
            posting.delivery.state,
            DeliveryState::Posted(_) | DeliveryState::Resolved(_)
        );
        if !is_settled {
            return Ok(None);
        }
        let document = context::decoded(&posting)?;
        return Ok(Some((document, posting.delivery.crosswalk_version)));
    }
    Ok(None)
}

fn awaits_original(envelope: &Envelope) -> Reasons {
    let names: Vec<&str> = envelope
        .document
        .reverses()
        .iter()
        .map(tieout_model::NaturalKey::as_str)
        .collect();
    let notice = HoldNotice {
        code: "P0211".into(),
        summary: format!(
            "it reverses {}, which is not in the target yet",
            names.join(" or ")
        ),
        remedy: "nothing if the original is on its way; otherwise settle the original first: `tieout document list` says why it is held, rejected or parked"
            .into(),
    };
    Reasons {
        notices: vec![notice],
        is_transient: true,
    }
}
