//! What is asked: a query, or what a variable may be.

/// <https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// PromQL.
    Query,
    /// `label_values(metric, label)`: the values of a label, of some series or of all.
    LabelValues { metric: Option<String>, label: String },
    /// `metrics(regex)`: names of metrics.
    Names { pattern: String },
    /// `query_result(query)`: what a query answers.
    Result { query: String },
}

impl Question {
    /// Of a variable's query; nothing for one that every server answers.
    pub fn of_variable(text: &str) -> Option<Self> {
        let text = text.trim();
        let call =
            text.split_once('(').and_then(|(name, rest)| Some((name.trim(), rest.strip_suffix(')')?.trim())));
        match call {
            _ if text.is_empty() => None,
            Some(("label_names", _)) => None,
            Some(("label_values", arguments)) => {
                let (metric, label) = match last_comma(arguments) {
                    Some(at) => (Some(arguments[..at].trim()), arguments[at + 1..].trim()),
                    None => (None, arguments),
                };
                let metric = metric.filter(|metric| !metric.is_empty()).map(str::to_owned);
                Some(Self::LabelValues { metric, label: label.trim_matches(['"', '\'']).to_owned() })
            }
            Some(("metrics", pattern)) => {
                Some(Self::Names { pattern: pattern.trim_matches(['"', '\'']).to_owned() })
            }
            Some(("query_result", query)) => Some(Self::Result { query: query.to_owned() }),
            _ => Some(Self::Query),
        }
    }

    /// The PromQL in it, where that is not all of its text.
    pub fn query(&self) -> Option<&str> {
        match self {
            Self::Query => None,
            Self::LabelValues { metric, .. } => metric.as_deref(),
            Self::Names { pattern } => Some(pattern),
            Self::Result { query } => Some(query),
        }
    }
}

/// The last one that stands outside of quotes and brackets.
fn last_comma(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut found) = (0_usize, None, None);
    for (at, c) in text.char_indices() {
        match c {
            c if quote == Some(c) => quote = None,
            _ if quote.is_some() => {}
            '"' | '\'' | '`' => quote = Some(c),
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => found = Some(at),
            _ => {}
        }
    }
    found
}
