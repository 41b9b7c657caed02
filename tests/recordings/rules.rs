//! A team's day: what varies is learnt as rules, and what has changed is taken over into the recording.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};

use confcall_test_support::http::send;
use serde_json::{Value, json};

use super::live::{Got, Party, cassette, notification_exchange, notify, request_exchange};
use super::{command, running};

const ROOM: &str = "6f1f2e0c-7a53-4d0e-9a55-2f8a1a52a001";
const CALL: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

/// What a service of rooms answers; it may change while the service runs.
#[derive(Clone, Default)]
struct Rooms {
    visits: u64,
    varies: bool,
    colour: &'static str,
    floor: Option<u64>,
    made: u64,
    is_gone: bool,
}

/// A service that makes a room with a new id at each POST, and shows it.
fn rooms() -> (Party, Arc<Mutex<Rooms>>) {
    let rooms = Arc::new(Mutex::new(Rooms {
        colour: "blue",
        visits: 7,
        ..Rooms::default()
    }));
    let shared = Arc::clone(&rooms);
    let party = Party::start(move |got| {
        let mut rooms = shared.lock().unwrap();
        if got.head.starts_with("post") {
            rooms.made += 1;
            let id = format!("{}{:03}", &ROOM[..33], rooms.made);
            return (
                201,
                json!({"id": id, "token": format!("ghp_{:036}", rooms.made)}),
            );
        }
        rooms.visits += u64::from(rooms.varies);
        let id = got.target.rsplit('/').next().unwrap();
        let visit = |number| json!({"number": number, "by": "ann"});
        let visits: Vec<Value> = (rooms.visits - 1..=rooms.visits).map(visit).collect();
        let mut room = json!({"id": id, "colour": rooms.colour, "visits": visits});
        if let Some(floor) = rooms.floor {
            room["floor"] = json!(floor);
        }
        if rooms.is_gone {
            return (410, json!({"id": id}));
        }
        (200, room)
    });
    (party, rooms)
}

/// Records what a bot does: it makes a room, and looks at it.
fn recorded(folder: &Path, service: &str) -> PathBuf {
    let path = folder.join("room.jsonl");
    let mut recorder = running(&[
        "record",
        "--cassette",
        path.to_str().unwrap(),
        "--service",
        service,
    ]);
    let made = send(
        "POST",
        recorder.url(),
        "/rooms",
        "",
        "{\"colour\":\"blue\"}",
    )
    .unwrap();
    let body: Value = serde_json::from_str(made.split_once("\r\n\r\n").unwrap().1).unwrap();
    let target = format!("/rooms/{}", body["id"].as_str().unwrap());
    send("GET", recorder.url(), &target, "", "").unwrap();
    recorder.kill();
    path
}

