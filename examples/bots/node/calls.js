/** The operations of the bot, and the choice of one by a trigger. */

import { randomUUID } from "node:crypto";

/** The bot declines a trigger. */
export class Unable extends Error {}

/**
 * For each request that a trigger may describe, the call of the SDK that sends it. `at` begins a request of the SDK.
 * `body` is the body in the trigger; the bot takes only some of its values.
 */
const OPERATIONS = {
  "POST calls": ({ at, body, callback }) => at().post(newCall(body, callback)),
  "POST calls/logTeleconferenceDeviceQuality": ({ at, body: { quality } }) =>
    at("logTeleconferenceDeviceQuality").post({ quality }),

  "GET calls/{call}": ({ at, call }) => at(call).get(),
  "DELETE calls/{call}": ({ at, call }) => at(call).delete(),
  "POST calls/{call}/answer": ({ at, call, body, callback }) => at(call, "answer").post(answer(body, callback)),
  "POST calls/{call}/reject": ({ at, call, body: { reason } }) => at(call, "reject").post({ reason }),
  "POST calls/{call}/redirect": ({ at, call, body, callback }) =>
    at(call, "redirect").post(redirection(body, callback)),
  "POST calls/{call}/keepAlive": ({ at, call }) => at(call, "keepAlive").post(),
  "POST calls/{call}/transfer": ({ at, call, body }) => at(call, "transfer").post(transfer(body)),

  "POST calls/{call}/mute": ({ at, call }) => at(call, "mute").post({ clientContext: randomUUID() }),
  "POST calls/{call}/unmute": ({ at, call }) => at(call, "unmute").post({ clientContext: randomUUID() }),
  "POST calls/{call}/playPrompt": ({ at, call, body }) => at(call, "playPrompt").post(playing(body)),
  "POST calls/{call}/recordResponse": ({ at, call, body }) => at(call, "recordResponse").post(recording(body)),
  "POST calls/{call}/subscribeToTone": ({ at, call }) =>
    at(call, "subscribeToTone").post({ clientContext: randomUUID() }),
  "POST calls/{call}/cancelMediaProcessing": ({ at, call }) =>
    at(call, "cancelMediaProcessing").post({ clientContext: randomUUID() }),
  "POST calls/{call}/changeScreenSharingRole": ({ at, call, body: { role } }) =>
    at(call, "changeScreenSharingRole").post({ role }),
  "POST calls/{call}/updateRecordingStatus": ({ at, call, body: { status } }) =>
    at(call, "updateRecordingStatus").post({ status, clientContext: randomUUID() }),

  "GET calls/{call}/participants": ({ at, call }) => at(call, "participants").get(),
  "POST calls/{call}/participants/invite": ({ at, call, body }) =>
    at(call, "participants", "invite").post(invitation(body)),
  "GET calls/{call}/participants/{participant}": ({ at, call, participant }) =>
    at(call, "participants", participant).get(),
  "DELETE calls/{call}/participants/{participant}": ({ at, call, participant }) =>
    at(call, "participants", participant).delete(),
  "POST calls/{call}/participants/{participant}/mute": ({ at, call, participant }) =>
    at(call, "participants", participant, "mute").post({ clientContext: randomUUID() }),
  "POST calls/{call}/participants/{participant}/startHoldMusic": ({ at, call, participant, body }) =>
    at(call, "participants", participant, "startHoldMusic").post(music(body)),
  "POST calls/{call}/participants/{participant}/stopHoldMusic": ({ at, call, participant }) =>
    at(call, "participants", participant, "stopHoldMusic").post({ clientContext: randomUUID() }),
};

// The keys as patterns of a method and a URL.
const PATTERNS = Object.entries(OPERATIONS).map(([request, send]) => {
  const [method, path] = request.split(" ");
  const segments = path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return [new RegExp(`^${method} .+/(?<version>v1\\.0|beta)/(?:communications|app)/${segments}$`), send];
});

/**
 * Sends a triggered request by the SDK's client, and gives the answer of the service. `callback` is the bot's address
 * for notifications.
 *
 * @throws {Unable} at once, with the reason, if the bot does not support the request.
 */
export function carryOut(client, { method, url, body }, callback) {
  for (const [pattern, send] of PATTERNS) {
    const found = pattern.exec(`${method} ${url}`);
    if (found) {
      const { version, call, participant } = found.groups;
      const at = (...segments) => client.api(["/communications/calls", ...segments].join("/")).version(version);
      return send({ at, call, participant, body: body ?? {}, callback });
    }
  }
  throw new Unable(`this bot never sends ${method} ${url}`);
}

/** A new call to people, or to a meeting. */
function newCall({ source, targets, ...settings }, callback) {
  return {
    ...settings,
    "@odata.type": "#microsoft.graph.call",
    source: source && participantInfo(source),
    targets: targets?.map(participantInfo),
    callbackUri: callback,
  };
}

function answer(settings, callback) {
  return { ...settings, callbackUri: callback };
}

function redirection({ targets, ...settings }, callback) {
  return { ...settings, targets: targets.map(participantInfo), callbackUri: callback };
}

function transfer({ transferTarget, transferee }) {
  return {
    transferTarget: participantInfo(transferTarget),
    transferee: transferee && participantInfo(transferee),
    clientContext: randomUUID(),
  };
}

function invitation({ participants }) {
  return { participants: participants.map(participantInfo), clientContext: randomUUID() };
}

function playing({ prompts, loop }) {
  return { prompts: prompts.map(prompt), loop, clientContext: randomUUID() };
}

function recording({ prompts, clientContext, ...settings }) {
  return { ...settings, prompts: prompts?.map(prompt), clientContext: randomUUID() };
}

function music({ customPrompt }) {
  return { customPrompt: customPrompt && prompt(customPrompt), clientContext: randomUUID() };
}

function prompt({ mediaInfo: { uri, resourceId } }) {
  return {
    "@odata.type": "#microsoft.graph.mediaPrompt",
    mediaInfo: { "@odata.type": "#microsoft.graph.mediaInfo", uri, resourceId },
  };
}

/** A person or a program that makes or receives a call. */
function participantInfo({ identity, ...details }) {
  const kinds = Object.entries(identity).filter(([kind, it]) => !kind.startsWith("@") && it);
  const ids = kinds.map(([kind, { id }]) => [kind, { "@odata.type": "#microsoft.graph.identity", id }]);
  return {
    ...details,
    identity: { "@odata.type": "#microsoft.graph.identitySet", ...Object.fromEntries(ids) },
  };
}
