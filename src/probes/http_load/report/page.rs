//! The report as one page of HTML that needs nothing else.

use std::fmt::Write;

use crate::probes::http_load::chart::axis::Unit;
use crate::probes::http_load::chart::figure::Figure;
use crate::probes::http_load::chart::plot::{self, Size};
use crate::probes::http_load::chart::text::escaped;
use crate::probes::http_load::report::dossier::{Dossier, EndpointRow, Tone};
use crate::probes::http_load::report::style;

/// Seconds and looks of a longer run are told by its charts and the JSON beside it: a page is to be
/// sent by mail.
const LONGEST_DATA_BYTES: usize = 400_000;

pub fn html(dossier: &Dossier, figures: &[Figure]) -> String {
    let title = escaped(&dossier.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{}</style></head><body>\n<h1>{title}</h1>\n",
        style::sheet()
    );
    let verdict = &dossier.verdict;
    let _ = write!(
        page,
        "<div class=\"verdict {}\"><b>{}</b><span>{}</span></div>\n<dl>",
        class(verdict.tone),
        escaped(&verdict.word),
        escaped(&verdict.headline)
    );
    for (word, value) in &dossier.facts {
        let _ = write!(page, "<div><dt>{}</dt><dd>{}</dd></div>", escaped(word), escaped(value));
    }
    page.push_str("</dl>\n");
    warnings(dossier, &mut page);
    checks(dossier, &mut page);
    page.push_str("<h2>Over time</h2>\n<div class=\"charts\">\n");
    for figure in figures {
        let (wide, narrow) = (plot::draw(figure, Size::WIDE), plot::draw(figure, Size::NARROW));
        let _ = writeln!(
            page,
            "<figure><div class=\"wide\">{}</div><div class=\"narrow\">{}</div></figure>",
            wide.element(&figure.title),
            narrow.element(&figure.title)
        );
    }
    page.push_str("</div>\n");
    endpoints(dossier, &mut page);
    let _ = write!(
        page,
        "<footer>lustrum {}</footer>\n<script type=\"application/json\" id=\"data\">{}</script>\n</body></html>\n",
        env!("CARGO_PKG_VERSION"),
        data(dossier)
    );
    page
}

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
        Tone::Unknown => "unknown",
    }
}

fn warnings(dossier: &Dossier, page: &mut String) {
    if dossier.warnings.is_empty() {
        return;
    }
    page.push_str("<h2 class=\"warn\">Warnings</h2>\n<ul>");
    for warning in &dossier.warnings {
        let _ = write!(page, "<li>{}</li>", escaped(warning));
    }
    page.push_str("</ul>\n");
}

fn checks(dossier: &Dossier, page: &mut String) {
    if dossier.checks.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Conditions</h2>\n<table><thead><tr><th>Condition</th><th>Value</th><th>Finding</th></tr></thead><tbody>",
    );
    for check in &dossier.checks {
        let _ = write!(
            page,
            "<tr><td class=\"name\"><code>{}</code></td><td>{}</td><td class=\"{}\">{}</td></tr>",
            escaped(&check.expression),
            escaped(&check.shown),
            class(check.tone),
            escaped(&check.word)
        );
    }
    page.push_str("</tbody></table>\n");
}

fn endpoints(dossier: &Dossier, page: &mut String) {
    const HEADS: [&str; 9] =
        ["Requests", "Errors", "Success", "Per second", "Mean", "p50", "p95", "p99", "Max"];
    page.push_str("<h2>Endpoints</h2>\n<table><thead><tr><th>Endpoint</th>");
    for head in HEADS {
        let _ = write!(page, "<th class=\"num\">{head}</th>");
    }
    page.push_str("</tr></thead><tbody>");
    for row in &dossier.endpoints {
        let _ = write!(page, "<tr><td class=\"name\">{}</td>", escaped(&row.name));
        for (head, cell) in HEADS.iter().zip(cells(row)) {
            let _ = write!(page, "<td class=\"num\" data-l=\"{head}\">{}</td>", escaped(&cell));
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table>\n");
}

fn cells(row: &EndpointRow) -> [String; 9] {
    let shown = |unit: Unit, value: Option<f64>| value.map_or_else(|| "–".to_owned(), |it| unit.shown(it));
    let ms = |value| shown(Unit::Milliseconds, value);
    [
        Unit::Count.shown(row.requests as f64),
        Unit::Count.shown(row.errors as f64),
        shown(Unit::Percent, row.success_percent),
        shown(Unit::PerSecond, row.per_second),
        ms(row.mean_ms),
        ms(row.p50_ms),
        ms(row.p95_ms),
        ms(row.p99_ms),
        ms(row.max_ms),
    ]
}

/// What the page shows, for programs. `<` is written so that nothing in it ends the element.
fn data(dossier: &Dossier) -> String {
    let text = |dossier: &Dossier| serde_json::to_string(dossier).unwrap_or_default().replace('<', "\\u003c");
    let whole = text(dossier);
    if whole.len() <= LONGEST_DATA_BYTES {
        return whole;
    }
    let mut short = dossier.clone();
    short.monitor = Default::default();
    short.course.seconds.clear();
    text(&short)
}
