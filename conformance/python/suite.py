"""The Python package sageintacctsdk, unmodified but for the address, against the simulated Intacct tenant of the golden company.

Needs the ready line of `tieout twin --company golden` in TIEOUT_TWIN and the package installed; `cargo xtask conformance` provides both.
Prints one line per call, ends with `N passed, N failed`, and exits with 1 if any call failed.
"""

import json
import os
import sys
import traceback
import warnings

from sageintacctsdk import SageIntacctSDK
from sageintacctsdk.apis.api_base import ApiBase

import defaults
import reads
import writes


def take_address(address):
    """Every API object of the package starts with the maker's address; this gives each one ours instead."""
    original = ApiBase.__init__

    def with_our_address(self, *arguments, **named):
        original(self, *arguments, **named)
        self._ApiBase__api_url = address

    ApiBase.__init__ = with_our_address


class Suite:
    """Counts and prints calls; a failed one is told with its reason and the suite goes on."""

    def __init__(self, ready):
        self.ready = ready
        self.passed = 0
        self.failed = 0

    def connect(self, **change):
        """A connection with the login of the ready line; the package logs in at once."""
        login = self.ready["login"]["intacct"]
        settings = {
            "sender_id": login["sender_id"],
            "sender_password": login["sender_password"],
            "user_id": login["user_id"],
            "company_id": login["company_id"],
            "user_password": login["user_password"],
            "show_private": True,
        }
        settings.update(change)
        return SageIntacctSDK(**settings)

    def call(self, name, body):
        """Runs one call with its assertions; answers what it answers, None if it failed."""
        number = self.passed + self.failed + 1
        try:
            answer = body()
        except Exception as error:  # every kind of failure is one failed call
            self.failed += 1
            print(f"FAIL {number} py {name}: {type(error).__name__}: {error}")
            place = traceback.extract_tb(error.__traceback__)
            ours = [frame for frame in place if os.path.basename(frame.filename) in ("reads.py", "writes.py")]
            if ours:
                print(f"    # at: {os.path.basename(ours[-1].filename)}:{ours[-1].lineno} {ours[-1].line}")
            return None
        self.passed += 1
        print(f"ok {number} py {name}")
        return answer


def main():
    line = os.environ.get("TIEOUT_TWIN")
    if not line:
        sys.exit("TIEOUT_TWIN holds no ready line; run `cargo xtask conformance`")
    # The package warns when a page is lost; here that is a failure, not a remark.
    warnings.simplefilter("error", category=Warning)
    warnings.simplefilter("ignore", category=DeprecationWarning)
    ready = json.loads(line)
    take_address(ready["intacct"])
    suite = Suite(ready)
    reads.run(suite)
    defaults.run(suite)
    writes.run(suite)
    print(f"{suite.passed} passed, {suite.failed} failed")
    sys.exit(1 if suite.failed else 0)


if __name__ == "__main__":
    main()
