/**
 * A small calling bot on the official SDK for Node. It receives notifications at /callback and triggers
 * at /trigger. calls.js has its operations, notifications.js checks notifications, graph.js signs in.
 */

import { createServer } from "node:http";

import { carryOut, Unable } from "./calls.js";
import { graphClient } from "./graph.js";
import { Notifications, Unauthorized } from "./notifications.js";

const BODY_LIMIT = 1024 * 1024;

const client = graphClient(process.env);
const notifications = new Notifications(process.env);

/** A request that the bot refuses, with the status of the answer and the reason. */
class Refused extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/** Receives change notifications: 202 if the token and the body are right. A repeated one is handled only once. */
async function onCallback(request) {
  await notifications.authorize(request.headers.authorization);
  const { value } = await jsonObject(request);
  if (!Array.isArray(value) || !value.every(isObject)) {
    throw new Refused(400, "change notifications are an array `value`");
  }
  for (const notification of notifications.unseen(value)) {
    console.log(`${notification.changeType} ${notification.resource ?? notification.resourceUrl}`);
  }
  return [202, undefined];
}

/** Receives a trigger: 202 accepts it, and the bot sends the request afterwards. */
async function onTrigger(request) {
  const trigger = await jsonObject(request);
  carryOut(client, trigger.request ?? {}, callbackAddress()).catch((error) => {
    console.error(`${trigger.scenario}, step ${trigger.step}: ${error.statusCode ?? ""} ${error.message}`);
  });
  return [202, {}];
}

const routes = { "/callback": onCallback, "/trigger": onTrigger };

async function respond(request) {
  const route = routes[new URL(request.url, "http://bot").pathname];
  if (!route) {
    return [404, { reason: `nothing is at ${request.url}` }];
  }
  if (request.method !== "POST") {
    return [405, { reason: "only POST is allowed here" }];
  }
  try {
    return await route(request);
  } catch (error) {
    if (error instanceof Unable) {
      return [501, { reason: error.message }];
    }
    if (error instanceof Unauthorized) {
      return [401, { reason: error.message }];
    }
    if (error instanceof Refused) {
      return [error.status, { reason: error.message }];
    }
    console.error(error);
    return [500, { reason: "the bot failed" }];
  }
}

async function jsonObject(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > BODY_LIMIT) {
      throw new Refused(413, `a body has at most ${BODY_LIMIT} bytes`);
    }
    parts.push(part);
  }
  try {
    const value = JSON.parse(Buffer.concat(parts).toString("utf8"));
    if (isObject(value)) {
      return value;
    }
  } catch {
    // Answered below, like every other body that is not an object.
  }
  throw new Refused(400, "the body has to be a JSON object");
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

const server = createServer(async (request, response) => {
  const [status, body] = await respond(request);
  const text = body === undefined ? "" : JSON.stringify(body);
  if (text) {
    response.setHeader("Content-Type", "application/json");
  }
  response.writeHead(status).end(text);
});

function callbackAddress() {
  return process.env.CALLBACK_URL ?? `http://127.0.0.1:${server.address().port}/callback`;
}

server.listen(Number(process.env.PORT ?? 3978), "127.0.0.1", () => {
  console.log(`listening http://127.0.0.1:${server.address().port}/callback`);
});
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
