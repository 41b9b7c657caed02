//! The token endpoint: client credentials (RFC 6749 section 4.4), for any client of any tenant.
//!
//! The parameters of a request are checked as the platform does. No client is registered: every secret is accepted, and
//! so is every assertion that names its client.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use strum::IntoStaticStr;
use url::form_urlencoded;

use super::json_response;
use super::token::{LIFETIME, Signer, now, tenant_id};
use crate::http::message::{Body, Request, Response};

/// The one kind of assertion (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The suffix of the scope of client credentials, after the resource.
const DEFAULT: &str = "/.default";

/// Scopes of `OpenID` Connect, which say nothing about a resource.
const OPENID: [&str; 4] = ["openid", "profile", "email", "offline_access"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// `oauth2/token`, which takes a `resource`.
    V1,
    /// `oauth2/v2.0/token`, which takes a `scope`.
    V2,
}

#[derive(Debug, PartialEq, Eq)]
struct Grant {
    client: String,
    audience: String,
    proof: Proof,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Secret,
    Assertion,
}

/// The codes of RFC 6749 section 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum ErrorCode {
    InvalidRequest,
    InvalidClient,
    UnsupportedGrantType,
    InvalidScope,
}

/// An error of RFC 6749 section 5.2.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    error: ErrorCode,
    description: String,
    /// True if the client authenticated in `Authorization`: the answer then has `WWW-Authenticate`.
    by_header: bool,
}

