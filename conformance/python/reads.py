"""Login, query with operators, paging, readByQuery, lookup, dimensions, and what must be refused.

Figures: golden/inputs/documents.csv and golden/master; eight bills, five vendors, six entities, 37 accounts that hold money.
"""

from decimal import Decimal

from sageintacctsdk.exceptions import InvalidTokenError, SageIntacctSDKError, WrongParamsError

OPERATORS = [
    ("equalto", "RECORDID", "BILL-E200-1", ["BILL-E200-1"]),
    ("notequalto", "VENDORID", "VE-01", ["BILL-E100-1", "BILL-E200-2", "BILL-E300-1", "BILL-E400-1"]),
    ("lessthan", "TRX_TOTALENTERED", "2400", ["BILL-E100-1", "BILL-E200-4"]),
    ("lessthanorequalto", "TRX_TOTALENTERED", "2400", ["BILL-E100-1", "BILL-E200-1", "BILL-E200-4"]),
    ("greaterthan", "TRX_TOTALENTERED", "5950", ["BILL-E200-2", "BILL-E400-1"]),
    ("greaterthanorequalto", "TRX_TOTALENTERED", "5950", ["BILL-E200-2", "BILL-E300-1", "BILL-E400-1"]),
    ("between", "WHENPOSTED", ["12/05/2026", "12/10/2026"], ["BILL-E200-2", "BILL-E300-1", "BILL-E400-1"]),
    ("in", "VENDORID", ["VE-02", "VE-03"], ["BILL-E300-1", "BILL-E400-1"]),
    ("notin", "VENDORID", ["VE-01", "VE-05"], ["BILL-E300-1", "BILL-E400-1"]),
    ("like", "RECORDID", "BILL-E30_-%", ["BILL-E300-1", "BILL-E300-2"]),
    ("notlike", "RECORDID", "BILL-E2%", ["BILL-E100-1", "BILL-E300-1", "BILL-E300-2", "BILL-E400-1"]),
]


def equal(found, expected):
    """An assertion that says both sides."""
    assert found == expected, f"found {found!r}, expected {expected!r}"


def refused(kind, word, body):
    """Passes on a refusal of that kind whose text holds that word; anything else is a failure."""
    try:
        answer = body()
    except kind as error:
        text = str(error)
        assert word.lower() in text.lower(), f"refused, but the reason does not speak of {word!r}: {text}"
        return
    raise AssertionError(f"was accepted, although it must be refused: {answer!r}")


def ids(rows, field="RECORDID"):
    """Values of one field, sorted."""
    return sorted(row[field] for row in rows)


def run(suite):
    """All reading calls."""
    sdk = suite.call("session.login", suite.connect)
    if sdk is None:
        return
    sessions(suite)
    queries(suite, sdk)
    pages(suite, sdk)
    older_reads(suite, sdk)
    refusals(suite, sdk)


def sessions(suite):
    """Entities and wrong credentials."""

    def entity():
        scoped = suite.connect(entity_id="E300")
        rows = scoped.bills.get_by_query(fields=["RECORDID"], and_filter=[("like", "RECORDID", "BILL-%")])
        equal(ids(rows), ["BILL-E300-1", "BILL-E300-2"])

    def piped():
        company = suite.ready["login"]["intacct"]["company_id"]
        scoped = suite.connect(company_id=f"{company}|E400")
        rows = scoped.bills.get_by_query(fields=["RECORDID"], and_filter=[("like", "RECORDID", "BILL-%")])
        equal(ids(rows), ["BILL-E400-1"])

    suite.call("session.entity", entity)
    suite.call("session.entity_in_company_id", piped)
    suite.call(
        "session.wrong_user_password",
        lambda: refused(InvalidTokenError, "XL03000006", lambda: suite.connect(user_password="not the password")),
    )
    suite.call(
        "session.wrong_sender_password",
        lambda: refused(WrongParamsError, "XL03000006", lambda: suite.connect(sender_password="not the password")),
    )


