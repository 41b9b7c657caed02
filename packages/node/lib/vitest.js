import { describe, test } from "vitest";
import { Run } from "./run.js";

export function conformance(options) {
  const run = new Run(options);
  describe(run.title, () => {
    for (const { name, outcome } of run.tests()) {
      // The first test waits for the whole run.
      test(name, { timeout: 0 }, async (context) => {
        const { kind, text, reason, remark } = await outcome();
        if (remark) {
          await context.annotate?.(remark, "warning");
        }
        if (kind === "skip" || kind === "known") {
          context.skip(kind === "known" ? `known: ${reason}` : text);
        } else if (kind === "fail") {
          throw run.violation(text);
        } else if (text) {
          await context.annotate?.(text, "warning");
        }
      });
    }
  });
}
