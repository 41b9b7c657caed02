//! What is planted: the kinds of secrets, where they stand, and how they are written there.

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::BuildHasher as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

/// Where a secret stands in a message.
pub(crate) enum Place {
    /// In this header field.
    Field(&'static str),
    /// In this trailer field.
    Trailer(&'static str),
    /// In a body of this type.
    Body(&'static str),
    /// In the target of a request, in the `Location` of an answer.
    Target,
}

use Place::{Body, Field, Target, Trailer};

pub(crate) const JSON: Place = Body("application/json");
pub(crate) const TEXT: Place = Body("text/plain");
pub(crate) const FORM: Place = Body("application/x-www-form-urlencoded");

/// What is written around a secret.
pub(crate) type Written = fn(&str) -> String;

/// The kinds and places of secrets. `§` is the secret.
pub(crate) const PLANTED: &[(&str, Place, &str, Written)] = &[
    ("a bearer token", Field("Authorization"), "Bearer §", plain),
    (
        "a bearer token in lower case",
        Field("authorization"),
        "bearer §",
        plain,
    ),
    ("basic credentials", Field("Authorization"), "Basic ", basic),
    (
        "a token of SPNEGO",
        Field("Authorization"),
        "Negotiate §",
        plain,
    ),
    (
        "a scheme of one's own",
        Field("Authorization"),
        "Own §",
        plain,
    ),
    (
        "a signature of requests",
        Field("Authorization"),
        "AWS4-HMAC-SHA256 Credential=a/b, Signature=§",
        plain,
    ),
    (
        "credentials without a scheme",
        Field("Authorization"),
        "§",
        plain,
    ),
    (
        "credentials for a proxy",
        Field("Proxy-Authorization"),
        "Basic ",
        basic,
    ),
    ("a key of an API", Field("X-Api-Key"), "§", plain),
    (
        "a key of a subscription",
        Field("Ocp-Apim-Subscription-Key"),
        "§",
        plain,
    ),
    ("a key of a function", Field("x-functions-key"), "§", plain),
    ("a token against forgery", Field("X-CSRF-Token"), "§", plain),
    ("a field that nobody knows", Field("X-Whatever"), "§", plain),
    (
        "the address that a page was on",
        Field("Referer"),
        "https://h/?code=§",
        plain,
    ),
    ("a cookie", Field("Cookie"), "a=1; session=§; b=2", plain),
    (
        "a cookie that is set",
        Field("Set-Cookie"),
        "session=§; Path=/; HttpOnly",
        plain,
    ),
    (
        "a token in a kept field",
        Field("User-Agent"),
        "bot/1 (token=§)",
        plain,
    ),
    (
        "user and password in a URL",
        Field("Location"),
        "https://user:§@h/a",
        plain,
    ),
    (
        "a link with a signature",
        Field("Link"),
        "<https://h/a?sig=§>; rel=next",
        plain,
    ),
    ("a JWT in a field", Field("X-Request-Id"), "", jwt),
    (
        "a trailer that nobody knows",
        Trailer("X-Digest"),
        "§",
        plain,
    ),
    (
        "a token in a trailer",
        Trailer("Server"),
        "a token=§",
        plain,
    ),
    ("a signature in a query", Target, "/blob?sv=1&sig=§", plain),
    (
        "a signature of AWS in a query",
        Target,
        "/a?X-Amz-Signature=§",
        plain,
    ),
    (
        "a name in brackets in a query",
        Target,
        "/a?user[password]=§",
        plain,
    ),
    (
        "the name of a list in a query",
        Target,
        "/a?password[]=§",
        plain,
    ),
    ("a session in a path", Target, "/a;jsessionid=§/b", plain),
    ("a key of OData", Target, "/users(password='§')", plain),
    ("`rt` in a query", Target, "/a?rt=§&b=1", plain),
    ("`rc` in a query", Target, "/a?b=1&rc=§", plain),
    (
        "a code in a query",
        Target,
        "/callback?code=§&state=1",
        plain,
    ),
    (
        "an access token in a query",
        Target,
        "/a?access_token=§",
        plain,
    ),
    (
        "a name that is percent-encoded",
        Target,
        "/a?access%5Ftoken=§",
        plain,
    ),
    (
        "a value that is percent-encoded",
        Target,
        "/a?token=",
        percent,
    ),
    (
        "a URL in a query",
        Target,
        "/go?to=https%3A%2F%2Fh%2Fa%3Fsig%3D§",
        plain,
    ),
    ("a JWT in a path", Target, "/a/", jwt),
    ("a key of a maker in a path", Target, "/a/ghp_§/b", plain),
    ("a password", JSON, r#"{"user":{"password":"§"}}"#, plain),
    ("a user's password", JSON, r#"{"userPassword":"§"}"#, plain),
    (
        "a user's password in a form",
        FORM,
        "user_password=§&user-password=§&user_password_confirmation=§",
        plain,
    ),
    (
        "a user's password in XML",
        Body("application/xml"),
        "<u><userPassword>§</userPassword></u>",
        plain,
    ),
    (
        "a user's password in LDIF",
        TEXT,
        "dn: cn=bot\nuserPassword: §\n",
        plain,
    ),
    (
        "a header field as Go prints it",
        TEXT,
        "map[Accept:[*/*] Authorization:[Bearer §]]",
        plain,
    ),
    (
        "header fields as Java prints them",
        TEXT,
        "{Authorization=[Token §], X-Api-Key=[§], Accept=[*/*]}",
        plain,
    ),
    (
        "lines between a word and itself",
        TEXT,
        "password = <<EOT\n§\nEOT\n",
        plain,
    ),
    (
        "the default of a variable in YAML",
        Body("application/yaml"),
        "db:\n  password: ${DB_PASSWORD:§}\n",
        plain,
    ),
    (
        "the default of a variable of a shell",
        TEXT,
        "export PASSWORD=\"${PASSWORD:-§}\"",
        plain,
    ),
    (
        "the default of a variable of a program",
        TEXT,
        "const t = process.env.TOKEN || \"§\";",
        plain,
    ),
    (
        "the default of a variable in brackets",
        TEXT,
        "ENV['TOKEN'] || '§'",
        plain,
    ),
    (
        "a list of passwords",
        JSON,
        r#"{"passwords":1,"password":["a","§"]}"#,
        plain,
    ),
    ("a client's secret", JSON, r#"{"client_secret":"§"}"#, plain),
    ("a key of an API in JSON", JSON, r#"{"apiKey":"§"}"#, plain),
    (
        "an access token",
        JSON,
        r#"{"token_type":"Bearer","expires_in":1,"access_token":"§"}"#,
        plain,
    ),
    (
        "a refresh token",
        JSON,
        r#"{"refresh_token":"§","scope":"a"}"#,
        plain,
    ),
    ("an id token", JSON, r#"{"idToken":"§"}"#, plain),
    (
        "a signed URL in JSON",
        JSON,
        r#"{"uri":"https://h/a?sv=1&sig=§&se=2"}"#,
        plain,
    ),
    (
        "`rt` in a URL in JSON",
        JSON,
        r#"{"a":[{"uri":"https://h/a?rt=§"}]}"#,
        plain,
    ),
    (
        "a code in a URL in JSON",
        JSON,
        r#"{"uri":"https://h/a?code=§"}"#,
        plain,
    ),
    ("a JWT under a harmless name", JSON, "", jwt_property),
    (
        "a bearer token in a text",
        JSON,
        r#"{"message":"sent Authorization: Bearer § to h"}"#,
        plain,
    ),
    ("JSON in a string", JSON, "", nested),
    ("JSON in base64", JSON, "", wrapped),
    ("JSON in base64 for URLs", JSON, "", wrapped_for_urls),
    (
        "a storage account",
        JSON,
        r#"{"c":"AccountName=a;AccountKey=§;EndpointSuffix=b"}"#,
        plain,
    ),
    (
        "a queue",
        JSON,
        r#"{"c":"Endpoint=sb://h/;SharedAccessKeyName=a;SharedAccessKey=§"}"#,
        plain,
    ),
    (
        "a database",
        JSON,
        r#"{"c":"Server=a;User Id=b;Password=§;"}"#,
        plain,
    ),
    (
        "a database by its URL",
        JSON,
        r#"{"c":"postgres://user:§@h:5432/a"}"#,
        plain,
    ),
    (
        "a database by its driver",
        JSON,
        r#"{"c":"Driver={a};Uid=b;Pwd={§};"}"#,
        plain,
    ),
    (
        "a URL without a scheme",
        JSON,
        r#"{"c":"//user:§@h/a"}"#,
        plain,
    ),
    (
        "a telephone with a password",
        JSON,
        r#"{"c":"sip:bot:§@h:5060"}"#,
        plain,
    ),
    (
        "a value beside its name",
        JSON,
        r#"{"headers":[{"name":"Authorization","value":"Own §"}]}"#,
        plain,
    ),
    (
        "beside its name, before it",
        JSON,
        r#"{"value":"§","a":1,"name":"Authorization"}"#,
        plain,
    ),
    (
        "a JWT whose head has a blank",
        JSON,
        "",
        spaced_jwt_property,
    ),
    (
        "a password in quotes",
        JSON,
        r#"{"message":"mount with password=\"§\" failed"}"#,
        plain,
    ),
    (
        "a private key",
        JSON,
        r#"{"a":"-----BEGIN PRIVATE KEY-----\n§\n-----END PRIVATE KEY-----\n"}"#,
        plain,
    ),
    (
        "a private key in a text",
        TEXT,
        "-----BEGIN EC PRIVATE KEY-----\r\n§\r\n-----END EC PRIVATE KEY-----",
        plain,
    ),
    (
        "a name of a property",
        JSON,
        r#"{"https://h/?sig=§":1}"#,
        plain,
    ),
    ("JSON that is broken", JSON, r#"{"password": "§", "#, plain),
    ("JSON of another type", TEXT, r#"{"password":"§"}"#, plain),
    (
        "a grant by password",
        FORM,
        "grant_type=password&username=a&password=§",
        plain,
    ),
    (
        "a grant by code",
        FORM,
        "grant_type=authorization_code&code=§",
        plain,
    ),
    (
        "a client's assertion",
        FORM,
        "client_assertion=§&a=b",
        plain,
    ),
    (
        "a form that is percent-encoded",
        FORM,
        "a=b&client_secret=",
        percent,
    ),
    (
        "a form with brackets",
        FORM,
        "user[name]=a&user[password]=§",
        plain,
    ),
    (
        "a part of a form, spelt otherwise",
        Body("multipart/form-data; boundary=a"),
        "--a\r\nContent-Disposition: Form-Data ; filename=\"a;name=x\"; name=token\r\n\r\n§\r\n--a--\r\n",
        plain,
    ),
    (
        "a part of a form",
        Body("multipart/form-data; boundary=a"),
        "--a\r\nContent-Disposition: form-data; name=\"client_secret\"\r\nContent-Type: text/plain\r\n\r\n§\r\n--a--\r\n",
        plain,
    ),
    (
        "an element",
        Body("application/xml"),
        "<a><s:Password Type=\"b\">§</s:Password></a>",
        plain,
    ),
    (
        "an attribute",
        Body("application/xml"),
        "<a password=\"§\"/>",
        plain,
    ),
    (
        "a section of an element",
        Body("application/xml"),
        "<token><![CDATA[<password>§</password>]]></token>",
        plain,
    ),
    (
        "a field for a password, whatever it is called",
        Body("text/html"),
        "<form><input type='Password' name=a value='§'></form>",
        plain,
    ),
    (
        "a hidden field of a form",
        Body("text/html"),
        "<form><input value='§' type=hidden name='code'></form>",
        plain,
    ),
    (
        "a settings file with blanks",
        TEXT,
        "b = c\napi_key = §",
        plain,
    ),
    ("a line of a log", TEXT, "12:00 password: §", plain),
    ("a settings file", TEXT, "API_KEY=§\nb=c", plain),
    (
        "bytes that are no text",
        Body("application/octet-stream"),
        "\u{0}\u{1} token=§ ",
        bytes,
    ),
    (
        "events",
        Body("text/event-stream"),
        "data: {\"token\":\"§\"}\n\n",
        plain,
    ),
    (
        "a name beside its value in JSON of an event",
        Body("text/event-stream"),
        "data: {\"name\":\"DB_PASSWORD\",\"value\":\"§\"}\n\n",
        plain,
    ),
    (
        "a name beside its value in JSON of a log",
        TEXT,
        "12:00 INFO sent {\"key\":\"apiToken\",\"n\":[1],\"value\":\"§\"} ok",
        plain,
    ),
    (
        "a name with an escape in JSON of a log",
        TEXT,
        "12:00 INFO sent {\"passwo\\u0072d\":\"§\"}",
        plain,
    ),
    (
        "JSON of another type, as one string",
        TEXT,
        r#""/reset-password/§""#,
        plain,
    ),
    (
        "a value in quotes with punctuation",
        TEXT,
        "user=a password='b, c; §' attempt=2",
        plain,
    ),
    (
        "a value that is not closed",
        TEXT,
        "{\"password\":\"b c §",
        plain,
    ),
    (
        "a line of settings with blanks",
        TEXT,
        "DB_USER=a\nDB_PASSWORD=b;c#§\n",
        plain,
    ),
    (
        "YAML below a name",
        Body("application/yaml"),
        "passwords:\n  root: §\n",
        plain,
    ),
    (
        "a block of YAML",
        Body("application/yaml"),
        "passphrase: >-\n  a b\n  §\nuser: c\n",
        plain,
    ),
    (
        "a variable of a container",
        Body("application/yaml"),
        "env:\n- name: DB_PASSWORD\n  value: §\n",
        plain,
    ),
    (
        "a column of a table",
        Body("text/csv"),
        "user,password\na,\"b, §\"\n",
        plain,
    ),
    (
        "an option of a command",
        TEXT,
        "tool --user a --password § --verbose",
        plain,
    ),
    ("a user of a command", TEXT, "curl -u a:§ https://h/", plain),
    (
        "a file of netrc",
        TEXT,
        "machine h login a password §",
        plain,
    ),
    (
        "a statement of SQL",
        TEXT,
        "CREATE USER a IDENTIFIED BY '§';",
        plain,
    ),
    (
        "a call that stores it",
        TEXT,
        "storage.setItem('access_token','§')",
        plain,
    ),
    (
        "a password that has signs of URLs",
        JSON,
        r#"{"c":"amqp://user:a#b/§@h:5672/a"}"#,
        plain,
    ),
    (
        "a segment behind one that announces it",
        Target,
        "/reset-password/§",
        plain,
    ),
    (
        "a filter of OData",
        Target,
        "/users?$filter=secretText%20eq%20'§'",
        plain,
    ),
    (
        "a name in another language",
        JSON,
        r#"{"senha":"§"}"#,
        plain,
    ),
    (
        "a name with an escape",
        JSON,
        r#"{"pass\u0077ord":"§"}"#,
        plain,
    ),
    (
        "objects below a name in the plural",
        JSON,
        r#"{"passwords":{"root":["§"]}}"#,
        plain,
    ),
    ("a pair in an array", JSON, r#"["password","§"]"#, plain),
    (
        "the private part of a key",
        JSON,
        r#"{"crv":"Ed25519","d":"§","kty":"OKP"}"#,
        plain,
    ),
    (
        "names and values in attributes",
        Body("application/xml"),
        "<add key=\"AppPassword\" value=\"§\"/>",
        plain,
    ),
    (
        "names and values in elements",
        Body("application/xml"),
        "<p><name>password</name><value>§</value></p>",
        plain,
    ),
    (
        "an element with a name",
        Body("application/xml"),
        "<entry key=\"password\">§</entry>",
        plain,
    ),
    (
        "a mark of a page",
        Body("text/html"),
        "<meta name=\"csrf-token\" content=\"§\">",
        plain,
    ),
    (
        "a key of a call's media",
        Body("application/sdp"),
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:§\r\n",
        plain,
    ),
    (
        "a part of a mail",
        Body("message/rfc822"),
        "Content-Transfer-Encoding: quoted-printable\r\n\r\npass=\r\nword=3D§\r\n",
        plain,
    ),
];

pub(crate) fn plain(secret: &str) -> String {
    secret.to_owned()
}

pub(crate) fn basic(secret: &str) -> String {
    STANDARD.encode(format!("user:{secret}"))
}

pub(crate) fn percent(secret: &str) -> String {
    secret.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02X}").unwrap();
        text
    })
}

fn jwt(secret: &str) -> String {
    jwt_under(r#"{"alg":"HS256"}"#, secret)
}

fn jwt_under(head: &str, secret: &str) -> String {
    let [head, claims] = [head, r#"{"sub":"1"}"#].map(|it| URL_SAFE_NO_PAD.encode(it));
    format!("{head}.{claims}.{secret}")
}

fn spaced_jwt_property(secret: &str) -> String {
    json!({"note": jwt_under(r#"{ "alg": "HS256" }"#, secret)}).to_string()
}

fn jwt_property(secret: &str) -> String {
    json!({"note": jwt(secret)}).to_string()
}

fn nested(secret: &str) -> String {
    let inner = json!({"inner": json!({"password": secret}).to_string()});
    json!({"appData": inner.to_string()}).to_string()
}

fn wrapped(secret: &str) -> String {
    json!({"data": STANDARD.encode(json!({"accessToken": secret}).to_string())}).to_string()
}

fn wrapped_for_urls(secret: &str) -> String {
    json!({"data": URL_SAFE_NO_PAD.encode(format!("??>> https://h/?sig={secret}"))}).to_string()
}

/// Begins with a byte that is no UTF-8, once it is sent as Latin-1.
fn bytes(secret: &str) -> String {
    format!("\u{ff}{secret}")
}

/// A new secret of letters and digits.
pub(crate) fn secret() -> String {
    let chance = || RandomState::new().hash_one(0);
    format!("Zq{:016x}{:016x}", chance(), chance())
}

/// What stands in this place, with this secret in it.
pub(crate) fn text(pattern: &str, written: Written, secret: &str) -> String {
    if pattern.contains('§') && !pattern.starts_with('\u{0}') {
        pattern.replace('§', secret)
    } else if pattern.contains('§') {
        written("") + &pattern.replace('§', secret)
    } else {
        format!("{pattern}{}", written(secret))
    }
}

/// A message: its first line up to the target or after the version, and what is planted.
pub(crate) fn message(is_request: bool, status: &str, place: &Place, planted: &str) -> Vec<u8> {
    let (mut fields, mut body, mut target) = (String::new(), "{}", "/a");
    let mut kind = "application/json";
    match place {
        Field(name) => fields = format!("{name}: {planted}\r\n"),
        Target if is_request => target = planted,
        Target => fields = format!("Location: https://h{planted}\r\n"),
        Body(media) => (kind, body) = (media, planted),
        Trailer(_) => {}
    }
    // A character is a byte here.
    let body: Vec<u8> = body.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let first = if is_request {
        format!("POST {target} HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE")
    } else {
        format!("HTTP/1.1 {status}")
    };
    let mut message = format!("{first}\r\nContent-Type: {kind}\r\n{fields}").into_bytes();
    if let Trailer(name) = place {
        let head = format!("Trailer: {name}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n");
        message.extend(head.as_bytes());
        message.extend(&body);
        message.extend(format!("\r\n0\r\n{name}: {planted}\r\n\r\n").as_bytes());
    } else {
        message.extend(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        message.extend(&body);
    }
    message
}
