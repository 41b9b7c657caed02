//! The speech of a caller is recorded in a file. The file is served to anybody with its token. The requests with which
//! the bot reports its own recording are here too.

use std::sync::Arc;

use serde_json::Value;

use super::check_prompts;
use crate::emulator::new_id;
use crate::emulator::service::comms::Ending;
use crate::emulator::service::errors::Refusal;
use crate::emulator::service::message::Answer;
use crate::emulator::service::operations::{Operation, Routed};
use crate::emulator::service::pages::result_info;
use crate::emulator::service::parameters::required;
use crate::emulator::service::routes::bearer;
use crate::emulator::service::state::{CommsOperation, Recording};
use crate::emulator::service::{Outcome, Service};
use crate::http::message::{Body, Request};

/// The path of the files, before their names.
pub(in crate::emulator::service) const RECORDINGS: &str = "/recordings/";

/// The bounds of the times of a recording, in seconds.
const SECONDS: std::ops::RangeInclusive<i64> = 1..=120;

const STATUSES: [&str; 3] = ["notRecording", "recording", "failed"];

/// The reasons why a recording ends, with the code and subcode of the result.
const REASONS: [(&str, i64, i64); 9] = [
    ("stopToneDetected", 200, 8514),
    ("maxRecordDurationReached", 200, 8515),
    ("maxSilenceTimeout", 200, 8516),
    ("initialSilenceTimeout", 400, 8510),
    ("operationCanceled", 400, 8508),
    ("playPromptFailed", 500, 8501),
    ("playBeepFailed", 500, 8502),
    ("mediaReceiveTimeout", 500, 8503),
    ("unspecifiedError", 500, 8500),
];

/// The speech of a caller.
#[derive(Debug, Default)]
pub(in crate::emulator::service) struct Speech {
    pub(in crate::emulator::service) bytes: Option<Vec<u8>>,
}

impl Service {
    pub(in crate::emulator::service) fn record_response(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let context = parameters.context()?;
        check_prompts(parameters.list("prompts")?.unwrap_or_default(), 1)?;
        parameters.flag("bargeInAllowed")?;
        parameters.flag("playBeep")?;
        for name in [
            "initialSilenceTimeoutInSeconds",
            "maxSilenceTimeoutInSeconds",
            "maxRecordDurationInSeconds",
        ] {
            parameters.number(name, SECONDS)?;
        }
        let stop_tones = parameters.texts("stopTones")?.unwrap_or_default();
        let mut state = self.state();
        let delay = state.timings.speech;
        let call = state.service_hosted(routed.call)?;
        let failure = call.take_failure(routed.operation);
        let line = call.line()?;
        drop(state);
        let mut operation = CommsOperation::running(&line.call, routed.operation, context);
        operation.stop_tones = stop_tones.into_iter().map(str::to_owned).collect();
        for name in ["completionReason", "recordingLocation"] {
            operation.details.insert(name.to_owned(), Value::Null);
        }
        let reason = match (&failure, operation.stop_tones.is_empty()) {
            (None, true) => "maxRecordDurationReached",
            (None, false) => "stopToneDetected",
            (Some(_), _) => "",
        };
        let ending = failure.as_ref().map_or_else(
            || self.recorded(&Speech::default(), reason),
            |failure| without_file(Ending::failed(failure), "unspecifiedError"),
        );
        Ok(self.done_later(routed, 200, (operation, line), (delay, ending)))
    }

    /// The ending of a recording for a reason. One that has completed has a file.
    pub(in crate::emulator::service) fn recorded(
        &self,
        speech: &Speech,
        reason: &'static str,
    ) -> Ending {
        let of_reason = REASONS.iter().find(|(word, ..)| *word == reason);
        let (code, subcode) = of_reason.map_or((500, 8500), |(_, code, subcode)| (*code, *subcode));
        let is_success = code == 200;
        let ending = Ending {
            status: if is_success { "completed" } else { "failed" },
            result: result_info(
                code,
                subcode,
                &format!("The recording has ended: {reason}."),
            ),
            ..Ending::completed()
        };
        if !is_success {
            return without_file(ending, reason);
        }
        let (location, token) = self.keep_recording(speech);
        ending
            .with("recordingLocation", location)
            .with("recordingAccessToken", token)
            .with("completionReason", reason)
    }