/// A replay of the recording in its folder, for this service.
fn replay(path: &Path, service: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let mut replay = command(&[
        "replay",
        "room.jsonl",
        "--service",
        service,
        "--deadline",
        "500ms",
    ]);
    let Output {
        status,
        stdout,
        stderr,
    } = replay
        .args(more)
        .current_dir(path.parent().unwrap())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

const VISITS: &str =
    "[[replay.rule]]\npath = \"/rooms/*\"\npointer = \"/visits/*/number\"\ncompare = \"shape\"\n";

/// Replays the recording twice, and expects no difference.
fn passes(path: &Path, service: &str) {
    for _ in 0..2 {
        let (code, text, printed) = replay(path, service, &[]);
        assert_eq!(code, Some(0), "{text}{printed}");
    }
}

#[test]
fn what_varies_becomes_a_rule() {
    let folder = tempfile::tempdir().unwrap();
    let (service, rooms) = rooms();
    let path = recorded(folder.path(), &service.url);
    let learnt = || replay(&path, &service.url, &["--learn"]);
    passes(&path, &service.url);
    let (code, toml, printed) = learnt();
    assert_eq!((code, &*toml), (Some(0), ""), "{printed}");

    rooms.lock().unwrap().varies = true;
    assert_eq!(replay(&path, &service.url, &[]).0, Some(1));
    let (code, toml, printed) = learnt();
    assert_eq!((code, &*toml), (Some(0), VISITS), "{printed}");
    fs::write(folder.path().join("confcall.toml"), toml).unwrap();
    passes(&path, &service.url);
    let (code, toml, printed) = learnt();
    assert_eq!((code, &*toml), (Some(0), ""), "{printed}");
}

#[test]
fn what_has_changed_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let (service, rooms) = rooms();
    let path = recorded(folder.path(), &service.url);
    fs::write(folder.path().join("confcall.toml"), VISITS).unwrap();
    rooms.lock().unwrap().varies = true;
    rooms.lock().unwrap().colour = "green";
    rooms.lock().unwrap().floor = Some(3);
    let (code, toml, printed) = replay(&path, &service.url, &["--learn"]);
    assert_eq!(code, Some(1), "{toml}{printed}");
    assert!(toml.lines().all(|line| line.starts_with('#')), "{toml}");
    assert!(toml.contains("# pointer = \"/colour\""), "{toml}");
    assert!(printed.contains("/colour"), "{printed}");

    let before = lines(&path);
    let (code, text, printed) = replay(&path, &service.url, &["--update"]);
    assert_eq!(code, Some(0), "{text}{printed}");
    assert!(text.contains("1 of 2 exchanges"), "{text}");
    let after = lines(&path);
    assert_eq!((after.len(), &after[..2]), (before.len(), &before[..2]));
    let [old, new] = [&before[2], &after[2]].map(|it| serde_json::from_str::<Value>(it).unwrap());
    assert_eq!(new["request"], old["request"]);
    let [old, new] = [old, new].map(|it| it["response"]["body"]["json"].clone());
    assert_eq!(
        (&new["colour"], &new["floor"]),
        (&json!("green"), &json!(3))
    );
    assert_eq!(new["id"], old["id"]);
    passes(&path, &service.url);
    // Nothing is left to change.
    let (code, text, printed) = replay(&path, &service.url, &["--update"]);
    assert_eq!(code, Some(0), "{text}{printed}");
    assert_eq!(lines(&path), after);
}

#[test]
fn what_no_rule_permits_is_reported_and_updated() {
    let folder = tempfile::tempdir().unwrap();
    let (service, rooms) = rooms();
    let path = recorded(folder.path(), &service.url);
    let played = |more: &[&str]| replay(&path, &service.url, more);
    rooms.lock().unwrap().is_gone = true;
    let (code, toml, printed) = played(&["--learn"]);
    assert_eq!((code, &*toml), (Some(1), ""), "{printed}");
    assert!(
        printed.contains("the status of the response is 410"),
        "{printed}"
    );
    assert_eq!(played(&["--update"]).0, Some(0));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"status\":410"), "{text}");
    // Each run makes a room with another token.
    assert!(!text.contains("ghp_"), "{text}");
    assert_eq!(played(&[]).0, Some(0));
}

