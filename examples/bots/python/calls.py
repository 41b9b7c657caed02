"""The operations of the bot, and the choice of one by a trigger."""

import re
import uuid
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

from kiota_abstractions.serialization import Parsable
from kiota_serialization_json.json_parse_node import JsonParseNode
from msgraph import GraphServiceClient
from msgraph.generated.communications.calls.calls_request_builder import CallsRequestBuilder
from msgraph.generated.communications.calls.item.answer.answer_post_request_body import (
    AnswerPostRequestBody,
)
from msgraph.generated.communications.calls.item.call_item_request_builder import (
    CallItemRequestBuilder,
)
from msgraph.generated.communications.calls.item.cancel_media_processing.cancel_media_processing_post_request_body import (
    CancelMediaProcessingPostRequestBody,
)
from msgraph.generated.communications.calls.item.change_screen_sharing_role.change_screen_sharing_role_post_request_body import (
    ChangeScreenSharingRolePostRequestBody,
)
from msgraph.generated.communications.calls.item.mute.mute_post_request_body import (
    MutePostRequestBody,
)
from msgraph.generated.communications.calls.item.participants.invite.invite_post_request_body import (
    InvitePostRequestBody,
)
from msgraph.generated.communications.calls.item.participants.item.mute.mute_post_request_body import (
    MutePostRequestBody as MuteParticipantPostRequestBody,
)
from msgraph.generated.communications.calls.item.participants.item.start_hold_music.start_hold_music_post_request_body import (
    StartHoldMusicPostRequestBody,
)
from msgraph.generated.communications.calls.item.participants.item.stop_hold_music.stop_hold_music_post_request_body import (
    StopHoldMusicPostRequestBody,
)
from msgraph.generated.communications.calls.item.participants.item.participant_item_request_builder import (
    ParticipantItemRequestBuilder,
)
from msgraph.generated.communications.calls.item.play_prompt.play_prompt_post_request_body import (
    PlayPromptPostRequestBody,
)
from msgraph.generated.communications.calls.item.record_response.record_response_post_request_body import (
    RecordResponsePostRequestBody,
)
from msgraph.generated.communications.calls.item.redirect.redirect_post_request_body import (
    RedirectPostRequestBody,
)
from msgraph.generated.communications.calls.item.reject.reject_post_request_body import (
    RejectPostRequestBody,
)
from msgraph.generated.communications.calls.item.subscribe_to_tone.subscribe_to_tone_post_request_body import (
    SubscribeToTonePostRequestBody,
)
from msgraph.generated.communications.calls.item.transfer.transfer_post_request_body import (
    TransferPostRequestBody,
)
from msgraph.generated.communications.calls.item.unmute.unmute_post_request_body import (
    UnmutePostRequestBody,
)
from msgraph.generated.communications.calls.item.update_recording_status.update_recording_status_post_request_body import (
    UpdateRecordingStatusPostRequestBody,
)
from msgraph.generated.models.call import Call

Body = TypeVar("Body", bound=Parsable)


class Unable(Exception):
    """The bot declines a trigger, with the reason."""


@dataclass(frozen=True)
class Triggered:
    """A triggered request: the SDK's builders for its path, and its body as the SDK's type."""

    client: GraphServiceClient
    ids: Mapping[str, str]
    json: object
    callback: str

    @property
    def calls(self) -> CallsRequestBuilder:
        """All calls."""
        return self.client.communications.calls

    @property
    def call(self) -> CallItemRequestBuilder:
        """The call of the request."""
        return self.calls.by_call_id(self.ids["call"])

    @property
    def participant(self) -> ParticipantItemRequestBuilder:
        """The participant of the request."""
        return self.call.participants.by_participant_id(self.ids["participant"])

    def body(self, of: type[Body]) -> Body:
        """Give the body.

        If its type has these properties, it has the bot's callback address and a new client context.
        """
        body = JsonParseNode(self.json).get_object_value(of)
        if hasattr(body, "callback_uri"):
            body.callback_uri = self.callback
        if hasattr(body, "client_context"):
            body.client_context = str(uuid.uuid4())
        return body


