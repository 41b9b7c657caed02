//! The voice menu: against a service that records requests, and in a call of the built-in service.

use super::*;

const CALL: &str = "00000000-0000-4000-8000-0000000000c1";

/// A bot with a menu, whose service is given when it is known.
async fn open(keep_alive: Duration) -> (Fixture, BuiltInBot) {
    let fixture = Fixture::open(BotOptions::default()).await;
    let bot = with_menu(&fixture, &fixture.service, keep_alive).await;
    (fixture, bot)
}

async fn with_menu(fixture: &Fixture, service: &str, keep_alive: Duration) -> BuiltInBot {
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let options = BotOptions {
        voice_menu: Some(VoiceMenu {
            service: format!("{service}/v1.0"),
            user: "u-7".to_owned(),
            prompt: "https://bot.example/menu.wav".to_owned(),
            keep_alive,
        }),
        ..BotOptions::default()
    };
    BuiltInBot::start(listener, options, fixture.shutdown.clone())
}

async fn notify(fixture: &Fixture, bot: &BuiltInBot, change: &str, data: Value) {
    let resource = format!("/communications/calls/{CALL}");
    let entry = json!({"changeType": change, "resourceUrl": resource, "resourceData": data});
    let body = json!({"value": [entry]});
    let sent = fixture.post(bot.callback_url(), &body).await;
    assert_eq!(sent.unwrap().status, 202);
}

/// Takes the next request, which must be this one; gives its body.
async fn expect(fixture: &mut Fixture, method: &str, below: &str) -> Value {
    let request = fixture.next_request().await;
    let path = format!("/v1.0/communications/calls/{CALL}{below}");
    assert_eq!((request.method.as_str(), request.target), (method, path));
    request.body.json().cloned().unwrap_or_default()
}

/// An established call of the menu.
async fn greeted(fixture: &mut Fixture, bot: &BuiltInBot, more: Value) {
    let caller = json!({"identity": {"user": {"id": "u-1"}}});
    let mut incoming = json!({"state": "Incoming", "source": caller});
    incoming
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    notify(fixture, bot, "Created", incoming.clone()).await;
    notify(fixture, bot, "Created", incoming).await;
    let answer = expect(fixture, "POST", "/answer").await;
    assert_eq!(answer["callbackUri"], bot.callback_url());
    assert_eq!(answer["acceptedModalities"], json!(["audio"]));
    notify(fixture, bot, "updated", json!({"state": "establishing"})).await;
    notify(fixture, bot, "updated", json!({"state": "Established"})).await;
    let prompt = expect(fixture, "POST", "/playPrompt").await;
    let uri = prompt.pointer("/prompts/0/mediaInfo/uri");
    assert_eq!(uri, Some(&json!("https://bot.example/menu.wav")));
    expect(fixture, "POST", "/subscribeToTone").await;
    let again = json!({"state": "established", "mediaState": {"audio": "active"}});
    notify(fixture, bot, "updated", again).await;
}

async fn press(fixture: &Fixture, bot: &BuiltInBot, sequence: u32, tone: &str) {
    let tone = json!({"sequenceId": sequence, "tone": tone});
    let data = json!({"state": "established", "toneInfo": tone});
    notify(fixture, bot, "updated", data).await;
}

#[tokio::test]
async fn tones_invite_transfer_and_hang_up() {
    let (mut fixture, bot) = open(LONG).await;
    greeted(&mut fixture, &bot, json!({})).await;
    press(&fixture, &bot, 1, "tone5").await;
    for sequence in [2, 3] {
        press(&fixture, &bot, sequence, "Tone2").await;
        press(&fixture, &bot, sequence, "Tone2").await;
        let invitation = expect(&mut fixture, "POST", "/participants/invite").await;
        let user = invitation.pointer("/participants/0/identity/user/id");
        assert_eq!(user, Some(&json!("u-7")));
    }
    press(&fixture, &bot, 4, "tone1").await;
    let transfer = expect(&mut fixture, "POST", "/transfer").await;
    let user = transfer.pointer("/transferTarget/identity/user/id");
    assert_eq!(user, Some(&json!("u-7")));
    assert_eq!(transfer.get("transferee"), None);
    for (sequence, tone) in [(5, "tone9"), (6, "pound")] {
        press(&fixture, &bot, sequence, tone).await;
        expect(&mut fixture, "DELETE", "").await;
    }
    notify(&fixture, &bot, "deleted", json!({"state": "terminated"})).await;
    press(&fixture, &bot, 7, "tone2").await;
    assert!(fixture.inbox.is_empty(), "the call has ended");
}

