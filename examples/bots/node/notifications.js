/** Which notifications come from the service, and which of them the bot has had already. */

import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const ISSUER = "https://graph.microsoft.com";
/** How many notifications are remembered. */
const REMEMBERED = 1000;

/** A notification without a token of the service. */
export class Unauthorized extends Error {}

/** The notifications that have come so far. */
export class Notifications {
  #configuration;
  #audience;
  #keys;
  #seen = new Set();

  /**
   * Tokens are checked where `OPENID_CONFIGURATION` gives the address of the service's OpenID
   * configuration; the audience is the bot's application id.
   */
  constructor({ OPENID_CONFIGURATION: configuration, AZURE_CLIENT_ID: audience }) {
    this.#configuration = configuration;
    this.#audience = audience;
  }

  /**
   * Checks the `Authorization` of a notification: signature, issuer, audience, expiry.
   *
   * @throws {Unauthorized} with what is wrong about it; other errors where the keys are out of reach.
   */
  async authorize(authorization) {
    if (!this.#configuration) {
      return;
    }
    const [, token] = /^bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
    if (!token) {
      throw new Unauthorized("a notification bears a token");
    }
    this.#keys ??= await published(this.#configuration);
    try {
      await jwtVerify(token, this.#keys, {
        algorithms: ["RS256"],
        issuer: ISSUER,
        audience: this.#audience,
        requiredClaims: ["exp"],
      });
    } catch (error) {
      if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) {
        throw new Unauthorized(error.message);
      }
      throw error;
    }
  }

  /** Those that have not come before. One that is delivered again is the same to the letter. */
  unseen(notifications) {
    return notifications.filter((notification) => {
      const text = JSON.stringify(notification);
      if (this.#seen.has(text)) {
        return false;
      }
      this.#seen.add(text);
      if (this.#seen.size > REMEMBERED) {
        this.#seen.delete(this.#seen.values().next().value);
      }
      return true;
    });
  }
}

/** The keys that an OpenID configuration names; fetched anew where a token names another one. */
async function published(configuration) {
  const response = await fetch(configuration);
  if (!response.ok) {
    throw new Error(`${configuration} was answered ${response.status}`);
  }
  return createRemoteJWKSet(new URL((await response.json()).jwks_uri));
}
