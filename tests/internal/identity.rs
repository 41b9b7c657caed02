//! What a bot finds around the API, over sockets: tokens, discovery, keys, and notifications whose
//! signatures are verified by what is published, with nothing of confcall's own code.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::api::party::Party;
use crate::emulator::bot::{BotOptions, BuiltInBot, Verification};
use crate::http::message::{Body, Headers, Request, Response};
use crate::http::{Client, Listener, OutgoingRequest, Reply};
use crate::inject::Forgery;
use crate::judge;
use crate::judge::Case;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::platform::{ISSUER, Identity};
use crate::runner;
use crate::runner::{Hook, Options, Stop, Target, Triggered};
use crate::scenario::format::Scenario;
use crate::scenario::store;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

const ANY_PORT: &str = "127.0.0.1:0";
const APPLICATION: &str = "2c8a0a9e-6d1b-4f3a-9a55-0d9c6f3b7e10";
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_bot_gets_tokens_that_the_published_keys_verify() {
    let folder = tempfile::tempdir().unwrap();
    let results = asking(&folder, async |service| {
        let keys = keys(&service, "/t.example/v2.0/.well-known/openid-configuration").await;
        let form = "grant_type=client_credentials&client_id=bot&client_secret=s\
                    &scope=https%3A%2F%2Fgraph.example%2F.default";
        let answer = post(&service, "/t.example/oauth2/v2.0/token", form).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.headers.get("cache-control"), Some("no-store"));
        let body = answer.body.json().unwrap();
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 3600);
        assert_eq!(body["ext_expires_in"], 3600);
        let claims = verify(
            body["access_token"].as_str().unwrap(),
            &keys,
            "https://graph.example",
        )
        .unwrap();
        assert_eq!(
            (&claims["appid"], &claims["azp"]),
            (&json!("bot"), &json!("bot"))
        );
        let configuration = get(&service, "/t.example/v2.0/.well-known/openid-configuration").await;
        assert_eq!(claims["iss"], configuration["issuer"]);
        let tenant = claims["tid"].as_str().unwrap();
        assert!(configuration["issuer"].as_str().unwrap().contains(tenant));

        let form = "grant_type=client_credentials&client_id=bot&client_secret=s&resource=https://a";
        let answer = post(&service, "/t.example/oauth2/token", form).await;
        let body = answer.body.json().unwrap();
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(verify(token, &keys, "https://a").unwrap()["ver"], "1.0");
    });
    let reason = "the bot declines: asked; that is all";
    assert_eq!(
        (results[0].verdict, results[0].reason.as_str()),
        (Verdict::Skip, reason)
    );
    assert!(results[0].traffic.is_empty(), "no part of the conversation");
}

#[test]
fn what_is_wrong_is_answered_as_the_rfc_says() {
    let folder = tempfile::tempdir().unwrap();
    asking(&folder, async |service| {
        let path = "/common/oauth2/v2.0/token";
        let good = "grant_type=client_credentials&client_id=bot&client_secret=s";
        for (form, status, error) in [
            (
                "grant_type=password&username=a",
                400,
                "unsupported_grant_type",
            ),
            ("client_id=bot&client_secret=s", 400, "invalid_request"),
            (good, 400, "invalid_request"),
            (&format!("{good}&scope=User.Read"), 400, "invalid_scope"),
            (
                "grant_type=client_credentials&client_id=bot",
                401,
                "invalid_client",
            ),
        ] {
            let answer = post(&service, path, form).await;
            let body = answer.body.json().unwrap();
            assert_eq!(
                (answer.status, &body["error"]),
                (status, &json!(error)),
                "{form}"
            );
            assert!(body["error_description"].is_string(), "{form}");
            assert_eq!(answer.headers.get("cache-control"), Some("no-store"));
        }
        let mut request = OutgoingRequest::new("POST", format!("{service}{path}"));
        request.headers = Headers::from_iter([
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Authorization", "Basic Ym90Og=="),
        ]);
        request.body = Some("grant_type=client_credentials".into());
        let answer = send(request).await;
        assert_eq!(answer.status, 401);
        assert!(
            answer
                .headers
                .get("www-authenticate")
                .unwrap()
                .starts_with("Basic ")
        );
        for (method, path, status, allowed) in [
            ("GET", "/common/oauth2/v2.0/token", 405, Some("POST")),
            ("POST", "/v1/.well-known/keys", 405, Some("GET, HEAD")),
            ("GET", "/common/oauth2/v2.0/authorize", 404, None),
            ("GET", "/common/discovery/instance", 400, None),
        ] {
            let answer = send(OutgoingRequest::new(method, format!("{service}{path}"))).await;
            let found = (answer.status, answer.headers.get("allow"));
            assert_eq!(found, (status, allowed), "{method} {path}");
            assert!(answer.body.json().unwrap()["error"].is_string());
        }
    });
}

