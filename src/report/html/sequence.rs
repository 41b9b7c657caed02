//! The messages of a conversation, drawn as a sequence between the parties.

use super::conversation::Message;
use crate::api::party::Party;

/// The width of the drawing, and the height of the heads of the lifelines, in pixels.
const WIDTH: usize = 900;
const HEAD: usize = 44;
/// From one message to the next.
const ROW: usize = 34;
/// The lifelines, from the left.
const LEFT: usize = 130;
const RIGHT: usize = 690;
const MIDDLE: usize = 410;

/// The part that confcall has in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// It plays one of the parties.
    Plays(Party),
    /// It stands between them.
    Observes,
}

#[derive(Debug)]
pub(super) struct Drawing {
    pub width: usize,
    pub height: usize,
    /// The height of a message.
    pub row: usize,
    /// Where the numbers of violations are.
    pub marks: usize,
    pub lifelines: Vec<Lifeline>,
    pub arrows: Vec<Arrow>,
}

/// The lifeline of a participant.
#[derive(Debug)]
pub(super) struct Lifeline {
    pub x: usize,
    pub label: String,
}

/// A message, or an event.
#[derive(Debug)]
pub(super) struct Arrow {
    pub number: usize,
    pub class: String,
    pub label: String,
    pub time: String,
    pub marks: String,
    pub middle: usize,
    pub top: usize,
    pub y: usize,
    pub above: usize,
    /// The line and its head, in the language of SVG paths.
    pub path: String,
    pub head: String,
}

pub(super) fn draw(messages: &[Message], part: Part) -> Drawing {
    let lifeline = |x, label: &str| Lifeline {
        x,
        label: label.to_owned(),
    };
    let lifelines = match part {
        Part::Plays(Party::Bot) => vec![
            lifeline(LEFT, "confcall, as the bot"),
            lifeline(RIGHT, "service"),
        ],
        Part::Plays(Party::Service) => {
            vec![
                lifeline(LEFT, "bot"),
                lifeline(RIGHT, "confcall, as the service"),
            ]
        }
        Part::Observes => vec![
            lifeline(LEFT, "bot"),
            lifeline(MIDDLE, "confcall"),
            lifeline(RIGHT, "service"),
        ],
    };
    let arrows = messages.iter().enumerate();
    Drawing {
        width: WIDTH,
        row: ROW,
        height: HEAD + ROW * messages.len() + ROW / 2,
        marks: RIGHT + 12,
        lifelines,
        arrows: arrows.map(|(at, it)| arrow(at, it, part)).collect(),
    }
}

fn arrow(at: usize, message: &Message, part: Part) -> Arrow {
    let top = HEAD + ROW * at;
    let y = top + ROW * 2 / 3;
    let ends = match message.from {
        Party::Bot => (LEFT, RIGHT),
        Party::Service => (RIGHT, LEFT),
    };
    // confcall makes the message itself, in the place of the party.
    let (from, to) = match part {
        Part::Observes if message.injected => (MIDDLE, ends.1),
        _ => ends,
    };
    let middle = usize::midpoint(from, to);
    let (path, head) = if message.is_event {
        (format!("M{from} {y}H{middle}"), cross(middle, y))
    } else {
        (format!("M{from} {y}H{to}"), head(from, to, y))
    };
    Arrow {
        number: message.number,
        class: message.class.clone(),
        label: message.label.clone(),
        time: message.time.clone(),
        marks: marks(message),
        middle,
        top,
        y,
        above: y - 5,
        path,
        head,
    }
}

/// The words beside a message.
fn marks(message: &Message) -> String {
    let numbers: Vec<String> = message.violations.iter().map(ToString::to_string).collect();
    let broken = match &message.marks[..] {
        [one] => one.clone(),
        _ => numbers.join(", "),
    };
    match (message.injected, broken.as_str()) {
        (false, _) => broken,
        (true, "") => "injected".to_owned(),
        (true, _) => format!("injected, {}", numbers.join(", ")),
    }
}

/// The head of an arrow from one lifeline to another.
fn head(from: usize, to: usize, y: usize) -> String {
    let (above, below) = (y - 4, y + 4);
    let back = if from < to { to - 8 } else { to + 8 };
    format!("M{back} {above}L{to} {y}L{back} {below}")
}

/// A cross at the end of a line.
fn cross(at: usize, y: usize) -> String {
    let (left, right, above, below) = (at - 5, at + 5, y - 5, y + 5);
    format!("M{left} {above}L{right} {below}M{right} {above}L{left} {below}")
}
