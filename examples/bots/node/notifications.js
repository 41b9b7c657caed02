/** Checks that notifications come from the service, and leaves out repeated ones. */

import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const ISSUER = "https://graph.microsoft.com";
/** The number of notifications that are remembered. */
const REMEMBERED = 1000;

/** A notification without a valid token of the service. */
export class Unauthorized extends Error {}

/** The notifications that have come so far. */
export class Notifications {
  #configuration;
  #audience;
  #keys;
  #seen = new Set();

  /**
   * Tokens are checked if `OPENID_CONFIGURATION` has the address of the service's OpenID configuration.
   * The audience is the bot's application id.
   */
  constructor({ OPENID_CONFIGURATION: configuration, AZURE_CLIENT_ID: audience }) {
    this.#configuration = configuration;
    this.#audience = audience;
  }

  /**
   * Checks the `Authorization` of a notification: signature, issuer, audience, expiry.
   *
   * @throws {Unauthorized} with the reason; other errors if the keys cannot be fetched.
   */
  async authorize(authorization) {
    if (!this.#configuration) {
      return;
    }
    const [, token] = /^bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
    if (!token) {
      throw new Unauthorized("a notification needs a token");
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

  /** The notifications that did not come before. A repetition is identical. */
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

/** The keys of an OpenID configuration. A token with an unknown key id fetches them again. */
async function published(configuration) {
  const response = await fetch(configuration);
  if (!response.ok) {
    throw new Error(`${configuration} was answered ${response.status}`);
  }
  return createRemoteJWKSet(new URL((await response.json()).jwks_uri));
}