# For each request that a trigger may describe, the call of the SDK that sends it.
_OPERATIONS = {
    "POST calls": lambda it: it.calls.post(it.body(Call)),
    "GET calls/{call}": lambda it: it.call.get(),
    "DELETE calls/{call}": lambda it: it.call.delete(),
    "POST calls/{call}/answer": lambda it: it.call.answer.post(it.body(AnswerPostRequestBody)),
    "POST calls/{call}/reject": lambda it: it.call.reject.post(it.body(RejectPostRequestBody)),
    "POST calls/{call}/redirect": lambda it: (
        it.call.redirect.post(it.body(RedirectPostRequestBody))
    ),
    "POST calls/{call}/keepAlive": lambda it: it.call.keep_alive.post(),
    "POST calls/{call}/transfer": lambda it: (
        it.call.transfer.post(it.body(TransferPostRequestBody))
    ),
    "POST calls/{call}/mute": lambda it: it.call.mute.post(it.body(MutePostRequestBody)),
    "POST calls/{call}/unmute": lambda it: it.call.unmute.post(it.body(UnmutePostRequestBody)),
    "POST calls/{call}/playPrompt": lambda it: (
        it.call.play_prompt.post(it.body(PlayPromptPostRequestBody))
    ),
    "POST calls/{call}/recordResponse": lambda it: (
        it.call.record_response.post(it.body(RecordResponsePostRequestBody))
    ),
    "POST calls/{call}/subscribeToTone": lambda it: (
        it.call.subscribe_to_tone.post(it.body(SubscribeToTonePostRequestBody))
    ),
    "POST calls/{call}/cancelMediaProcessing": lambda it: (
        it.call.cancel_media_processing.post(it.body(CancelMediaProcessingPostRequestBody))
    ),
    "POST calls/{call}/changeScreenSharingRole": lambda it: (
        it.call.change_screen_sharing_role.post(it.body(ChangeScreenSharingRolePostRequestBody))
    ),
    "POST calls/{call}/updateRecordingStatus": lambda it: (
        it.call.update_recording_status.post(it.body(UpdateRecordingStatusPostRequestBody))
    ),
    "GET calls/{call}/participants": lambda it: it.call.participants.get(),
    "POST calls/{call}/participants/invite": lambda it: (
        it.call.participants.invite.post(it.body(InvitePostRequestBody))
    ),
    "GET calls/{call}/participants/{participant}": lambda it: it.participant.get(),
    "DELETE calls/{call}/participants/{participant}": lambda it: it.participant.delete(),
    "POST calls/{call}/participants/{participant}/mute": lambda it: (
        it.participant.mute.post(it.body(MuteParticipantPostRequestBody))
    ),
    "POST calls/{call}/participants/{participant}/startHoldMusic": lambda it: (
        it.participant.start_hold_music.post(it.body(StartHoldMusicPostRequestBody))
    ),
    "POST calls/{call}/participants/{participant}/stopHoldMusic": lambda it: (
        it.participant.stop_hold_music.post(it.body(StopHoldMusicPostRequestBody))
    ),
}


def _pattern(request: str) -> re.Pattern:
    """Give the pattern of a method and a URL."""
    method, path = request.split(" ")
    segments = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return re.compile(rf"{method} .+/(?P<version>v1\.0|beta)/(?:communications|app)/{segments}")


_PATTERNS = [(_pattern(request), send) for request, send in _OPERATIONS.items()]


def carry_out(
    clients: Mapping[str, GraphServiceClient], request: dict, callback: str
) -> Awaitable[object]:
    """Send a triggered request by the SDK, and give the answer of the service.

    `clients` has the SDK's client for each API version; `callback` is the bot's address for
    notifications. Raises Unable at once if the bot does not support the request.
    """
    wanted = f"{request.get('method')} {request.get('url')}"
    for pattern, send in _PATTERNS:
        found = pattern.fullmatch(wanted)
        if found:
            ids = {name: unquote(it) for name, it in found.groupdict().items()}
            client = clients[ids["version"]]
            return send(Triggered(client, ids, request.get("body") or {}, callback))
    raise Unable(f"this bot never sends {wanted}")