#[test]
fn addresses_are_of_the_host_that_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    asking(&folder, async |service| {
        let own = get(&service, "/v1/.well-known/OpenIdConfiguration").await;
        assert_eq!(own["issuer"], ISSUER);
        assert_eq!(own["jwks_uri"], format!("{service}/v1/.well-known/keys"));
        assert_eq!(
            own["id_token_signing_alg_values_supported"],
            json!(["RS256"])
        );
        let other = service.replace("127.0.0.1", "localhost");
        let found = get(&other, "/v1/.well-known/openidconfiguration").await;
        assert_eq!(found["jwks_uri"], format!("{other}/v1/.well-known/keys"));

        // Hosts of the platform have no prefix.
        let own = service.trim_end_matches("/login");
        let request = |host: &str, path: &str| {
            let mut request = OutgoingRequest::new("GET", format!("{own}{path}"));
            request.headers = Headers::from_iter([("Host", host)]);
            request
        };
        let host = "login.microsoftonline.com";
        let answer = send(request(
            host,
            "/a.example/v2.0/.well-known/openid-configuration",
        ))
        .await;
        let found = answer.body.json().unwrap();
        assert_eq!(
            found["token_endpoint"],
            format!("https://{host}/a.example/oauth2/v2.0/token")
        );
        let query =
            format!("authorization_endpoint=https://{host}/a.example/oauth2/v2.0/authorize");
        let path = format!("/common/discovery/instance?api-version=1.1&{query}");
        let answer = send(request(host, &path)).await;
        let found = answer.body.json().unwrap();
        assert_eq!(
            found["tenant_discovery_endpoint"],
            format!("https://{host}/a.example/v2.0/.well-known/openid-configuration")
        );
        assert_eq!(found["metadata"][0]["aliases"], json!([host]));
    });
}

#[test]
fn notifications_are_signed_for_the_application() {
    let folder = tempfile::tempdir().unwrap();
    let played = behind_a_guard(folder.path(), Some(APPLICATION), APPLICATION);
    let verdicts: Vec<Verdict> = played.iter().map(|result| result.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass; 4], "{played:#?}");
}

#[test]
fn a_guarded_bot_takes_neither_plain_tokens_nor_those_of_others() {
    let folder = tempfile::tempdir().unwrap();
    for application in [None, Some("another")] {
        let played = behind_a_guard(folder.path(), application, APPLICATION);
        for result in &played {
            assert_eq!(
                result.verdict,
                Verdict::Fail,
                "{application:?}: {result:#?}"
            );
        }
    }
}

#[test]
fn forged_tokens_are_wrong_in_one_way_each() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::new(folder.path().to_owned());
    let notifier = identity.notifier(APPLICATION).unwrap();
    let published = Request {
        method: "GET".into(),
        target: "/login/v1/.well-known/keys".into(),
        headers: Headers::new(),
        body: Body::Empty,
    };
    let published = identity.answer(&published, "http://a").unwrap();
    let keys = published.body.json().unwrap();
    let verified = |value: &str| verify(value.strip_prefix("Bearer ").unwrap(), keys, APPLICATION);
    verified(&notifier.authorization()).unwrap();
    for (forgery, wrong) in [
        (Forgery::NoToken, None),
        (Forgery::Unsigned, Some("the algorithm")),
        (Forgery::ForeignKey, Some("the signature")),
        (Forgery::Expired, Some("the time")),
        (Forgery::OtherAudience, Some("the audience")),
    ] {
        let value = notifier.forged(forgery);
        let found = value.map(|value| verified(&value).unwrap_err());
        assert_eq!(found, wrong, "{forgery:?}");
    }
}

