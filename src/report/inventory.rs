//! The inventory of pages: an account of every code block, and the findings.

use std::fmt::Write as _;

use super::text::Look;
use crate::diagnostic::place::printable;
use crate::extract::{Finding, Row};

/// The rows as JSON Lines.
pub(crate) fn json_lines(rows: &[Row]) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&serde_json::to_string(row)?);
        text.push('\n');
    }
    Ok(text)
}

/// The rows as a table for each page: line, kind, start line, and the names of the scenarios that
/// the code block serves or the reason why it serves none.
pub(crate) fn text(rows: &[Row], look: Look) -> String {
    let mut text = String::new();
    let mut page = "";
    for row in rows {
        if row.file != page {
            let gap = if page.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", look.bold(&printable(&row.file)));
            page = &row.file;
        }
        let line = format!("{:>6}  {:<17}  {}", row.line, kind(row), start_line(row));
        let _ = writeln!(text, "{}", printable(line.trim_end()));
        for id in &row.scenarios {
            let name = id.rsplit('/').next().unwrap_or(id);
            let _ = writeln!(
                text,
                "{:>8}{}",
                "",
                look.dim(&format!("in {}", printable(name)))
            );
        }
        if let Some(reason) = &row.reason {
            let _ = writeln!(text, "{:>8}{}", "", look.dim(&printable(reason)));
        }
    }
    text
}

pub(crate) fn finding(finding: &Finding) -> String {
    let line = match finding.line {
        0 => String::new(),
        line => format!(":{line}"),
    };
    let kind = finding.kind.as_str();
    printable(&format!(
        "{}{line}: {} ({kind})",
        finding.file, finding.message
    ))
}

/// The kind as the JSON spells it.
fn kind(row: &Row) -> String {
    let word = serde_json::to_value(row.kind).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

fn start_line(row: &Row) -> String {
    let status = row.status.map(|it| it.to_string());
    let parts = [row.method.clone(), row.target.clone(), status];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract;
    use crate::extract::PageDefaults;

    const PAGE: &str = "\
# Answer

## Example

```http
POST https://graph.microsoft.com/beta/app/calls/1/answer
Content-Type: application/json

{\"a\": 1}
```

```http
HTTP/1.1 202 Accepted
```

```csharp
x
```
";

    #[test]
    fn every_fence_has_a_line() {
        let rows = extract::page("p.md", PAGE.as_bytes(), &PageDefaults::default())
            .unwrap()
            .inventory;
        let shown = text(&rows, Look::PLAIN);
        assert!(shown.starts_with("p.md\n     5  request "), "{shown}");
        assert!(
            shown.contains("\n    12  response           202\n"),
            "{shown}"
        );
        assert!(shown.contains("\n    16  other\n"), "{shown}");
        let lines = json_lines(&rows).unwrap();
        assert_eq!(lines.lines().count(), rows.len());
    }

    #[test]
    fn a_file_name_does_not_reach_the_terminal_raw() {
        let rows =
            extract::page("e\u{1b}[31m.md", PAGE.as_bytes(), &PageDefaults::default()).unwrap();
        let shown = text(&rows.inventory, Look::PLAIN);
        assert!(shown.starts_with("e\u{fffd}[31m.md\n"), "{shown}");
        assert!(!shown.contains('\u{1b}'), "{shown}");
    }
}
