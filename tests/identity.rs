//! The key that signs notifications, through the binary: one key over all runs, readable by its owner
//! alone.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

use std::io::{self, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confcall_test_support::http::{Message, connect, party, read};
use confcall_test_support::process::Process;
use serde_json::Value;

const APPLICATION: &str = "2c8a0a9e-6d1b-4f3a-9a55-0d9c6f3b7e10";

#[test]
fn the_binary_keeps_its_key_over_runs() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("a/keys");
    let seen = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..2 {
        let mut serve = Command::new(env!("CARGO_BIN_EXE_confcall"));
        let bot = Process::start(serve.args(["serve", "--bot"]), 3);
        let address = bot.addresses[0].strip_prefix("http://").unwrap();
        let (address, seen) = (address.to_owned(), Arc::clone(&seen));
        let guard = party("127.0.0.1:0", move |client| watch(client, &address, &seen));
        let callback = format!("http://{guard}/callback");
        let played = judge(&callback, &bot.addresses[2], &keys);
        let printed = String::from_utf8_lossy(&played.stdout);
        assert_eq!(played.status.code(), Some(0), "{printed}{played:?}");
    }
    let mut seen = seen.lock().unwrap().clone();
    assert!(seen.len() > 1);
    seen.dedup();
    assert_eq!(seen.len(), 1, "one key signs in both runs");
    let taken = folder.path().join("file");
    std::fs::write(&taken, "").unwrap();
    let played = judge("http://127.0.0.1:9/", "http://127.0.0.1:9/", &taken);
    assert_eq!(played.status.code(), Some(3), "{played:?}");
    #[cfg(unix)]
    is_for_its_owner_alone(&keys);
}

/// Permissions are those of Unix.
#[cfg(unix)]
fn is_for_its_owner_alone(keys: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let key = keys.join("identity.key");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o604)).unwrap();
    let played = judge("http://127.0.0.1:9/", "http://127.0.0.1:9/", keys);
    assert_eq!(played.status.code(), Some(2), "{played:?}");
    let printed = String::from_utf8_lossy(&played.stderr);
    assert!(printed.contains("chmod 600"), "{printed}");
}

/// Sends notifications on to the bot, and keeps which keys signed them.
fn watch(client: TcpStream, bot: &str, seen: &Mutex<Vec<Value>>) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let mut bot = BufReader::new(connect(bot));
    while let Some(notification) = read(&mut client)? {
        let token = notification.field("authorization").unwrap();
        let header = token.strip_prefix("Bearer ").unwrap();
        let header = URL_SAFE_NO_PAD.decode(header.split('.').next().unwrap());
        let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
        seen.lock().unwrap().push(header["kid"].clone());
        send(bot.get_mut(), &notification)?;
        let Some(answer) = read(&mut bot)? else {
            break;
        };
        send(client.get_mut(), &answer)?;
    }
    Ok(())
}

fn send(stream: &mut TcpStream, message: &Message) -> io::Result<()> {
    stream.write_all(&[message.head.as_bytes(), &message.body].concat())
}

/// Judges a bot, its notifications signed.
fn judge(callback: &str, trigger: &str, keys: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_confcall"))
        .args(["run", "--edition", "2021-02", "--locale", "pt-BR"])
        .args(["--bot", callback, "--trigger", trigger])
        .args(["--application", APPLICATION])
        .env("CONFCALL_CA_DIR", keys)
        .env_remove("CONFCALL_TOKEN")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}
