"""The SDK's client: the address of the service, and the bot's credentials."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.entity import Entity

SERVICE = "https://graph.microsoft.com"
AUTHORITY = "https://login.microsoftonline.com"
SCOPES = ["https://graph.microsoft.com/.default"]
# The SDK is the one of v1.0. The operations of the bot are the same in beta.
VERSIONS = ["v1.0", "beta"]
# A token is renewed this long before it expires, in seconds.
EARLY = 60


@asynccontextmanager
async def graph_clients(
    environment: Mapping[str, str],
) -> AsyncIterator[dict[str, GraphServiceClient]]:
    """Give a client for each API version.

    The environment may have the address of the service. Otherwise it is the public service.
    """
    service = environment.get("GRAPH_BASE_URL", SERVICE)
    async with _credential(environment) as credential:
        # Without scopes, the SDK makes one from the service's address.
        provider = AzureIdentityAuthenticationProvider(credential, scopes=SCOPES)
        yield {version: _client(provider, f"{service}/{version}") for version in VERSIONS}


def _client(provider: AzureIdentityAuthenticationProvider, address: str) -> GraphServiceClient:
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = address
    return GraphServiceClient(request_adapter=adapter)


def load_models() -> None:
    """Load the modules that the SDK otherwise loads while it reads its first answer.

    Loading these 1,200 modules blocks the event loop for seconds, so notifications would wait.
    """
    Entity().get_field_deserializers()


def _credential(environment: Mapping[str, str]) -> AsyncTokenCredential:
    tenant = environment["AZURE_TENANT_ID"]
    client, secret = environment["AZURE_CLIENT_ID"], environment["AZURE_CLIENT_SECRET"]
    authority = environment.get("AZURE_AUTHORITY_HOST", AUTHORITY)
    if authority.startswith("https:"):
        return ClientSecretCredential(tenant, client, secret, authority=authority)
    # azure-identity refuses an authority in plain HTTP.
    return PlainCredential(f"{authority}/{tenant}/oauth2/v2.0/token", client, secret)


class PlainCredential(AsyncTokenCredential):
    """Client credentials (RFC 6749, 4.4) in plain HTTP, on the developer's machine."""

    def __init__(self, endpoint: str, client: str, secret: str):
        self._endpoint = endpoint
        self._client = client
        self._secret = secret
        self._held = None
        self._one_at_a_time = asyncio.Lock()

    async def get_token(self, *scopes: str, **_) -> AccessToken:
        """Give the current token, or fetch one; `expires_on` is in seconds since 1970."""
        async with self._one_at_a_time:
            if self._held is None or self._held.expires_on - EARLY <= time.time():
                self._held = await self._fetch(scopes)
            return self._held

    async def _fetch(self, scopes: tuple[str, ...]) -> AccessToken:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client,
            "client_secret": self._secret,
            "scope": " ".join(scopes),
        }
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.post(self._endpoint, data=form) as response,
        ):
            answer = await response.json()
        return AccessToken(answer["access_token"], int(time.time()) + int(answer["expires_in"]))

    async def close(self) -> None:
        """Do nothing: no connection is kept open."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()
