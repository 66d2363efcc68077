"""What real connectors do without choosing fields: the package's own field lists, and every field a look-up names.

Figures: golden/expected/tb_entity.csv and golden/master. The package's other objects (charge cards, contracts, expenses, taxes …) belong to
modules the simulated company has not subscribed to.
"""

from decimal import Decimal

from reads import equal

# API object of the package and how many rows the golden company has.
OBJECTS = [
    ("accounts", 37),
    ("ap_payments", 4),
    ("ar_invoices", 10),
    ("ar_invoice_items", 22),
    ("ar_payments", 4),
    ("bills", 8),
    ("classes", 2),
    ("customers", 4),
    ("departments", 6),
    ("employees", 3),
    ("gl_detail", 252),
    ("items", 4),
    ("journal_entries", 97),
    ("location_entities", 6),
    ("locations", 6),
    ("projects", 2),
    ("vendors", 5),
]

# Objects a connector asks for by look-up and then reads with every field, rows private to an entity too.
LOOKED_UP = [
    ("APBILL", 8),
    ("APBILLITEM", 12),
    ("ARINVOICE", 10),
    ("GLACCOUNT", 37),
    ("GLBATCH", 97),
    ("GLDETAIL", 252),
    ("GLENTRY", 252),
    ("VENDOR", 5),
]


def run(suite):
    """All calls."""
    sdk = suite.call("session.login_to_read_defaults", suite.connect)
    if sdk is None:
        return
    for name, count in OBJECTS:
        suite.call(f"default_fields.{name}", lambda n=name, c=count: equal(len(getattr(sdk, n).get_all()), c))
    for name, count in LOOKED_UP:
        suite.call(f"all_fields.{name.lower()}", lambda n=name, c=count: equal(all_fields(sdk, n), c))
    suite.call("read.permissions", lambda: permissions(sdk))
    suite.call("read.trial_balance", lambda: trial_balance(sdk))


def ask(sdk, function):
    """Any function of the gateway, through the package's own envelope."""
    return sdk.tasks.format_and_send_request(function)


def all_fields(sdk, name):
    """Number of rows read with every field the look-up names."""
    fields = ask(sdk, {"lookup": {"object": name}})["data"]["Type"]["Fields"]["Field"]
    query = {
        "object": name,
        "select": {"field": [field["ID"] for field in fields]},
        "options": {"showprivate": "true"},
        "pagesize": "1000",
    }
    return int(ask(sdk, {"query": query})["data"]["@count"])


def permissions(sdk):
    """Every subscription of the user has a name."""
    found = ask(sdk, {"getUserPermissions": {"userId": sdk_user(sdk)}})["data"]["permissions"]["appSubscription"]
    equal(bool(found), True)


def sdk_user(sdk):
    """The user the simulated company has for integrations."""
    rows = ask(sdk, {"query": {"object": "USERINFO", "select": {"field": "LOGINID"}}})["data"]["USERINFO"]
    return sorted(row["LOGINID"] for row in rows)[-1]


def trial_balance(sdk):
    """The December of one entity adds up to zero, opening and ending."""
    day = lambda text: {"year": "2026", "month": "12", "day": text}
    call = {"startdate": day("01"), "enddate": day("31"), "showzerobalances": "false", "locationid": "E200"}
    rows = ask(sdk, {"get_trialbalance": call})["data"]["trialbalance"]
    equal(len(rows) > 10, True)
    for column in ("startbalance", "endbalance"):
        equal(sum(Decimal(row[column]) for row in rows), Decimal(0))
    debits = sum(Decimal(row["debits"]) for row in rows)
    equal(debits, sum(Decimal(row["credits"]) for row in rows))
