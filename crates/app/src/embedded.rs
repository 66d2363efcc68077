//! The golden company, built into the program, so that `tieout demo` needs no other file.

use std::path::{Path, PathBuf};

/// Every file of the folder that the simulators load, by its path.
const FILES: [(&str, &str); 24] = [
    (
        "master/accounts_fusion.csv",
        include_str!("../../../golden/master/accounts_fusion.csv"),
    ),
    (
        "master/accounts_intacct.csv",
        include_str!("../../../golden/master/accounts_intacct.csv"),
    ),
    (
        "master/channel.csv",
        include_str!("../../../golden/master/channel.csv"),
    ),
    (
        "master/class.csv",
        include_str!("../../../golden/master/class.csv"),
    ),
    (
        "master/customers.csv",
        include_str!("../../../golden/master/customers.csv"),
    ),
    (
        "master/department.csv",
        include_str!("../../../golden/master/department.csv"),
    ),
    (
        "master/dimensions.csv",
        include_str!("../../../golden/master/dimensions.csv"),
    ),
    (
        "master/employee.csv",
        include_str!("../../../golden/master/employee.csv"),
    ),
    (
        "master/entities.csv",
        include_str!("../../../golden/master/entities.csv"),
    ),
    (
        "master/item.csv",
        include_str!("../../../golden/master/item.csv"),
    ),
    (
        "master/periods.csv",
        include_str!("../../../golden/master/periods.csv"),
    ),
    (
        "master/project.csv",
        include_str!("../../../golden/master/project.csv"),
    ),
    (
        "master/region.csv",
        include_str!("../../../golden/master/region.csv"),
    ),
    (
        "master/vendors.csv",
        include_str!("../../../golden/master/vendors.csv"),
    ),
    (
        "inputs/applications.csv",
        include_str!("../../../golden/inputs/applications.csv"),
    ),
    (
        "inputs/attachments.csv",
        include_str!("../../../golden/inputs/attachments.csv"),
    ),
    (
        "inputs/contracts.json",
        include_str!("../../../golden/inputs/contracts.json"),
    ),
    (
        "inputs/document_lines.csv",
        include_str!("../../../golden/inputs/document_lines.csv"),
    ),
    (
        "inputs/documents.csv",
        include_str!("../../../golden/inputs/documents.csv"),
    ),
    (
        "inputs/open_items.csv",
        include_str!("../../../golden/inputs/open_items.csv"),
    ),
    (
        "inputs/opening_balances.csv",
        include_str!("../../../golden/inputs/opening_balances.csv"),
    ),
    (
        "inputs/rates.csv",
        include_str!("../../../golden/inputs/rates.csv"),
    ),
    (
        "crosswalk/v1.json",
        include_str!("../../../golden/crosswalk/v1.json"),
    ),
    (
        "crosswalk/v2.json",
        include_str!("../../../golden/crosswalk/v2.json"),
    ),
];

/// Writes the folder to `into` and returns it.
pub(crate) fn unpack(into: &Path) -> std::io::Result<PathBuf> {
    for (name, text) in FILES {
        let path = into.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(into.to_path_buf())
}
