// Projects with the built-in bot, and the test runners that show their scenarios.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { binary } from "../lib/binary.js";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const PACKAGE = path.join(HERE, "..");

/** An empty folder that has this package among its dependencies. It is removed after the test `t`. */
export function project(t, { mutant, run, filters = ["participant-invite/*"], more = "" } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "confcall-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const part of ["bin", "lib", "package.json"]) {
    cpSync(path.join(PACKAGE, part), path.join(folder, "node_modules/confcall", part), { recursive: true });
  }
  const bot = [binary(), "serve", "--bot", "--listen", "127.0.0.1:{port}", ...(mutant ? ["--mutant", mutant] : [])];
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(
    path.join(folder, "confcall.toml"),
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

/** Runs a program in the folder, and gives its exit code and its output. */
export function execute(folder, program, ...words) {
  // With this variable, `node --test` prints for the runner of these tests and not for people.
  const { NODE_TEST_CONTEXT, GITHUB_ACTIONS, ...environment } = process.env;
  const env = { ...environment, CONFCALL_BINARY: binary(), XDG_CACHE_HOME: folder, NO_COLOR: "1" };
  const done = spawnSync(program, words, { cwd: folder, encoding: "utf8", env });
  return { code: done.status, text: done.stdout + done.stderr };
}

/** The results of `node --test` with this call of `conformance`. */
export function nodeTest(folder, call = "conformance();", ...words) {
  const file = path.join(folder, "conformance.test.js");
  writeFileSync(file, `import { conformance } from "confcall/node-test";\n${call}\n`);
  const { code, text } = execute(folder, process.execPath, "--test", "--test-reporter=tap", ...words, file);
  const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(text)?.[1]);
  return { code, text, pass: count("pass"), fail: count("fail"), skipped: count("skipped"), todo: count("todo") };
}
