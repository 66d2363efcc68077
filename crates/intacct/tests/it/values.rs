use std::collections::BTreeSet;

use tieout_intacct::Intacct;
use tieout_twins::intacct::IntacctOptions;

use crate::company::{csv, golden, run};

fn ids(file: &str, column: &str) -> BTreeSet<(String, String)> {
    let rows = csv(file).into_iter();
    rows.map(|row| (row[column].clone(), row["name"].clone()))
        .collect()
}

fn found(intacct: &Intacct, dimension: &str) -> BTreeSet<(String, String)> {
    let values = run(intacct.dimension_values(dimension)).unwrap().unwrap();
    values
        .into_iter()
        .map(|value| {
            assert!(value.is_active, "{}", value.id);
            (value.id, value.name)
        })
        .collect()
}

/// Two rows a page: what stands on later pages must be there too.
fn company() -> Intacct {
    golden(IntacctOptions::default(), |config| {
        config.bounds.page_size = 2;
    })
    .0
}

#[test]
fn every_account_and_every_value_of_every_dimension_is_read() {
    let intacct = company();
    let accounts = run(intacct.accounts()).unwrap();
    let accounts: BTreeSet<String> = accounts.into_iter().map(|value| value.id).collect();
    let wanted: BTreeSet<String> = csv("master/accounts_intacct.csv")
        .into_iter()
        .map(|row| row["account"].clone())
        .collect();
    assert_eq!(accounts, wanted);
    for (dimension, file) in [
        ("department", "master/department.csv"),
        ("item", "master/item.csv"),
        ("class", "master/class.csv"),
        ("project", "master/project.csv"),
        ("region", "master/region.csv"),
        ("channel", "master/channel.csv"),
        ("customer", "master/customers.csv"),
        ("vendor", "master/vendors.csv"),
        ("employee", "master/employee.csv"),
    ] {
        assert_eq!(found(&intacct, dimension), ids(file, "id"), "{dimension}");
    }
}

#[test]
fn a_dimension_the_company_does_not_have_is_no_empty_list() {
    assert_eq!(run(company().dimension_values("planet")).unwrap(), None);
}
