import assert from "node:assert/strict";
import test from "node:test";
import { nodeTest, project } from "./project.js";

const KNOWN = (scenario) => `
[[known]]
scenario = "${scenario}"
rule = "request.body"
reason = "comes with the next release"
`;
const MUTANT = "replaced-call-dropped";

test("every scenario is a test", (t) => {
  const done = nodeTest(project(t));
  assert.deepEqual([done.code, done.pass, done.fail], [0, 6, 0], done.text);
  assert.match(done.text, /ok \d - participant-invite\/v1\.0@2022-05\/invite-one-pstn/);
});

test("a filter selects what is played", (t) => {
  const done = nodeTest(project(t), 'conformance({ config: "./confcall.toml", filter: "invite-one-pstn" });');
  assert.deepEqual([done.code, done.pass, done.fail], [0, 2, 0], done.text);
});

test("a failure is the block of the report", (t) => {
  const done = nodeTest(project(t, { mutant: MUTANT }));
  assert.equal(done.code, 1, done.text);
  assert.ok(done.fail >= 1 && done.pass >= 2, done.text);
  assert.match(done.text, /FAIL bot participant-invite[^]*request\.body at step 1[^]*expected:[^]*traffic/);
  assert.doesNotMatch(done.text, /run\.js:\d/);
});

test("known failures and skips have their reasons", (t) => {
  const more = `${KNOWN("*")}[claims]\nfeatures = ["peer-call", "chat"]\n`;
  const done = nodeTest(project(t, { mutant: MUTANT, more }));
  assert.equal(done.code, 0, done.text);
  assert.ok(done.todo >= 1 && done.skipped === 1 && done.fail === 0, done.text);
  assert.match(done.text, /# TODO comes with the next release/);
  assert.match(done.text, /# SKIP .*number/);
});

test("a known failure that matches nothing fails the run", (t) => {
  const done = nodeTest(project(t, { more: KNOWN("*no-such*") }));
  assert.match(done.text, /^ *not ok 1 - run/m);
  assert.match(done.text, /no-such/);
});

test("a target that does not start is one failure", (t) => {
  const run = [process.execPath, "-e", "console.log('no such bot'); process.exit(1)"];
  const done = nodeTest(project(t, { run }));
  assert.equal(done.text.match(/^ +not ok/gm).length, 1, done.text);
  assert.equal(done.skipped, 5, done.text);
  assert.match(done.text, /no such bot/);
  // A selection of other tests does not hide the failure.
  assert.equal(nodeTest(project(t, { run }), undefined, "--test-name-pattern=invite-one").code, 1);
});

test("a program that is absent, and a wrong file, are one failure", (t) => {
  const absent = nodeTest(project(t), 'conformance({ binary: "./absent" });');
  assert.match(absent.text, /absent cannot be started/);
  assert.equal(absent.text.match(/^ +not ok/gm).length, 1, absent.text);
  const wrong = nodeTest(project(t, { more: "[judgement]" }));
  assert.match(wrong.text, /judgement/);
  assert.equal(wrong.text.match(/^ +not ok/gm).length, 1, wrong.text);
});
