//! The deliberate faults of the reference bot.

use crate::emulator::catalogue::catalogue;

catalogue! {
    /// One thing that the bot does wrong, always.
    BotMutant {
        Get = "request-get", "Sends its requests with GET and no body.";
        Put = "request-put", "Sends its requests with PUT.";
        Delete = "request-delete", "Sends DELETE instead of its requests.";
        OtherAction = "request-other-action", "Sends its requests to a path that the API does not have.";
        OtherCall = "request-other-call", "Sends its invitations and answers to a call that nobody knows.";
        OutsideApi = "request-outside-api", "Sends its requests to the root of the service.";
        NoToken = "token-missing", "Sends no `Authorization`.";
        BasicToken = "token-basic", "Sends `Authorization` of another scheme.";
        EmptyToken = "token-empty", "Sends a bearer token without characters.";
        NotJson = "request-text-plain", "Says that its JSON is text/plain.";
        Untyped = "request-without-content-type", "Leaves out `Content-Type`.";
        InvalidJson = "request-invalid-json", "Its bodies end with a stray comma before the last brace.";
        NoBody = "request-empty-body", "Sends no body.";
        BodyArray = "request-array", "Its bodies are collections that hold the body.";
        ParticipantsMissing = "participants-missing", "An invitation has no `participants`.";
        ParticipantsEmpty = "participants-empty", "An invitation names nobody.";
        ParticipantsObject = "participants-object", "`participants` is an object instead of a collection.";
        ParticipantOther = "participant-other-id", "Invites somebody else.";
        ParticipantKind = "participant-other-kind", "Invites under another kind of identity.";
        ParticipantExtra = "participant-extra", "Invites one more than it should.";
        ParticipantLost = "participant-lost", "Invites one less where there are several.";
        SixParticipants = "participants-six", "Invites six participants at once.";
        IdentityMissing = "identity-missing", "The invited have no `identity`.";
        IdentityText = "identity-text", "The identity of the invited is a string.";
        IdNumber = "identity-id-number", "The ids of the invited are numbers.";
        ReplacesDropped = "replaced-call-dropped", "Leaves out `replacesCallId`.";
        ReplacesOther = "replaced-call-other", "Replaces another call.";
        ReplacesNumber = "replaced-call-number", "`replacesCallId` is a number.";
        ContextLong = "context-257", "Gives a `clientContext` of 257 characters.";
        ContextNumber = "context-number", "Gives a `clientContext` that is a number.";
        EndpointNumber = "endpoint-type-number", "Gives an `endpointType` that is a number.";
        Twice = "request-twice", "Sends every request twice.";
        HangsUpEarly = "hangs-up-early", "Deletes the call as soon as it has invited.";
        Mutes = "unasked-request", "Mutes the participants, which nobody asked for.";
        NeverSends = "never-sends", "Takes every trigger and does nothing.";
        CallbackMissing = "callback-missing", "Names no callback when it creates or answers a call.";
        CallbackNumber = "callback-number", "Names a callback that is a number.";
        ModalitiesText = "modalities-text", "Accepts or asks for modalities that are a string.";
        Refuses500 = "acknowledges-500", "Answers notifications with 500.";
        Refuses404 = "acknowledges-404", "Answers notifications with 404.";
        Refuses400 = "acknowledges-400", "Answers notifications with 400.";
        Redirects = "acknowledges-302", "Answers notifications with a redirection.";
        RefusesRoster = "acknowledges-roster-500", "Answers rosters with 500, the rest as it should.";
        Hangs = "acknowledgement-hangs", "Takes notifications and never answers them.";
        Resets = "acknowledgement-reset", "Resets the connection instead of an acknowledgement.";
        Noise = "acknowledgement-no-http", "Answers notifications with bytes that are no HTTP.";
        Truncated = "acknowledgement-truncated", "Its acknowledgement ends before the length that it announced.";
        AnswerFirst = "acknowledges-after-answer", "Acknowledges nothing about a call while a request about it has no answer.";
        InvitesAgain = "invites-again-on-repetition", "Invites once more when a notification comes twice.";
        OneChange = "refuses-several-changes", "Answers 400 to a notification of several changes.";
        EndFirst = "refuses-roster-before-end", "Answers 409 to a roster before the end of the invitation.";
        KnownProperties = "refuses-unknown-properties", "Answers 400 to a change with a property that it does not know.";
        KnownResources = "refuses-unknown-resources", "Answers 404 to a change of a resource that it does not know.";
        KnownWords = "refuses-unknown-words", "Answers 400 to a state or status that it does not know.";
        TokenOptional = "takes-missing-token", "Verifies the token of a notification only where it has one.";
        TakesUnsigned = "takes-unsigned-token", "Takes a token that says that it is not signed.";
        AnySignature = "takes-foreign-key", "Takes a token whoever has signed it.";
        AnyTime = "takes-expired-token", "Takes a token that has expired.";
        AnyAudience = "takes-other-audience", "Takes a token that is for another application.";
        AsksOtherwise = "asks-again-otherwise", "Gives another `clientContext` when it asks again after a lost answer.";
        TriesFailed = "invites-again-after-failure", "Invites once more when an invitation fails that replaces no call.";
        Impatient = "impatient", "Invites anew when an answer takes longer than 1.8 s.";
        IgnoresRetryAfter = "ignores-retry-after", "Asks again at once whatever `Retry-After` says.";
        GivesUp503 = "gives-up-on-503", "Does not ask again after 503.";
        GivesUpBroken = "gives-up-on-reset", "Does not ask again when the connection breaks.";
    }
}