#[test]
fn the_built_in_bot_takes_what_is_signed_for_it_alone() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let folder = tempfile::tempdir().unwrap();
        let (known, ours) = Identity::printed(APPLICATION);
        let published = Arc::new(Mutex::new(Arc::new(known)));
        let platform = Listener::bind(ANY_PORT).await.unwrap();
        let at = platform.url();
        let publish = {
            let (published, at) = (Arc::clone(&published), at.clone());
            move |request: Request| {
                let answer = published.lock().unwrap().answer(&request, &at).unwrap();
                async move { Reply::from(answer) }
            }
        };
        tokio::spawn(platform.serve(publish, shutdown.clone()));
        let verifying = |configuration: String| BotOptions {
            verification: Some(Verification {
                configuration,
                application: APPLICATION.to_owned(),
            }),
            ..BotOptions::default()
        };
        let path = "/login/v1/.well-known/OpenIdConfiguration";
        let bot = start_bot(verifying(format!("{at}{path}")), &shutdown).await;
        let notified = async |bot: &BuiltInBot, call: &str, authorization: Option<String>| {
            let mut request = OutgoingRequest::new("POST", bot.callback_url());
            request.headers.push("Content-Type", "application/json");
            if let Some(authorization) = authorization {
                request.headers.push("Authorization", authorization);
            }
            let change = json!({"changeType": "deleted", "resource": format!("/app/calls/{call}")});
            request.body = Some(json!({"value": [change]}).to_string().into());
            let answer = send(request).await;
            let reason = answer.body.json().map(|it| it["reason"].to_string());
            (answer.status, reason.unwrap_or_default())
        };
        for (call, forgery, reason) in [
            ("a", Forgery::NoToken, "no bearer token"),
            ("b", Forgery::Unsigned, "not signed with RS256"),
            ("c", Forgery::ForeignKey, "not signed by a published key"),
            ("d", Forgery::Expired, "expired"),
            ("e", Forgery::OtherAudience, "another application"),
        ] {
            let (status, shown) = notified(&bot, call, ours.forged(forgery)).await;
            assert_eq!(status, 401, "{forgery:?}");
            assert!(shown.contains(reason), "{forgery:?}: {shown}");
            assert_eq!(bot.call_state(call), None, "{forgery:?} tells nothing");
            let (status, shown) = notified(&bot, call, Some(ours.authorization())).await;
            assert_eq!(status, 202, "after {forgery:?}: {shown}");
            assert_eq!(bot.call_state(call).as_deref(), Some("deleted"));
        }
        for wrong in ["", "Basic YTpi", "Bearer a.b.c", "Bearer a"] {
            let (status, shown) = notified(&bot, "1", Some(wrong.to_owned())).await;
            assert_eq!(status, 401, "{wrong}: {shown}");
        }

        // Another key is published: it is fetched for the first token that names it.
        let kept = Identity::new(folder.path().to_owned());
        let renewed = kept.notifier(APPLICATION).unwrap();
        assert_eq!(
            notified(&bot, "1", Some(renewed.authorization())).await.0,
            401
        );
        *published.lock().unwrap() = Arc::new(kept);
        assert_eq!(
            notified(&bot, "1", Some(renewed.authorization())).await.0,
            202
        );

        let elsewhere = verifying(format!("{at}/login/nowhere"));
        let bot = start_bot(elsewhere, &shutdown).await;
        let (status, shown) = notified(&bot, "1", Some(ours.authorization())).await;
        assert_eq!(status, 503);
        assert!(shown.contains("is 404"), "{shown}");
        shutdown.cancel();
    });
    runtime.shutdown_background();
}

