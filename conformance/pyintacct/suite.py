"""The Python package pyintacct, unmodified but for the address, against the simulated Intacct tenant of the golden company.

It is the client that asks for pretty-printed answers, and for `readByQuery` in pages. Needs the ready line of `tieout twin --company golden`
in TIEOUT_TWIN and the package installed; `cargo xtask conformance` provides both. Prints one line per call, ends with
`N passed, N failed`, and exits with 1 if any call failed.
"""

import json
import logging
import os
import sys

from pyintacct import IntacctAPI
from pyintacct.exceptions import IntacctException
from pyintacct.models.accounts_receivable import ARInvoice

# What must be escaped. (Texts beyond ASCII come back garbled: the package reads `text/xml` without a charset as Latin-1.)
ODD = "O'Neill & \"Sons\" <1>"

# The package logs through the root; only our lines belong on the output.
logging.disable(logging.CRITICAL)


class Suite:
    """Counts and prints calls; a failed one is told with its reason and the suite goes on."""

    def __init__(self, ready):
        self.ready = ready
        self.passed = 0
        self.failed = 0

    def connect(self, **change):
        """A client that has not logged in yet; it does so with its first call."""
        login = self.ready["login"]["intacct"]
        config = {
            "SENDER_ID": login["sender_id"],
            "SENDER_PW": login["sender_password"],
            "COMPANY_ID": login["company_id"],
            "USER_ID": login["user_id"],
            "USER_PW": login["user_password"],
        }
        config.update(change)
        client = IntacctAPI(config)
        client.url = self.ready["intacct"]
        return client

    def call(self, name, body):
        """Runs one call with its assertions."""
        number = self.passed + self.failed + 1
        try:
            body()
        except Exception as error:  # every kind of failure is one failed call
            self.failed += 1
            print(f"FAIL {number} pyintacct {name}: {type(error).__name__}: {error}")
            return
        self.passed += 1
        print(f"ok {number} pyintacct {name}")


def equal(have, wanted):
    """Fails unless both are the same."""
    if have != wanted:
        raise AssertionError(f"{have!r} instead of {wanted!r}")


def refused(body, words):
    """Fails unless the call is refused with these words."""
    try:
        body()
    except IntacctException as error:
        if words not in str(error):
            raise AssertionError(f"{words!r} is not in {error}") from error
        return
    raise AssertionError("the call was not refused")


def texts(rows, field):
    """The texts of one field of rows."""
    return sorted(str(row[field]) for row in rows)


def reads(suite, client):
    """Pages, conditions, descriptions."""
    page = lambda obj, query, size: client.read_by_query(obj, query, fields="*", pagesize=size)
    suite.call("session.at_first_call", lambda: equal(len(page("VENDOR", "", 100)), 5))
    suite.call("session.is_kept", lambda: equal(client.sessionid.endswith(".."), True))
    suite.call("pages.of_one", lambda: equal(texts(page("VENDOR", "", 1), "VENDORID"), [f"VE-0{n}" for n in range(1, 6)]))
    suite.call("pages.of_fifty", lambda: equal(len(page("GLENTRY", "", 50)), 252))
    suite.call("pages.none", lambda: equal(page("VENDOR", "VENDORID = 'nobody'", 10), []))
    suite.call("condition.code", lambda: equal(len(page("VENDOR", "STATUS = 'T'", 10)), 5))
    suite.call("condition.like", lambda: equal(texts(page("VENDOR", "NAME like 'P%'", 10), "VENDORID"), ["VE-01"]))
    suite.call("condition.not_in", lambda: equal(len(page("VENDOR", "VENDORID not in ('VE-01','VE-02')", 10)), 3))
    suite.call("condition.greater", lambda: equal(len(page("APBILL", "RECORDNO > 6", 10)), 2))
    suite.call("condition.unknown_field", lambda: refused(lambda: page("VENDOR", "SHOE = '42'", 10), "vendor: [SHOE]"))
    suite.call("object.unknown", lambda: refused(lambda: page("SHOE", "", 10), "Object definition SHOE not found"))
    suite.call("cursor.unknown", lambda: refused(lambda: client.read_more("nothing"), "does not exist or has expired"))
    names = lambda: [str(node) for node in client.inspect().find_nodes_with_tag("type")]
    suite.call("inspect.all", lambda: equal("APBILL" in names(), True))
    fields = lambda: [str(node) for node in client.inspect("VENDOR", detail=True).find_nodes_with_tag("Name")]
    suite.call("inspect.one", lambda: equal("VENDORID" in fields(), True))


