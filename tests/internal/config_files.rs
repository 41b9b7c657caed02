//! The `confcall.toml` files of the documentation and of the examples.

use std::fs;
use std::path::Path;

#[test]
fn every_file_that_is_shown_or_shipped_is_read() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts: Vec<(String, String)> = Vec::new();
    for page in ["configuration.md", "redaction.md"] {
        let text = fs::read_to_string(repository.join("docs/src/reference").join(page)).unwrap();
        let shown = text.split("```toml\n").skip(1);
        texts.extend(shown.map(|rest| (page.into(), rest.split("```").next().unwrap().into())));
    }
    for bot in ["node", "python"] {
        for file in ["confcall.toml", "intercepted.toml"] {
            let path = repository.join("examples/bots").join(bot).join(file);
            let text = fs::read_to_string(&path).unwrap();
            texts.push((path.display().to_string(), text));
        }
    }
    let of_rust = repository.join("examples/bots/rust/confcall.toml");
    texts.push(("rust".into(), fs::read_to_string(of_rust).unwrap()));
    let targets = texts.iter().map(|(name, text)| {
        let config = crate::config::read(name, text.as_bytes()).unwrap();
        config.target
    });
    assert!(targets.flatten().count() > 4);
}
