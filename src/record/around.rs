//! Answers of confcall in place of the service. Stubs answer a bot's requests outside of the calling API.

use std::sync::PoisonError;
use std::time::Instant;

use bytes::Bytes;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{Request, Response, StatusCode};

use super::Proxy;
use super::body::{Broken, RequestBody, ResponseBody};
use super::exchange::{Pending, target_of};
use crate::api::resource;
use crate::cassette::format::Direction;
use crate::diagnostic::Diagnostic;
use crate::http::message;
use crate::http::server::refusal;

/// The fields that frame a message.
const OF_FRAMING: [HeaderName; 3] = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];

/// Answers a request from the stubs. `None` for a request that the service gets.
pub(super) fn answer(
    proxy: &Proxy,
    pending: &Pending,
    request: &Request<RequestBody>,
) -> Option<Result<Response<ResponseBody>, Broken>> {
    match stub(proxy, pending, request)? {
        Ok(stub) => {
            let body = Bytes::from(stub.body.into_bytes().unwrap_or_default());
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::from_u16(stub.status).unwrap_or_default();
            for (name, value) in stub.headers.iter() {
                let field = HeaderName::try_from(name)
                    .ok()
                    .zip(HeaderValue::from_str(value).ok());
                if let Some((name, value)) = field.filter(|(name, _)| !OF_FRAMING.contains(name)) {
                    response.headers_mut().append(name, value);
                }
            }
            Some(respond(pending, response, body))
        }
        Err(broken) => {
            let broken = broken.to_string();
            let ended = pending.end(Some(&broken)).map_err(Broken::from);
            Some(ended.map(|()| refusal(StatusCode::INTERNAL_SERVER_ERROR, &broken)))
        }
    }
}

/// Ends an exchange with an answer of confcall.
pub(super) fn respond(
    pending: &Pending,
    response: Response<()>,
    body: Bytes,
) -> Result<Response<ResponseBody>, Broken> {
    let (head, ()) = response.into_parts();
    pending.answered(head.clone(), Instant::now());
    pending.response_body.data(&body);
    pending.end(None)?;
    Ok(Response::from_parts(head, ResponseBody::Whole(Some(body))))
}

fn stub(
    proxy: &Proxy,
    pending: &Pending,
    request: &Request<RequestBody>,
) -> Option<Result<message::Response, Diagnostic>> {
    let stubs = proxy.recorder.stubs.as_ref()?;
    let target = target_of(&pending.head.uri);
    let is_elsewhere = resource::below_prefix(&target).is_none() && !proxy.passes_by(&target);
    let RequestBody::Whole { bytes, .. } = request.body() else {
        return None;
    };
    if pending.direction != Direction::Request || !is_elsewhere {
        return None;
    }
    let mut live = message::Request::new(pending.head.method.as_str(), target.as_ref());
    for (name, value) in &pending.head.headers {
        if let Ok(value) = value.to_str() {
            live.headers.push(name.as_str(), value);
        }
    }
    live.body = message::Body::from_bytes(bytes.as_deref().unwrap_or_default());
    let mut stubs = stubs.lock().unwrap_or_else(PoisonError::into_inner);
    stubs.answer(&live).transpose()
}
