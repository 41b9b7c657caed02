// A run of confcall: the scenarios that confcall selects, and the results, which this file reads from the events of the
// run. It decides nothing: verdicts, reasons and texts come from confcall.
import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { binary } from "./binary.js";

/** An error without a stack, because no line of a test explains the text, which comes from confcall. */
export class Violation extends Error {
  constructor(text) {
    super(text);
    this.name = "Violation";
    this.stack = text;
  }
}

export class Run {
  #config;
  #filters;
  #binary;
  #played;
  #problem;

  constructor({ config = "confcall.toml", filter = [], binary: program } = {}) {
    this.#config = path.resolve(config);
    this.#filters = [filter].flat();
    this.#binary = program;
  }

  get title() {
    return path.basename(this.#config);
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
    const tests = scenarios.map((it) => ({ name: it.name, outcome: () => this.#outcome(it) }));
    return [{ name: "run", outcome: () => this.#whole() }, ...tests];
  }

  #command(...command) {
    const words = ["--color", "never", ...command, "--", ...this.#filters];
    const options = { cwd: path.dirname(this.#config), windowsHide: true };
    return [this.#binary ?? binary(), words, options];
  }

  #listed() {
    const [program, words, options] = this.#command("list", "--config", this.#config, "--format", "json");
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
    const [program, words, options] = this.#command("run", "--config", this.#config, "--report", "events=-");
    const child = spawn(program, words, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const end = () => child.kill();
    process.once("exit", end);
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
    return played;
  }

  /** The problem of the run as a whole. Only the first call gives it, so only the first test fails with it. */
  #takeProblem() {
    const text = this.#problem;
    this.#problem = undefined;
    return text && { kind: "fail", text };
  }

  async #whole() {
    const { exit, results, text } = await this.played();
    const isExplained = [...results.values()].some((it) => hasFailed(it));
    const isWrong = exit !== 0 && !isExplained;
    return this.#takeProblem() ?? (isWrong ? { kind: "fail", text } : { kind: "pass" });
  }

  async #outcome({ id, role }) {
    const { results, isComplete } = await this.played();
    const problem = this.#takeProblem();
    if (problem) {
      return problem;
    }
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

function key(scenario, role) {
  return `${role} ${scenario}`;
}

function hasFailed({ verdict }) {
  return !["pass", "skip", "known"].includes(verdict);
}
