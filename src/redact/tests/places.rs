//! Places of secrets, each beside a similar place without a secret.

use super::{ContentType, redactor};

/// Secrets of our own: no vendor has such a form.
pub(super) const SECRETS: [&str; 2] = ["q8Zr4TnW2xLk9Vb3", "w7Hs#5Uo2Vy9Ml"];

pub(super) fn redacted(media: &str, text: &str) -> Option<String> {
    let redacted = redactor().redacted_body(text.as_bytes(), ContentType(Some(media)));
    redacted.map(|it| String::from_utf8(it).unwrap())
}

#[track_caller]
fn is_gone(media: &str, text: &str) {
    for secret in SECRETS {
        let planted = text.replace('§', secret);
        let redacted = redacted(media, &planted).unwrap_or_else(|| panic!("{planted} stays"));
        let tail = &secret[secret.len() - 8..];
        assert!(!redacted.contains(tail), "{redacted}");
        let mut rest = redacted.as_str();
        for piece in text.split('§') {
            let at = rest.find(piece);
            let at = at.unwrap_or_else(|| panic!("{piece:?} of {text} is not in {redacted}"));
            rest = &rest[at + piece.len()..];
        }
    }
}

#[track_caller]
fn stays(media: &str, text: &str) {
    assert_eq!(redacted(media, text), None, "{text}");
}

#[test]
fn secrets_in_expressions_are_gone_and_names_stay() {
    for text in [
        "$password = ConvertTo-SecureString \"§\" -AsPlainText -Force",
        "$cred = ConvertTo-SecureString -String '§' -AsPlainText",
        "New-Object PSCredential(\"bot\", (ConvertTo-SecureString -String '§' -AsPlainText -Force))",
        "password = decrypt(\"§\")",
        "password: decode(\"§\"),",
        "token = await vault.open(\"§\");",
        "const token = process.env.TOKEN || \"§\";",
        "token = ENV['TOKEN'] || '§'",
        "api_key=get_key(\"prod\") or \"§\"",
        "client = Client(api_key=get_key(\"prod\") or \"§\")",
        "let secret = env::var(\"APP_SECRET\").unwrap_or(\"§\".into());",
        "secret = is_live ? \"§\" : \"x\"",
        "req.SetBasicAuth(\"bot\", \"§\")",
        "var c = new NetworkCredential(\"bot\", \"§\");",
        "requests.get(u, auth=(\"bot\", \"§\"))",
        "smtp.login(user, '§')",
    ] {
        is_gone("text/plain", text);
    }
    for text in [
        "$password = ConvertTo-SecureString $text -AsPlainText -Force",
        "$password = Read-Host \"Enter the password\" -AsSecureString",
        "$password = Get-Secret -Name mail",
        "password = getpass(\"Password: \")",
        "token = os.environ[\"APP_TOKEN\"]",
        "token = process.env.TOKEN || \"\";",
        "key = createHash(\"sha256\")",
        "secret = read(\"/run/secrets/app1/key2\")",
        "login(\"bot\", \"en-US\")",
        "auth(\"read:user\", \"repo:write\")",
        "the login (see page 2, \"q8Zr4TnW2xLk\")",
        "auth = (\"basic\", \"bearer\")",
    ] {
        stays("text/plain", text);
    }
}

#[test]
fn secrets_of_operations_of_json_patch_are_gone() {
    for text in [
        r#"[{"op":"replace","path":"/account/password","value":"§"}]"#,
        r#"[{"value":"§","path":"/clientSecret","op":"add"}]"#,
        r#"{"op":"add","path":"/passwordCredentials/0/secretText","value":"§"}"#,
        r#"{"op":"add","path":"/apiKeys/-","value":"§"}"#,
        r#"{"op":"add","path":"/apiKeys","value":["§"]}"#,
        r#"{"Operations":[{"op":"replace","path":"password","value":"§"}]}"#,
    ] {
        is_gone("application/json-patch+json", text);
    }
    for text in [
        r#"[{"op":"replace","path":"/account/displayName","value":"Zoe Q8Zr4"}]"#,
        r#"{"op":"move","from":"/password","path":"/secret"}"#,
        r#"{"path":"/login/token","value":"title","content":"page"}"#,
        r#"{"op":"replace","path":"/passwordPolicies","value":"DisablePasswordExpiration"}"#,
    ] {
        stays("application/json-patch+json", text);
    }
}

