//! What a difference was traced to, in the form that is stored with it: its document, what both sides say, and its share in every balance of
//! its snapshot.
//!
//! It is kept so that a difference can be explained later without reading both systems again, which by then may say something else.

use tieout_model::canonical::{Reader, Writer};
use tieout_model::{Timestamp, Undecodable};

use crate::reconcile::Break;

/// A difference as it was traced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakTrace {
    /// Identity of the document, if we know it.
    pub document: Option<String>,
    /// Kind of the document, unknown only for an unexplained remainder.
    pub kind: Option<String>,
    /// Source name of the period it belongs to; empty for a remainder.
    pub period: String,
    /// Our mark.
    pub stamp: Option<String>,
    /// The target's key of its record.
    pub reference: Option<String>,
    /// What the source and its translation say.
    pub expected: String,
    /// Who must do what.
    pub remedy: String,
    /// When a timing difference stops being one.
    pub expires_at: Option<Timestamp>,
    /// Its shares in the balances of its snapshot; empty if balances agree.
    pub shares: Vec<Share>,
}

/// One document's share in the difference of one balance. Amounts are exact texts in the currency of the balance, debit positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The balance, with its currency.
    pub balance: String,
    /// The whole balance by the source.
    pub source: String,
    /// The whole balance by the target.
    pub target: String,
    /// What this document adds to target minus source.
    pub difference: String,
}

impl BreakTrace {
    /// The trace of `found` in the snapshot of that label.
    pub fn of(found: &Break, snapshot: &str) -> Self {
        let here = found
            .differences
            .iter()
            .filter(|d| &*d.snapshot == snapshot);
        let shares = here.map(|difference| Share {
            balance: difference.key.to_string(),
            source: difference.source.to_string(),
            target: difference.target.to_string(),
            difference: difference.difference.to_string(),
        });
        Self {
            document: found.document.map(|id| id.to_string()),
            kind: found.kind.map(|kind| kind.word().to_owned()),
            period: found.period.clone(),
            stamp: found.stamp.as_ref().map(ToString::to_string),
            reference: found.reference.clone(),
            expected: found.expected.clone(),
            remedy: found.remedy.clone(),
            expires_at: found.expires_at,
            shares: shares.collect(),
        }
    }

    /// The bytes that are stored.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.number(1);
        let mut optional = |text: &Option<String>| w.option(text.as_ref(), |w, text| w.text(text));
        [&self.document, &self.kind, &self.stamp, &self.reference]
            .into_iter()
            .for_each(&mut optional);
        [&self.period, &self.expected, &self.remedy]
            .into_iter()
            .for_each(|text| w.text(text));
        w.option(self.expires_at.as_ref(), |w, at| {
            w.signed(i128::from(at.0));
        });
        w.list(self.shares.iter(), |w, share| {
            let texts = [&share.balance, &share.source, &share.target];
            texts.into_iter().for_each(|text| w.text(text));
            w.text(&share.difference);
        });
        w.finish()
    }

    /// Reads them back.
    ///
    /// # Errors
    /// [`Undecodable`] for bytes that [`BreakTrace::encode`] would not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut r = Reader::new(bytes);
        if r.number()? != 1 {
            return Err(r.expected("encoding 1 of what a difference was traced to"));
        }
        let document = r.option(Reader::text)?;
        let kind = r.option(Reader::text)?;
        let stamp = r.option(Reader::text)?;
        let reference = r.option(Reader::text)?;
        let period = r.text()?;
        let expected = r.text()?;
        let remedy = r.text()?;
        let micros = r.option(Reader::signed)?;
        let micros = micros.map(i64::try_from).transpose();
        let expires_at = micros.map_err(|_| r.expected("an instant"))?.map(Timestamp);
        let shares = r.list(|r| {
            Ok(Share {
                balance: r.text()?,
                source: r.text()?,
                target: r.text()?,
                difference: r.text()?,
            })
        })?;
        r.end()?;
        Ok(Self {
            document,
            kind,
            period,
            stamp,
            reference,
            expected,
            remedy,
            expires_at,
            shares,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{BreakTrace, Share};
    use tieout_model::Timestamp;

    #[test]
    fn a_trace_comes_back_whole_and_half_of_it_is_refused() {
        let trace = BreakTrace {
            document: Some("00ff".into()),
            kind: None,
            period: "P01-2027".into(),
            stamp: Some("TIEOUT-1".into()),
            reference: None,
            expected: "BILL-1 in P01-2027".into(),
            remedy: "nobody yet".into(),
            expires_at: Some(Timestamp(-5)),
            shares: vec![Share {
                balance: "200-0000-20000-0000-000 USD".into(),
                source: "-1.00".into(),
                target: "0.00".into(),
                difference: "1.00".into(),
            }],
        };
        let bytes = trace.encode();
        assert_eq!(BreakTrace::decode(&bytes), Ok(trace));
        assert!(BreakTrace::decode(&bytes[..bytes.len() / 2]).is_err());
        assert!(BreakTrace::decode(&[]).is_err());
    }
}