#[test]
fn a_recording_that_cannot_be_played_whole_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (service, rooms) = rooms();
    let path = recorded(folder.path(), &service.url);
    rooms.lock().unwrap().colour = "green";
    let mut text = fs::read_to_string(&path).unwrap();
    text += &(request_exchange(3, "/later", &json!({}), &json!({})).to_string() + "\n");
    text = text.replace(
        "\"status\":200,\"headers\":[[\"Content-Type\"",
        "\"status\":101,\"headers\":[[\"Content-Type\"",
    );
    fs::write(&path, &text).unwrap();
    let (code, out, printed) = replay(&path, &service.url, &["--update"]);
    assert_eq!(code, Some(1), "{out}{printed}");
    assert!(
        printed.contains("exchange 3, POST /later, could not be played"),
        "{printed}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    // A HAR file is not written.
    let har = folder.path().join("room.har");
    fs::write(&har, "{\"log\":{\"entries\":[]}}").unwrap();
    let arguments = [
        "replay",
        har.to_str().unwrap(),
        "--service",
        &service.url,
        "--update",
    ];
    let output = command(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn rules_that_are_about_nothing_or_wrong_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = rooms();
    let path = recorded(folder.path(), &service.url);
    for (rule, code, printed) in [
        (
            "pointer = \"/visits/*/nummer\"\ncompare = \"shape\"",
            Some(0),
            "`/visits/*/nummer` matches nothing",
        ),
        (
            "ponter = \"/visits\"\ncompare = \"shape\"",
            Some(2),
            "did you mean `pointer`?",
        ),
        (
            "pointer = \"/visits\"\ncompare = \"shapes\"",
            Some(2),
            "confcall.toml:3:11: ",
        ),
        (
            "pointer = \"/a~2\"\ncompare = \"shape\"",
            Some(2),
            "`~` must be `~0`",
        ),
        (
            "header = \"a b\"\ncompare = \"shape\"",
            Some(2),
            "`a b` is no name of a header field",
        ),
        (
            "path = \"/rooms?x=1\"\npointer = \"/a\"\ncompare = \"shape\"",
            Some(2),
            "a rule for a query parameter has `query`",
        ),
    ] {
        let text = format!("[[replay.rule]]\n{rule}\n");
        fs::write(folder.path().join("confcall.toml"), text).unwrap();
        let (actual, _, expected) = replay(&path, &service.url, &[]);
        assert_eq!(actual, code, "{expected}");
        assert!(expected.contains(printed), "{expected}");
    }
    // Another recording in the folder may have what the rule is about.
    let rule = "[[replay.rule]]\npointer = \"/nummer\"\ncompare = \"shape\"\n";
    fs::write(folder.path().join("confcall.toml"), rule).unwrap();
    fs::copy(&path, folder.path().join("other.jsonl")).unwrap();
    let (code, _, expected) = replay(&path, &service.url, &[]);
    assert_eq!(code, Some(0), "{expected}");
    assert!(!expected.contains("matches nothing"), "{expected}");
}

/// A recorded invitation with a notification of this entry.
fn invitation(folder: &Path, entry: &Value) -> PathBuf {
    let target = format!("/app/calls/{CALL}/participants/invite");
    let body = json!({"callbackUri": "https://bot.example/callback/7"});
    let exchanges = [
        request_exchange(1, &target, &body, &json!({"id": "o-1"})),
        notification_exchange(2, "/callback/7", &json!({"value": [entry]})),
    ];
    cassette(folder, &exchanges)
}

/// Updates the invitation by a service that sends these entries, each in a message.
fn updated(path: &Path, entries: &[Value]) -> (Option<i32>, String) {
    let entries = entries.to_vec();
    let service = Party::start(move |got: &Got| {
        if let Some(callback) = got.body["callbackUri"].as_str() {
            for entry in &entries {
                notify(callback, &json!({"value": [entry]}));
            }
        }
        (200, json!({"id": "o-2"}))
    });
    let arguments = [
        "replay",
        path.to_str().unwrap(),
        "--service",
        &service.url,
        "--update",
    ];
    let mut command = command(&arguments);
    super::output_of(command.args(["--deadline", "500ms"]))
}

#[test]
fn new_notifications_are_taken_over_too() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |data: Value| {
        json!({"changeType": "updated", "resource": format!("/app/calls/{CALL}/participants"),
            "resourceData": data})
    };
    let path = invitation(folder.path(), &entry(json!([{"isMuted": false}])));
    let before = lines(&path);
    // One that does not come is not removed.
    let (code, text) = updated(&path, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("exchange 2, POST /callback/7, did not arrive"),
        "{text}"
    );
    assert_eq!(lines(&path), before);

    let muted = entry(json!([{"isMuted": true}]));
    let ended = json!({"changeType": "deleted", "resource": format!("/app/calls/{CALL}")});
    let (code, text) = updated(&path, &[muted.clone(), ended.clone()]);
    assert_eq!(code, Some(0), "{text}");
    let after = lines(&path);
    assert_eq!(after[0], before[0]);
    let read = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    // It has another reason phrase, and the recorded identifier.
    let answered = read(&after[1]);
    assert_eq!(
        answered.pointer("/response/body/json/id"),
        Some(&json!("o-1"))
    );
    assert_eq!(
        answered.pointer("/response/wire/reason"),
        Some(&json!("Said"))
    );
    let body = "/request/body/json/value";
    assert_eq!(read(&after[2]).pointer(body), Some(&json!([muted])));
    let added = read(&after[3]);
    assert_eq!(added.pointer(body), Some(&json!([ended])));
    assert_eq!(
        (&added["number"], &added["cause"]["exchange"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(added["request"]["target"], "/callback/7");
    assert_eq!(after.len(), 4);
    // It is replayed as it is now.
    let (code, text) = updated(&path, &[muted, ended]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(lines(&path), after);
}

#[test]
fn a_notification_that_says_something_else_takes_the_place_of_the_recorded_one() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |state: &str| {
        json!({"changeType": "updated", "resource": format!("/app/calls/{CALL}"),
            "resourceData": {"state": state}})
    };
    let path = invitation(folder.path(), &entry("established"));
    let (code, text) = updated(&path, &[entry("terminated")]);
    assert_eq!(code, Some(0), "{text}");
    let after = lines(&path);
    assert_eq!(after.len(), 3);
    let read: Value = serde_json::from_str(&after[2]).unwrap();
    assert_eq!(read["number"], 2);
    assert_eq!(
        read.pointer("/request/body/json/value/0"),
        Some(&entry("terminated"))
    );
}

#[test]
fn the_requests_of_a_bot_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = rooms();
    let path = recorded(folder.path(), &service.url);
    let before = lines(&path);
    let play = |body: &str, is_whole: bool| {
        let arguments = [
            "replay",
            path.to_str().unwrap(),
            "--update",
            "--deadline",
            "500ms",
        ];
        let bot = running(&arguments);
        let made = send("POST", bot.url(), "/rooms", "", body).unwrap();
        let made: Value = serde_json::from_str(made.split_once("\r\n\r\n").unwrap().1).unwrap();
        if is_whole {
            let target = format!("/rooms/{}", made["id"].as_str().unwrap());
            send("GET", bot.url(), &target, "", "").unwrap();
        }
        bot.end()
    };
    let (code, text) = play("{\"colour\":\"red\"}", false);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(lines(&path), before);
    let (code, text) = play("{\"colour\":\"red\"}", true);
    assert_eq!(code, Some(0), "{text}");
    let after = lines(&path);
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));
    let [old, new] = [&before[1], &after[1]].map(|it| serde_json::from_str::<Value>(it).unwrap());
    assert_eq!(new["response"], old["response"]);
    assert_eq!(new["request"]["body"]["json"], json!({"colour": "red"}));
    let host = |it: &Value| {
        let fields = it["request"]["headers"].as_array().unwrap().clone();
        fields
            .into_iter()
            .find(|it| it[0].as_str().unwrap().eq_ignore_ascii_case("host"))
    };
    assert_eq!(host(&new), host(&old));
}

