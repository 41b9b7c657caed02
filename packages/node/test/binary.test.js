import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { execute } from "./project.js";

const skip = process.platform === "win32" && "no signals";
const COMMAND = path.join(path.dirname(fileURLToPath(import.meta.url)), "../bin/confcall.js");

test("the command has the output and the exit code of the program", () => {
  const version = execute(".", process.execPath, COMMAND, "--version");
  assert.equal(version.code, 0);
  assert.match(version.text, /^confcall \d/);
  assert.equal(execute(".", process.execPath, COMMAND, "no-such-command").code, 2);
});

test("a missing program has a remedy", () => {
  const code = `process.env.CONFCALL_BINARY = ""; Object.defineProperty(process, "arch", { value: "vax" });
    process.argv[1] = ${JSON.stringify(COMMAND)}; await import(process.argv[1]);`;
  const done = execute(".", process.execPath, "--input-type=module", "-e", code);
  assert.equal(done.code, 3);
  assert.match(done.text, /@confcall\/\w+-vax is not installed: .*optional dependencies/);
});

test("signals end the program", { skip }, async () => {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    const words = ["serve", "--listen", "127.0.0.1:0"];
    const child = spawn(process.execPath, [COMMAND, ...words], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill(signal);
    // The output ends with the program itself, which has the other end of the pipe.
    child.stdout.resume();
    const [[code]] = await Promise.all([once(child, "exit"), once(child.stdout, "end")]);
    assert.ok([0, 130].includes(code), `${signal}: ${code}`);
  }
});

test("a signal during the start ends the program too", { skip }, async () => {
  const early = `import children from "node:child_process";
    import { syncBuiltinESMExports } from "node:module";
    const { spawn } = children;
    children.spawn = (...words) => {
      const child = spawn(...words);
      process.kill(process.pid, "SIGTERM");
      return child;
    };
    syncBuiltinESMExports();`;
  const first = `data:text/javascript,${encodeURIComponent(early)}`;
  const words = ["--import", first, COMMAND, "serve", "--listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  // The output ends with the program, which has the other end of the pipe.
  child.stdout.resume();
  await once(child.stdout, "end", { signal: AbortSignal.timeout(20_000) });
});