def queries(suite, sdk):
    """Every operator the package can spell, alone and combined."""

    def operator(name, field, value, expected):
        rows = sdk.bills.get_by_query(fields=["RECORDID"], and_filter=[(name, field, value)])
        equal(ids(rows), expected)

    for name, field, value, expected in OPERATORS:
        suite.call(f"query.{name}", lambda n=name, f=field, v=value, e=expected: operator(n, f, v, e))

    def by_payload(payload, expected):
        equal(ids(sdk.bills.get_by_query(fields=["RECORDID"], filter_payload=payload)), expected)

    null = {"and": {"isnull": {"field": "DOCNUMBER"}, "equalto": {"field": "VENDORID", "value": "VE-03"}}}
    suite.call("query.isnull", lambda: by_payload(null, ["BILL-E400-1"]))
    not_null = {"and": {"isnotnull": {"field": "WHENDUE"}, "equalto": {"field": "VENDORID", "value": "VE-02"}}}
    suite.call("query.isnotnull", lambda: by_payload(not_null, ["BILL-E300-1"]))

    def both():
        conditions = [("equalto", "VENDORID", "VE-01"), ("equalto", "CURRENCY", "USD"), ("like", "RECORDID", "BILL-E3%")]
        equal(ids(sdk.bills.get_by_query(fields=["RECORDID"], and_filter=conditions)), ["BILL-E300-2"])

    def either():
        conditions = [("equalto", "RECORDID", "BILL-E300-1"), ("equalto", "RECORDID", "BILL-E400-1")]
        equal(ids(sdk.bills.get_by_query(fields=["RECORDID"], or_filter=conditions)), ["BILL-E300-1", "BILL-E400-1"])

    def exact_amounts():
        rows = sdk.bills.get_by_query(fields=["RECORDID", "TRX_TOTALENTERED"], and_filter=[("like", "RECORDID", "BILL-E2%")])
        equal(sum(Decimal(row["TRX_TOTALENTERED"]) for row in rows), Decimal("12673.33"))

    suite.call("query.and", both)
    suite.call("query.or", either)
    suite.call("query.amounts", exact_amounts)
    suite.call("query.empty", lambda: equal(sdk.bills.get_by_query(fields=["RECORDID"], and_filter=[("equalto", "RECORDID", "none")]), []))
    suite.call("query.count", lambda: equal(sdk.vendors.count(), 5))
    suite.call("query.count_filtered", lambda: equal(sdk.bills.count("VENDORID", "VE-01"), 4))
    suite.call("query.vendor_by_field", lambda: equal(sdk.vendors.get("VENDORID", "VE-02", ["NAME"])["VENDOR"][0]["NAME"], "Luftschloss Beratung (made up)"))


def pages(suite, sdk):
    """Reading everything, in pages, with an order."""

    def small_pages():
        # The page size is fixed when the package makes its objects; here it is made small enough to matter.
        sdk.accounts._ApiBase__pagesize = 10
        rows = sdk.accounts.get_all(fields=["ACCOUNTNO", "TITLE"])
        equal(len(rows), 37)
        equal(len(set(ids(rows, "ACCOUNTNO"))), 37)

    def generator():
        pages = list(sdk.accounts.get_all_generator(fields=["ACCOUNTNO"], order_by_field="ACCOUNTNO", order="ascending"))
        equal([len(page) for page in pages], [10, 10, 10, 7])
        accounts = [row["ACCOUNTNO"] for page in pages for row in page]
        equal(accounts, sorted(accounts))

    def changed_since():
        pages = list(sdk.bills.get_all_generator(fields=["RECORDID"], updated_at="01/01/2020 00:00:00"))
        equal(ids([row for page in pages for row in page if row["RECORDID"].startswith("BILL-")])[0], "BILL-E100-1")

    suite.call("page.all_in_small_pages", small_pages)
    suite.call("page.generator", generator)
    suite.call("page.changed_since", changed_since)
    suite.call("page.entities", lambda: equal(len(sdk.location_entities.get_all(fields=["LOCATIONID", "NAME"])), 6))
    suite.call("page.departments", lambda: equal("D200" in ids(sdk.departments.get_all(fields=["DEPARTMENTID"]), "DEPARTMENTID"), True))


def older_reads(suite, sdk):
    """readByQuery, lookup, dimensions."""

    def by_query():
        found = sdk.accounts.get("ACCOUNTNO", "6200", ["ACCOUNTNO", "TITLE"])
        equal(found["@totalcount"], "1")
        row = found["glaccount"]
        row = row[0] if isinstance(row, list) else row
        equal(row["TITLE"], "Software and hosting")

    def read_all():
        found = sdk.accounts.read_by_query(["ACCOUNTNO"])
        equal(found["data"]["@count"], "37")

    def lookup():
        fields = sdk.bills.get_lookup()["Type"]["Fields"]["Field"]
        names = {field["ID"] for field in fields}
        missing = {"RECORDNO", "RECORDID", "STATE", "VENDORID", "WHENMODIFIED"} - names
        equal(missing, set())

    def dimensions():
        names = {row["objectName"] for row in sdk.dimensions.get_all()}
        missing = {"DEPARTMENT", "LOCATION", "VENDOR", "CUSTOMER", "CLASS"} - names
        equal(missing, set())

    suite.call("read.by_query", by_query)
    suite.call("read.by_query_all", read_all)
    suite.call("read.lookup", lookup)
    suite.call("read.dimensions", dimensions)


def refusals(suite, sdk):
    """Unknown fields and functions are refused in a shape the package understands."""
    suite.call(
        "error.unknown_field",
        lambda: refused(WrongParamsError, "NOSUCHFIELD", lambda: sdk.bills.get_all(fields=["NOSUCHFIELD"])),
    )
    suite.call(
        "error.unknown_object",
        lambda: refused(SageIntacctSDKError, "NOSUCHOBJECT", lambda: sdk.tasks.format_and_send_request(
            {"query": {"object": "NOSUCHOBJECT", "select": {"field": "RECORDNO"}}})),
    )
