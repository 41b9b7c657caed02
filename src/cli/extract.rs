//! `confcall extract`: turns pages into scenarios and a contract, or lists every code block in them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use rayon::prelude::*;

use super::exit::Exit;
use super::failure::Failure;
use super::list::Format;
use super::output;
use super::output::Output;
use super::progress::Progress;
use super::usage::UsageError;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::path::Shown as _;
use crate::diagnostic::place::printable;
use crate::diagnostic::with_remedy;
use crate::extract;
use crate::extract::{Edition, Extraction, Locale, PageDefaults, SameLocale, contract};
use crate::files;
use crate::files::{FileError, Files};
use crate::report::inventory;
use crate::report::list::counted;
use crate::scenario::format::Scenario;
use crate::scenario::store;

pub(crate) const EXAMPLES: &str = "\
Findings are errors in the pages; they go to standard error. \
Translations with the same messages become one scenario. \
A scenario names its pages by their paths below the common folder of PAGES. \
It names its JSON Schema as schemas/scenario.schema.json, beside the folder of --out.

Examples:
  confcall extract docs
  confcall extract docs/pt-BR docs/zh-CN --out scenarios
  confcall extract docs --edition 2020-05 --contract contract.json
  confcall extract docs/page.md --inventory --format json";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Pages, or folders of pages (*.md)
    #[arg(value_name = "PAGES", required = true)]
    pages: Vec<PathBuf>,
    /// Write the scenarios below this folder
    #[arg(long, value_name = "DIR", conflicts_with = "inventory")]
    out: Option<PathBuf>,
    /// Write the contract of the pages into this file: operations and resource types
    #[arg(long, value_name = "FILE", conflicts_with = "inventory")]
    contract: Option<PathBuf>,
    /// The edition of pages that do not state theirs, such as 2021-02
    #[arg(long)]
    edition: Option<Edition>,
    /// The locale of pages that do not state theirs, such as pt-BR
    #[arg(long)]
    locale: Option<Locale>,
    /// List every code block with its kind and the scenarios that use it
    #[arg(long)]
    inventory: bool,
    /// The output format of the inventory: text, json
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true,
        requires = "inventory"
    )]
    format: Format,
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let pages = pages(&arguments.pages)?;
    let count = pages.len();
    let duplicates = if arguments.inventory {
        DuplicateIds::Allowed
    } else {
        DuplicateIds::Refused
    };
    let defaults = PageDefaults {
        edition: arguments.edition.clone(),
        locale: arguments.locale.clone(),
        api: None,
    };
    if let Some(file) = &arguments.contract {
        write_contract(file, &pages, &defaults, output)?;
        if arguments.out.is_none() {
            return Ok(Exit::Success);
        }
    }
    let progress = Progress::endless();
    progress.say(format!("reading {count} pages"));
    let extraction = read(&pages, &defaults, duplicates)?;
    drop(progress);
    for finding in &extraction.findings {
        output::warn(inventory::finding(finding));
    }
    if extraction.scenarios.is_empty() && !arguments.inventory {
        output::warn(with_remedy(
            "these pages have no conversation",
            "`--inventory` lists the kind of each code block",
        ));
    }
    let text = match (&arguments.out, arguments.inventory, arguments.format) {
        (Some(folder), ..) => return write(folder, &extraction.scenarios, output),
        (None, true, Format::Text) => inventory::text(&extraction.inventory, output.look),
        (None, true, Format::Json) => {
            let text = inventory::json_lines(&extraction.inventory)
                .map_err(|error| Failure::Defect(format!("the inventory is not JSON: {error}")))?;
            output.print_json(&text)?;
            return Ok(Exit::Success);
        }
        (None, false, _) => summary(count, &extraction),
    };
    output.print(&text)?;
    Ok(Exit::Success)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// The file, as the user would type it: its name in findings and inventories.
    pub(super) path: PathBuf,
    /// Its name in scenarios, which must not depend on where the pages lie.
    source: String,
}

/// The pages of files and folders, each once, in their order.
pub(super) fn pages(named: &[PathBuf]) -> Result<Vec<Page>, Failure> {
    let base = common_base(named);
    let mut pages = Vec::new();
    let mut seen = HashSet::new();
    for name in named {
        let Files { found, passed_over } = files::files_below(name, &["md"])?;
        for line in passed_over {
            output::warn(line);
        }
        if found.is_empty() {
            return Err(UsageError::NoPage(name.clone()).into());
        }
        for path in found {
            if seen.insert(files::one_spelling(&path)) {
                let source = source(&base, &path);
                pages.push(Page { path, source });
            }
        }
    }
    Ok(pages)
}

fn common_base(named: &[PathBuf]) -> PathBuf {
    let mut bases = named.iter().map(|it| base(it));
    let first = bases.next().unwrap_or_default();
    bases.fold(first, |common, base| {
        let pairs = common.components().zip(base.components());
        pairs
            .take_while(|(a, b)| a == b)
            .map(|(component, _)| component)
            .collect()
    })
}

