"""Which notifications come from the service, and which of them the bot has had already."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Mapping

import jwt

ISSUER = "https://graph.microsoft.com"
# How many notifications are remembered.
REMEMBERED = 1000


class Unauthorized(Exception):
    """A notification without a token of the service."""


class Notifications:
    """The notifications that have come so far.

    Tokens are checked where `OPENID_CONFIGURATION` gives the address of the service's OpenID
    configuration; the audience is the bot's application id.
    """

    def __init__(self, environment: Mapping[str, str]):
        self._configuration = environment.get("OPENID_CONFIGURATION")
        self._audience = environment.get("AZURE_CLIENT_ID")
        self._keys = None
        self._seen = {}

    async def authorize(self, authorization: str | None) -> None:
        """Check the `Authorization` of a notification: signature, issuer, audience, expiry.

        Raises Unauthorized with what is wrong about it; other errors where the keys are out of reach.
        """
        if not self._configuration:
            return
        found = re.fullmatch(r"(?i:bearer) +(\S+)", authorization or "")
        if not found:
            raise Unauthorized("a notification bears a token")
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
        """Give those that have not come before; one that comes again is the same to the letter."""
        fresh = []
        for notification in notifications:
            text = json.dumps(notification)
            if text not in self._seen:
                self._seen[text] = None
                fresh.append(notification)
            if len(self._seen) > REMEMBERED:
                del self._seen[next(iter(self._seen))]
        return fresh


def _published(configuration: str) -> jwt.PyJWKClient:
    """Give the keys that an OpenID configuration names; unknown ones make it ask again."""
    with urllib.request.urlopen(configuration, timeout=10) as response:
        return jwt.PyJWKClient(json.load(response)["jwks_uri"])
