/** The SDK's client: the address of the service, and the bot's credentials. */

import { ClientSecretCredential } from "@azure/identity";
import { Client, MiddlewareFactory } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const SERVICE = "https://graph.microsoft.com";
const AUTHORITY = "https://login.microsoftonline.com";
const SCOPE = "https://graph.microsoft.com/.default";
/** A token is renewed this long before it expires, in milliseconds. */
const EARLY = 60_000;

/** A client for the service whose address is in the environment, or else for the public service. */
export function graphClient(environment) {
  const { origin: baseUrl, protocol, hostname } = new URL(environment.GRAPH_BASE_URL ?? SERVICE);
  const authProvider = new TokenCredentialAuthenticationProvider(credential(environment), {
    scopes: [SCOPE],
  });
  if (protocol === "https:") {
    return Client.initWithMiddleware({ baseUrl, authProvider, customHosts: new Set([hostname]) });
  }
  // The SDK's own handler never sends a token in plain HTTP, not even to `customHosts`.
  const [, ...others] = MiddlewareFactory.getDefaultMiddlewareChain(authProvider);
  return Client.initWithMiddleware({
    baseUrl,
    middleware: chain([new PlainAuthentication(authProvider), ...others]),
  });
}

function credential(environment) {
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: id, AZURE_CLIENT_SECRET: secret } = environment;
  const authority = environment.AZURE_AUTHORITY_HOST ?? AUTHORITY;
  // @azure/identity refuses an authority in plain HTTP.
  return authority.startsWith("https:")
    ? new ClientSecretCredential(tenant, id, secret, { authorityHost: authority })
    : new PlainCredential(`${authority}/${tenant}/oauth2/v2.0/token`, id, secret);
}

function chain(middleware) {
  middleware.forEach((it, at) => middleware[at + 1] && it.setNext(middleware[at + 1]));
  return middleware[0];
}

/** Adds the token to each request in plain HTTP, on the developer's machine. */
class PlainAuthentication {
  constructor(provider) {
    this.provider = provider;
  }

  setNext(next) {
    this.next = next;
  }

  async execute(context) {
    const token = await this.provider.getAccessToken();
    context.options.headers = { ...context.options.headers, Authorization: `Bearer ${token}` };
    await this.next.execute(context);
  }
}

/** Client credentials (RFC 6749, 4.4) in plain HTTP, on the developer's machine. */
class PlainCredential {
  constructor(endpoint, id, secret) {
    this.endpoint = endpoint;
    this.id = id;
    this.secret = secret;
    this.usableUntil = 0;
  }

  /** The current token. Several callers may wait for the same token. */
  getToken(scopes) {
    if (Date.now() >= this.usableUntil) {
      this.usableUntil = Infinity;
      this.held = this.fetchToken(scopes);
      this.held.then(
        (token) => (this.usableUntil = token.expiresOnTimestamp - EARLY),
        () => (this.usableUntil = 0),
      );
    }
    return this.held;
  }

  async fetchToken(scopes) {
    const response = await fetch(this.endpoint, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: this.id,
        client_secret: this.secret,
        scope: [scopes].flat().join(" "),
      }),
    });
    const answer = await response.json();
    if (!response.ok) {
      throw new Error(`${this.endpoint}: ${response.status} ${answer.error_description ?? answer.error}`);
    }
    return {
      token: answer.access_token,
      expiresOnTimestamp: Date.now() + answer.expires_in * 1000,
    };
  }
}
