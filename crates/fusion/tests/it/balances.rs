//! Balances: exact, of one balancing segment, and never a part.

use tieout_connector::{BalanceKey, Books as _, BooksScope, Fault, SnapshotAt};
use tieout_fusion::{Application, PeriodState};
use tieout_model::{EntityId, FaultClass, Period};

use crate::sample::{combination, day, placement};
use crate::tenant::{Tenant, fixture};

const READ: &str = "GET ledgerBalances";

pub(crate) fn scope() -> BooksScope {
    BooksScope {
        entity: EntityId::new("E100"),
        placement: placement("WMB_US_USD", "100", "USD"),
    }
}

pub(crate) fn december() -> SnapshotAt {
    SnapshotAt {
        period: Period {
            name: "P12-2026".to_owned(),
            name_there: "Dec-26".to_owned(),
            fiscal_year: 2026,
            number: 12,
            start: day("2026-12-01"),
            end: day("2026-12-31"),
            is_adjusting: false,
        },
    }
}

#[tokio::test]
async fn balances_are_exact_and_leave_zeros_out() {
    let tenant = Tenant::new();
    tenant.answer(READ, 200, fixture!("books/balances.response.json"));
    let found = tenant
        .fusion(|_| {})
        .balances(&scope(), &december())
        .await
        .unwrap();
    let shown: Vec<_> = found
        .iter()
        .map(|b| (b.key.clone(), b.ending.to_string()))
        .collect();
    let key = |text| BalanceKey::Segments(combination(text));
    assert_eq!(
        shown,
        [
            (
                key("100-0000-10100-000-000"),
                "12345678901234458.49".to_owned()
            ),
            (key("100-1200-60100-000-000"), "109.40".to_owned()),
        ]
    );
    let query = tenant.requests(READ)[0].uri().query().unwrap().to_owned();
    let finder = "finder=AccountBalanceFinder%3BaccountCombination%3D100-%25-%25-%25-%25%2Cmode%3DDetail%2CaccountingPeriod%3DDec-26%2Ccurrency%3DUSD%2CledgerName%3DWMB_US_USD";
    assert!(query.starts_with(finder), "{query}");
}

async fn refused(body: &str) -> Fault {
    let tenant = Tenant::new();
    tenant.answer(READ, 200, body);
    tenant
        .fusion(|_| {})
        .balances(&scope(), &december())
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_business_error_with_status_200_is_a_fault() {
    let fault = refused(fixture!("books/error_detail.response.json")).await;
    assert_eq!(fault.class, FaultClass::Rejected);
    assert!(fault.detail.contains("accounting period"));
}

#[tokio::test]
async fn balances_that_do_not_add_up_or_are_of_another_company_are_faults() {
    let row = |combination: &str, ending: &str| {
        format!(
            r#"{{"items":[{{"DetailAccountCombination":"{combination}","BeginningBalance":"1","PeriodActivity":"2","EndingBalance":"{ending}"}}],"hasMore":false}}"#
        )
    };
    for body in [
        row("100-0000-10100-000-000", "4"),
        row("200-0000-10100-000-000", "3"),
        row("100-%-%-%-%", "3"),
    ] {
        assert_eq!(
            refused(&body).await.class,
            FaultClass::Incompatible,
            "{body}"
        );
    }
}

#[tokio::test]
async fn period_status_is_that_of_the_application_asked_for() {
    let tenant = Tenant::new();
    tenant.answer(
        "GET ledgersLOV",
        200,
        fixture!("setup/ledgers.response.json"),
    );
    let fusion = tenant.fusion(|_| {});
    for (application, period, expected) in [
        (Application::Payables, "Dec-26", Some(PeriodState::Closed)),
        (
            Application::GeneralLedger,
            "Dec-26",
            Some(PeriodState::Open),
        ),
        (
            Application::GeneralLedger,
            "Adj-26",
            Some(PeriodState::NeverOpened),
        ),
        (Application::GeneralLedger, "Feb-27", None),
    ] {
        let lov = "GET accountingPeriodStatusLOV";
        tenant.answer(lov, 200, fixture!("setup/periods.response.json"));
        let found = fusion
            .period_status("WMB_US_USD", application, period)
            .await
            .unwrap();
        assert_eq!(found, expected, "{application:?} {period}");
    }
}
