//! Media of a call: prompts are played, tones are pressed, media are cancelled. `recording` records speech.

mod recording;

use std::sync::Arc;

use serde_json::{Value, json};

use super::comms::Ending;
use super::errors::Refusal;
use super::operations::{Operation, Routed};
use super::parameters::{Parameters, required};
use super::state::{About, CommsOperation, Group, Notification};
use super::{Outcome, Service};

pub(super) use self::recording::{RECORDINGS, Speech, reason_named};

/// The most prompts of one request.
const MOST_PROMPTS: usize = 20;

/// The keys of a telephone, and the words for their tones.
const TONES: [(&str, &str); 17] = [
    ("0", "tone0"),
    ("1", "tone1"),
    ("2", "tone2"),
    ("3", "tone3"),
    ("4", "tone4"),
    ("5", "tone5"),
    ("6", "tone6"),
    ("7", "tone7"),
    ("8", "tone8"),
    ("9", "tone9"),
    ("*", "star"),
    ("#", "pound"),
    ("a", "a"),
    ("b", "b"),
    ("c", "c"),
    ("d", "d"),
    ("flash", "flash"),
];

impl Service {
    /// Prompts in a loop play until they are cancelled.
    pub(super) fn play_prompt(self: &Arc<Self>, routed: &Routed<'_>) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let context = parameters.context()?;
        let prompts = required("prompts", parameters.list("prompts")?)?;
        check_prompts(prompts, MOST_PROMPTS)?;
        if prompts.is_empty() {
            return Err(Refusal::bad_request(
                "`prompts` must name something to play.",
            ));
        }
        let is_endless = parameters.flag("loop")?.unwrap_or(false);
        let mut state = self.state();
        let delay = state.timings.prompt;
        let call = state.service_hosted(routed.call)?;
        let failure = call.take_failure(routed.operation);
        let line = call.line()?;
        drop(state);
        let operation = CommsOperation::running(&line.call, routed.operation, context);
        if is_endless && failure.is_none() {
            let answer = self.operation_answer(routed, 200, &operation);
            self.state().add_operation(operation);
            return Ok(answer.into());
        }
        let ending = Ending::of(failure.as_ref());
        Ok(self.done_later(routed, 200, (operation, line), (delay, ending)))
    }

    /// From now on the tones that are pressed are notified.
    pub(super) fn subscribe_to_tone(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let context = routed.parameters()?.context()?;
        let mut state = self.state();
        let call = state.service_hosted(routed.call)?;
        let failure = call.take_failure(routed.operation);
        call.wants_tones = call.wants_tones || failure.is_none();
        let line = call.line()?;
        drop(state);
        Ok(self.done_at_once(routed, (200, failure.as_ref()), (line, context), Vec::new()))
    }

    /// Running prompts and recordings fail.
    pub(super) fn cancel_media(self: &Arc<Self>, routed: &Routed<'_>) -> Result<Outcome, Refusal> {
        let context = routed.parameters()?.context()?;
        let mut state = self.state();
        let call = state.answered(routed.call)?;
        let failure = call.take_failure(routed.operation);
        let line = call.line()?;
        let is_done = failure.is_none() && self.does(routed.operation);
        let running: Vec<(String, Operation)> = state
            .operations_of(&line.call)
            .filter(|it| is_done && it.is_running() && it.is_media())
            .map(|it| (it.id.clone(), it.cause))
            .collect();
        drop(state);
        let ends = running.into_iter().filter_map(|(id, cause)| {
            let ending = match cause {
                Operation::RecordResponse => recording::cancelled(),
                _ => Ending::cancelled(),
            };
            self.end_operation(&id, ending)
        });
        let ends: Vec<Notification> = ends.map(|(_, notification)| notification).collect();
        Ok(self.done_at_once(routed, (200, failure.as_ref()), (line, context), ends))
    }

    /// A caller presses a key: the tone is notified to a bot that wants them, and ends a recording that it
    /// stops.
    pub(super) fn press(&self, call: &str, pressed: &str) -> Result<(), Refusal> {
        let is_pressed = |name: &str| name.eq_ignore_ascii_case(pressed);
        let mut tones = TONES.into_iter();
        let (key, word) = tones
            .find(|(key, word)| is_pressed(key) || is_pressed(word))
            .ok_or_else(|| Refusal::bad_request(format!("`{pressed}` is no tone.")))?;
        let mut state = self.state();
        let call = state.answered(call)?;
        let line = call.line()?;
        let mut notifications = Vec::new();
        if call.wants_tones {
            call.tones += 1;
            let tone = json!({
                "@odata.type": "#microsoft.graph.toneInfo",
                "sequenceId": call.tones,
                "tone": word,
            });
            notifications.push(self.line_notification(
                &line,
                About::Tone,
                json!({"toneInfo": tone}),
            ));
        }
        let mut operations = state.operations_of(&line.call);
        let stopped = operations.find(|it| {
            let mut stops = it.stop_tones.iter();
            it.is_running()
                && stops.any(|it| it.eq_ignore_ascii_case(key) || it.eq_ignore_ascii_case(word))
        });
        let stopped = stopped.map(|operation| operation.id.clone());
        drop(operations);
        drop(state);
        let group = Group::new(notifications);
        self.send(Operation::SubscribeToTone, Some((line.queue, group)));
        if let Some(id) = stopped {
            self.finish(&id, self.recorded(&Speech::default(), "stopToneDetected"));
        }
        Ok(())
    }
}

/// Prompts with something to play, at most so many.
fn check_prompts(prompts: &[Value], most: usize) -> Result<(), Refusal> {
    if prompts.len() > most {
        return Err(Refusal::bad_request(format!(
            "`prompts` has {} prompts, but at most {most} are allowed.",
            prompts.len()
        )));
    }
    for prompt in prompts {
        let media = prompt.get("mediaInfo").and_then(Value::as_object);
        let media = media.ok_or_else(|| Refusal::bad_request("A prompt must have `mediaInfo`."))?;
        let media = Parameters::of(media);
        let uri = match media.text("uri")? {
            Some(uri) => Some(uri),
            None => media.text("url")?,
        };
        required("uri", uri)?;
        media.text("resourceId")?;
    }
    Ok(())
}
