//! The client for the service.

use std::error::Error;

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The service.
pub struct Graph {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    authorization: String,
}

impl Graph {
    /// `base` is the service's URL with the API version as its path; `token` is the bot's token.
    pub fn new(base: String, token: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            base,
            authorization: format!("Bearer {token}"),
        }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or answers with another status than 2xx.
    pub async fn post(&self, path: &str, body: &Value) -> Result<(), Box<dyn Error + Send + Sync>> {
        let request = Request::post(format!("{}{path}", self.base))
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body.to_string()))?;
        let response = self.client.request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        if status.is_success() {
            Ok(())
        } else {
            Err(format!("the service answers {status}").into())
        }
    }
}
