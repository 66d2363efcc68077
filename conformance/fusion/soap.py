"""The Python package OracleSaaSApiPy, unmodified: the SOAP service ErpIntegrationService. It signs in at the report server, uploads a file,
submits the loader and the journal import, and polls."""

import io
import os
import tempfile
import zipfile

from suite import equal


def rows(ledger, group):
    """Two balanced rows of GlInterface.csv, 149 columns each."""

    def row(account, debit, credit):
        cells = [""] * 149
        fixed = {1: "NEW", 3: "2026/12/10", 4: "Sage Intacct", 5: "Intacct Journal", 6: "USD", 7: "2026/12/10", 8: "A", 9: "200"}
        fixed |= {10: "0000", 11: account, 12: "0000", 13: "000", 39: debit, 40: credit, 43: "SOAP", 46: "J", 67: group, 92: ledger}
        for column, text in fixed.items():
            cells[column - 1] = text
        return ",".join(cells) + "\n"

    return row("10100", "7.00", "") + row("20000", "", "7.00")


async def run(suite, ready, client):
    """All calls."""
    # The package opens a log file in the working folder when it is imported.
    os.chdir(tempfile.mkdtemp(prefix="tieout-conformance-"))
    from OracleSaaSApiPy import ErpServiceApi

    login = ready["login"]["fusion"]

    async def sign_in():
        return ErpServiceApi(ready["fusion"], login["username"], login["password"])

    async def wrong():
        try:
            ErpServiceApi(ready["fusion"], login["username"], "wrong")
        except Exception:  # the package reads an HTML page as XML and stumbles; that is its way to refuse
            return
        raise AssertionError("a wrong password was accepted")

    api = await suite.call("soap.sign_in", sign_in)
    await suite.call("soap.wrong_password", wrong)
    with zipfile.ZipFile("journals.zip", "w") as archive:
        archive.writestr("GlInterface.csv", rows("WMB_US_USD", "880001"))

    async def answer(response, good=True):
        equal(response.success, good)
        return response.value or response.results.get("result") or response.results.get("faultstring")

    upload = lambda: answer(api.upload_file_to_ucm("journals.zip", "fin/generalLedger/import"))
    document = await suite.call("soap.upload", upload)

    def submit(package, definition, arguments, good=True):
        call = {"jobPackageName": package, "jobDefinitionName": definition, "params": arguments}
        return answer(api.submit_ess_job_request(call), good)

    loader = "oracle/apps/ess/financials/commonModules/shared/common/interfaceLoader"
    load = await suite.call("soap.load", lambda: submit(loader, "InterfaceLoaderController", ("15", document, "N", "N")))
    await suite.call("soap.load_status", lambda: status(api, load))
    launcher = "/oracle/apps/ess/financials/generalLedger/programs/common"
    arguments = ("WMB_US_USD", "Sage Intacct", "WMB_US_USD", "880001", "N", "N", "N")
    done = await suite.call("soap.import", lambda: submit(launcher, "JournalImportLauncher", arguments))
    await suite.call("soap.import_status", lambda: status(api, done))
    await suite.call("soap.unknown_job", lambda: submit("/none", "Nothing", (), good=False))
    await suite.call("batches.by_source", lambda: posted(client))


async def status(api, request):
    """A request that has ended well."""
    equal(api.get_ess_job_status(request).value, "SUCCEEDED")


async def posted(client):
    """The batch that came by SOAP stands posted in REST."""
    found, _, _ = await client.search_journal_batches(source="Sage Intacct", status="P")
    equal([batch["total_debit"] for batch in found], [7])
