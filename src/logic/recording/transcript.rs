//! The exchanges of a recording as judges take them, each turned into messages once.

use std::sync::{Arc, OnceLock};

use super::{request, response};
use crate::logic::judge::notice::{self, Notice, Signs};
use crate::model::cassette::{Content, Exchange};
use crate::model::message::{Request, Response};
use crate::model::resource;

/// Exchanges with their messages, which all judges of all scenarios share.
pub(super) struct Transcript<'a> {
    exchanges: &'a [Exchange],
    heard: Vec<Heard>,
}

/// What has been made of an exchange so far.
#[derive(Default)]
struct Heard {
    messages: OnceLock<(Arc<Request>, Option<Arc<Response>>)>,
    shape: OnceLock<String>,
    signs: OnceLock<Vec<Signs>>,
}

impl<'a> Transcript<'a> {
    pub fn new(exchanges: &'a [Exchange]) -> Self {
        let heard = exchanges.iter().map(|_| Heard::default()).collect();
        Self { exchanges, heard }
    }

    pub fn exchanges(&self) -> &'a [Exchange] {
        self.exchanges
    }

    pub fn request(&self, index: usize) -> Arc<Request> {
        Arc::clone(&self.messages(index).0)
    }

    /// None where the exchange broke.
    pub fn response(&self, index: usize) -> Option<Arc<Response>> {
        self.messages(index).1.clone()
    }

    fn messages(&self, index: usize) -> &(Arc<Request>, Option<Arc<Response>>) {
        self.heard[index].messages.get_or_init(|| {
            let exchange = &self.exchanges[index];
            (
                Arc::new(request(exchange)),
                response(exchange).map(Arc::new),
            )
        })
    }

    /// The operation that the request asks for.
    pub fn shape(&self, index: usize) -> &str {
        let target = &self.exchanges[index].request.target;
        let shape = &self.heard[index].shape;
        shape.get_or_init(|| resource::shape_of(target))
    }

    /// What the change notifications of an exchange are about.
    pub fn signs(&self, index: usize) -> &[Signs] {
        self.heard[index].signs.get_or_init(|| {
            let Content::Json(body) = &self.exchanges[index].request.body else {
                return Vec::new();
            };
            let entries = notice::entries(body).into_iter().flatten();
            entries.map(|entry| Notice::read(entry).signs()).collect()
        })
    }
}
