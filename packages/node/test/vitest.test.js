import assert from "node:assert/strict";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { execute, project } from "./project.js";

const MODULES = process.env.CONFCALL_NODE_MODULES ?? "";
const skip = existsSync(path.join(MODULES, "vitest")) ? false : "CONFCALL_NODE_MODULES is no folder with vitest";

/** The results of Vitest: its exit code, and the tests by their status. */
function vitest(folder) {
  const code = 'import { conformance } from "confcall/vitest";\nconformance();\n';
  writeFileSync(path.join(folder, "conformance.test.js"), code);
  symlinkSync(path.join(MODULES, "vitest"), path.join(folder, "node_modules/vitest"), "junction");
  const program = path.join(MODULES, "vitest/vitest.mjs");
  const flags = ["--reporter=json", "--outputFile=report.json", "--reporter=verbose"];
  const done = execute(folder, process.execPath, program, "run", ...flags);
  const report = JSON.parse(readFileSync(path.join(folder, "report.json"), "utf8"));
  const tests = report.testResults.flatMap((it) => it.assertionResults);
  const names = (status) => tests.filter((it) => it.status === status).map((it) => it.title);
  return { ...done, passed: names("passed"), failed: names("failed"), skipped: names("skipped") };
}

test("every scenario is a test of Vitest", { skip }, (t) => {
  const done = vitest(project(t));
  assert.equal(done.code, 0, done.text);
  assert.equal(done.passed.length, 6, done.text);
  assert.equal(done.passed[0], "run");
});

test("failures, known failures and skips have confcall's texts", { skip }, (t) => {
  const more = `
[[known]]
scenario = "*replacing*"
rule = "request.body"
reason = "comes with the next release"
[claims]
features = ["peer-call", "chat"]
`;
  const done = vitest(project(t, { mutant: "replaced-call-dropped", more }));
  assert.equal(done.code, 1, done.text);
  assert.ok(done.failed.length >= 1 && !done.failed.includes("run"), done.text);
  assert.match(done.text, /request\.body at step 1[^]*traffic/);
  assert.match(done.text, /known: comes with the next release/);
  assert.equal(done.skipped.length, 2, done.text);
});

test("a target that does not start is one failure of Vitest", { skip }, (t) => {
  const done = vitest(project(t, { run: [process.execPath, "-e", "console.log('no such bot'); process.exit(1)"] }));
  assert.deepEqual([done.code, done.failed, done.skipped.length], [1, ["run"], 5], done.text);
  assert.match(done.text, /no such bot/);
});