/// Plays one scenario against a bot that, when it is triggered, asks what it wants below `/login` of
/// confcall's address, and then declines.
fn asking<F>(folder: &TempDir, ask: F) -> Vec<ScenarioResult>
where
    F: AsyncFn(String),
{
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let results = runtime.block_on(async {
        let (triggers, mut triggered) = tokio::sync::mpsc::unbounded_channel();
        let shutdown = CancellationToken::new();
        let bot = Listener::bind(ANY_PORT).await.unwrap();
        let url = Url::parse(&bot.url()).unwrap();
        let take_trigger = move |request: Request| {
            let (done, is_done) = tokio::sync::oneshot::channel::<()>();
            let triggers = triggers.clone();
            async move {
                let asked = request.body.json().unwrap()["request"]["url"].clone();
                triggers
                    .send((asked.as_str().unwrap().to_owned(), done))
                    .unwrap();
                // Whoever asks has panicked, where nothing is told.
                let _ = is_done.await;
                Reply::text(501, Headers::new(), "asked; that is all")
            }
        };
        tokio::spawn(bot.serve(take_trigger, shutdown.clone()));
        let mut cases = newest();
        cases.truncate(1);
        let options = patient();
        let identity = Some(Arc::new(Identity::new(folder.path().to_owned())));
        let target = Target::Bot {
            url: url.clone(),
            triggers: Hook::Url(url).into(),
            triggered: Triggered::Always,
            proxy: None,
            listen: runner::ANY_PORT,
            public: None,
            identity,
            notifier: None,
        };
        let asked = async {
            let (url, done) = triggered.recv().await.unwrap();
            let service = Url::parse(&url).unwrap();
            ask(format!("{}/login", service.origin().ascii_serialization())).await;
            done.send(()).unwrap();
        };
        let played = runner::play(&options, target, &cases, Stop::default());
        let (results, ()) = tokio::join!(played, asked);
        shutdown.cancel();
        results.unwrap()
    });
    runtime.shutdown_background();
    results
}

/// Plays the newest edition against the built-in bot, behind a guard that answers 401 where a
/// notification's token is not for `audience`, by the keys that confcall publishes.
fn behind_a_guard(
    folder: &Path,
    application: Option<&str>,
    audience: &'static str,
) -> Vec<ScenarioResult> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let results = runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let bot = start_bot(BotOptions::default(), &shutdown).await;
        // The port is free again when the player binds it: nobody else asks for this one.
        let reserved = Listener::bind(ANY_PORT).await.unwrap();
        let at = reserved.url();
        drop(reserved);
        let guard = Listener::bind(ANY_PORT).await.unwrap();
        let callback = Url::parse(&guard.url()).unwrap();
        let (to, service) = (bot.callback_url().to_owned(), format!("{at}/login"));
        let check = move |request: Request| {
            let (to, service) = (to.clone(), service.clone());
            async move {
                let keys = keys(&service, "/v1/.well-known/OpenIdConfiguration").await;
                let value = request.headers.get("authorization").unwrap_or_default();
                let token = value.strip_prefix("Bearer ").unwrap_or_default();
                match verify(token, &keys, audience) {
                    Ok(claims) if claims["iss"] == ISSUER => forward(to, request).await,
                    _ => Reply::status(401),
                }
            }
        };
        tokio::spawn(guard.serve(check, shutdown.clone()));
        let identity = Arc::new(Identity::new(folder.to_owned()));
        let notifier = application.map(|it| identity.notifier(it).unwrap());
        let target = Target::Bot {
            url: callback,
            triggers: Hook::Url(Url::parse(&bot.trigger_url()).unwrap()).into(),
            triggered: Triggered::Always,
            proxy: None,
            listen: at.trim_start_matches("http://").parse().unwrap(),
            public: None,
            identity: Some(identity),
            notifier,
        };
        let (options, cases) = (patient(), newest());
        let played = runner::play(&options, target, &cases, Stop::default());
        let results = played.await.unwrap();
        shutdown.cancel();
        results
    });
    runtime.shutdown_background();
    results
}

