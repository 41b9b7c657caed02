//! Fault injection into the traffic that the proxy passes on.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use serde_json::json;
use tokio::time::sleep;

use super::body::{Broken, RequestBody, ResponseBody};
use super::exchange::{Pending, target_of};
use super::{Proxy, around};
use crate::cassette::format::Direction;
use crate::contract::operation;
use crate::http::connect::with_causes;
use crate::inject::traffic::{Acknowledgement, ExtraNotification};
use crate::inject::{Forgery, InjectionKind};

/// How long a slow response is held back.
const SLOW: Duration = Duration::from_secs(1);

/// The fault of this exchange, if it meets one. Only messages that the contract covers meet faults.
pub(super) fn choose(
    proxy: &Proxy,
    pending: &Pending,
    request: &Request<RequestBody>,
) -> Option<InjectionKind> {
    let injection = proxy.recorder.injection.as_ref()?;
    let is_covered = match pending.direction {
        Direction::Request => {
            let head = &pending.head;
            operation::of_request(head.method.as_str(), &target_of(&head.uri)).is_some()
        }
        Direction::Notification => copied(request).is_some(),
    };
    if !is_covered || proxy.passes_by(&target_of(&pending.head.uri)) {
        return None;
    }
    let kind = injection.next(pending.direction)?;
    let applies = kind.forgeries().is_empty() || token(request.headers()).is_some();
    if applies && let Some(observer) = &proxy.recorder.sinks.observer {
        observer.injected(pending.number, kind);
    }
    applies.then_some(kind)
}

/// Answers a request instead of the service. `None` for a kind that lets the request pass.
pub(super) fn answer(
    pending: &Pending,
    kind: InjectionKind,
) -> Option<Result<Response<ResponseBody>, Broken>> {
    let status = match kind {
        InjectionKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
        InjectionKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        InjectionKind::ConnectionReset => {
            let _ = pending.injected.set(kind);
            let ended = pending.end(Some("fault injection reset the connection"));
            return Some(ended.map_err(Broken::from).and(Err(Broken::Injected)));
        }
        _ => return None,
    };
    let reason = status.canonical_reason().unwrap_or_default();
    let body = json!({"error": {"code": reason.replace(' ', ""), "message": "fault injection"}});
    let body = Bytes::from(body.to_string());
    let mut response = Response::new(());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::TOO_MANY_REQUESTS {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    let _ = pending.injected.set(kind);
    Some(around::respond(pending, response, body))
}

/// Reads the service's answer, and lets the connection to the bot break.
pub(super) async fn lose(pending: &Pending, answer: Response<Incoming>) -> Broken {
    let (head, body) = answer.into_parts();
    pending.answered(head, Instant::now());
    if let Ok(body) = body.collect().await {
        pending.response_body.data(&body.to_bytes());
    }
    let _ = pending.injected.set(InjectionKind::LostResponse);
    match pending.end(Some("fault injection lost the response")) {
        Ok(()) => Broken::Injected,
        Err(error) => error.into(),
    }
}

/// What happens between an answer and its way back. `again` is the same request once more.
pub(super) async fn after_answer(
    proxy: &Proxy,
    pending: &Pending,
    kind: Option<InjectionKind>,
    again: Option<Request<RequestBody>>,
) {
    match (kind, again) {
        (Some(InjectionKind::SlowResponse), _) => sleep(SLOW).await,
        (Some(InjectionKind::DuplicateNotification), Some(again)) => {
            send(proxy, pending, ExtraNotification::Duplicate, again).await;
        }
        _ => {}
    }
}

/// The notifications that the bot must refuse, before a genuine one.
pub(super) fn forge(
    kind: InjectionKind,
    genuine: &Request<RequestBody>,
) -> Vec<(ExtraNotification, Request<RequestBody>)> {
    let forge = |forgery: &Forgery| {
        let (mut request, token) = (copied(genuine)?, token(genuine.headers())?);
        match forged(token, *forgery) {
            Some(value) => request.headers_mut().insert(AUTHORIZATION, value),
            None => request.headers_mut().remove(AUTHORIZATION),
        };
        Some((ExtraNotification::Forged(*forgery), request))
    };
    kind.forgeries().iter().filter_map(forge).collect()
}

/// Sends a notification to the bot that is none of the service's, and shows the observer the answer.
pub(super) async fn send(
    proxy: &Proxy,
    pending: &Pending,
    extra: ExtraNotification,
    request: Request<RequestBody>,
) {
    let answer = proxy.recorder.client.request(request).await;
    let answer = match answer {
        Ok(answer) => Acknowledgement::Status(answer.status().as_u16()),
        // The bot's tests have ended it.
        Err(error) if proxy.bot_has_gone(error.is_connect()).await => return,
        Err(error) => Acknowledgement::Missing(with_causes(&error)),
    };
    if let Some(observer) = &proxy.recorder.sinks.observer {
        observer.notified_besides(pending.number, extra, answer);
    }
}

/// The same request once more. `None` if its body passes through unread.
pub(super) fn copied(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let RequestBody::Whole { bytes, trailers } = request.body() else {
        return None;
    };
    let mut copy = Request::new(RequestBody::Whole {
        bytes: bytes.clone(),
        trailers: trailers.clone(),
    });
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

/// The JSON Web Token of a notification, if it has one.
fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let is_signed = token.split('.').count() == 3 && !token.ends_with('.');
    (scheme.eq_ignore_ascii_case("bearer") && is_signed).then_some(token)
}

/// The value of `Authorization` with a forged token. `None` for no such field.
fn forged(token: &str, forgery: Forgery) -> Option<HeaderValue> {
    let mut parts = token.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let token = match forgery {
        Forgery::Unsigned => {
            let header = json!({"typ": "JWT", "alg": "none"}).to_string();
            format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(header))
        }
        Forgery::ForeignKey => {
            // What the key has not signed looks like the signature of another one.
            let signature = signature.chars().rev().collect::<String>();
            format!("{header}.{claims}.{signature}")
        }
        Forgery::NoToken | Forgery::Expired | Forgery::OtherAudience => return None,
    };
    HeaderValue::from_str(&format!("Bearer {token}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_token_keeps_the_claims() {
        let text = |forgery| {
            let value = forged("aGVhZA.Y2xhaW1z.c2lnbmF0dXJl", forgery)?;
            value.to_str().ok().map(ToOwned::to_owned)
        };
        assert_eq!(text(Forgery::NoToken), None);
        let unsigned = text(Forgery::Unsigned).unwrap();
        assert!(unsigned.ends_with(".Y2xhaW1z."), "{unsigned}");
        let foreign = text(Forgery::ForeignKey).unwrap();
        assert!(
            foreign.starts_with("Bearer aGVhZA.Y2xhaW1z.lJ"),
            "{foreign}"
        );
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer opaque"));
        assert_eq!(token(&headers), None);
    }
}
