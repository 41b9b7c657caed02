#!/usr/bin/env node
// Runs the program of this platform with the same arguments, standard streams and exit code.
import { spawn } from "node:child_process";
import { binary } from "../lib/binary.js";

let program;
try {
  program = binary();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exit(3);
}
// This process waits until confcall has ended its target. A terminal sends Ctrl-C to both processes, so confcall gets
// the signal twice. The second signal changes nothing. The handlers come before the start of confcall, because a signal
// without a handler would end this process alone.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}
const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => {
  console.error(`error: ${program} cannot be started: ${error.message}`);
  process.exit(3);
});
child.on("close", (code, signal) => {
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else {
    process.exitCode = code;
  }
});
