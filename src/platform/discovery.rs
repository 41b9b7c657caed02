//! The published descriptions of the endpoints: instance discovery, `OpenID` configurations.

use std::collections::HashMap;

use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::grant::Version;
use super::token::{ISSUER, tenant_id};

/// Aliases of many tenants. A token names its own tenant.
const SEVERAL: [&str; 2] = ["common", "organizations"];

/// The issuer of the tokens of a tenant, as these tokens and its `OpenID` configuration name it. `base`
/// is the address of its endpoints.
pub(super) fn issuer(base: &str, tenant: &str, version: Version) -> String {
    let tenant = tenant_id(tenant);
    match version {
        Version::V1 => format!("{base}/{tenant}/"),
        Version::V2 => format!("{base}/{tenant}/v2.0"),
    }
}

/// The configuration of a tenant (`OpenID` Connect Discovery 1.0 section 3).
pub(super) fn tenant(base: &str, tenant: &str, version: Version) -> Value {
    let own = issuer(base, tenant, version);
    let issuer = if SEVERAL.contains(&tenant) {
        own.replace(&tenant_id(tenant), "{tenantid}")
    } else {
        own
    };
    let (oauth2, discovery) = match version {
        Version::V1 => ("oauth2", "discovery"),
        Version::V2 => ("oauth2/v2.0", "discovery/v2.0"),
    };
    configuration(
        &issuer,
        &format!("{base}/{tenant}/{oauth2}"),
        &format!("{base}/{tenant}/{discovery}/keys"),
    )
}

/// The configuration of the service that signs notifications.
pub(super) fn notifications(base: &str) -> Value {
    configuration(
        ISSUER,
        &format!("{base}/common/oauth2/v2.0"),
        &format!("{base}/v1/.well-known/keys"),
    )
}

fn configuration(issuer: &str, oauth2: &str, keys: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{oauth2}/authorize"),
        "token_endpoint": format!("{oauth2}/token"),
        "jwks_uri": keys,
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["none"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

/// The hosts of one instance, and the address of the configuration of a tenant; none where the query
/// names no tenant.
pub(super) fn instance(base: &str, query: &str) -> Option<Value> {
    let query: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
    let endpoint = Url::parse(query.get("authorization_endpoint")?).ok()?;
    let host = super::authority_of(base);
    let mut segments = endpoint.path_segments()?;
    let tenant = segments.find(|it| !it.is_empty() && *it != super::LOGIN)?;
    let version = if segments.any(|it| it == "v2.0") {
        "/v2.0"
    } else {
        ""
    };
    Some(json!({
        "tenant_discovery_endpoint":
            format!("{base}/{tenant}{version}/.well-known/openid-configuration"),
        "api-version": query.get("api-version").map_or("1.1", |it| &**it),
        "metadata": [{
            "preferred_network": host,
            "preferred_cache": host,
            "aliases": [host],
        }],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_the_host_of_the_request() {
        let base = "https://login.example:8443";
        let found = tenant(base, "a.example", Version::V2);
        let id = tenant_id("a.example");
        assert_eq!(found["issuer"], format!("{base}/{id}/v2.0"));
        assert_eq!(
            found["jwks_uri"],
            format!("{base}/a.example/discovery/v2.0/keys")
        );
        assert_eq!(
            found["token_endpoint"],
            format!("{base}/a.example/oauth2/v2.0/token")
        );
        let found = tenant(base, "common", Version::V1);
        assert_eq!(found["issuer"], format!("{base}/{{tenantid}}/"));
        assert_eq!(
            found["token_endpoint"],
            format!("{base}/common/oauth2/token")
        );
        let query = "api-version=1.1&authorization_endpoint=\
                     https%3A%2F%2Flogin.example%2Fa.example%2Foauth2%2Fv2.0%2Fauthorize";
        let found = instance(base, query).unwrap();
        assert_eq!(
            found["tenant_discovery_endpoint"],
            format!("{base}/a.example/v2.0/.well-known/openid-configuration")
        );
        assert_eq!(
            found["metadata"][0]["aliases"],
            json!(["login.example:8443"])
        );
        assert_eq!(instance(base, "api-version=1.1"), None);
        assert_eq!(instance(base, "authorization_endpoint=x"), None);
    }
}
