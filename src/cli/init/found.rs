//! The proposals of `confcall init`: the command that starts the project in the folder, and a port in use.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// A command that starts the project, and the variables with which such a project takes its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Start {
    pub words: Vec<String>,
    pub variables: &'static [(&'static str, &'static str)],
}

/// The variables of a project of any kind.
pub(super) const PORT: &[(&str, &str)] = &[("PORT", "{port}")];

/// ASP.NET Core takes addresses.
const ASP_NET: &[(&str, &str)] = &[("ASPNETCORE_URLS", "http://127.0.0.1:{port}")];

const SPRING: &[(&str, &str)] = &[("SERVER_PORT", "{port}")];

impl Start {
    fn new(words: &[&str], variables: &'static [(&'static str, &'static str)]) -> Self {
        let words = words.iter().map(|&it| it.to_owned()).collect();
        Self { words, variables }
    }

    /// The command for the first kind of project whose files are in the folder.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let kinds = [node, python, dotnet, go, java, rust];
        kinds.iter().find_map(|kind| kind(folder))
    }
}

fn node(folder: &Path) -> Option<Start> {
    let package: Value = serde_json::from_str(&read(folder, "package.json")?).ok()?;
    if package.pointer("/scripts/start").is_some() {
        return Some(Start::new(&["npm", "start"], PORT));
    }
    let main = package["main"].as_str();
    let main = main.or_else(|| first(folder, &["server.js", "index.js", "bot.js", "app.js"]))?;
    Some(Start::new(&["node", main], PORT))
}

fn python(folder: &Path) -> Option<Start> {
    first(folder, &["pyproject.toml", "requirements.txt"])?;
    let main = first(folder, &["main.py", "app.py", "bot.py", "server.py"])?;
    let own = first(folder, &[".venv/bin/python", ".venv/Scripts/python.exe"]);
    let python = own.unwrap_or(if cfg!(windows) { "python" } else { "python3" });
    Some(Start::new(&[python, main], PORT))
}

fn dotnet(folder: &Path) -> Option<Start> {
    let files = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut projects = files.filter(|it| it.path().extension().is_some_and(|it| it == "csproj"));
    // `dotnet run` takes the only one.
    (projects.next().is_some() && projects.next().is_none())
        .then(|| Start::new(&["dotnet", "run"], ASP_NET))
}

fn go(folder: &Path) -> Option<Start> {
    first(folder, &["go.mod"])?;
    Some(Start::new(&["go", "run", "."], PORT))
}

fn java(folder: &Path) -> Option<Start> {
    let is_spring = read(folder, "pom.xml")?.contains("spring-boot-maven-plugin");
    let maven = first(folder, &["mvnw"]).map_or("mvn", |_| "./mvnw");
    is_spring.then(|| Start::new(&[maven, "--quiet", "spring-boot:run"], SPRING))
}

fn rust(folder: &Path) -> Option<Start> {
    first(folder, &["Cargo.toml"])?;
    Some(Start::new(&["cargo", "run", "--quiet"], PORT))
}

fn read(folder: &Path, name: &str) -> Option<String> {
    fs::read_to_string(folder.join(name)).ok()
}

/// The first of the files that is there.
fn first<'n>(folder: &Path, names: &[&'n str]) -> Option<&'n str> {
    let mut names = names.iter().copied();
    names.find(|name| folder.join(name).is_file())
}

/// Ports on which bots and services listen while they are developed.
pub(super) const USUAL_PORTS: [u16; 5] = [3978, 3000, 8080, 8000, 5000];

/// The first of these ports of this machine on which a program listens.
pub(super) fn port_in_use(ports: &[u16]) -> Option<u16> {
    let is_in_use = |port: &u16| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
        TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
    };
    ports.iter().copied().find(is_in_use)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Names with texts.
    type Files = &'static [(&'static str, &'static str)];

    #[test]
    fn each_kind_of_project_has_its_command() {
        const SPRING_POM: &str = "<artifactId>spring-boot-maven-plugin</artifactId>";
        let table: [(Files, Option<&str>); 13] = [
            (&[], None),
            (
                &[(
                    "package.json",
                    r#"{"scripts":{"start":"node a.js"},"main":"a.js"}"#,
                )],
                Some("npm start PORT"),
            ),
            (
                &[("package.json", r#"{"main":"lib/bot.js"}"#)],
                Some("node lib/bot.js PORT"),
            ),
            (
                &[("package.json", "{}"), ("index.js", "")],
                Some("node index.js PORT"),
            ),
            (&[("package.json", "{")], None),
            (
                &[
                    ("requirements.txt", ""),
                    ("app.py", ""),
                    (".venv/bin/python", ""),
                ],
                Some(".venv/bin/python app.py PORT"),
            ),
            (&[("pyproject.toml", "")], None),
            (&[("Bot.csproj", "")], Some("dotnet run ASPNETCORE_URLS")),
            (&[("Bot.csproj", ""), ("Tests.csproj", "")], None),
            (&[("go.mod", "")], Some("go run . PORT")),
            (
                &[("pom.xml", SPRING_POM), ("mvnw", "")],
                Some("./mvnw --quiet spring-boot:run SERVER_PORT"),
            ),
            (&[("pom.xml", "<project/>")], None),
            (&[("Cargo.toml", "")], Some("cargo run --quiet PORT")),
        ];
        for (files, expected) in table {
            let folder = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            let found = Start::of(folder.path());
            let found = found.map(|it| format!("{} {}", it.words.join(" "), it.variables[0].0));
            assert_eq!(found.as_deref(), expected, "{files:?}");
        }
    }

    #[test]
    fn a_port_in_use_is_one_on_which_a_program_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(port_in_use(&[1, port]), Some(port));
        assert_eq!(port_in_use(&[1]), None);
    }
}
