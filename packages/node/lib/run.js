// A run of confcall: the scenarios that confcall selects, and the results, which this file reads from the events of the
// run. It decides nothing: verdicts, reasons and texts come from confcall.
import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { isMainThread } from "node:worker_threads";
import { binary } from "./binary.js";
import { check } from "./options.js";

/** How often a process looks whether the test runner has ended, in milliseconds. */
const PAUSE = 500;

/**
 * An error whose only place is the project's configuration, because no line of a test explains the text, which comes
 * from confcall. Node prints an error without any place in brackets.
 */
export class Violation extends Error {
  constructor(text, place) {
    super(text);
    this.stack = `${text.trimEnd()}\n    at ${place}`;
  }
}

export class Run {
  #config;
  #filters;
  #binary;
  #played;
  #problem;

  constructor(options = {}) {
    check(options);
    const { config = "confcall.toml", filter = [], binary: program } = options;
    this.#config = path.resolve(config);
    this.#filters = [filter].flat();
    this.#binary = program;
  }

  get title() {
    return path.basename(this.#config);
  }

  /** The error of a failed test. */
  violation(text) {
    return new Violation(text, this.#config);
  }

  /** The name of each test, and a function that gives its outcome. The first test stands for the run as a whole. */
  tests() {
    let scenarios;
    try {
      scenarios = this.#listed();
    } catch (error) {
      const problem = { kind: "fail", text: error.message };
      return [{ name: "run", outcome: async () => problem }];
    }
    if (!scenarios.length) {
      const nothing = { kind: "skip", text: `${this.title} has no [target]` };
      return [{ name: "run", outcome: async () => nothing }];
    }
    const tests = scenarios.map((it) => ({ name: it.name, outcome: () => this.#outcome(it) }));
    return [{ name: "run", outcome: () => this.#whole() }, ...tests];
  }

  #command(...command) {
    const words = ["--color", "never", ...command, "--", ...this.#filters];
    const options = { cwd: path.dirname(this.#config), windowsHide: true };
    return [located(this.#binary ?? binary()), words, options];
  }

  #listed() {
    const list = ["list", "--config", this.#config, "--format", "json", "--of-target"];
    const [program, words, options] = this.#command(...list);
    const done = spawnSync(program, words, { ...options, encoding: "utf8", maxBuffer: Infinity });
    if (done.error) {
      throw new Error(`${program} cannot be started: ${done.error.message}`);
    }
    if (done.status !== 0) {
      throw new Error(done.stderr.trim());
    }
    return JSON.parse(done.stdout).flatMap(({ id, roles }) =>
      roles.map((role) => ({ id, role, name: roles.length > 1 ? `${id} (${role})` : id })),
    );
  }

  /** The outcome of the run. The first call starts the run. */
  played() {
    this.#played ??= this.#play().then((played) => {
      const isComplete = played.exit === 0 || played.exit === 1;
      const text = played.errors.join("\n") || played.output.trim() || `confcall ended with exit code ${played.exit}`;
      this.#problem = isComplete && !played.errors.length ? undefined : text;
      return { ...played, isComplete, text };
    });
    return this.#played;
  }

  async #play() {
    const run = ["run", "--config", this.#config, "--report", "events=-", "--end-with-stdin"];
    const [program, words, options] = this.#command(...run);
    // The pipe of standard input ends with this process, and the run ends with the pipe, also after SIGKILL.
    const child = spawn(program, words, { ...options, stdio: ["pipe", "pipe", "pipe"] });
    const end = () => child.kill();
    process.once("exit", end);
    const watch = endWithRunner();
    const played = { exit: undefined, errors: [], output: "", results: new Map() };
    child.stderr.setEncoding("utf8").on("data", (text) => (played.output += text));
    const closed = new Promise((resolve) => {
      child.on("error", (error) => resolve(played.errors.push(`${program} cannot be started: ${error.message}`)));
      child.on("close", resolve);
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line);
      if (event.event === "scenario-finished") {
        played.results.set(key(event.result.scenario, event.result.role), { ...event.result, text: event.text });
      } else if (event.event === "run-finished") {
        played.exit = event.exit;
        played.errors.push(...event.errors);
      }
    }
    await closed;
    process.off("exit", end);
    clearInterval(watch);
    return played;
  }

  /** The problem of the run as a whole. Only the first call gives it, so only the first test reports it. */
  #takeProblem() {
    const text = this.#problem;
    this.#problem = undefined;
    return text;
  }

  async #whole() {
    const { exit, results, text } = await this.played();
    const isExplained = [...results.values()].some((it) => hasFailed(it));
    const isWrong = exit !== 0 && !isExplained;
    const problem = this.#takeProblem() ?? (isWrong ? text : undefined);
    return problem ? { kind: "fail", text: problem } : { kind: "pass" };
  }

  async #outcome(scenario) {
    const { results, isComplete } = await this.played();
    const problem = this.#takeProblem();
    if (problem && !isComplete) {
      return { kind: "fail", text: problem };
    }
    // The test `run` was not selected. No scenario fails because of an error of other ones.
    return { ...this.#judged(scenario, results, isComplete), remark: problem };
  }

  #judged({ id, role }, results, isComplete) {
    const result = results.get(key(id, role));
    if (!isComplete && (!result || hasFailed(result))) {
      return { kind: "skip", text: "confcall could not play it, see the first failure" };
    }
    if (!result) {
      return { kind: "fail", text: `confcall has no result of ${id} for the ${role}` };
    }
    switch (result.verdict) {
      case "pass":
        return { kind: "pass", text: result.text };
      case "skip":
        return { kind: "skip", text: result.reason };
      case "known":
        return { kind: "known", text: result.text, reason: result.reason };
      default:
        return { kind: "fail", text: result.text ?? result.reason };
    }
  }
}

/** A relative path is one from the folder of this process, whatever folder confcall is started in. */
function located(program) {
  return path.basename(program) === program ? program : path.resolve(program);
}

/**
 * Ends this process once the test runner has ended. `node --test` and Vitest start processes for test files, and leave
 * them alone after some signals. confcall ends with this process.
 */
function endWithRunner() {
  const { NODE_TEST_CONTEXT, VITEST } = process.env;
  if (!isMainThread || !(NODE_TEST_CONTEXT || VITEST)) {
    return undefined;
  }
  const runner = process.ppid;
  // Vitest does not let a test call `process.exit`.
  return setInterval(() => process.ppid !== runner && process.kill(process.pid, "SIGKILL"), PAUSE).unref();
}

function key(scenario, role) {
  return `${role} ${scenario}`;
}

function hasFailed({ verdict }) {
  return !["pass", "skip", "known"].includes(verdict);
}
