//! The facts of a resource page: the JSON template and the tables of one type.

use super::super::json;
use super::super::json::{Json, Reading};
use super::super::markdown::Page;
use super::super::prose::{Prose, Section};
use super::cell;
use super::printed;
use super::printed::{Member, TableRow};

/// The description of a resource type on a page.
#[derive(Debug)]
pub(in crate::extract) struct ResourceFacts {
    /// In the spelling of the template's annotation.
    pub(in crate::extract) name: String,
    /// The base type that the annotation names.
    pub(in crate::extract) base: Option<String>,
    pub(in crate::extract) open: bool,
    /// The pages of derived types.
    pub(in crate::extract) derived: Vec<String>,
    /// The pages that the introduction links to.
    pub(in crate::extract) introduced: Vec<String>,
    pub(in crate::extract) members: Vec<Member>,
    pub(in crate::extract) rows: Vec<TableRow>,
    /// The first line of the template's code block, counted from 1.
    pub(in crate::extract) line: usize,
}

/// `None` if the page has no JSON template of a named type.
pub(super) fn read(page: &Page<'_>, prose: &Prose) -> Option<ResourceFacts> {
    page.code_blocks.iter().find_map(|code_block| {
        let annotation = code_block.annotation.as_ref()?;
        if annotation.block_type != "resource" {
            return None;
        }
        let name = cell::bare_type(annotation.odata_type.as_deref()?);
        let text = &code_block.text;
        let template = match json::read(text) {
            Reading::Valid(Json(value)) | Reading::Repaired(Json(value), _) => value,
            Reading::Broken(..) => return None,
        };
        let derived = prose
            .tables
            .iter()
            .filter(|table| table.section == Section::DerivedTypes)
            .flat_map(|table| &table.rows)
            .filter_map(|row| row.cells.first()?.links().next());
        let introduced = prose
            .paragraphs
            .iter()
            .filter(|paragraph| paragraph.section == Section::Introduction)
            .flat_map(|paragraph| paragraph.text.links());
        let base = annotation.base_type.as_deref();
        Some(ResourceFacts {
            name: name.to_owned(),
            base: base.map(|base| cell::bare_type(base).to_owned()),
            open: annotation.is_open,
            derived: derived.collect(),
            introduced: introduced.collect(),
            members: printed::members(&template, text, code_block.line + 1),
            rows: printed::rows(&prose.tables, Section::Properties),
            line: code_block.line,
        })
    })
}
