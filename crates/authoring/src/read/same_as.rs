//! The sheet of values that got another id.

use std::collections::BTreeMap;

use tieout_engine::crosswalk::Json;

use crate::book::Fault;
use crate::read::Reading;
use crate::read::grid::{Grid, Said};
use crate::write::SAME_AS;

impl Reading<'_> {
    pub(super) fn same_as(&mut self) {
        let Some(sheet) = self.sheet("Same").cloned() else {
            return;
        };
        let grid = Grid::open(&sheet, &SAME_AS, &["note"], &mut self.faults);
        let whole = Fault::sheet(grid.name(), "", "");
        self.places
            .by_path
            .insert("crosswalk.same_as".to_owned(), whole);
        let mut all: Option<BTreeMap<String, BTreeMap<String, Json>>> = None;
        for row in grid.rows() {
            let all = all.get_or_insert_default();
            let attribute = match grid.said(row, "attribute", &mut self.faults) {
                Said::Text(attribute) => attribute,
                Said::Null => {
                    self.members.insert("same_as".to_owned(), Json::Null);
                    return;
                }
                Said::None => continue,
                Said::Nothing => {
                    let what = "attribute is blank";
                    let remedy = "write account or the name of a dimension";
                    self.faults.push(grid.fault(row, "attribute", what, remedy));
                    continue;
                }
            };
            let path = format!("crosswalk.same_as.{attribute:?}");
            self.places.put(path, &grid, row, grid.column("id"));
            let known = self.known.source.get(&attribute);
            let ids = all.entry(attribute.clone()).or_default();
            let id = match grid.said(row, "id", &mut self.faults) {
                Said::Text(id) => id,
                Said::None => continue,
                Said::Null | Said::Nothing => {
                    let what = "the new id is blank";
                    self.faults.push(grid.fault(row, "id", what, "fill it in"));
                    continue;
                }
            };
            self.faults.extend(grid.lost_zeros(row, "id", &id, known));
            let Some(old) = grid.filled(row, "same_as", &mut self.faults) else {
                continue;
            };
            let lost = grid.lost_zeros(row, "same_as", &old, known);
            self.faults.extend(lost);
            if ids.insert(id.clone(), Json::text(&old)).is_some() {
                let what = format!("the new id {id} stands twice");
                let remedy = "delete one of the rows";
                self.faults.push(grid.fault(row, "id", what, remedy));
            }
        }
        if let Some(all) = all {
            let all = all.into_iter();
            let all = all.map(|(attribute, ids)| (attribute, Json::Object(ids)));
            self.members
                .insert("same_as".to_owned(), Json::Object(all.collect()));
        }
    }
}
