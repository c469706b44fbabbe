//! The second form of dashboards, where panels are `elements` and everything is a `kind` and a `spec`.

use serde_json::Value;

use crate::probes::prometheus::dashboard::{Place, Reading, escaped, list, text};
use crate::probes::prometheus::question::Question;
use crate::probes::prometheus::source::Source;

pub fn read(reading: &mut Reading<'_>, base: &str) {
    let elements = reading.root.get("elements").and_then(Value::as_object);
    for (name, element) in elements.into_iter().flatten() {
        let pointer = format!("{base}/elements/{}/spec", escaped(name));
        let Some(spec) = element.get("spec") else { continue };
        let title = text(spec, "title").unwrap_or(name);
        let group = spec.pointer("/data/spec").unwrap_or(&Value::Null);
        if text(element, "kind") == Some("LibraryPanel") {
            reading.found.elsewhere.push(title.to_owned());
            continue;
        }
        for (index, query) in list(group, "queries").iter().enumerate() {
            let pointer = format!("{pointer}/data/spec/queries/{index}/spec/query");
            if let Some(query) = query.pointer("/spec/query") {
                data_query(reading, query, Place::Panel, &pointer, title);
            }
        }
    }
    for (index, one) in list(reading.root, "annotations").iter().enumerate() {
        let title = one.pointer("/spec/name").and_then(Value::as_str).unwrap_or("untitled");
        if let Some(query) = one.pointer("/spec/query") {
            let pointer = format!("{base}/annotations/{index}/spec/query");
            data_query(reading, query, Place::Annotation, &pointer, title);
        }
    }
    for (index, one) in list(reading.root, "variables").iter().enumerate() {
        let Some(spec) = one.get("spec") else { continue };
        let kind = text(one, "kind").unwrap_or_default();
        reading.variable(spec, kind.strip_suffix("Variable").unwrap_or(kind).to_ascii_lowercase().as_str());
        let Some(query) = spec.get("query").filter(|_| kind == "QueryVariable") else { continue };
        let pointer = format!("{base}/variables/{index}/spec/query");
        match (source(reading, query), query.get("spec")) {
            (Source::Other, _) => reading.found.skipped += 1,
            (Source::Prometheus, Some(inner)) => {
                let key = ["query", "expr"].into_iter().find(|key| text(inner, key).is_some());
                let asked = key.and_then(|key| text(inner, key)).unwrap_or_default();
                reading.ask_for_values(format!("{pointer}/spec/{}", key.unwrap_or("query")), spec, asked);
            }
            (Source::Prometheus, None) => {}
        }
    }
}

fn data_query(reading: &mut Reading<'_>, query: &Value, place: Place, pointer: &str, title: &str) {
    match (source(reading, query), query.pointer("/spec/expr").and_then(Value::as_str)) {
        (Source::Other, _) => reading.found.skipped += 1,
        (Source::Prometheus, Some(expr)) => {
            reading.ask(place, format!("{pointer}/spec/expr"), title, expr, Question::Query);
        }
        (Source::Prometheus, None) => {}
    }
}

/// `kind` was the data source's type first, then `group` became it.
fn source(reading: &Reading<'_>, query: &Value) -> Source {
    let kind = text(query, "group").or_else(|| text(query, "kind").filter(|kind| *kind != "DataQuery"));
    match kind.filter(|kind| !kind.is_empty()) {
        Some(kind) => Source::of_type(kind),
        None => reading.sources.of_query(query.get("datasource"), None),
    }
}