/// Answers a request for a token. `issuer` is a URL.
pub(super) fn answer(
    request: &Request,
    signer: &Signer,
    version: Version,
    tenant: &str,
    issuer: &str,
) -> Response {
    match grant(request, version) {
        Ok(grant) => {
            let since = now();
            let token = signer.sign(&claims(&grant, version, tenant, issuer, since));
            let mut response = json_response(200, body(&grant, version, since, &token));
            forbid_caching(&mut response);
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn claims(grant: &Grant, version: Version, tenant: &str, issuer: &str, since: u64) -> Value {
    let proof = match grant.proof {
        Proof::Secret => "1",
        Proof::Assertion => "2",
    };
    json!({
        "aud": grant.audience,
        "iss": issuer,
        "iat": since,
        "nbf": since,
        "exp": since + LIFETIME.as_secs(),
        "appid": grant.client,
        "appidacr": proof,
        "azp": grant.client,
        "azpacr": proof,
        "idtyp": "app",
        "tid": tenant_id(tenant),
        "ver": match version {
            Version::V1 => "1.0",
            Version::V2 => "2.0",
        },
    })
}

/// RFC 6749 section 5.1, with the further members of the older endpoint.
fn body(grant: &Grant, version: Version, since: u64, token: &str) -> Value {
    let lifetime = LIFETIME.as_secs();
    let mut body = json!({
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": token,
    });
    if version == Version::V1 {
        body["expires_on"] = json!(since + lifetime);
        body["not_before"] = json!(since);
        body["resource"] = json!(grant.audience);
    }
    body
}

fn grant(request: &Request, version: Version) -> Result<Grant, Refusal> {
    let parameters = parameters(request)?;
    let field = |name: &str| parameters.get(name).map(String::as_str);
    match field("grant_type") {
        None => return Err(invalid_request("`grant_type` is missing")),
        Some("client_credentials") => {}
        Some(other) => {
            let description =
                format!("the grant type `{other}` is not supported; use `client_credentials`");
            return Err(Refusal::new(ErrorCode::UnsupportedGrantType, description));
        }
    }
    let (client, proof) = client(request, &field)?;
    let audience = match version {
        Version::V1 => field("resource")
            .ok_or_else(|| invalid_request("`resource` is missing"))?
            .to_owned(),
        Version::V2 => resource_of(field("scope"))?,
    };
    Ok(Grant {
        client,
        audience,
        proof,
    })
}

/// The parameters of a request. One without a value counts as left out, and none may be repeated (RFC
/// 6749 section 3.2).
fn parameters(request: &Request) -> Result<HashMap<String, String>, Refusal> {
    if request.headers.media_type().as_deref() != Some("application/x-www-form-urlencoded") {
        return Err(invalid_request(
            "the media type of the body must be application/x-www-form-urlencoded",
        ));
    }
    let text = match &request.body {
        Body::Text(text) => text.as_str(),
        Body::Empty => "",
        Body::Json(_) | Body::Bytes(_) | Body::Omitted(_) => {
            return Err(invalid_request("the body is not a form"));
        }
    };
    let mut parameters = HashMap::new();
    for (name, value) in form_urlencoded::parse(text.trim_end().as_bytes()) {
        let (name, value) = (name.into_owned(), value.into_owned());
        if value.is_empty() {
            continue;
        }
        if parameters.contains_key(&name) {
            return Err(invalid_request(&format!("`{name}` is repeated")));
        }
        parameters.insert(name, value);
    }
    Ok(parameters)
}

/// The client, by a secret in the form or in `Authorization` (RFC 6749 section 2.3.1), or by an
/// assertion (RFC 7521 section 4.2); never by two of them.
fn client<'a>(
    request: &Request,
    field: &impl Fn(&str) -> Option<&'a str>,
) -> Result<(String, Proof), Refusal> {
    let named = field("client_id");
    let header = request.headers.get("authorization");
    let (secret, assertion) = (field("client_secret"), field("client_assertion"));
    let (client, proof) = match (header, secret, assertion) {
        (Some(header), None, None) => {
            let client = basic(header).ok_or_else(|| Refusal {
                by_header: true,
                ..invalid_client(
                    "`Authorization` must have a client and a secret in the Basic scheme",
                )
            })?;
            (client, Proof::Secret)
        }
        (None, Some(_), None) => {
            let client = named.ok_or_else(|| invalid_request("`client_id` is missing"))?;
            (client.to_owned(), Proof::Secret)
        }
        (None, None, Some(assertion)) => {
            if field("client_assertion_type") != Some(JWT_BEARER) {
                let description = format!("`client_assertion_type` is `{JWT_BEARER}`");
                return Err(invalid_request(&description));
            }
            let client = subject(assertion).ok_or_else(|| {
                invalid_client("`client_assertion` must be a JSON Web Token with the claim `sub`")
            })?;
            (client, Proof::Assertion)
        }
        (None, None, None) => {
            return Err(invalid_client(
                "the request has neither `client_secret` nor `client_assertion`",
            ));
        }
        _ => {
            return Err(invalid_request(
                "the request has more than one kind of client credentials",
            ));
        }
    };
    if named.is_some_and(|named| named != client) {
        let by_header = header.is_some();
        return Err(Refusal {
            by_header,
            ..invalid_client("`client_id` differs from the client of the credentials")
        });
    }
    Ok((client, proof))
}

/// The client of a `Basic` authorization that has a secret (RFC 7617, RFC 6749 section 2.3.1).
fn basic(header: &str) -> Option<String> {
    let (scheme, credentials) = header.split_once(' ')?;
    let decoded = STANDARD.decode(credentials.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (client, secret) = decoded.split_once(':')?;
    let is_basic = scheme.eq_ignore_ascii_case("basic");
    if !is_basic || client.is_empty() || secret.is_empty() {
        return None;
    }
    // A name without a value: the whole text is decoded.
    let (client, _) = form_urlencoded::parse(client.as_bytes()).next()?;
    Some(client.into_owned())
}

/// The client of an assertion (RFC 7523 section 3): `sub`, which `iss` repeats.
fn subject(assertion: &str) -> Option<String> {
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, _] = parts.as_slice() else {
        return None;
    };
    let read = |part: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    read(header)?.get("alg")?.as_str()?;
    let claims = read(claims)?;
    let subject = claims.get("sub")?.as_str()?;
    (claims.get("iss")?.as_str()? == subject).then(|| subject.to_owned())
}

/// The resource of a scope, `https://graph.example/.default`: one, and all that is consented to.
fn resource_of(scope: Option<&str>) -> Result<String, Refusal> {
    let scope = scope.ok_or_else(|| invalid_request("`scope` is missing"))?;
    let mut scopes = scope
        .split(' ')
        .filter(|it| !it.is_empty() && !OPENID.contains(it));
    let resource = scopes.next().and_then(|it| it.strip_suffix(DEFAULT));
    match (resource, scopes.next()) {
        (Some(resource), None) if !resource.is_empty() => Ok(resource.to_owned()),
        _ => Err(Refusal::new(
            ErrorCode::InvalidScope,
            format!(
                "the scope `{scope}` is not supported; client credentials need one scope that ends in `{DEFAULT}`"
            ),
        )),
    }
}

fn invalid_request(description: &str) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, description.to_owned())
}

fn invalid_client(description: &str) -> Refusal {
    Refusal::new(ErrorCode::InvalidClient, description.to_owned())
}

impl Refusal {
    const fn new(error: ErrorCode, description: String) -> Self {
        Self {
            error,
            description,
            by_header: false,
        }
    }

    fn into_response(self) -> Response {
        let status = match self.error {
            ErrorCode::InvalidClient => 401,
            _ => 400,
        };
        let error: &str = self.error.into();
        let body = json!({"error": error, "error_description": self.description});
        let mut response = json_response(status, body);
        forbid_caching(&mut response);
        if self.by_header {
            let scheme = r#"Basic realm="confcall""#;
            response.headers.push("WWW-Authenticate", scheme);
        }
        response
    }
}