#[test]
fn a_request_for_another_object_of_the_recording_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let room = |last: u8| format!("{}{last}", &ROOM[..35]);
    let target = |last| format!("/rooms/{}", room(last));
    let exchanges = [
        request_exchange(1, "/rooms", &json!({}), &json!({"ids": [room(1), room(2)]})),
        request_exchange(2, &target(1), &json!({"of": room(1)}), &json!({})),
    ];
    let path = cassette(folder.path(), &exchanges);
    let before = lines(&path);
    let play = |last, of| {
        let arguments = ["replay", path.to_str().unwrap(), "--update"];
        let bot = running(&arguments);
        send("POST", bot.url(), "/rooms", "", "{}").unwrap();
        let body = json!({"of": room(of)}).to_string();
        send("POST", bot.url(), &target(last), "", &body).unwrap();
        let (code, text) = bot.end();
        assert_eq!(code, Some(0), "{text}");
        text
    };
    let text = play(1, 1);
    assert!(text.contains("0 of 2 exchanges changed"), "{text}");
    assert_eq!(lines(&path), before);
    for (last, of) in [(2, 1), (2, 2)] {
        let text = play(last, of);
        assert!(text.contains("1 of 2 exchanges changed (2)"), "{text}");
        let after = lines(&path);
        assert_eq!(after[..2], before[..2]);
        let line: Value = serde_json::from_str(&after[2]).unwrap();
        assert_eq!(line["request"]["target"], target(last));
        assert_eq!(line["request"]["body"]["json"]["of"], room(of));
    }
}

