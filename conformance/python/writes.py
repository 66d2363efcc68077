"""Vendors, bills and journal entries: created, read back, changed, deleted; generic and legacy functions."""

from decimal import Decimal

from sageintacctsdk.exceptions import WrongParamsError

from reads import equal, refused


def run(suite):
    """All writing calls."""
    sdk = suite.call("session.login_to_write", suite.connect)
    if sdk is None:
        return
    vendors(suite, sdk)
    bills(suite, sdk)
    journals(suite, sdk)


def one(answer, name):
    """The one row of a create's answer; its element is lower case, one row or a list of one."""
    row = answer["data"][name]
    return row[0] if isinstance(row, list) else row


def vendors(suite, sdk):
    """Create, refuse the second, update, delete."""
    # ASCII only: the gateway's content type has no charset, so the package reads its answers as Latin-1.
    vendor = {"VENDORID": "CONF-PY", "NAME": "Conformance <py> & Co's \"own\"", "STATUS": "active"}

    def names():
        rows = sdk.vendors.get_by_query(fields=["RECORDNO", "NAME"], and_filter=[("equalto", "VENDORID", "CONF-PY")])
        return [row["NAME"] for row in rows]

    def create():
        made = one(sdk.vendors.post(vendor), "vendor")
        equal(made["VENDORID"], "CONF-PY")
        return made["RECORDNO"]

    def update():
        sdk.vendors.update({"VENDORID": "CONF-PY", "NAME": "Renamed"})
        equal(names(), ["Renamed"])

    def delete(key):
        sdk.vendors.delete(key)
        equal(names(), [])

    key = suite.call("vendor.create", create)
    suite.call("vendor.read_back", lambda: equal(names(), [vendor["NAME"]]))
    suite.call("vendor.create_twice", lambda: refused(WrongParamsError, "exists", lambda: sdk.vendors.post(vendor)))
    suite.call("vendor.update", update)
    suite.call("vendor.delete", lambda: delete(key))


def bills(suite, sdk):
    """Generic and legacy creation, change, deletion."""

    def found(number):
        fields = ["RECORDNO", "STATE", "DESCRIPTION", "TRX_TOTALENTERED"]
        return sdk.bills.get_by_query(fields=fields, and_filter=[("equalto", "RECORDID", number)])

    def line(account, amount):
        return {"ACCOUNTNO": account, "TRX_AMOUNT": amount, "LOCATIONID": "E200", "DEPARTMENTID": "D300"}

    def generic(number, vendor="VE-01"):
        return {
            "WHENCREATED": "01/15/2027", "WHENPOSTED": "01/15/2027", "VENDORID": vendor, "RECORDID": number,
            "WHENDUE": "02/14/2027", "CURRENCY": "USD", "BASECURR": "USD",
            "APBILLITEMS": {"APBILLITEM": [line("6200", "10.01"), line("6300", "20.02")]},
        }

    def create():
        return one(sdk.bills.post(generic("CONF-PY-1")), "apbill")["RECORDNO"]

    def read_back(key):
        [row] = found("CONF-PY-1")
        equal((row["RECORDNO"], row["STATE"]), (key, "Posted"))
        equal(Decimal(row["TRX_TOTALENTERED"]), Decimal("30.03"))

    def update(key):
        sdk.bills.update({"RECORDNO": key, "WHENDUE": "02/15/2027", "DESCRIPTION": "changed"})
        equal(found("CONF-PY-1")[0]["DESCRIPTION"], "changed")

    def delete(key):
        sdk.bills.delete(key)
        equal(found("CONF-PY-1"), [])

    def legacy():
        items = {"lineitem": [{"glaccountno": "6200", "amount": "7.07", "locationid": "E200", "departmentid": "D300"}]}
        date = {"year": "2027", "month": "01", "day": "16"}
        bill = {"vendorid": "VE-05", "datecreated": date, "dateposted": date, "datedue": date, "billno": "CONF-PY-2"}
        answer = sdk.bills.format_and_send_request({"create_bill": {**bill, "billitems": items}})
        equal(found("CONF-PY-2")[0]["RECORDNO"], answer["key"])

    def no_such_vendor():
        refused(WrongParamsError, "nobody", lambda: sdk.bills.post(generic("CONF-PY-3", "nobody")))
        equal(found("CONF-PY-3"), [])

    key = suite.call("bill.create", create)
    suite.call("bill.read_back", lambda: read_back(key))
    suite.call("bill.update", lambda: update(key))
    suite.call("bill.create_twice", lambda: refused(WrongParamsError, "exist", lambda: sdk.bills.post(generic("CONF-PY-1"))))
    suite.call("bill.delete", lambda: delete(key))
    suite.call("bill.create_legacy", legacy)
    suite.call("bill.unknown_vendor", no_such_vendor)


def journals(suite, sdk):
    """Generic and legacy creation, deletion, and one that does not balance."""

    def found(title):
        return sdk.journal_entries.get_by_query(fields=["RECORDNO", "STATE"], and_filter=[("equalto", "BATCH_TITLE", title)])

    def side(account, kind, amount):
        return {"ACCOUNTNO": account, "TR_TYPE": kind, "TRX_AMOUNT": amount, "LOCATION": "E200", "DEPARTMENT": "D200"}

    def entry(title, credit):
        lines = [side("6300", "1", "9.99"), side("2100", "-1", credit)]
        return {"JOURNAL": "GJ", "BATCH_DATE": "01/18/2027", "BATCH_TITLE": title, "ENTRIES": {"GLENTRY": lines}}

    def create():
        key = one(sdk.journal_entries.post(entry("CONF-PY-J1", "9.99")), "glbatch")["RECORDNO"]
        equal([(row["RECORDNO"], row["STATE"]) for row in found("CONF-PY-J1")], [(key, "Posted")])
        return key

    def delete(key):
        sdk.journal_entries.delete(key)
        equal(found("CONF-PY-J1"), [])

    def unbalanced():
        refused(WrongParamsError, "balance", lambda: sdk.journal_entries.post(entry("CONF-PY-J2", "9.98")))
        equal(found("CONF-PY-J2"), [])

    def legacy():
        def line(kind, account):
            return {"trtype": kind, "amount": "3.30", "glaccountno": account, "locationid": "E200", "departmentid": "D200"}

        date = {"year": "2027", "month": "01", "day": "19"}
        lines = {"glentry": [line("debit", "6300"), line("credit", "2100")]}
        body = {"journalid": "GJ", "datecreated": date, "description": "CONF-PY-J3", "gltransactionentries": lines}
        answer = sdk.journal_entries.format_and_send_request({"create_gltransaction": body})
        equal(found("CONF-PY-J3")[0]["RECORDNO"], answer["key"])

    key = suite.call("journal.create", create)
    suite.call("journal.delete", lambda: delete(key))
    suite.call("journal.unbalanced", unbalanced)
    suite.call("journal.create_legacy", legacy)