def writes(suite, client):
    """Creates, changes and deletes; the legacy invoice too."""
    vendor = {"VENDORID": "PY-1", "NAME": ODD, "STATUS": "active"}
    suite.call("vendor.create", lambda: client.create({"VENDOR": vendor}))
    name = lambda: texts(client.read_by_query("VENDOR", "VENDORID = 'PY-1'"), "NAME")
    suite.call("vendor.text_survives", lambda: equal(name(), [ODD]))
    suite.call("vendor.twice", lambda: refused(lambda: client.create({"VENDOR": vendor}), "PY-1 already exists"))
    suite.call("vendor.update", lambda: client.update({"VENDOR": {"VENDORID": "PY-1", "NAME": "New"}}))
    suite.call("vendor.changed", lambda: equal(name(), ["New"]))
    key = lambda: texts(client.read_by_query("VENDOR", "VENDORID = 'PY-1'"), "RECORDNO")
    suite.call("vendor.delete", lambda: client.delete("VENDOR", key()))
    suite.call("vendor.gone", lambda: equal(key(), []))
    line = {"ACCOUNTNO": "6200", "TRX_AMOUNT": "12.34", "LOCATIONID": "E200", "DEPARTMENTID": "D300"}
    bill = {
        "WHENCREATED": "01/20/2027",
        "VENDORID": "VE-01",
        "RECORDID": "PY-B1",
        "WHENDUE": "02/20/2027",
        "APBILLITEMS": {"APBILLITEM": [line, line]},
    }
    suite.call("bill.create", lambda: client.create({"APBILL": bill}))
    total = lambda: texts(client.read_by_query("APBILL", "RECORDID = 'PY-B1'"), "TOTALENTERED")
    suite.call("bill.total", lambda: equal(total(), ["24.68"]))
    invoice = ARInvoice(
        customerid="CU-01",
        datecreated={"year": "2027", "month": "01", "day": "20"},
        termname="N30",
        action="Submit",
        invoiceno="PY-I1",
        invoiceitems={"lineitem": [{"glaccountno": "4010", "amount": "50", "locationid": "E200"}]},
    )
    suite.call("invoice.legacy_create", lambda: client.create(invoice))


def doors(suite):
    """Who may not come in, and who comes in by a side door."""
    ask = lambda client: client.read_by_query("VENDOR", "")
    # The package goes on with the session id "None" after a failed login.
    suite.call("login.wrong", lambda: refused(lambda: ask(suite.connect(USER_PW="wrong")), "session"))
    suite.call("sender.wrong", lambda: refused(lambda: ask(suite.connect(SENDER_PW="wrong")), "Incorrect Intacct XML Partner ID"))
    entity = lambda: suite.connect(ENTITY_ID="E300").read_by_query("APBILL", "")
    suite.call("entity.sees_its_own", lambda: equal(texts(entity(), "MEGAENTITYID"), ["E300", "E300"]))
    suite.call("entity.unknown", lambda: refused(lambda: ask(suite.connect(ENTITY_ID="E999")), "session"))


def main():
    line = os.environ.get("TIEOUT_TWIN")
    if not line:
        sys.exit("TIEOUT_TWIN holds no ready line; run `cargo xtask conformance`")
    suite = Suite(json.loads(line))
    client = suite.connect()
    reads(suite, client)
    writes(suite, client)
    doors(suite)
    print(f"{suite.passed} passed, {suite.failed} failed")
    sys.exit(1 if suite.failed else 0)


if __name__ == "__main__":
    main()
