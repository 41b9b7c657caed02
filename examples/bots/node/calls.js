/** The actions of the bot on calls, and the choice of one by a trigger. */

import { randomUUID } from "node:crypto";

/** The bot declines a trigger. */
export class Unable extends Error {}

/** The kinds of people and programs that this bot invites. */
const KINDS = ["user", "phone", "application", "applicationInstance", "guest"];

const ACTIONS = [
  [/\/(?:communications|app)\/calls\/([^/]+)\/participants\/invite$/, inviteFrom],
  [/\/(?:communications|app)\/calls\/([^/]+)\/answer$/, answerFrom],
  [/\/(?:communications|app)\/calls$/, createFrom],
];

/**
 * The action for a triggered request: a function of the client. `callback` is the bot's address for
 * notifications.
 *
 * @throws {Unable} with the reason, if the bot has no such action.
 */
export function actionFor(request, callback) {
  const { method, url, body } = request ?? {};
  if (method === "POST") {
    const path = new URL(url).pathname;
    for (const [pattern, from] of ACTIONS) {
      const found = pattern.exec(path);
      if (found) {
        return from(found[1] && decodeURIComponent(found[1]), body ?? {}, callback);
      }
    }
  }
  throw new Unable(`this bot never sends ${method} ${url}`);
}

function inviteFrom(call, body) {
  const invitees = (body.participants ?? []).map(inviteeFrom);
  if (invitees.length === 0) {
    throw new Unable("this bot invites at least one person");
  }
  return (client) => invite(client, call, invitees);
}

function answerFrom(call, body, callback) {
  const modalities = body.acceptedModalities ?? ["audio"];
  return (client) => answer(client, call, callback, modalities, prompts(body));
}

function createFrom(_, body, callback) {
  const targets = (body.targets ?? []).map(inviteeFrom);
  if (targets.length === 0) {
    throw new Unable("this bot calls people and does not join meetings");
  }
  return (client) => createCall(client, targets, callback, body);
}

/** The person that a participant of a trigger names, as the bot keeps people. */
function inviteeFrom({ identity, replacesCallId }) {
  const kinds = Object.keys(identity ?? {}).filter((it) => !it.startsWith("@") && identity[it]);
  if (kinds.length !== 1 || !KINDS.includes(kinds[0])) {
    throw new Unable(`this bot does not invite ${kinds.join(" and ") || "an empty identity"}`);
  }
  return { kind: kinds[0], id: identity[kinds[0]].id, replaces: replacesCallId ?? undefined };
}

/** The prompts that the service fetches before it plays them. */
function prompts({ mediaConfig }) {
  return mediaConfig?.preFetchMedia?.map(({ uri, url, resourceId }) => ({ uri: uri ?? url, resourceId }));
}

/** Invites people to a call. */
async function invite(client, call, invitees) {
  return client.api(`/communications/calls/${encodeURIComponent(call)}/participants/invite`).post({
    participants: invitees.map(invitation),
    clientContext: randomUUID(),
  });
}

/** Answers an incoming call; the service plays and mixes the media. */
async function answer(client, call, callback, modalities, preFetchMedia) {
  return client.api(`/communications/calls/${encodeURIComponent(call)}/answer`).post({
    callbackUri: callback,
    acceptedModalities: modalities,
    mediaConfig: { "@odata.type": "#microsoft.graph.serviceHostedMediaConfig", preFetchMedia },
  });
}

/** Calls people. */
async function createCall(client, targets, callback, { tenantId, requestedModalities }) {
  return client.api("/communications/calls").post({
    "@odata.type": "#microsoft.graph.call",
    callbackUri: callback,
    targets: targets.map(invitation),
    requestedModalities: requestedModalities ?? ["audio"],
    mediaConfig: { "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" },
    tenantId: tenantId ?? process.env.AZURE_TENANT_ID,
  });
}

function invitation({ kind, id, replaces }) {
  return {
    "@odata.type": "#microsoft.graph.invitationParticipantInfo",
    identity: {
      "@odata.type": "#microsoft.graph.identitySet",
      [kind]: { "@odata.type": "#microsoft.graph.identity", id },
    },
    ...(replaces && { replacesCallId: replaces }),
  };
}
