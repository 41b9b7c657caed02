//! `confcall extract`: pages in, scenarios or an account of every fence out.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::list::Format;
use super::output::Output;
use crate::io::store;

/// What `confcall extract --help` ends with.
pub const EXAMPLES: &str = "\
A folder stands for the pages (*.md) in it. What is wrong in a page is told on standard error.

Examples:
  confcall extract docs --out scenarios
  confcall extract docs/page.md --inventory --format json";

/// The arguments of `confcall extract`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Pages, or folders of pages
    #[arg(value_name = "PAGES", required = true)]
    pages: Vec<PathBuf>,
    /// Write the scenarios below this folder
    #[arg(long, value_name = "DIR", conflicts_with = "inventory")]
    out: Option<PathBuf>,
    /// Account for every fence: what it is, and which scenarios it serves
    #[arg(long)]
    inventory: bool,
    /// How to show the inventory: text, json
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true,
        requires = "inventory"
    )]
    format: Format,
}

/// A page to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The path as the user would type it: in findings and inventories.
    pub typed: String,
    /// The path below the named folder, or the name of a single file: in scenarios, which must
    /// not depend on where the pages lie.
    pub source: String,
    /// The file.
    pub path: PathBuf,
}

/// The pages of files and folders, in their order.
///
/// # Errors
///
/// What cannot be read, and a folder without a page.
pub fn pages(named: &[PathBuf]) -> Result<Vec<Page>, Failure> {
    let mut pages = Vec::new();
    for name in named {
        let found = store::files_below(name, "md")?;
        if found.is_empty() {
            let name = name.display();
            return Err(Failure::Usage(format!(
                "{name}: no page in it; pages are files that end in .md"
            )));
        }
        pages.extend(found.into_iter().map(|path| page(name, path)));
    }
    Ok(pages)
}

fn page(named: &Path, path: PathBuf) -> Page {
    let below = path.strip_prefix(named).unwrap_or(&path);
    let source = if below.as_os_str().is_empty() {
        &path
    } else {
        below
    };
    let parts: Vec<_> = source.iter().map(|it| it.to_string_lossy()).collect();
    Page {
        typed: path.display().to_string(),
        source: parts.join("/"),
        path,
    }
}

/// Extracts.
///
/// # Errors
///
/// Pages that cannot be read, two scenarios with one id, files that cannot be written.
pub fn command(arguments: &Arguments, _output: Output) -> Result<Exit, Failure> {
    let _pages = pages(&arguments.pages)?;
    Err(Failure::Defect("extract: not wired yet".to_owned()))
}
