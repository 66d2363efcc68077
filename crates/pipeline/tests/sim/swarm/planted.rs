//! Bugs on purpose.
use super::world::World;
use tieout_pipeline::{Context, PassError};
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {}
pub(crate) fn plant(_world: &World, context: Context) -> Context {
    context
}
pub(crate) async fn after_round(_world: &World, _context: &Context) {}
pub(crate) async fn read(_world: &World, _context: &Context) -> Option<Result<bool, PassError>> {
    None
}
