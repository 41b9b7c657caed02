// The bot's own tests, as any project has them. `confcall monitor -- node --test` runs them. CONFCALL_SERVICE is the
// address of the service. CONFCALL_CONTROL is the address of its control interface: tests act as callers there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { Bot } from "./bot.js";

const COLLEAGUE = "550fae72-d251-43ec-868c-373732c2704f";
const { CONFCALL_SERVICE: service, CONFCALL_CONTROL: control } = process.env;
const bot = new Bot({ service: `${service}/v1.0`, colleague: COLLEAGUE });

before(() => bot.start());
after(() => bot.stop());

async function post(path, body) {
  const response = await fetch(`${control}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.status === 204 ? undefined : response.json();
}

// Waits until the call is in the state that the test needs, and gives the call.
async function until(call, holds) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const response = await fetch(`${control}/calls/${call}`);
    const shown = await response.json();
    if (holds(shown)) return shown;
    assert.ok(Date.now() < deadline, `the call did not change: ${JSON.stringify(shown)}`);
    await pause(20);
  }
}

const isGreeted = ({ operations }) => operations.some((it) => it.operation === "playPrompt");
const isOver = ({ ended }) => ended;
const has = (id) => ({ participants }) => JSON.stringify(participants).includes(id);

test("the caller hangs up by pressing 9", async () => {
  const { call } = await post("/calls", { callback: bot.callback, phone: "+14255550100" });
  await until(call, isGreeted);
  await post(`/calls/${call}/tones`, { tones: ["9"] });
  await until(call, isOver);
});

test("another key brings a colleague into the call", async () => {
  const { call } = await post("/calls", { callback: bot.callback, phone: "+14255550101" });
  await until(call, isGreeted);
  await post(`/calls/${call}/tones`, { tones: ["2"] });
  await until(call, has(COLLEAGUE));
  await post(`/calls/${call}/tones`, { tones: ["9"] });
  await until(call, isOver);
});