#[test]
fn cells_of_an_insert_of_sql_are_gone() {
    for text in [
        "INSERT INTO users (name, password) VALUES ('bot', '§');",
        "insert into `users` (`id`, `api_key`, `lang`)\nvalues (1, '§', 'en'),\n  (2, '§', 'de')",
        "INSERT INTO t (name, password, n) VALUES ('it''s, (me', crypt('§', gen_salt('bf')), now());",
        "REPLACE INTO t (\"token\") VALUES (N'§') ON CONFLICT DO NOTHING",
    ] {
        is_gone("text/plain", text);
    }
    is_gone(
        "application/json",
        r#"{"sql":"INSERT INTO t (\"name\", \"password\") VALUES ('a', '§')"}"#,
    );
    let pin = redacted("text/plain", "INSERT INTO t (a, pin) VALUES (77, 918273)").unwrap();
    assert!(pin.contains("(77, ") && !pin.contains("918273"), "{pin}");
    for text in [
        "INSERT INTO t (name, region) VALUES ('bot', 'west')",
        "INSERT INTO t (name, password) VALUES (?, ?), ($1, $2)",
        "INSERT INTO t (name, password) VALUES (:name, NULL)",
        "INSERT INTO t (name, password) SELECT name, password FROM u",
    ] {
        stays("text/plain", text);
    }
}

#[test]
fn a_statement_of_sql_that_does_not_end_is_survived() {
    let text = "insert into t (password) values (".repeat(20_000);
    assert_eq!(redacted("text/plain", &text), None);
    let text = "insert into t (password) values ('".repeat(20_000);
    redacted("text/plain", &text);
    let text = "token=f(“a ".repeat(20_000);
    redacted("text/plain", &text);
}

