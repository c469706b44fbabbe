//! What a Grafana dashboard asks of Prometheus, and where it asks it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::probes::prometheus::element;
use crate::probes::prometheus::question::Question;
use crate::probes::prometheus::source::{Source, Sources};
use crate::probes::prometheus::variable::{self, Variables};

/// Deeper rows are not looked into.
const DEPTH: usize = 8;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dashboard {
    pub title: String,
    pub asked: Vec<Asked>,
    pub variables: Variables,
    /// Queries of other data sources.
    pub skipped: u64,
    /// Library panels whose queries are not in the file, by their names.
    pub elsewhere: Vec<String>,
}

/// One query.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// JSON pointer (RFC 6901) to its text.
    pub pointer: String,
    pub place: Place,
    /// Of the panel, the annotation or the variable.
    pub title: String,
    /// As the dashboard has it.
    pub text: String,
    pub question: Question,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Panel,
    Annotation,
    Variable,
}

impl Place {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::Annotation => "annotation",
            Self::Variable => "variable",
        }
    }
}

/// Reads an exported dashboard, one from Grafana's API (`dashboard`), or a resource (`spec`).
/// The error is a fragment for people.
pub fn read(text: &str) -> Result<Dashboard, String> {
    let whole: Value = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    let inner = ["dashboard", "spec"].into_iter().find(|key| whole.get(key).is_some_and(Value::is_object));
    let root = inner.map_or(&whole, |key| &whole[key]);
    let is_dashboard =
        ["panels", "rows", "elements", "templating", "annotations"].iter().any(|key| root.get(key).is_some());
    if !is_dashboard {
        return Err("is no Grafana dashboard: it has neither panels nor rows nor elements".to_owned());
    }
    let base = inner.map_or_else(String::new, |key| format!("/{key}"));
    let sources = Sources::of(&whole, root);
    let mut reading = Reading { root, whole: &whole, sources, found: Dashboard::default() };
    reading.found.title = root.get("title").and_then(Value::as_str).unwrap_or("untitled").to_owned();
    reading.panels(root, &base, 0);
    reading.annotations(&base);
    reading.variables(&base);
    element::read(&mut reading, &base);
    Ok(reading.found)
}

pub struct Reading<'a> {
    pub root: &'a Value,
    whole: &'a Value,
    pub sources: Sources,
    pub found: Dashboard,
}

impl Reading<'_> {
    /// `panels`, each of which may be a row with panels of its own, and `rows` of old dashboards.
    fn panels(&mut self, holder: &Value, pointer: &str, depth: usize) {
        if depth > DEPTH {
            return;
        }
        for key in ["panels", "rows"] {
            for (index, panel) in list(holder, key).iter().enumerate() {
                let pointer = format!("{pointer}/{key}/{index}");
                self.panel(panel, &pointer);
                self.panels(panel, &pointer, depth + 1);
            }
        }
    }

    fn panel(&mut self, panel: &Value, pointer: &str) {
        let own_title = text(panel, "title").filter(|title| !title.is_empty());
        if panel.get("targets").is_none()
            && let Some(library) = panel.get("libraryPanel")
        {
            let model = library.get("uid").and_then(Value::as_str).and_then(|uid| {
                let inlined = self.whole.get("__elements")?.get(uid)?.get("model")?;
                Some((inlined, format!("/__elements/{}/model", escaped(uid))))
            });
            let model =
                library.get("model").map(|model| (model, format!("{pointer}/libraryPanel/model"))).or(model);
            let name = text(library, "name").or(own_title).unwrap_or("untitled").to_owned();
            match model.filter(|(model, _)| model.get("targets").is_some()) {
                Some((model, pointer)) => self.targets(model, &pointer, &name),
                None => self.found.elsewhere.push(name),
            }
            return;
        }
        self.targets(panel, pointer, own_title.unwrap_or("untitled"));
    }

    fn targets(&mut self, panel: &Value, pointer: &str, title: &str) {
        for (index, target) in list(panel, "targets").iter().enumerate() {
            let source = self.sources.of_query(target.get("datasource"), panel.get("datasource"));
            match (source, text(target, "expr")) {
                (Source::Other, _) => self.found.skipped += 1,
                (Source::Prometheus, Some(query)) => {
                    let pointer = format!("{pointer}/targets/{index}/expr");
                    self.ask(Place::Panel, pointer, title, query, Question::Query);
                }
                (Source::Prometheus, None) => {}
            }
        }
    }

    fn annotations(&mut self, base: &str) {
        let all = self.root.get("annotations").map(|all| list(all, "list")).unwrap_or_default();
        for (index, one) in all.iter().enumerate() {
            let pointer = format!("{base}/annotations/list/{index}");
            let (query, at) = match (text(one, "expr"), one.pointer("/target/expr").and_then(Value::as_str)) {
                (Some(query), _) => (query, "expr"),
                (None, Some(query)) => (query, "target/expr"),
                (None, None) => continue,
            };
            let source = self.sources.of_query(one.get("datasource"), None);
            if source == Source::Other {
                self.found.skipped += 1;
                continue;
            }
            let title = text(one, "name").unwrap_or("untitled");
            self.ask(Place::Annotation, format!("{pointer}/{at}"), title, query, Question::Query);
        }
    }

    fn variables(&mut self, base: &str) {
        let all = self.root.get("templating").map(|all| list(all, "list")).unwrap_or_default();
        for (index, one) in all.iter().enumerate() {
            let kind = text(one, "type").unwrap_or_default();
            self.variable(one, kind);
            if kind != "query" {
                continue;
            }
            if self.sources.of_query(one.get("datasource"), None) == Source::Other {
                self.found.skipped += 1;
                continue;
            }
            let (query, at) = match one.get("query") {
                Some(Value::String(query)) => (query.as_str(), "query"),
                Some(object) => (text(object, "query").unwrap_or_default(), "query/query"),
                None => (text(one, "definition").unwrap_or_default(), "definition"),
            };
            self.ask_for_values(format!("{base}/templating/list/{index}/{at}"), one, query);
        }
    }

    pub fn variable(&mut self, spec: &Value, kind: &str) {
        let variable = variable::read(spec, kind).into_iter();
        self.found.variables.extend(variable.map(|variable| (variable.name.clone(), variable)));
    }

    pub fn ask_for_values(&mut self, pointer: String, spec: &Value, query: &str) {
        if let Some(question) = Question::of_variable(query) {
            let title = text(spec, "name").unwrap_or("untitled");
            let query = question.query().unwrap_or(query).to_owned();
            self.ask(Place::Variable, pointer, title, &query, question);
        }
    }

    pub fn ask(&mut self, place: Place, pointer: String, title: &str, query: &str, question: Question) {
        if !query.trim().is_empty() {
            let (title, text) = (title.to_owned(), query.to_owned());
            self.found.asked.push(Asked { pointer, place, title, text, question });
        }
    }
}

pub fn list<'a>(holder: &'a Value, key: &str) -> &'a [Value] {
    holder.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub fn text<'a>(holder: &'a Value, key: &str) -> Option<&'a str> {
    holder.get(key).and_then(Value::as_str)
}

/// As it stands in a JSON pointer.
pub fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