#[tokio::test]
async fn a_transfer_from_a_group_call_names_the_caller() {
    let (mut fixture, bot) = open(LONG).await;
    greeted(
        &mut fixture,
        &bot,
        json!({"chatInfo": {"threadId": "19:x"}}),
    )
    .await;
    press(&fixture, &bot, 1, "tone1").await;
    let transfer = expect(&mut fixture, "POST", "/transfer").await;
    let caller = transfer.pointer("/transferee/identity/user/id");
    assert_eq!(caller, Some(&json!("u-1")));
}

#[tokio::test]
async fn a_call_is_kept_alive() {
    let (mut fixture, bot) = open(Duration::ZERO).await;
    let incoming = json!({"state": "incoming"});
    notify(&fixture, &bot, "created", incoming).await;
    expect(&mut fixture, "POST", "/answer").await;
    notify(&fixture, &bot, "updated", json!({"state": "established"})).await;
    let mut alive = 0;
    while alive < 3 {
        let request = fixture.next_request().await;
        if request.target.ends_with("/keepAlive") {
            assert!(request.body.is_empty() && request.headers.media_type().is_none());
            alive += 1;
        }
    }
}

#[tokio::test]
async fn a_bot_without_a_menu_waits_for_triggers() {
    let fixture = Fixture::open(BotOptions::default()).await;
    let incoming = json!({"state": "incoming"});
    notify(&fixture, &fixture.bot, "created", incoming).await;
    assert!(fixture.inbox.is_empty());
}

/// The state of a call as the control interface of the built-in service shows it.
async fn shown(fixture: &Fixture, service: &str, call: &str) -> Value {
    let url = format!("{service}/control/calls/{call}");
    let request = OutgoingRequest::new("GET", url);
    let answer = fixture.client.send(request, LONG).await.unwrap();
    answer.body.json().cloned().unwrap()
}

/// Waits until the call is as it must be.
async fn until(fixture: &Fixture, service: &str, call: &str, is_so: impl Fn(&Value) -> bool) {
    let waiting = async {
        while !is_so(&shown(fixture, service, call).await) {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, waiting).await.unwrap();
}

#[tokio::test]
async fn the_menu_serves_a_call_of_the_built_in_service() {
    let fixture = Fixture::open(BotOptions::default()).await;
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let options = ServiceOptions::default();
    let service = BuiltInService::start(listener, options, fixture.shutdown.clone());
    let service = service.url();
    let bot = with_menu(&fixture, service, LONG).await;
    let done = |operation: &'static str| {
        move |shown: &Value| {
            let operations = shown["operations"].as_array().unwrap();
            let mut operations = operations.iter();
            operations.any(|it| it["operation"] == operation && it["status"] == "completed")
        }
    };
    for last in ["1", "9", "#"] {
        let url = format!("{service}/control/calls");
        let ringing = json!({"callback": bot.callback_url(), "user": "u-1"});
        let ringing = fixture.post(&url, &ringing).await.unwrap();
        let call = ringing.body.json().unwrap()["call"].clone();
        let call = call.as_str().unwrap();
        until(&fixture, service, call, done("subscribeToTone")).await;
        let tones = format!("{service}/control/calls/{call}/tones");
        fixture
            .post(&tones, &json!({"tones": ["2"]}))
            .await
            .unwrap();
        until(&fixture, service, call, done("invite")).await;
        fixture
            .post(&tones, &json!({"tones": [last]}))
            .await
            .unwrap();
        until(&fixture, service, call, |shown| shown["ended"] == true).await;
    }
}
