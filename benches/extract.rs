//! Extraction beside a bare scan of the same text by the Markdown parser: at most twice its time.
//! The scan reads the same events as extraction does: of the same options, and with their places.
//! Extraction is timed twice: of texts one after the other, and of files as the command does it,
//! on all processors.
//!
//! `CONFCALL_PAGES` names the folder of the published pages; without it pages are made up, of
//! bilingual prose and of the cases of `tests/fixtures/pages/`.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use confcall::internals;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pulldown_cmark::{Options, Parser};
use walkdir::WalkDir;

/// The texts that are read: the published pages, or made-up ones.
fn texts() -> Vec<String> {
    let Some(folder) = std::env::var_os("CONFCALL_PAGES").map(PathBuf::from) else {
        return made_up();
    };
    let files = WalkDir::new(folder).sort_by_file_name().into_iter();
    let files = files.map(|it| it.expect("a folder is read").into_path());
    let pages = files.filter(|it| it.extension().is_some_and(|it| it == "md"));
    let texts = pages.map(fs::read_to_string);
    texts.collect::<Result<_, _>>().expect("a page is read")
}

fn made_up() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages");
    let page = |case| {
        let mut text = String::from("# <a name=\"made-up\"></a>A page\n\n");
        for _ in 0..8 {
            text.push_str("<span data-ttu-id=\"b288b-1\">**Nota:** um `200 OK` e [um recurso](../a.md).</span>");
            text.push_str("<span class=\"sxs-lookup\"><span data-stu-id=\"b288b-1\">**Note:** a `200 OK` and [a resource](../a.md).</span></span>\n\n");
            text.push_str("| `property` | String | What it is for. |\n\n");
        }
        let page = fs::read_to_string(folder.join(case).join("page.md")).unwrap_or_default();
        text.push_str(page.rsplit("\n---\n").next().unwrap_or_default());
        text
    };
    let cases = [
        "bodies",
        "correlation",
        "joining",
        "outcomes",
        "notifications",
    ];
    cases.map(page).into()
}

/// The texts as files of a folder.
fn files(folder: &Path, texts: &[String]) -> Vec<PathBuf> {
    let file = |(number, text): (usize, &String)| {
        let path = folder.join(format!("{number}.md"));
        fs::write(&path, text).map(|()| path)
    };
    let files = texts.iter().enumerate().map(file);
    files.collect::<Result<_, _>>().expect("a page is written")
}

fn compare(criterion: &mut Criterion) {
    let texts = texts();
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut group = criterion.benchmark_group("pages");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("bare scan", |bencher| {
        bencher.iter(|| {
            for text in &texts {
                let parser = Parser::new_ext(text, Options::ENABLE_TABLES);
                black_box(parser.into_offset_iter().count());
            }
        });
    });
    group.bench_function("extraction, one after the other", |bencher| {
        bencher.iter(|| {
            for text in &texts {
                black_box(internals::is_extracted(text.as_bytes()));
            }
        });
    });
    let folder = tempfile::tempdir().expect("a folder is made");
    let files = files(folder.path(), &texts);
    group.bench_function("extraction of files, on all processors", |bencher| {
        bencher.iter(|| black_box(internals::are_extracted(&files)));
    });
    group.finish();
}

criterion_group!(benches, compare);
// The allocator of the binary, for both sides.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

criterion_main!(benches);
