//! The checks up to the trigger: listeners, addresses, the program of the target, proxies, tokens, the clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::{Origin, Problem, Stopped, Tried, needed};
use crate::api::party::Party;
use crate::diagnostic::Remedy;
use crate::diagnostic::path::Shown as _;
use crate::http::limits::MAX_BODY;
use crate::http::message::Response;
use crate::http::{Answer, OutgoingRequest, SendError};
use crate::platform::LOGIN;
use crate::runner::hook::reason;
use crate::runner::options::Options;
use crate::runner::process::Running;
use crate::runner::reach;
use crate::runner::reception;
use crate::runner::reception::bypass;
use crate::runner::run::{Addresses, GRACE};
use crate::runner::session::Session;
use crate::runner::target::{Target, address_of};

/// How long confcall's own endpoints for tokens may take: a key is made on first use.
const OWN_ANSWER: Duration = Duration::from_secs(60);

/// The difference of two clocks that tokens and certificates bear.
const MOST_DIFFERENCE: SignedDuration = SignedDuration::from_secs(60);

fn skipped<T>(reason: impl Into<String>) -> Tried<T> {
    Err(Stopped::Skipped(reason.into()))
}

fn environment(error: &dyn Remedy) -> Problem {
    Problem::of(Origin::Environment, error)
}

pub(super) async fn listener(options: &Arc<Options>, target: &Target) -> Tried<Session> {
    let opened = Session::open(options, target.clone()).await;
    let session = opened.map_err(|error| environment(&error))?;
    let mut seen = format!("confcall listens at {}", session.url());
    if let Some((proxy, _)) = session.proxy() {
        seen = format!("{seen}, and as a proxy at {proxy}");
    }
    Ok((session, seen))
}

/// A request to the address that the target is given arrives at confcall's listener.
pub(super) async fn address(
    options: &Options,
    target: &Target,
    session: Option<&Session>,
) -> Tried<()> {
    let session = needed(session, "listener")?;
    let public = session.public_url();
    let request = echo_below(session, public);
    let sent = options
        .client
        .send_raw(request, options.judge.deadline, MAX_BODY);
    let Err(instead) = leads_here(session, sent.await) else {
        return Ok(((), format!("{public} leads to confcall's listener")));
    };
    let cause = format!("{public} does not lead to confcall's listener: {instead}");
    let (address, listen) = match target.role() {
        Party::Bot => ("public-url", "listen"),
        Party::Service => ("callback-url", "callback-listen"),
    };
    let own = session.url();
    let remedy = match target.public() {
        Some(_) => format!(
            "lead it to {own}: start the tunnel or the reverse proxy behind `--{address}`, and fix confcall's port with \
             `--{listen}`"
        ),
        None => {
            format!("something on this machine keeps connections from {own}: look at its firewall")
        }
    };
    Err(Problem::new(Origin::Environment, cause, remedy).into())
}

fn echo_below(session: &Session, address: &str) -> OutgoingRequest {
    let url = format!("{}{}", address.trim_end_matches('/'), session.echo().path);
    OutgoingRequest::new("GET", url)
}

/// Confirms that the answer to a request for the echo is that of the session. `Err` says what came instead.
fn leads_here(session: &Session, answer: Result<Answer, SendError>) -> Result<(), String> {
    match answer {
        Ok(answer) if answer.body == session.echo().answer => Ok(()),
        Ok(answer) => Err(format!("another program responds with {}", answer.status)),
        Err(error) => Err(error.to_string()),
    }
}

/// The program of the target starts and is ready. It keeps running.
pub(super) async fn program(
    options: &Options,
    target: &Target,
    session: Option<&Session>,
    interrupt: &CancellationToken,
) -> Tried<Running> {
    let Some(program) = &options.program else {
        return skipped("confcall does not start the target: there is no `[target.command]`");
    };
    let session = needed(session, "listener")?;
    let addresses = Addresses {
        own: session.public_url(),
        proxy: session.proxy(),
    };
    let launch = program.launch(target.role(), target.url(), addresses);
    let launch = launch.map_err(|error| Problem::of(Origin::Configuration, &error))?;
    let begun = Instant::now();
    let running = launch.start(interrupt).await;
    let running = running.map_err(|error| environment(&error))?;
    let name = launch.program.words.join(" ");
    let took = begun.elapsed().as_millis();
    Ok((running, format!("`{name}` is ready after {took} ms")))
}