#[test]
fn secrets_of_settings_protocols_and_sentences_are_gone() {
    for text in [
        "GITHUB_PAT=§\n",
        "AZURE_DEVOPS_EXT_PAT=§",
        "keytool -list -storepass § -keystore a.jks",
        "maxmemory 1gb\nrequirepass §\nport 6379\n",
        "user bot insecure-password §",
        "set -x API_TOKEN §",
        "set -gx API_TOKEN §",
        "USER bot\r\nPASS §\r\nQUIT",
        "Your temporary password is §, change it soon.",
        "The password is §.",
        "Das Passwort lautet §.",
        ".h.example\tTRUE\t/\tTRUE\t0\tsid\t§\n",
        "# Netscape\n#HttpOnly_h.example\tFALSE\t/a\tFALSE\t1790000000\tlang\t§\nb.example",
    ] {
        is_gone("text/plain", text);
    }
    is_gone(
        "application/json",
        r#"{"Env":["PATH=/bin","GITHUB_PAT=§"]}"#,
    );
    is_gone("application/json", r#"{"pat":"§","github_pat":"§"}"#);
    for text in [
        "AUTH default q8Zr4TnW2xLk9Vb3\r\n",
        "AUTH PLAIN AGJvdABxOFpyNFRuVzJ4TGs=\r\n",
        "dn: cn=bot\nuserPassword:: cThacjRUblcyeExrOVZiMw==\n",
        "secret_id = \"q8Zr4TnW2xLk9Vb3\"",
    ] {
        let redacted = redacted("text/plain", text).expect(text);
        assert!(redacted.contains("redacted-secret-"), "{redacted}");
        assert!(
            !redacted.contains("TnW2xLk") && !redacted.contains("ThacjRU"),
            "{redacted}"
        );
    }
    for text in [
        "PATH=/usr/bin:/bin\npattern = \"a-b\"",
        "PASS src/app.test.js",
        "the requirepass directive of Redis",
        "The password is required. The token is not valid, the key is base64url.",
        "The password is case-sensitive, the PIN is too short",
        "set -x\necho password",
        "a\tTRUE\tb\tFALSE\t0\tc\td",
        "password :: Text -> Password",
        "secret_id = \"mail-account\"",
    ] {
        stays("text/plain", text);
    }
}

#[test]
fn messages_and_references_stay() {
    for text in [
        r#"{"errors":{"password":["must be at least 8 characters","must contain a digit"]}}"#,
        r#"{"errors":{"password":"is too short"}}"#,
        r#"{"password":["This field is required.","Ensure this field has at least 8 characters."]}"#,
        r#"{"password":[{"message":"This password is too common.","code":"password_too_common"}]}"#,
        r#"{"password":"can't be blank","token":"String must contain at least 8 character(s)"}"#,
        r#"{"password":"The password confirmation does not match.","secret":"Invalid password"}"#,
        r#"{"password":"muss mindestens 8 Zeichen haben","pin":"ist zu kurz (mindestens 4 Zeichen)"}"#,
        r#"{"password":"doit contenir au moins 8 caractères","token":"es demasiado corto"}"#,
        r#"{"primaryKey":"id"}"#,
        r#"{"primaryKey":"order_id","secondaryKey":"created_at","routingKey":"orders.created"}"#,
    ] {
        stays("application/json", text);
    }
    for text in [
        "token: ~\nx: 1\n",
        "password: vault:secret/data/db#password\n",
        "password: ref+vault://kv/db#/password?version=2\n",
        "secret: projects/p-1/secrets/db/versions/latest\n",
    ] {
        stays("application/yaml", text);
    }
    for text in [
        r#"{"password":"correct horse battery staple"}"#,
        r#"{"password":["my dog barks at 7 cats"]}"#,
        r#"{"password":"please let me in now"}"#,
        r#"{"password":"must be q8Zr4TnW2xLk9Vb3"}"#,
        r#"{"primaryKey":"q8Zr4TnW2xLk9Vb3q8Zr4TnW2xLk9Vb3"}"#,
    ] {
        let redacted = redacted("application/json", text).expect(text);
        let value = text.rsplit('"').nth(1).unwrap();
        assert!(!redacted.contains(value), "{redacted}");
    }
}

#[test]
fn a_pseudonym_is_no_name() {
    for digits in ["123456789012", "000000000000", "802dbaf4856f"] {
        for kind in ["secret", "key", "jwt"] {
            let pseudonym = format!("redacted-{kind}-{digits}");
            for text in [
                format!("a:{pseudonym}:1:2"),
                format!("{pseudonym}=q8Zr4TnW2xLk"),
                format!("{{\"{pseudonym}\":\"q8Zr4TnW\"}}"),
                format!("<{pseudonym}>q8Zr4TnW</{pseudonym}>"),
            ] {
                assert_eq!(redacted("text/plain", &text), None, "{text}");
            }
            // In these bytes, a quote may be a length.
            let text = format!("\u{1e}{{ \"value\" : \"{pseudonym}\" }}\n");
            assert_eq!(redacted("application/json-seq", &text), None, "{text}");
        }
    }
}

#[test]
fn what_is_in_brackets_behind_a_name_is_gone_and_its_scheme_stays() {
    for text in [
        "map[Authorization:[Bearer §]]",
        "map[Accept:[*/*] Authorization:[Token §] Origin:[null]]",
        "{Authorization=[Bearer §], Accept=[*/*]}",
        "{Authorization=[Basic §], Accept=[*/*]}",
        "{x-api-key=[§], accept=[*/*]}",
        "Authorization: (Bearer §)",
        "{ authorization: [ 'Bearer §' ] }",
        "headers: { 'x-api-key': [ '§' ] }",
        "password = <<EOT\n§\nEOT\nregion = 1\n",
        "password = <<~'EOT'\n  §\nEOT",
        "$password = <<<\"EOT\"\n§\nEOT;\n",
    ] {
        is_gone("text/plain", text);
    }
    for text in [
        "map[Accept:[*/*] Authorization:[]]",
        "{Authorization=[Bearer <token>]}",
        "password = [string]",
        "secrets: [db_password]",
        "password = <<EOT\n${var.password}\nEOT",
        "cat <<EOT\npassword\nEOT",
    ] {
        stays("text/plain", text);
    }
    let text = "password = <<EOT\n".repeat(20_000);
    redacted("text/plain", &text);
    let text = "token:[Bearer a".repeat(20_000);
    redacted("text/plain", &text);
}

#[test]
fn defaults_of_variables_are_gone_and_their_names_stay() {
    for text in [
        "export PASSWORD=\"${PASSWORD:-§}\"",
        "url = \"amqp://bot:${RABBIT_PASSWORD:-§}@h\"",
        "const t = process.env.TOKEN || \"§\";",
        "const t = process.env['TOKEN'] ?? '§';",
        "const o = { a: process.env.API_KEY || '§', b: 1 };",
        "ENV['TOKEN'] || '§'",
        "x = os.environ.get(\"API_TOKEN\") or \"§\"",
        "$a = getenv('TOKEN') ?: '§';",
        "token ||= '§'",
    ] {
        is_gone("text/plain", text);
    }
    is_gone(
        "application/yaml",
        "spring:\n  password: ${DB_PASSWORD:§}\n  x: 1\n",
    );
    is_gone(
        "application/json",
        r#"{"command":"login ${db.password:§}"}"#,
    );
    for text in [
        "const t = process.env.TOKEN || '';",
        "const t = process.env.TOKEN || \"changeme\";",
        "const text = error.password || \"Too short\";",
        "echo ${TOKEN:0:8} ${TOKEN: -4} ${PASSWORD:+set} ${PASSWORD:?not given}",
        "password: ${DB_PASSWORD:}\nx: ${DB_PASSWORD:-$OTHER}\n",
        "password: ${secret:db/mail}\n",
        "select 'a' || password || 'b' from users",
    ] {
        stays("text/plain", text);
    }
}
