//! What a sweep took, or would take, for people.

use crate::cli::columns::{Columns, count, counted, size, visible};
use crate::cli::gc::Told;
use crate::cli::runs_text::LONGEST_LIST;
use crate::cli::terminal::{Look, Paint};
use crate::history::sweep::Why;

const KINDS: [(Why, &str); 5] = [
    (Why::Orphan, "of attempts that committed nothing"),
    (Why::Retired, "of runs that are no longer kept"),
    (Why::Probe, "of probes"),
    (Why::Torn, "half-written"),
    (Why::Spool, "spools that nobody will take up"),
];

pub fn render(told: &Told, look: Look) -> String {
    let swept = &told.swept;
    let root = visible(&told.store);
    let mut lines = Vec::new();
    if swept.deleted.is_empty() && swept.retired.is_empty() {
        lines.push(format!("Nothing to delete in {root}."));
    } else {
        let title = if told.dry { "Would be deleted in" } else { "Deleted in" };
        lines.push(look.paint(Paint::Strong, &format!("{title} {root}")));
        let mut columns = Columns::default().right(0).right(1);
        for (kind, name) in KINDS {
            let gone = swept.deleted.iter().filter(|gone| gone.why == kind);
            let (objects, bytes) =
                gone.fold((0, 0), |(objects, bytes), gone| (objects + 1, bytes + gone.bytes));
            if objects > 0 {
                columns.row([count(objects), size(bytes), name.to_owned()]);
            }
        }
        lines.extend(columns.lines(None));
    }
    if !swept.retired.is_empty() {
        let runs = counted(swept.retired.len() as u64, "run is", "runs are");
        let verb = if told.dry { "would be retired" } else { "retired" };
        lines.push(format!("{runs} no longer kept and {verb}; a later gc deletes the files:"));
        let shown = swept.retired.iter().take(LONGEST_LIST).map(|run| format!("  {run}"));
        lines.extend(shown);
        if swept.retired.len() > LONGEST_LIST {
            lines.push(format!("  and {} more (--json has all)", swept.retired.len() - LONGEST_LIST));
        }
    }
    if !swept.left.is_empty() {
        lines.push(look.paint(Paint::Warn, "Left:"));
        let shown = swept.left.iter().take(LONGEST_LIST);
        lines.extend(shown.map(|left| format!("  {}: {}", visible(&left.what), visible(&left.why))));
        if swept.left.len() > LONGEST_LIST {
            lines.push(format!("  and {} more (--json has all)", swept.left.len() - LONGEST_LIST));
        }
    }
    if told.dry && !(swept.deleted.is_empty() && swept.retired.is_empty()) {
        lines.push("Nothing was touched; --delete does it.".to_owned());
    }
    lines.join("\n")
}
