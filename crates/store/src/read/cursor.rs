//! How far each flow has read.

use tieout_engine::FlowId;

use crate::failure::LoadError;
use crate::link::params;
use crate::store::Store;

const CURSOR: &str = "SELECT position FROM cursor WHERE flow = ?1";

impl Store {
    /// Where `flow` stands; `None` if it never read.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn cursor(&self, flow: &FlowId) -> Result<Option<String>, LoadError> {
        let flow = flow.clone();
        self.read("reading a flow's cursor", move |connection| {
            let mut statement = connection.prepare_cached(CURSOR)?;
            let position = statement.query_opt(params![&flow.0], |row| row.get(0));
            Ok(position?)
        })
        .await
    }

    /// Where several flows stand, all seen at once, in the order asked for.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn cursors<const N: usize>(
        &self,
        flows: [FlowId; N],
    ) -> Result<[Option<String>; N], LoadError> {
        self.read("reading flows' cursors", move |connection| {
            let mut statement = connection.prepare_cached(CURSOR)?;
            let mut found = [const { None }; N];
            for (place, flow) in found.iter_mut().zip(&flows) {
                *place = statement.query_opt(params![&flow.0], |row| row.get(0))?;
            }
            Ok(found)
        })
        .await
    }
}