#[test]
fn a_refusal_for_an_unknown_secret_is_explained_and_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let login = json!({"user": "ann", "password": "redacted-secret-0123456789ab"});
    let exchanges = [
        request_exchange(1, "/login", &login, &json!({"n": 1})),
        request_exchange(2, "/o", &json!({}), &json!({"n": 1})),
    ];
    let path = cassette(folder.path(), &exchanges);
    let before = lines(&path);
    for status in [401, 403] {
        let service = Party::start(move |got| match &*got.target {
            "/login" => (status, json!({"n": 1})),
            _ => (200, json!({"n": null})),
        });
        let replay = ["replay", path.to_str().unwrap(), "--service", &service.url];
        let (code, text) = super::confcall(&replay);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("/n is null"), "{text}");
        let expected = "exchange 1 was sent with a pseudonym in `password` in the body";
        assert!(text.contains(expected), "{text}");
        let (code, text) = super::confcall(&[&replay[..], &["--update"]].concat());
        assert_eq!(code, Some(1), "{text}");
        let expected = format!("exchange 1, POST /login, was refused with {status}");
        assert!(text.contains(&expected), "{text}");
        assert_eq!(lines(&path), before);
    }
}

#[test]
fn timestamps_correspond_and_recorded_ones_are_written_back() {
    const RECORDED: &str = "2026-01-01T10:00:00Z";
    let folder = tempfile::tempdir().unwrap();
    let room = |at: &str, n: u8| json!({"id": "r", "createdAt": at, "n": n});
    let exchanges = [
        request_exchange(1, "/rooms", &json!({}), &room(RECORDED, 1)),
        request_exchange(2, "/rooms/r", &json!({}), &room(RECORDED, 1)),
    ];
    let path = cassette(folder.path(), &exchanges);
    let play = |at: &'static str, n, more: &[&str]| {
        let service = Party::start(move |got| match &*got.target {
            "/rooms" => (200, room("2027-02-02T11:11:11Z", 1)),
            _ => (200, room(at, n)),
        });
        let replay = ["replay", path.to_str().unwrap(), "--service", &service.url];
        super::confcall(&[&replay[..], more].concat())
    };
    // The live service has other header fields.
    let (code, text) = play("2027-02-02T11:11:11Z", 1, &["--update"]);
    assert_eq!(code, Some(0), "{text}");
    let before = lines(&path);
    assert!(
        before[1..].iter().all(|it| it.contains(RECORDED)),
        "{before:?}"
    );
    let (code, text) = play("2027-02-02T11:11:11.5+00:00", 1, &[]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = play("1999-09-09T09:09:09Z", 1, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("/createdAt"), "{text}");
    let (code, text) = play("2027-02-02T11:11:11Z", 2, &["--update"]);
    assert_eq!(code, Some(0), "{text}");
    let after = lines(&path);
    assert_eq!(after[..2], before[..2]);
    let line: Value = serde_json::from_str(&after[2]).unwrap();
    assert_eq!(line["response"]["body"]["json"], room(RECORDED, 2));
}