/// A folder is the base of what lies in it. A file below the current folder keeps the path that it
/// is named by; elsewhere its folder is its base.
fn base(named: &Path) -> PathBuf {
    let below = named
        .components()
        .all(|it| matches!(it, Component::Normal(_) | Component::CurDir));
    match named.parent() {
        _ if named.is_dir() => named.to_owned(),
        Some(parent) if !below => parent.to_owned(),
        _ => PathBuf::new(),
    }
}

/// The path of a page below a folder, with slashes.
pub(super) fn source(base: &Path, path: &Path) -> String {
    let below = path.strip_prefix(base).unwrap_or(path);
    let parts: Vec<_> = below
        .components()
        .filter(|it| matches!(it, Component::Normal(_)))
        .map(|it| it.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// Two pages may have scenarios with the same id if no files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DuplicateIds {
    Allowed,
    Refused,
}

/// Extracts all pages, and joins their translations. The error names every page that cannot be
/// extracted.
fn read(
    pages: &[Page],
    defaults: &PageDefaults,
    duplicates: DuplicateIds,
) -> Result<Extraction, Failure> {
    let paths: Vec<_> = pages.iter().map(|page| page.path.as_path()).collect();
    let mut extracted = extract_files(&paths, defaults)?;
    let assumed = assumed(&paths, &extracted);
    for (index, api) in assumed {
        let api = Some(api);
        let defaults = PageDefaults {
            api,
            ..defaults.clone()
        };
        extracted.splice(
            index..=index,
            extract_files(&paths[index..=index], &defaults)?,
        );
    }
    let whole = pages.iter().zip(files::all_valid(extracted)?);
    let whole = whole.map(|(Page { source, .. }, page)| named(page, source));
    let (whole, clashes) = extract::join(whole.collect());
    match clashes.into_iter().next() {
        Some(SameLocale { id, first, second }) if duplicates == DuplicateIds::Refused => {
            let typed = |source: &str| {
                let page = pages.iter().find(|page| page.source == source);
                page.map_or_else(|| source.to_owned(), |it| it.path.shown())
            };
            let (first, second) = (typed(&first), typed(&second));
            Err(UsageError::ScenarioTwice { id, first, second }.into())
        }
        _ => Ok(whole),
    }
}

/// The pages that do not state their API version, by index, each with the version of all other pages in its folder.
fn assumed(paths: &[&Path], extracted: &[Result<Extraction, Diagnostic>]) -> Vec<(usize, String)> {
    let mut versions: HashMap<&Path, BTreeSet<&str>> = HashMap::new();
    let mut lacking = Vec::new();
    for (index, (path, page)) in paths.iter().zip(extracted).enumerate() {
        let (Some(folder), Ok(page)) = (path.parent(), page) else {
            continue;
        };
        match &page.api {
            Some(api) => drop(versions.entry(folder).or_default().insert(api)),
            None if page.scenarios.is_empty() => {}
            None => lacking.push((index, folder)),
        }
    }
    let found = lacking.into_iter().filter_map(|(index, folder)| {
        let mut versions = versions.get(folder)?.iter();
        let version = versions.next().filter(|_| versions.len() == 0)?;
        Some((index, (*version).to_owned()))
    });
    found.collect()
}

/// The extraction of a page whose scenarios name it by `source`.
fn named(mut page: Extraction, source: &str) -> Extraction {
    for scenario in &mut page.scenarios {
        let script = Arc::make_mut(&mut scenario.script);
        source.clone_into(&mut script.source);
        for translation in &mut script.locales {
            source.clone_into(&mut translation.file);
        }
    }
    page
}

/// Extracts pages, on all processors. The results are in the order of the pages; a page is named by
/// its path.
pub(crate) fn extract_files<P: AsRef<Path> + Sync>(
    pages: &[P],
    defaults: &PageDefaults,
) -> Result<Vec<Result<Extraction, Diagnostic>>, FileError> {
    let page = |page: &P| {
        let path = page.as_ref();
        let name = path.shown();
        files::read(path).map(|bytes| extract::page(&name, &bytes, defaults))
    };
    // Collected first: of several errors, the first one in order counts.
    let read: Vec<_> = pages.par_iter().map(page).collect();
    read.into_iter().collect()
}

/// Writes the scenarios and prints their names, also if a later one cannot be written.
fn write(folder: &Path, scenarios: &[Scenario], output: Output) -> Result<Exit, Failure> {
    let files: Vec<_> = scenarios
        .iter()
        .map(|Scenario { id, script }| {
            let up = "../".repeat(id.as_str().split('/').count());
            let schema = format!("{up}schemas/scenario.schema.json");
            (id, extract::to_json(script, &schema))
        })
        .collect();
    let mut text = String::new();
    let written = store::write_scenarios(folder, &files, |path| {
        let _ = writeln!(text, "wrote {}", printable(&path.shown()));
    });
    output.print(&text)?;
    written?;
    Ok(Exit::Success)
}

/// Writes the contract of the pages, and reports contradictions between them.
fn write_contract(
    file: &Path,
    pages: &[Page],
    defaults: &PageDefaults,
    output: Output,
) -> Result<(), Failure> {
    let read = |page: &Page| {
        let name = page.path.shown();
        let bytes = files::read(&page.path)?;
        Ok(contract::read(&name, &page.source, &bytes, defaults))
    };
    // Collected first: of several errors, the first one in order counts.
    let read: Vec<Result<_, FileError>> = pages.par_iter().map(read).collect();
    let read: Vec<_> = read.into_iter().collect::<Result<_, _>>()?;
    let facts = files::all_valid(read)?.into_iter().flatten();
    let (extracted, findings) = contract::merge(facts.collect());
    for finding in &findings {
        output::warn(inventory::finding(finding));
    }
    files::write(file, &contract::to_json(&extracted, schema_of(file)))?;
    let operations = counted(extracted.operations.len(), "operation");
    let types = counted(extracted.types.len(), "resource type");
    let findings = counted(findings.len(), "finding");
    let file = printable(&file.shown());
    output.print(&format!(
        "wrote {file}: {operations}, {types}, {findings}\n"
    ))?;
    Ok(())
}

/// The path of the schema below the current folder, from the folder of a file below it.
fn schema_of(file: &Path) -> Option<String> {
    let is_below = file
        .components()
        .all(|it| matches!(it, Component::Normal(_)));
    let up = "../".repeat(file.components().count().saturating_sub(1));
    is_below.then(|| format!("{up}schemas/contract.schema.json"))
}

fn summary(pages: usize, extraction: &Extraction) -> String {
    let mut text = String::new();
    for scenario in &extraction.scenarios {
        let _ = writeln!(text, "{}", printable(scenario.id.as_str()));
    }
    let scenarios = counted(extraction.scenarios.len(), "scenario");
    let findings = counted(extraction.findings.len(), "finding");
    let pages = counted(pages, "page");
    let _ = writeln!(text, "\n{scenarios}, {findings}, {pages}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_come_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = |number: usize| folder.path().join(format!("{number}.md"));
        let pages: Vec<_> = (0..100).map(path).collect();
        for (number, page) in pages.iter().enumerate() {
            let code_block = format!("{}```json\n\"{number}\"\n```\n", "\n".repeat(number));
            let latin = b"caf\xe9".to_vec();
            let text = if number == 7 {
                latin
            } else {
                code_block.into()
            };
            std::fs::write(page, text).unwrap();
        }
        for (number, page) in extract_files(&pages, &PageDefaults::default())
            .unwrap()
            .into_iter()
            .enumerate()
        {
            match page {
                Ok(page) => assert_eq!(page.inventory[0].line, number + 1),
                Err(diagnostic) => assert_eq!((number, diagnostic.line), (7, 1)),
            }
        }
    }

    #[test]
    fn the_first_missing_page_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let pages = ["a.md", "b.md", "c.md"].map(|name| folder.path().join(name));
        std::fs::write(&pages[0], "").unwrap();
        let error = extract_files(&pages, &PageDefaults::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("b.md"), "{error}");
    }

    #[test]
    fn a_page_is_named_below_what_all_pages_lie_in() {
        let root = tempfile::tempdir().unwrap();
        let path = |below: &str| root.path().join(below);
        for folder in ["docs/a/b", "docs/c"] {
            std::fs::create_dir_all(path(folder)).unwrap();
        }
        for file in [
            "docs/a/b/x.md",
            "docs/a/y.md",
            "docs/c/z.md",
            "docs/c/n.txt",
        ] {
            std::fs::write(path(file), "").unwrap();
        }
        for (named, sources) in [
            (vec!["docs"], vec!["a/b/x.md", "a/y.md", "c/z.md"]),
            (
                vec!["docs/c", "docs/a"],
                vec!["c/z.md", "a/b/x.md", "a/y.md"],
            ),
            (vec!["docs/a/b/x.md"], vec!["x.md"]),
            (vec!["docs/a/b/x.md", "docs/c"], vec!["a/b/x.md", "c/z.md"]),
            (vec!["docs/c", "docs/c/z.md"], vec!["z.md"]),
        ] {
            let named: Vec<_> = named.into_iter().map(path).collect();
            let found: Vec<_> = pages(&named)
                .unwrap()
                .into_iter()
                .map(|it| it.source)
                .collect();
            assert_eq!(found, sources);
        }
    }

    #[test]
    fn a_file_below_the_current_folder_keeps_its_path() {
        assert_eq!(
            source(&base(Path::new("a/b.md")), Path::new("a/b.md")),
            "a/b.md"
        );
        assert_eq!(
            source(&base(Path::new("./a/b.md")), Path::new("./a/b.md")),
            "a/b.md"
        );
        assert_eq!(
            source(&base(Path::new("../a/b.md")), Path::new("../a/b.md")),
            "b.md"
        );
    }
}