/// The addresses of the target resolve and take connections, with a certificate that is trusted. Returns the answer to
/// a request, which the target outlives.
pub(super) async fn target(
    options: &Options,
    target: &Target,
    running: Option<&Running>,
) -> Tried<Result<Response, SendError>> {
    if options.program.is_some() {
        needed(running, "program")?;
    }
    let addresses = target.addresses();
    for url in &addresses {
        let reached = reach(target.role().as_str(), url, &options.client).await;
        reached.map_err(|error| environment(&error))?;
    }
    let request = without_effect(options, target);
    let asked = format!("`{} {}`", request.method, target.url().path());
    let answer = options.client.send(request, options.judge.deadline).await;
    if let Some(running) = running
        && let Some(cause) = ended_by(&asked, running, answer.is_err()).await
    {
        let remedy = "let the target survive any request, also one without a body: catch the error, and respond with 400";
        return Err(Problem::new(Origin::Target, cause, remedy).into());
    }
    if is_dubious(&answer)
        && let Some(spoken) = options.client.speaks_tls(target.url()).await
    {
        let remedy = "use `https://` in its address";
        return Err(Problem::new(Origin::Configuration, spoken, remedy).into());
    }
    let names: Vec<_> = addresses.iter().map(Url::as_str).collect();
    let is_secure = addresses.iter().any(|url| url.scheme() == "https");
    let trusted = if is_secure {
        ", with a certificate that is trusted"
    } else {
        ""
    };
    let verb = if addresses.len() == 1 {
        "takes"
    } else {
        "take"
    };
    Ok((
        answer,
        format!("{} {verb} connections{trusted}", names.join(" and ")),
    ))
}

/// True for an answer that a server may give to a request without the TLS that it expects.
fn is_dubious(answer: &Result<Response, SendError>) -> bool {
    matches!(
        answer,
        Err(SendError::Broken(_)) | Ok(Response { status: 400, .. })
    )
}

/// The way in which a program ended after a request. Its end is seen only after the exchange that it broke.
async fn ended_by(request: &str, running: &Running, is_broken: bool) -> Option<String> {
    if is_broken {
        // Where it goes on, this is the time that is waited in vain.
        let _ = timeout(GRACE, running.ending()).await;
    }
    if !running.has_ended() {
        return None;
    }
    let ended = running.ended_after(&format!("after {request}")).await;
    Some(format!("{ended}{}", running.last_output()))
}

/// A request for the first intercepted host goes through confcall's proxy to its listener.
pub(super) async fn proxy(
    options: &Options,
    target: &Target,
    session: Option<&Session>,
) -> Tried<()> {
    let Some(proxy) = target.proxy() else {
        return skipped("confcall is no proxy: there is no `--intercept`");
    };
    let session = needed(session, "listener")?;
    let Some((at, certificate)) = session.proxy() else {
        return skipped("confcall is no proxy");
    };
    let at = Url::parse(at).map_err(|error| Problem::new(Origin::Environment, error, ""))?;
    let request = echo_below(session, proxy.service.as_str());
    let sent = options
        .client
        .send_through(&at, request, options.judge.deadline);
    let host = proxy.service.host_str().unwrap_or_default();
    let Err(instead) = leads_here(session, sent.await) else {
        let trusted = certificate.shown();
        let seen =
            format!("{host} leads to confcall through {at}, for clients that trust {trusted}");
        return Ok(((), seen));
    };
    let cause = format!("{host} does not lead to confcall through {at}: {instead}");
    let remedy = "`confcall ca` shows the local authority; remove its folder to have it made anew";
    Err(Problem::new(Origin::Environment, cause, remedy).into())
}

/// The address of confcall to which the target sends.
pub(super) fn address_for(target: &Target, session: &Session) -> String {
    match target.proxy() {
        Some(proxy) => proxy.service.to_string(),
        None => session.public_url().to_owned(),
    }
}

/// No variable of the environment takes the requests of the target past `address`, confcall's own. `has_come` is true if one has come.
pub(super) fn proxy_variables(
    options: &Options,
    target: &Target,
    address: Option<String>,
    has_come: bool,
) -> Tried<()> {
    let address = needed(address, "listener")?;
    let is_proxy = target.proxy().is_some();
    let bypass = Url::parse(&address).ok().and_then(|url| {
        bypass(&reception::Addresses {
            own: address.clone(),
            proxy: is_proxy.then(|| address.clone()),
            service: url,
            environment: options.environment(),
        })
    });
    let Some(cause) = bypass else {
        return Ok((
            (),
            format!("no variable takes requests for {address} elsewhere"),
        ));
    };
    if has_come {
        return Ok(((), format!("{cause}; the bot's request came nevertheless")));
    }
    if options.program.is_none() {
        let unknown = "the environment of a target that runs already is not known; in this one";
        return skipped(format!("{unknown}, {cause}"));
    }
    let remedy = "set `NO_PROXY` in `[target.command.environment]`: to the host of confcall, or with `intercept` to \"\"";
    Err(Problem::new(Origin::Environment, cause, remedy).into())
}

/// A request without an effect: for a call that no service has, or, to a bot, a GET of its callback.
fn without_effect(options: &Options, target: &Target) -> OutgoingRequest {
    let mut request = OutgoingRequest::new("GET", target.url().as_str());
    if let Target::Service { url, .. } = target {
        let api = options.scenarios.first().and_then(|it| it.id.api());
        let path = format!("/communications/calls/{}", Uuid::new_v4());
        request.url = address_of(url, api, &path);
        let token = format!("Bearer {}", options.judge.token);
        request.headers.push("Authorization", token);
    }
    request
}