    /// Keeps a file, and gives its address and its token.
    pub(in crate::emulator::service) fn keep_recording(&self, speech: &Speech) -> (String, String) {
        let (id, token) = (new_id(), new_id());
        let bytes = speech.bytes.clone().unwrap_or_else(silence);
        let recording = Recording {
            token: token.clone(),
            bytes,
        };
        self.state().add_recording(&id, recording);
        (format!("{}{RECORDINGS}{id}", self.url), token)
    }

    /// A caller has spoken, or not: the running recording ends for that reason. True if there was one.
    pub(in crate::emulator::service) fn speak(
        &self,
        call: &str,
        speech: &Speech,
        reason: &'static str,
    ) -> Result<bool, Refusal> {
        let mut state = self.state();
        let call = state.answered(call)?.id.clone();
        let is_recording =
            |it: &&CommsOperation| it.cause == Operation::RecordResponse && it.is_running();
        let running = state.operations_of(&call).find(is_recording);
        let running = running.map(|operation| operation.id.clone());
        drop(state);
        if let Some(id) = &running {
            self.finish(id, self.recorded(speech, reason));
        }
        Ok(running.is_some())
    }

    /// The file of a recording, for its own token alone.
    pub(in crate::emulator::service) fn download(
        &self,
        request: &Request,
        id: &str,
    ) -> Result<Outcome, Refusal> {
        let state = self.state();
        let recording = state.recording(id);
        let recording = recording
            .ok_or_else(|| Refusal::not_found(format!("The recording {id} does not exist.")))?;
        let token = request.headers.get("Authorization").and_then(bearer);
        if token != Some(recording.token.as_str()) {
            return Err(Refusal::unauthorized(
                "The request must have the `recordingAccessToken` of the recording.",
            ));
        }
        let mut answer = Answer::new(200);
        answer.media_type = Some("application/octet-stream");
        answer.content = Body::Bytes(recording.bytes.clone());
        Ok(answer.into())
    }

    /// The bot reports whether it records; the roster shows the status.
    pub(in crate::emulator::service) fn update_recording_status(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let context = parameters.context()?;
        let status = required("status", parameters.word("status", &STATUSES)?)?;
        self.change_bot(routed, context, |bot| bot.recording = Some(status))
    }
}

/// The reason of this name, in any case.
pub(in crate::emulator::service) fn reason_named(name: &str) -> Option<&'static str> {
    let mut reasons = REASONS.iter().map(|(word, ..)| *word);
    reasons.find(|word| word.eq_ignore_ascii_case(name))
}

/// The ending of a recording that is cancelled.
pub(super) fn cancelled() -> Ending {
    without_file(Ending::cancelled(), "operationCanceled")
}

fn without_file(ending: Ending, reason: &str) -> Ending {
    ending
        .with("recordingLocation", "")
        .with("recordingAccessToken", "")
        .with("completionReason", reason)
}

/// A tenth of a second of silence as a WAVE file: one channel of 16 000 samples a second, 16 bits each.
fn silence() -> Vec<u8> {
    const SAMPLES: u32 = 3200;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + SAMPLES).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    for short in [1u16, 1] {
        file.extend(short.to_le_bytes());
    }
    file.extend(16_000u32.to_le_bytes());
    file.extend(32_000u32.to_le_bytes());
    for short in [2u16, 16] {
        file.extend(short.to_le_bytes());
    }
    file.extend(b"data");
    file.extend(SAMPLES.to_le_bytes());
    file.resize(file.len() + SAMPLES as usize, 0);
    file
}
