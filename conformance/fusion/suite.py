"""The client inside the Python package mcp-oraclefusion (REST) and OracleSaaSApiPy (SOAP), unmodified, against the simulated Fusion tenant of
the golden company.

The REST client sends no framework version, so it gets version 1: query-by-example, errors as plain text. Needs the ready line of
`tieout twin --company golden` in TIEOUT_TWIN and the packages installed; `cargo xtask conformance` provides both. Prints one line per call,
ends with `N passed, N failed`, and exits with 1 if any call failed.
"""

import asyncio
import json
import logging
import os
import sys

import httpx

# Warnings of the package are failures that show as such.
logging.disable(logging.CRITICAL)


class Suite:
    """Counts and prints calls; a failed one is told with its reason and the suite goes on."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    async def call(self, name, body):
        """Runs one call with its assertions; answers what it answers, None if it failed."""
        number = self.passed + self.failed + 1
        try:
            answer = await body()
        except Exception as error:  # every kind of failure is one failed call
            self.failed += 1
            print(f"FAIL {number} fusion {name}: {type(error).__name__}: {error}")
            return None
        self.passed += 1
        print(f"ok {number} fusion {name}")
        return answer


def equal(have, wanted):
    """Fails unless both are the same."""
    if have != wanted:
        raise AssertionError(f"{have!r} instead of {wanted!r}")


async def rows(answer, wanted, more=False):
    """The records of a search, as many as wanted, with the flag for more."""
    records, has_more, _ = await answer
    equal(len(records), wanted)
    equal(has_more, more)
    return records


async def refused(answer, status, words):
    """Fails unless the call is refused with this status and these words."""
    try:
        await answer
    except httpx.HTTPStatusError as error:
        equal(error.response.status_code, status)
        if words not in error.response.text:
            raise AssertionError(f"{words!r} is not in {error.response.text!r}") from error
        return
    raise AssertionError("the call was not refused")


def bill(number, **change):
    """An invoice of one line."""
    body = {
        "InvoiceNumber": number,
        "BusinessUnit": "BU_WMB_US_OPS",
        "Supplier": "Papercrane Hosting (made up)",
        "SupplierSite": "MAIN",
        "InvoiceAmount": 120.0,
        "InvoiceCurrency": "USD",
        "InvoiceDate": "2026-12-03",
        "AccountingDate": "2026-12-03",
        "InvoiceSource": "Sage Intacct",
        "LiabilityDistribution": "200-0000-20000-0000-000",
        "invoiceLines": [
            {"LineNumber": 1, "LineType": "Item", "LineAmount": 120.0, "DistributionCombination": "200-1100-60300-0000-000"}
        ],
    }
    body.update(change)
    return body


async def masters(suite, client):
    """Suppliers, rates, terms, charts."""
    await suite.call("suppliers.all", lambda: rows(client.search_suppliers(), 5))
    await suite.call("suppliers.page", lambda: rows(client.search_suppliers(limit=2, offset=2), 2, more=True))
    await suite.call("suppliers.end", lambda: rows(client.search_suppliers(limit=2, offset=6), 0))
    # The package asks for the name in capitals; names compare exactly.
    await suite.call("suppliers.exact_case", lambda: rows(client.search_suppliers(name="papercrane"), 0))
    await suite.call("suppliers.example", lambda: rows(client.search_suppliers(q="SupplierNumber = 'FS-2001'"), 1))
    two = "SupplierNumber = 'FS-2001';Status = 'ACTIVE'"
    await suite.call("suppliers.two_examples", lambda: rows(client.search_suppliers(q=two), 1))
    await suite.call("suppliers.or_is_version_two", lambda: refused(client.search_suppliers(q="Status='A' or Status='B'"), 400, "q"))
    await suite.call("suppliers.with_children", lambda: details(client))
    await suite.call("terms.named", lambda: rows(client.list_payment_terms(name="Net"), 2))
    await suite.call("charts.all", lambda: rows(client.list_chart_of_accounts(), 1))
    december = {"start_date": "2026-12-01", "end_date": "2026-12-31", "limit": 499}
    await suite.call("rates.month", lambda: rows(client.search_currency_rates("EUR", "USD", **december), 31))
    await suite.call("rates.without_finder", lambda: refused(client.search_currency_rates(conversion_type=None), 400, "finder"))
    # Names that only other documents know (LedgerName for Name) are unknown here too.
    await suite.call("ledgers.wrong_names", lambda: refused(client.list_ledgers(), 400, "fields"))
    await suite.call("payments.absent", lambda: refused(client.search_payments(), 404, ""))


async def details(client):
    """A supplier with the children the package expands."""
    supplier = await client.get_supplier_details(300000002001)
    equal(supplier["Supplier"], "Papercrane Hosting (made up)")
    equal(len(supplier["sites"]), 5)
    equal((supplier["contacts"], supplier["addresses"]), ([], []))


async def invoices(suite, client):
    """Entered, refused twice, found, validated, cancelled."""
    made = await suite.call("invoices.create", lambda: client.create_invoice(bill("FC-1")))
    await suite.call("invoices.twice", lambda: refused(client.create_invoice(bill("FC-1")), 400, "(AP-810776)"))
    await suite.call("invoices.unknown_name", lambda: refused(client.create_invoice(bill("FC-2", Vendor="x")), 400, 'Invalid attribute "Vendor"'))
    await suite.call("invoices.bad_site", lambda: refused(client.create_invoice(bill("FC-3", SupplierSite="x")), 400, "SupplierSite"))
    await suite.call("invoices.by_number", lambda: rows(client.search_invoices(invoice_number="FC-1"), 1))
    dates = {"date_from": "2026-12-01", "date_to": "2026-12-31", "status": "Validated"}
    await suite.call("invoices.by_dates", lambda: rows(client.search_invoices(**dates), 1))
    await suite.call("invoices.none", lambda: rows(client.search_invoices(date_from="2027-01-01"), 0))
    await suite.call("invoices.with_lines", lambda: lines(client, made["InvoiceId"]))
    await suite.call("invoices.validate", lambda: result(client, made["InvoiceId"], "VALIDATE", "Validated"))
    balance = {"ledger": "WMB_US_USD", "account_combination": "200-1100-60300-0000-000", "period": "Dec-26", "currency": "USD"}
    await suite.call("balances.posted", lambda: ending(client, balance, "120.00"))
    await suite.call("balances.whole_account", lambda: ending(client, {**balance, "account_combination": "%-%-60300-%-%"}, "120.00"))
    await suite.call("invoices.cancel", lambda: result(client, made["InvoiceId"], "CANCEL", "Canceled", "typed twice"))
    await suite.call("invoices.cancelled", lambda: rows(client.search_invoices(status="Canceled"), 1))
    await suite.call("invoices.cancel_twice", lambda: refused(client.change_invoice_status(made["InvoiceId"], "CANCEL"), 400, "already"))
    await suite.call("batches.none", lambda: rows(client.search_journal_batches(period="Dec-26"), 0))


async def lines(client, number):
    """The lines of an invoice as a bare array: framework version 1."""
    invoice = await client.get_invoice(number)
    equal([line["LineAmount"] for line in invoice["invoiceLines"]], [120.0])


async def result(client, number, action, wanted, reason=None):
    """What an action answers."""
    equal((await client.change_invoice_status(number, action, reason))["result"], wanted)


async def ending(client, balance, wanted):
    """The one balance asked for, as text."""
    found = await rows(client.search_gl_balances(**balance), 1)
    equal(found[0]["ending_balance"], wanted)


async def run(ready):
    """All calls."""
    from oracle_fusion_mcp.oracle.client import OracleClient

    import soap

    login = ready["login"]["fusion"]
    suite = Suite()
    client = OracleClient(login["username"], login["password"])
    await masters(suite, client)
    await invoices(suite, client)
    await soap.run(suite, ready, client)
    stranger = OracleClient(login["username"], "wrong")
    await suite.call("login.wrong", lambda: refused(stranger.search_suppliers(), 401, "Unauthorized"))
    print(f"{suite.passed} passed, {suite.failed} failed")
    sys.exit(1 if suite.failed else 0)


def main():
    line = os.environ.get("TIEOUT_TWIN")
    if not line:
        sys.exit("TIEOUT_TWIN holds no ready line; run `cargo xtask conformance`")
    ready = json.loads(line)
    os.environ["ORACLE_FUSION_BASE_URL"] = ready["fusion"]
    asyncio.run(run(ready))


if __name__ == "__main__":
    # `soap` imports this module by its name; both must be the same one.
    sys.modules["suite"] = sys.modules["__main__"]
    main()
