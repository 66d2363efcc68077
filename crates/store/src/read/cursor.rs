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
}
