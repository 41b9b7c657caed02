//! Pages on disk: each is read and extracted on whatever processor is free.

use std::path::Path;

use rayon::prelude::*;

use crate::diagnostic::Diagnostic;
use crate::extract;
use crate::extract::Extraction;
use crate::files::FileError;

/// What each of these pages holds, in their order, or why it cannot be extracted
/// ([`extract::page`]). A page is called by its path.
///
/// # Errors
///
/// A page that cannot be read: the first of them.
pub fn extract<P: AsRef<Path> + Sync>(
    pages: &[P],
) -> Result<Vec<Result<Extraction, Diagnostic>>, FileError> {
    let page = |page: &P| {
        let path = page.as_ref();
        let name = path.display().to_string();
        crate::files::read(path).map(|bytes| extract::page(&name, &bytes))
    };
    // The first error counts, whichever comes up first.
    let read: Vec<_> = pages.par_iter().map(page).collect();
    read.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_in_their_order() {
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
        for (number, page) in extract(&pages).unwrap().into_iter().enumerate() {
            match page {
                Ok(page) => assert_eq!(page.inventory[0].line, number + 1),
                Err(diagnostic) => assert_eq!((number, diagnostic.line), (7, 1)),
            }
        }
    }

    #[test]
    fn the_first_page_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let pages = ["a.md", "b.md", "c.md"].map(|name| folder.path().join(name));
        std::fs::write(&pages[0], "").unwrap();
        let error = extract(&pages).unwrap_err().to_string();
        assert!(error.contains("b.md"), "{error}");
    }
}