fn patient() -> Arc<Options> {
    let mut options = Options {
        jobs: NonZeroUsize::new(16),
        ..Options::default()
    };
    options.judge.deadline = PATIENCE;
    Arc::new(options)
}

/// The newest edition's scenarios.
fn newest() -> Vec<Case> {
    let all = store::built_in().unwrap();
    let is_for_bots = |it: &&Scenario| judge::judges(&it.script, Party::Bot);
    let newest = all.iter().filter(is_for_bots);
    let newest = newest.filter(|it| it.id.edition() == Some("2021-02"));
    let picked: Vec<_> = newest.cloned().collect();
    judge::cases(&all, &picked)
}

async fn start_bot(options: BotOptions, shutdown: &CancellationToken) -> BuiltInBot {
    let listener = Listener::bind(ANY_PORT).await.unwrap();
    BuiltInBot::start(listener, options, shutdown.clone())
}

/// Sends a notification on as it came.
async fn forward(to: String, request: Request) -> Reply {
    let mut onward = OutgoingRequest::new(request.method.as_str(), to);
    onward.headers = Headers::from_iter([("Content-Type", "application/json")]);
    onward.body = request.body.json().map(|body| body.to_string().into());
    match Client::new().send(onward, PATIENCE).await {
        Ok(response) => Reply::from(response),
        Err(_) => Reply::status(502),
    }
}

/// The keys that an `OpenID` configuration leads to.
async fn keys(service: &str, configuration: &str) -> Value {
    let configuration = get(service, configuration).await;
    get(configuration["jwks_uri"].as_str().unwrap(), "").await
}

async fn get(service: &str, path: &str) -> Value {
    let answer = send(OutgoingRequest::new("GET", format!("{service}{path}"))).await;
    assert_eq!(answer.status, 200, "{service}{path}: {answer:?}");
    assert_eq!(
        answer.headers.media_type().as_deref(),
        Some("application/json")
    );
    answer.body.json().unwrap().clone()
}

async fn post(service: &str, path: &str, form: &str) -> Response {
    let mut request = OutgoingRequest::new("POST", format!("{service}{path}"));
    let kind = "application/x-www-form-urlencoded";
    request.headers = Headers::from_iter([("Content-Type", kind)]);
    request.body = Some(form.to_owned().into());
    send(request).await
}

async fn send(request: OutgoingRequest) -> Response {
    Client::new().send(request, PATIENCE).await.unwrap()
}

/// The claims of a token that is signed by one of these keys and is meant for this audience now, or
/// what is wrong with it.
fn verify(token: &str, keys: &Value, audience: &str) -> Result<Value, &'static str> {
    let decoded = |text: &Value| URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap();
    let (message, signature) = token.rsplit_once('.').ok_or("no token")?;
    let header = header(token);
    if header["alg"] != "RS256" {
        return Err("the algorithm");
    }
    let mut keys = keys["keys"].as_array().unwrap().iter();
    let key = keys
        .find(|key| key["kid"] == header["kid"])
        .ok_or("the key")?;
    assert_eq!(
        (&key["kty"], &key["alg"], &key["use"]),
        (&json!("RSA"), &json!("RS256"), &json!("sig"))
    );
    let (n, e) = (decoded(&key["n"]), decoded(&key["e"]));
    let signature = decoded(&signature.into());
    RsaPublicKeyComponents { n, e }
        .verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature)
        .map_err(|_| "the signature")?;
    let claims = message.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&decoded(&claims.into())).unwrap();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let time = |name: &str| claims[name].as_u64().unwrap();
    if time("nbf") > now || time("iat") > now || time("exp") <= now {
        return Err("the time");
    }
    if claims["aud"] != audience {
        return Err("the audience");
    }
    Ok(claims)
}

/// The header of a token, or of a field with one.
fn header(token: &str) -> Value {
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}