/// A service takes the token of the run. A bot gets tokens and keys from confcall.
pub(super) async fn token(
    options: &Options,
    target: &Target,
    session: Option<&Session>,
    answer: Option<&Result<Response, SendError>>,
) -> Tried<()> {
    let of_target = |cause: String, remedy: &str| Problem::new(Origin::Target, cause, remedy);
    if let Target::Bot { identity, .. } = target {
        let session = needed(session, "listener")?;
        if identity.is_none() {
            return skipped("there is no folder for the key that signs tokens: give `--ca-dir`");
        }
        return match platform(options, session).await {
            Ok(login) => Ok(((), format!("{login} gives tokens and keys"))),
            Err(cause) => {
                let remedy = "a public URL must lead every path below `/login` to confcall";
                Err(Problem::new(Origin::Environment, cause, remedy).into())
            }
        };
    }
    match needed(answer, "target")? {
        Ok(response) if matches!(response.status, 401 | 403) => {
            let (status, why) = (response.status, reason(response));
            let cause =
                format!("the service responds with {status} to a request with the token: {why}");
            Err(of_target(
                cause,
                "give a token that it accepts: `--token`, or CONFCALL_TOKEN",
            )
            .into())
        }
        Ok(response) => {
            let status = response.status;
            Ok((
                (),
                format!(
                    "the service responds with {status} to a request with the token, for a call that does not exist"
                ),
            ))
        }
        Err(error) => {
            let cause =
                format!("the service does not respond to a request with the token: {error}");
            Err(of_target(cause, "look at the output of the service").into())
        }
    }
}

/// Gets the discovery document of the platform around the API, and by its addresses keys and a token. Returns the address
/// of the platform. `Err` is the cause.
async fn platform(options: &Options, session: &Session) -> Result<String, String> {
    let login = format!("{}/{LOGIN}", session.public_url().trim_end_matches('/'));
    let configuration = format!("{login}/common/v2.0/.well-known/openid-configuration");
    let configuration = OutgoingRequest::new("GET", configuration);
    let configuration = json_of(options, configuration, "token_endpoint").await?;
    let address = |name: &str| configuration[name].as_str().unwrap_or_default();
    json_of(
        options,
        OutgoingRequest::new("GET", address("jwks_uri")),
        "keys",
    )
    .await?;
    let mut grant = OutgoingRequest::new("POST", address("token_endpoint"));
    grant
        .headers
        .push("Content-Type", "application/x-www-form-urlencoded");
    grant.body = Some(Bytes::from_static(GRANT.as_bytes()));
    json_of(options, grant, "access_token").await?;
    Ok(login)
}

/// A grant of client credentials, as SDKs send it.
const GRANT: &str = "grant_type=client_credentials&client_id=confcall&client_secret=confcall\
    &scope=https%3A%2F%2Fgraph.microsoft.com%2F.default";

/// confcall's own answer to a request, an object with this property. `Err` is the cause.
async fn json_of(
    options: &Options,
    mut request: OutgoingRequest,
    property: &str,
) -> Result<Value, String> {
    request.headers.push(reception::OWN, "");
    let name = format!("{} {}", request.method, request.url);
    let answer = options.client.send(request, OWN_ANSWER).await;
    let answer = answer.map_err(|error| format!("{name}: {error}"))?;
    match answer.body.json() {
        Some(body) if answer.status == 200 && body.get(property).is_some() => Ok(body.clone()),
        _ => Err(format!(
            "the response to {name} is {}, without `{property}`",
            answer.status
        )),
    }
}

/// The clock of the target, by the `Date` of its answer, differs by a minute at most from the one of this machine.
pub(super) fn clock(answer: Option<&Result<Response, SendError>>) -> Tried<()> {
    let response = match needed(answer, "target")? {
        Ok(response) => response,
        Err(error) => return skipped(format!("the target does not respond: {error}")),
    };
    let Some(date) = response.headers.get("date") else {
        return skipped("the responses of the target have no `Date`");
    };
    let Ok(theirs) = rfc2822::parse(date) else {
        return skipped(format!("the `Date` of the target is no date: `{date}`"));
    };
    let ahead = theirs.timestamp().duration_since(Timestamp::now());
    let seconds = ahead.as_secs().abs();
    if ahead.abs() <= MOST_DIFFERENCE {
        return Ok(((), format!("the target's differs by {seconds} s")));
    }
    let side = if ahead.is_negative() {
        "behind"
    } else {
        "ahead"
    };
    let cause = format!("the target's clock is {seconds} s {side}: its `Date` is {date}");
    let remedy = "set the clock that is wrong: tokens and certificates are valid for a time only";
    Err(Problem::new(Origin::Target, cause, remedy).into())
}
