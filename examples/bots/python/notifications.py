"""Checks that notifications come from the service, and leaves out repeated ones."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Mapping

import jwt

ISSUER = "https://graph.microsoft.com"
# The number of notifications that are remembered.
REMEMBERED = 1000


class Unauthorized(Exception):
    """A notification without a valid token of the service."""


class Notifications:
    """The notifications that have come so far.

    Tokens are checked if `OPENID_CONFIGURATION` has the address of the service's OpenID
    configuration. The audience is the bot's application id.
    """

    def __init__(self, environment: Mapping[str, str]):
        self._configuration = environment.get("OPENID_CONFIGURATION")
        self._audience = environment.get("AZURE_CLIENT_ID")
        self._keys = None
        self._seen = {}

    async def authorize(self, authorization: str | None) -> None:
        """Check the `Authorization` of a notification: signature, issuer, audience, expiry.

        Raises Unauthorized with the reason, and other errors if the keys cannot be fetched.
        """
        if not self._configuration:
            return
        found = re.fullmatch(r"(?i:bearer) +(\S+)", authorization or "")
        if not found:
            raise Unauthorized("a notification needs a token")
        try:
            await asyncio.to_thread(self._verify, found[1])
        except jwt.PyJWKClientConnectionError:
            raise
        except jwt.PyJWTError as error:
            raise Unauthorized(str(error)) from error

    def _verify(self, token: str) -> None:
        if self._keys is None:
            self._keys = _published(self._configuration)
        jwt.decode(
            token,
            self._keys.get_signing_key_from_jwt(token),
            algorithms=["RS256"],
            issuer=ISSUER,
            audience=self._audience,
            options={"require": ["exp", "iss", "aud"]},
        )

    def unseen(self, notifications: list[dict]) -> list[dict]:
        """Give the notifications that did not come before. A repetition is identical."""
        new = []
        for notification in notifications:
            text = json.dumps(notification)
            if text not in self._seen:
                self._seen[text] = None
                new.append(notification)
            if len(self._seen) > REMEMBERED:
                del self._seen[next(iter(self._seen))]
        return new


def _published(configuration: str) -> jwt.PyJWKClient:
    """Give the keys of an OpenID configuration; an unknown key id fetches them again."""
    with urllib.request.urlopen(configuration, timeout=10) as response:
        return jwt.PyJWKClient(json.load(response)["jwks_uri"])
