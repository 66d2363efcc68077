//! What can befall an import on a tenant: asked for through the control port, it befalls the next import that is sent.
//!
//! A real tenant does all of these by itself now and then; where fusion.md names a case its section stands beside it.

use crate::fusion::{FusionTwin, PERSON};

/// One way an import goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportTrouble {
    /// The loader does not take the file (its header or layout): the load ends in error, no row is loaded.
    LoadRefused,
    /// The file arrives cut in half: the loader ends in error.
    CutZip,
    /// The import selects no row and says that it succeeded (fusion.md "SUCCEEDED": no proof); the rows stay in the interface.
    SelectNone,
    /// A second import follows the first for the same file.
    ImportTwice,
    /// All rows are imported, with a warning (fusion.md §9.5, `WU`).
    Warning,
    /// All rows are imported; the purge of the interface that follows ends in error.
    PurgeFailed,
    /// Somebody cancels the import before it runs: the rows stay in the interface (fusion.md §5.1, `CANCELLED`).
    Cancelled,
}

impl ImportTrouble {
    /// All of them, with the names of the control port.
    pub const ALL: [(&'static str, Self); 7] = [
        ("load_refused", Self::LoadRefused),
        ("cut_zip", Self::CutZip),
        ("select_none", Self::SelectNone),
        ("import_twice", Self::ImportTwice),
        ("warning", Self::Warning),
        ("purge_failed", Self::PurgeFailed),
        ("cancelled", Self::Cancelled),
    ];

    /// The trouble of a name.
    ///
    /// # Errors
    /// Words with all names.
    pub fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, trouble)| *trouble).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("{name:?} is no trouble; write one of {}", names.join(", "))
        })
    }
}

impl FusionTwin {
    /// Lets `trouble` befall the next `times` imports.
    pub fn trouble_imports(&mut self, trouble: ImportTrouble, times: usize) {
        self.import
            .troubles
            .extend(std::iter::repeat_n(trouble, times));
    }

    /// From now on every request of the scheduler runs for `ms` milliseconds.
    pub fn slow_jobs(&mut self, ms: i64) {
        self.jobs.set_duration(ms);
    }

    /// Rows that wait in the interface: new, rejected, or never selected.
    pub fn interface_rows(&self) -> usize {
        self.import.rows.len() + self.import.invoices.len()
    }

    /// A person starts Journal Import for every group there is, as the scheduled processes page offers (fusion.md §9.4, `ALL`).
    pub fn import_everything(&mut self) {
        let parameters = [
            &*self.options.all_ledgers_access_set,
            &self.options.journal_source,
            "ALL",
            "ALL",
            "N",
            "N",
            "O",
        ];
        let order = super::ImportOrder {
            subject: super::Subject::Journals,
            load: None,
            submitter: PERSON,
            parameters: parameters.into_iter().map(str::to_owned).collect(),
            purge: false,
            trouble: None,
        };
        let now = self.clock.now;
        self.start_import(now, order);
        self.run_due();
    }
}
