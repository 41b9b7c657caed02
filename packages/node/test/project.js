// Projects with the built-in bot, and the test runners that show their scenarios.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { binary } from "../lib/binary.js";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const PACKAGE = path.join(HERE, "..");

/**
 * An empty folder that has this package among its dependencies. It is removed after the test `t`. `text` is that of
 * `confcall.toml`.
 */
export function project(t, { mutant, run, filters = ["participant-invite/*"], more = "", text } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "confcall-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const part of ["bin", "lib", "package.json"]) {
    cpSync(path.join(PACKAGE, part), path.join(folder, "node_modules/confcall", part), { recursive: true });
  }
  const bot = [binary(), "serve", "--bot", "--listen", "127.0.0.1:{port}", ...(mutant ? ["--mutant", mutant] : [])];
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(
    path.join(folder, "confcall.toml"),
    text ??
      `[target]
role = "bot"
url = "http://127.0.0.1:{port}/callback"
trigger = "http://127.0.0.1:{port}/trigger"
[target.command]
run = ${JSON.stringify(run ?? bot)}
[scenarios]
filters = ${JSON.stringify(filters)}
${more}`,
  );
  return folder;
}

/** The environment of a program in the folder. */
export function environment(folder) {
  // With this variable, `node --test` prints for the runner of these tests and not for people.
  const { NODE_TEST_CONTEXT, GITHUB_ACTIONS, ...others } = process.env;
  return { ...others, CONFCALL_BINARY: path.resolve(binary()), XDG_CACHE_HOME: folder, NO_COLOR: "1" };
}

/** Runs a program in the folder, and gives its exit code and its output. */
export function execute(folder, program, ...words) {
  return executeIn({}, folder, program, ...words);
}

/** The same with `more` in its environment. */
export function executeIn(more, folder, program, ...words) {
  const env = { ...environment(folder), ...more };
  const done = spawnSync(program, words, { cwd: folder, encoding: "utf8", env });
  return { code: done.status, text: done.stdout + done.stderr };
}

/** The results of `node --test` with this call of `conformance`. */
export function nodeTest(folder, call, ...words) {
  const file = testFile(folder, call);
  const { code, text } = execute(folder, process.execPath, "--test", "--test-reporter=tap", ...words, file);
  const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(text)?.[1]);
  return { code, text, pass: count("pass"), fail: count("fail"), skipped: count("skipped"), todo: count("todo") };
}

/** The path of a test file with this call of `conformance`. */
export function testFile(folder, call = "conformance();") {
  const file = path.join(folder, "conformance.test.mjs");
  writeFileSync(file, `import { conformance } from "confcall/node-test";\n${call}\n`);
  return file;
}