/// Answers with tokens are not cached (RFC 6749 section 5.1).
fn forbid_caching(response: &mut Response) {
    response.headers.push("Cache-Control", "no-store");
    response.headers.push("Pragma", "no-cache");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::Headers;

    fn request(form: &str, header: Option<&str>) -> Request {
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let mut headers = Headers::from_iter([("Content-Type", kind)]);
        if let Some(value) = header {
            headers.push("Authorization", value);
        }
        Request {
            method: "POST".into(),
            target: "/x/oauth2/v2.0/token".into(),
            headers,
            body: Body::from_bytes(form.as_bytes()),
        }
    }

    fn assertion(claims: &Value) -> String {
        let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        format!("{}.{}.c2ln", part(&json!({"alg": "PS256"})), part(claims))
    }

    #[test]
    fn a_client_is_known_by_secret_header_or_assertion() {
        let scope = "scope=https%3A%2F%2Fgraph.example%2F.default+openid";
        let signed = assertion(&json!({"iss": "bot", "sub": "bot"}));
        let header = format!("Basic {}", STANDARD.encode("b%6ft:s%3Ao"));
        for (form, header, proof) in [
            (
                "client_id=bot&client_secret=s".to_owned(),
                None,
                Proof::Secret,
            ),
            (String::new(), Some(header.as_str()), Proof::Secret),
            (
                "client_id=bot&client_secret=".to_owned(),
                Some(header.as_str()),
                Proof::Secret,
            ),
            (
                format!("client_assertion_type={JWT_BEARER}&client_assertion={signed}"),
                None,
                Proof::Assertion,
            ),
        ] {
            let form = format!("grant_type=client_credentials&{scope}&{form}");
            let granted = grant(&request(&form, header), Version::V2);
            let wanted = Grant {
                client: "bot".into(),
                audience: "https://graph.example".into(),
                proof,
            };
            assert_eq!(granted, Ok(wanted), "{form}");
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table, a row a case")]
    fn each_wrong_request_has_its_error() {
        let good = "grant_type=client_credentials&client_id=bot&client_secret=s";
        let other = assertion(&json!({"iss": "bot", "sub": "other"}));
        for (form, header, error) in [
            ("", None, ErrorCode::InvalidRequest),
            ("grant_type=password", None, ErrorCode::UnsupportedGrantType),
            (
                &format!("{good}&scope=a/.default&scope=b/.default"),
                None,
                ErrorCode::InvalidRequest,
            ),
            (good, None, ErrorCode::InvalidRequest),
            (&format!("{good}&scope="), None, ErrorCode::InvalidRequest),
            (
                &format!("{good}&scope=User.Read"),
                None,
                ErrorCode::InvalidScope,
            ),
            (
                &format!("{good}&scope=/.default"),
                None,
                ErrorCode::InvalidScope,
            ),
            (
                &format!("{good}&scope=a/.default+b/.default"),
                None,
                ErrorCode::InvalidScope,
            ),
            (
                &format!("{good}&scope=a/.default"),
                Some("Basic Ym90OnM="),
                ErrorCode::InvalidRequest,
            ),
            (
                "grant_type=client_credentials&client_id=bot",
                None,
                ErrorCode::InvalidClient,
            ),
            (
                "grant_type=client_credentials&client_secret=s",
                None,
                ErrorCode::InvalidRequest,
            ),
            (
                "grant_type=client_credentials",
                Some("Basic Ym90Og=="),
                ErrorCode::InvalidClient,
            ),
            (
                "grant_type=client_credentials",
                Some("Bearer x"),
                ErrorCode::InvalidClient,
            ),
            (
                "grant_type=client_credentials&client_id=no",
                Some("Basic Ym90OnM="),
                ErrorCode::InvalidClient,
            ),
            (
                "grant_type=client_credentials&client_assertion=x",
                None,
                ErrorCode::InvalidRequest,
            ),
            (
                &format!(
                    "grant_type=client_credentials&client_assertion_type={JWT_BEARER}&client_assertion={other}"
                ),
                None,
                ErrorCode::InvalidClient,
            ),
        ] {
            let refused = grant(&request(form, header), Version::V2).unwrap_err();
            assert_eq!(refused.error, error, "{form}: {refused:?}");
            assert_eq!(
                refused.by_header,
                header.is_some() && error == ErrorCode::InvalidClient,
                "{form}"
            );
        }
        let mut json = request(good, None);
        json.headers = Headers::from_iter([("Content-Type", "application/json")]);
        assert_eq!(
            grant(&json, Version::V2).unwrap_err().error,
            ErrorCode::InvalidRequest
        );
        let code: &str = ErrorCode::UnsupportedGrantType.into();
        assert_eq!(code, "unsupported_grant_type");
        // The older endpoint takes the resource itself.
        let older = grant(
            &request(&format!("{good}&resource=https://a/"), None),
            Version::V1,
        );
        assert_eq!(older.unwrap().audience, "https://a/");
        let scoped = grant(
            &request(&format!("{good}&scope=a/.default"), None),
            Version::V1,
        );
        assert_eq!(scoped.unwrap_err().error, ErrorCode::InvalidRequest);
    }
}
