import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { binary } from "../lib/binary.js";
import { environment, execute, executeIn, nodeTest, project, testFile } from "./project.js";

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

test("a failure is printed for people as it is", (t) => {
  const folder = project(t, { mutant: MUTANT });
  const { text } = execute(folder, process.execPath, "--test", "--test-reporter=spec", testFile(folder));
  assert.match(text, /^ *FAIL bot participant-invite/m);
  assert.doesNotMatch(text, /\[FAIL|name: 'Violation'/);
});

test("a file without a target has no tests but a skipped one", (t) => {
  for (const text of ["", '[monitor.env]\nGRAPH_BASE_URL = "service"\n']) {
    const done = nodeTest(project(t, { text }));
    assert.deepEqual([done.code, done.pass, done.fail, done.skipped], [0, 0, 0, 1], done.text);
    assert.match(done.text, /# SKIP confcall\.toml has no \[target\]/);
  }
});

test("a misspelt option is refused with the close name", (t) => {
  const folder = project(t);
  for (const [option, message] of [
    ['filters: "invite"', /no option is called filters: did you mean filter\?/],
    ["timeout: 3", /no option is called timeout: the options are config, filter, binary/],
    ["config: 3", /the option config must be a path/],
    ['filter: ["a", 3]', /the option filter must be a text or a list of texts/],
  ]) {
    const done = nodeTest(folder, `conformance({ ${option} });`);
    assert.equal(done.code, 1, done.text);
    assert.match(done.text, message);
  }
  assert.equal(nodeTest(folder, 'conformance({ filter: "pstn", config: undefined });').code, 0);
});

test("a relative program is one from the folder of the tests", (t) => {
  const folder = project(t);
  mkdirSync(path.join(folder, "bots"));
  renameSync(path.join(folder, "confcall.toml"), path.join(folder, "bots/confcall.toml"));
  cpSync(binary(), path.join(folder, "program"));
  const file = testFile(folder, 'conformance({ config: "bots/confcall.toml", filter: "pstn" });');
  const done = executeIn({ CONFCALL_BINARY: "./program" }, folder, process.execPath, "--test", file);
  assert.equal(done.code, 0, done.text);
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

test("an error of the run is no failure of a scenario", (t) => {
  const done = nodeTest(project(t, { more: KNOWN("*no-such*") }), undefined, "--test-name-pattern=pstn");
  assert.equal(done.code, 0, done.text);
  assert.match(done.text, /# .*no-such/);
});

const skip = process.platform === "win32" && "no signals";
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"]) {
  test(`a runner that is ended by ${signal} leaves no process`, { skip, timeout: 60_000 }, async (t) => {
    // The parent of the bot is confcall.
    const ids = "process.pid + ' ' + process.ppid";
    const bot = `require('fs').writeFileSync('pid', ${ids}); setTimeout(() => {}, 600_000)`;
    const folder = project(t, { run: [process.execPath, "-e", bot] });
    const marker = path.join(folder, "pid");
    const options = { cwd: folder, env: environment(folder), stdio: "ignore" };
    const runner = spawn(process.execPath, ["--test", testFile(folder)], options);
    const ended = once(runner, "exit");
    while (!existsSync(marker) || !readFileSync(marker, "utf8")) {
      await sleep(50);
    }
    runner.kill(signal);
    await ended;
    const processes = readFileSync(marker, "utf8").split(" ").map(Number);
    while (processes.some(isAlive)) {
      await sleep(50);
    }
  });
}

function isAlive(process_) {
  try {
    return process.kill(process_, 0);
  } catch {
    return false;
  }
}

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
