import { describe, test } from "node:test";
import { Run } from "./run.js";

export function conformance(options) {
  const run = new Run(options);
  describe(run.title, () => {
    for (const { name, outcome } of run.tests()) {
      test(name, async (t) => {
        const { kind, text, reason, remark } = await outcome();
        if (remark) {
          t.diagnostic(remark);
        }
        if (kind === "skip") {
          t.skip(text);
        } else if (kind === "known") {
          // A failed TODO does not fail the run.
          t.todo(reason);
        } else if (kind === "pass" && text) {
          t.diagnostic(text);
        }
        if (kind === "fail" || kind === "known") {
          throw run.violation(text);
        }
      });
    }
  });
}
