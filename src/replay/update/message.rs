//! A live message, and the recorded message that it replaces.

use bytes::Bytes;

use super::part::Part;
use crate::cassette::format::Wire;
use crate::cassette::raw::{RawBody, RawExchange, RawRequest};
use crate::http::message::{Headers, Response};
use crate::redact::{UnredactedBody, UnredactedField, UnredactedMessage};
use crate::replay::matching::comparison::sha256_of;
use crate::replay::matching::target::Own;
use crate::replay::translation::Translation;

/// A message of the live party.
#[derive(Debug, Clone, Default)]
pub(crate) struct LiveMessage {
    pub method: String,
    /// The path with its query.
    pub target: String,
    pub status: u16,
    pub headers: Headers,
    /// Without its content coding.
    pub body: Bytes,
    /// The coding that was taken away.
    pub coding: Option<String>,
    pub trailers: Headers,
    pub reason: Option<String>,
    /// The addresses of the service in it.
    pub own: Own,
}

/// The length of a recorded body that was not kept.
pub(super) fn omitted_length(recorded: &RawExchange<'_>, part: Part) -> Option<u64> {
    let body = match part {
        Part::Request => Some(&recorded.request.body),
        Part::Response => recorded.response.as_ref().map(|it| &it.body),
    };
    match body {
        Some(RawBody::Omitted { length, .. }) => Some(*length),
        _ => None,
    }
}

impl LiveMessage {
    /// An acknowledgement.
    pub(in crate::replay) fn of(response: &Response) -> Self {
        let body = response.body.clone().into_bytes();
        Self {
            status: response.status,
            headers: response.headers.clone(),
            body: body.unwrap_or_default().into(),
            coding: response.headers.get("content-encoding").map(str::to_owned),
            ..Self::default()
        }
    }

    /// Takes over how the recorded request names its host: the one of the replay is confcall's own.
    pub(super) fn keep_host(&mut self, recorded: &RawRequest<'_>) {
        let Some(host) = recorded.headers.get("host") else {
            self.headers
                .retain(|name| !name.eq_ignore_ascii_case("host"));
            return;
        };
        for (name, value) in self.headers.iter_mut() {
            if name.eq_ignore_ascii_case("host") {
                host.clone_into(value);
            }
        }
    }

    /// The message with recorded values. A body as long as one that was `omitted` is not kept either.
    pub(super) fn translated<'a>(
        &'a self,
        translation: &Translation<'_>,
        omitted: Option<u64>,
    ) -> UnredactedMessage<'a> {
        let headers = self.headers.texts().map(|(name, value, octets)| {
            let translated = translation.field(name, value);
            UnredactedField {
                name,
                value: translated.map_or(value.into(), Into::into),
                octets,
            }
        });
        let content_type = self.headers.get("content-type").unwrap_or_default();
        let bytes = translation.bytes((&*self.body).into(), content_type);
        let length = self.body.len() as u64;
        let body = match omitted {
            Some(omitted) if self.coding.is_none() && length >= omitted => {
                UnredactedBody::Omitted {
                    length,
                    sha256: sha256_of(&self.body),
                }
            }
            _ => UnredactedBody::Bytes(bytes),
        };
        let is_chunked = self.headers.get("transfer-encoding").is_some();
        UnredactedMessage {
            headers: headers.collect(),
            body,
            wire: Wire {
                is_chunked,
                coding: self.coding.clone(),
                trailers: self.trailers.clone(),
                reason: self.reason.clone(),
                ..Wire::default()
            },
        }
    }
}
