//! Tests over several modules at once that need more than the public API.
//!
//! They are unit tests of the library, so that internals stay private. Tests of one module stand in
//! that module, below the code; tests that run the binary stand in `tests/` itself.

mod attribution;
mod cassettes;
mod config_files;
mod conformance;
mod contract;
mod corpora;
mod drift;
mod extract;
mod formatted;
mod identity;
mod inject;
mod lint;
mod selftest;
mod tape;
mod traffic;

use std::path::{Path, PathBuf};

use crate::files::files_below;

/// The folder of the published pages. A test that needs them is ignored where they are not at hand,
/// so that it never reads as passed; `build.rs` sets `pages`.
fn published_pages() -> PathBuf {
    let folder = std::env::var_os("CONFCALL_PAGES");
    folder.expect("CONFCALL_PAGES names the folder").into()
}

/// True if expected results are written instead of compared.
fn is_blessing() -> bool {
    std::env::var_os("CONFCALL_BLESS").is_some_and(|value| value == "1")
}

/// The pages below a folder, in order.
fn pages_below(folder: &Path) -> Vec<PathBuf> {
    files_below(folder, &["md"]).unwrap().found
}

/// The name of a page: its path below the folder, with slashes.
fn name_below(folder: &Path, page: &Path) -> String {
    let below = page.strip_prefix(folder).unwrap();
    let parts: Vec<_> = below.iter().map(|part| part.to_str().unwrap()).collect();
    parts.join("/")
}
