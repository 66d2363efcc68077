// The official JavaScript SDK, unmodified but for the address, against the simulated Intacct tenant of the golden company.
//
// Needs the ready line of `tieout twin --company golden` in TIEOUT_TWIN and the SDK on NODE_PATH; `cargo xtask conformance` provides both.
// Prints one line per call, ends with `N passed, N failed`, and exits with 1 if any call failed.
"use strict";

const sdk = require("@intacct/intacct-sdk");

const groups = ["session", "query", "read", "vendors", "whole", "bills", "journals", "errors"];

/** What a failing SDK call knows, on lines of their own. */
function diagnosis(error) {
  const errors = Array.isArray(error.errors) ? error.errors : [];
  const text = errors.map((line) => `    # error: ${typeof line === "string" ? line : JSON.stringify(line)}`);
  const place = String(error.stack || "").split("\n").find((line) => line.includes("/calls/"));
  return [...text, ...(place ? [`    # at: ${place.trim()}`] : [])].join("\n");
}

class Record {
  constructor() {
    this.passed = 0;
    this.failed = 0;
  }

  /** Runs one call and its assertions; a failure is printed and the suite goes on. Answers what `body` answers. */
  async call(name, body) {
    const number = this.passed + this.failed + 1;
    try {
      const answer = await body();
      this.passed += 1;
      console.log(`ok ${number} js ${name}`);
      return answer;
    } catch (error) {
      this.failed += 1;
      console.log(`FAIL ${number} js ${name}: ${error.message}`);
      const more = diagnosis(error);
      if (more) console.log(more);
      return undefined;
    }
  }
}

/** The login of the ready line as an SDK configuration; `change` overrides single settings. */
function configuration(ready, change) {
  const config = new sdk.ClientConfig();
  const login = ready.login.intacct;
  config.senderId = login.sender_id;
  config.senderPassword = login.sender_password;
  config.companyId = login.company_id;
  config.userId = login.user_id;
  config.userPassword = login.user_password;
  // The SDK only accepts the maker's own host names in its settings; the address is put in after it has looked.
  return Object.assign(config, change);
}

function clientOf(ready, change = {}) {
  const client = new sdk.OnlineClient(configuration(ready, change));
  client.config.endpointUrl = ready.intacct;
  return client;
}

async function main() {
  if (!process.env.TIEOUT_TWIN) {
    throw new Error("TIEOUT_TWIN holds no ready line; run `cargo xtask conformance`");
  }
  const ready = JSON.parse(process.env.TIEOUT_TWIN);
  const record = new Record();
  const kit = {
    ready,
    sdk,
    client: clientOf(ready),
    clientWith: (change) => clientOf(ready, change),
    call: (name, body) => record.call(name, body),
  };
  for (const group of groups) {
    await require(`./calls/${group}.cjs`).run(kit);
  }
  console.log(`${record.passed} passed, ${record.failed} failed`);
  process.exitCode = record.failed === 0 ? 0 : 1;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
