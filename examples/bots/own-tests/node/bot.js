// A calling bot without triggers and without dependencies. It answers each incoming call, plays a greeting, and hangs
// up when the caller presses 9. Any other key brings a colleague into the call.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

const GREETING = "https://bot.example/greeting.wav";
const MEDIA = { "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" };

export class Bot {
  #service;
  #colleague;
  #server;
  #pending = new Set();
  callback;

  // `service` is the URL in front of `/communications`; `colleague` is the id of a user.
  constructor({ service, colleague }) {
    this.#service = service;
    this.#colleague = colleague;
    this.#server = createServer((request, response) => this.#receive(request, response));
  }

  async start(port = 0) {
    await new Promise((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    this.callback = `http://127.0.0.1:${this.#server.address().port}/api/calls`;
  }

  // Waits for the requests under way, then stops.
  async stop() {
    await Promise.allSettled(this.#pending);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { value: changes } = JSON.parse(Buffer.concat(chunks));
    // The bot acknowledges first, and acts afterwards.
    response.writeHead(202).end();
    for (const change of changes) {
      const action = this.#handle(change).catch((error) => console.error(error));
      this.#pending.add(action);
      action.finally(() => this.#pending.delete(action));
    }
  }

  async #handle({ resourceUrl, resource, resourceData }) {
    const call = /\/calls\/([^/]+)$/.exec(resourceUrl ?? resource)?.[1];
    if (!call) return;
    const { state, mediaState, toneInfo } = resourceData;
    if (toneInfo) {
      await this.#press(call, toneInfo.tone);
    } else if (state === "incoming") {
      await this.#send("POST", `/calls/${call}/answer`, {
        callbackUri: this.callback,
        acceptedModalities: ["audio"],
        mediaConfig: MEDIA,
      });
    } else if (state === "established" && !mediaState) {
      await this.#greet(call);
    }
  }

  #greeted = new Set();
  async #greet(call) {
    if (this.#greeted.has(call)) return;
    this.#greeted.add(call);
    await this.#send("POST", `/calls/${call}/subscribeToTone`, { clientContext: randomUUID() });
    await this.#send("POST", `/calls/${call}/playPrompt`, {
      prompts: [
        {
          "@odata.type": "#microsoft.graph.mediaPrompt",
          mediaInfo: { "@odata.type": "#microsoft.graph.mediaInfo", uri: GREETING, resourceId: randomUUID() },
        },
      ],
      clientContext: randomUUID(),
    });
  }

  async #press(call, tone) {
    if (tone === "tone9") {
      await this.#send("DELETE", `/calls/${call}`);
      return;
    }
    await this.#send("POST", `/calls/${call}/participants/invite`, {
      participants: [
        {
          "@odata.type": "#microsoft.graph.invitationParticipantInfo",
          identity: {
            "@odata.type": "#microsoft.graph.identitySet",
            user: { "@odata.type": "#microsoft.graph.identity", id: this.#colleague },
          },
        },
      ],
      clientContext: randomUUID(),
    });
  }

  async #send(method, path, body) {
    const response = await fetch(`${this.#service}/communications${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${process.env.BOT_TOKEN ?? "a-token-for-tests"}`,
        ...(body && { "Content-Type": "application/json" }),
      },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  }
}