/// The bot is confcall with another recording in each play.
#[cfg(unix)]
#[test]
fn what_varies_in_the_requests_of_a_bot_is_learnt_from_two_conversations() {
    let folder = tempfile::tempdir().unwrap();
    let tape = |name: &str, nonce: u8| {
        let below = folder.path().join(name);
        fs::create_dir(&below).unwrap();
        let body = json!({"nonce": nonce, "kind": "a"});
        let target = format!("/seen?at={nonce}&by=ann");
        let exchanges = [
            request_exchange(1, "/rooms", &body, &json!({"id": ROOM})),
            request_exchange(2, &target, &json!({}), &json!({})),
        ];
        cassette(&below, &exchanges)
    };
    let path = tape("0", 1);
    tape("1", 2);
    tape("2", 3);
    let script = format!(
        "echo started >> starts\ncd $(($(wc -l < starts)))\n\
         {} replay tape.jsonl --service \"$CONFCALL_SERVICE\"\n",
        env!("CARGO_BIN_EXE_confcall")
    );
    fs::write(folder.path().join("bot.sh"), script).unwrap();
    let config = "[target]\nrole = \"bot\"\nurl = \"http://127.0.0.1:{port}/callback\"\n\
        [target.command]\nrun = [\"sh\", \"bot.sh\"]\n";
    fs::write(folder.path().join("confcall.toml"), config).unwrap();
    let mut learning = command(&["replay", path.to_str().unwrap(), "--learn"]);
    let output = learning.current_dir(folder.path()).output().unwrap();
    let [toml, printed] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    assert_eq!(output.status.code(), Some(0), "{toml}{printed}");
    let rules = "[[replay.rule]]\npath = \"/rooms\"\npointer = \"/nonce\"\ncompare = \"shape\"\n\n\
        [[replay.rule]]\npath = \"/seen\"\nquery = \"at\"\ncompare = \"shape\"\n";
    assert_eq!(toml, rules, "{printed}");
    // With the rules, a third conversation is the recorded one.
    fs::write(
        folder.path().join("confcall.toml"),
        format!("{config}{toml}"),
    )
    .unwrap();
    fs::write(folder.path().join("starts"), "started\n").unwrap();
    let replay = ["replay", path.to_str().unwrap()];
    let (code, text) = super::output_of(command(&replay).current_dir(folder.path()));
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn what_varies_in_a_notification_becomes_a_rule_about_its_operation() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |number: u64| {
        json!({"changeType": "updated", "resource": format!("/app/calls/{CALL}/participants"),
            "resourceData": [{"isMuted": false, "sequence": number}]})
    };
    let path = invitation(folder.path(), &entry(1));
    let sent = Mutex::new(1);
    let service = Party::start(move |got: &Got| {
        if let Some(callback) = got.body["callbackUri"].as_str() {
            let mut sent = sent.lock().unwrap();
            *sent += 1;
            notify(callback, &json!({"value": [entry(*sent)]}));
        }
        (200, json!({"id": "o-2"}))
    });
    let play = |more: &[&str]| {
        let mut replay = command(&["replay", path.to_str().unwrap(), "--service", &service.url]);
        let replay = replay.args(more).current_dir(folder.path());
        let output = replay.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, text, _) = play(&[]);
    assert_eq!(code, Some(1));
    let place = "notification.body, /value/0/resourceData/0/sequence";
    assert!(text.contains(place), "{text}");
    let (code, toml, printed) = play(&["--learn"]);
    assert_eq!(code, Some(0), "{printed}");
    let rule = "[[replay.rule]]\noperation = \"invite\"\n\
        pointer = \"/value/*/resourceData/*/sequence\"\ncompare = \"shape\"\n";
    assert_eq!(toml, rule);
    fs::write(folder.path().join("confcall.toml"), toml).unwrap();
    let (code, text, printed) = play(&[]);
    assert_eq!(code, Some(0), "{text}{printed}");
}

#[test]
fn the_token_of_a_run_does_not_reach_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut exchange = request_exchange(
        1,
        "/rooms",
        &json!({}),
        &json!({"by": "bearer redacted-secret-0123456789ab"}),
    );
    let fields = exchange["request"]["headers"].as_array_mut().unwrap();
    fields.push(json!([
        "Authorization",
        "Bearer redacted-secret-0123456789ab"
    ]));
    let path = cassette(folder.path(), &[exchange]);
    let token = "the-words-of-this-run-are-nobodys-4711";
    let service = Party::start(|got| {
        let printed = got
            .head
            .lines()
            .find_map(|it| it.strip_prefix("authorization: "));
        let words = printed.unwrap().rsplit(' ').next().unwrap();
        (
            200,
            json!({"by": printed, "words": [words], "more": format!("it was {words}, wasn't it")}),
        )
    });
    let arguments = [
        "replay",
        path.to_str().unwrap(),
        "--service",
        &service.url,
        "--update",
    ];
    let (code, text) = super::output_of(command(&arguments).args(["--token", token]));
    assert_eq!(code, Some(0), "{text}");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("it was redacted-"), "{text}");
    assert!(!text.contains(token), "{text}");
}
