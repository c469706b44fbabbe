//! Whether a query can have an answer: its tree walked over the labels of series, without values.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::label::METRIC_NAME;
use promql_parser::parser::token::{T_COUNT_VALUES, T_LAND, T_LOR, T_LUNLESS};
use promql_parser::parser::{
    AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality, VectorSelector,
};

use crate::probes::exposition::family::Kind;
use crate::probes::prometheus::labels::{Labels, distinct, grouped, key, names, without};
use crate::probes::prometheus::scene::Scene;
use crate::probes::prometheus::verdict::{Trouble, Verdict};

/// A query's answer without its values.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Scalar,
    Series(Vec<Labels>),
}

/// What was seen on the way.
#[derive(Default)]
pub struct Seen {
    /// What makes an answer less than people think.
    pub troubles: Vec<Trouble>,
    /// Values, or the past, decide whether there is an answer: conditions, offsets, `absent()`.
    pub may_be_empty: bool,
}

/// The answer's shape. `Err` where an answer is impossible.
pub fn resolve(expr: &Expr, scene: &Scene, seen: &mut Seen) -> Result<Shape, Trouble> {
    Walk { scene, seen }.shape(expr)
}

struct Walk<'a> {
    scene: &'a Scene,
    seen: &'a mut Seen,
}

impl Walk<'_> {
    fn shape(&mut self, expr: &Expr) -> Result<Shape, Trouble> {
        match expr {
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => Ok(Shape::Scalar),
            Expr::VectorSelector(selector) => self.pick(selector),
            Expr::MatrixSelector(matrix) => self.pick(&matrix.vs),
            Expr::Paren(paren) => self.shape(&paren.expr),
            Expr::Unary(unary) => Ok(nameless(self.shape(&unary.expr)?)),
            Expr::Subquery(subquery) => {
                self.seen.may_be_empty |= subquery.offset.is_some() || subquery.at.is_some();
                self.shape(&subquery.expr)
            }
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Call(call) => self.call(call),
            Expr::Binary(binary) => self.binary(binary),
        }
    }

    fn pick(&mut self, selector: &VectorSelector) -> Result<Shape, Trouble> {
        self.seen.may_be_empty |= selector.offset.is_some() || selector.at.is_some();
        self.scene.pick(selector).map(Shape::Series)
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr) -> Result<Shape, Trouble> {
        if let Some(param) = &aggregate.param {
            self.shape(param)?;
        }
        let Shape::Series(all) = self.shape(&aggregate.expr)? else { return Ok(Shape::Scalar) };
        // These keep whole series.
        if ["topk", "bottomk", "limitk", "limit_ratio"].contains(&aggregate.op.to_string().as_str()) {
            return Ok(Shape::Series(all));
        }
        let modifier = aggregate.modifier.as_ref();
        let mut left: Vec<_> = all.iter().map(|labels| grouped(labels, modifier)).collect();
        if aggregate.op.id() == T_COUNT_VALUES
            && let Some(Expr::StringLiteral(label)) = aggregate.param.as_deref()
        {
            left.iter_mut().for_each(|labels| drop(labels.insert(label.val.clone(), "1".to_owned())));
        }
        Ok(Shape::Series(distinct(left)))
    }

    fn call(&mut self, call: &Call) -> Result<Shape, Trouble> {
        let name = call.func.name;
        let argument = call
            .args
            .args
            .iter()
            .map(|argument| &**argument)
            .find(|argument| !matches!(argument, Expr::NumberLiteral(_) | Expr::StringLiteral(_)));
        if name.starts_with("absent") {
            // That the series is not there is what is asked.
            self.seen.may_be_empty = true;
            return Ok(Shape::Series(vec![Labels::new()]));
        }
        // Every series an answer needs, then the one it is made of.
        let mut shapes = Vec::new();
        for argument in &call.args.args {
            shapes.push(self.shape(argument)?);
        }
        self.check_kind(name, argument);
        let series = shapes.into_iter().find_map(|shape| match shape {
            Shape::Series(series) => Some(series),
            Shape::Scalar => None,
        });
        let Some(series) = series else {
            let is_scalar = ["time", "pi", "scalar"].contains(&name);
            return Ok(if is_scalar { Shape::Scalar } else { Shape::Series(vec![Labels::new()]) });
        };
        match name {
            "scalar" => Ok(Shape::Scalar),
            "vector" => Ok(Shape::Series(vec![Labels::new()])),
            "label_replace" | "label_join" => Ok(Shape::Series(relabeled(call, series))),
            "histogram_quantile" => {
                if !series.iter().any(|labels| labels.contains_key("le")) {
                    let why = "histogram_quantile() of series without the label `le`: it was aggregated away, or never there";
                    return Err(Trouble::new(Verdict::TypeError, why));
                }
                let left = series.into_iter().map(|labels| without(labels, &[METRIC_NAME, "le"])).collect();
                Ok(Shape::Series(distinct(left)))
            }
            "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" | "last_over_time" => {
                Ok(Shape::Series(series))
            }
            _ => Ok(nameless(Shape::Series(series))),
        }
    }

    /// Functions that mean counters, and those that mean anything else.
    fn check_kind(&mut self, function: &str, argument: Option<&Expr>) {
        let name = match argument {
            Some(Expr::MatrixSelector(matrix)) => matrix.vs.name.as_deref(),
            _ => None,
        };
        let Some((name, kind)) = name.and_then(|name| Some((name, self.scene.kind(name)?))) else { return };
        let is_wrong = match function {
            "rate" | "irate" | "increase" => kind == Kind::Gauge,
            "delta" | "idelta" | "deriv" | "predict_linear" => kind == Kind::Counter,
            _ => false,
        };
        if is_wrong {
            let why = format!("{function}() of the {} `{name}` says nothing", kind.word());
            self.seen.troubles.push(Trouble::new(Verdict::Degraded, why));
        }
    }

    fn binary(&mut self, binary: &BinaryExpr) -> Result<Shape, Trouble> {
        match binary.op.id() {
            T_LOR => return self.or(binary),
            T_LUNLESS => {
                let left = self.shape(&binary.lhs)?;
                self.seen.may_be_empty = true;
                return Ok(left);
            }
            _ => {}
        }
        let (left, right) = (self.shape(&binary.lhs)?, self.shape(&binary.rhs)?);
        let is_condition = binary.op.is_comparison_operator() && !binary.return_bool();
        let keeps_name = is_condition || binary.op.is_set_operator();
        let shape = match (left, right) {
            (Shape::Scalar, Shape::Scalar) => return Ok(Shape::Scalar),
            (Shape::Series(series), Shape::Scalar) | (Shape::Scalar, Shape::Series(series)) => series,
            (Shape::Series(left), Shape::Series(right)) => self.brought_together(binary, left, right)?,
        };
        self.seen.may_be_empty |= is_condition;
        Ok(if keeps_name { Shape::Series(shape) } else { nameless(Shape::Series(shape)) })
    }

    /// One side is enough. A missing one is a flaw, except where the other is the number that is
    /// to be shown then: `… or vector(0)`.
    fn or(&mut self, binary: &BinaryExpr) -> Result<Shape, Trouble> {
        let (left, right) = (self.shape(&binary.lhs), self.shape(&binary.rhs));
        match (left, right) {
            (Ok(Shape::Series(mut left)), Ok(Shape::Series(right))) => {
                left.extend(right);
                Ok(Shape::Series(distinct(left)))
            }
            (Ok(one), Ok(_)) => Ok(one),
            (Err(_), Ok(right)) if is_constant(&binary.rhs) => Ok(right),
            (Err(trouble), Ok(shape)) | (Ok(shape), Err(trouble)) => {
                let verdict = if trouble.verdict == Verdict::Unverifiable {
                    trouble.verdict
                } else {
                    Verdict::Degraded
                };
                let why = format!("one side of `or` has no answer: {}", trouble.why);
                let suggestion = trouble.suggestion;
                self.seen.troubles.push(Trouble::new(verdict, why).with_suggestion(suggestion));
                Ok(shape)
            }
            (Err(left), Err(_)) => Err(left),
        }
    }

    fn brought_together(
        &mut self,
        binary: &BinaryExpr,
        left: Vec<Labels>,
        right: Vec<Labels>,
    ) -> Result<Vec<Labels>, Trouble> {
        let modifier = binary.modifier.as_ref();
        let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
        let keys = |side: &[Labels]| {
            let mut keys: BTreeMap<Labels, Vec<Labels>> = BTreeMap::new();
            side.iter()
                .for_each(|labels| keys.entry(key(labels, matching)).or_default().push(labels.clone()));
            keys
        };
        let (by_left, by_right) = (keys(&left), keys(&right));
        let both: BTreeSet<_> = by_left.keys().filter(|key| by_right.contains_key(*key)).collect();
        if both.is_empty() {
            let why = format!(
                "no series of the two sides of `{}` have the same labels: left {}; right {}",
                binary.op,
                names(&left),
                names(&right)
            );
            return Err(Trouble::new(Verdict::NoValue, why));
        }
        if binary.op.id() == T_LAND {
            return Ok(left.into_iter().filter(|labels| both.contains(&key(labels, matching))).collect());
        }
        let card = modifier.map_or(&VectorMatchCardinality::OneToOne, |modifier| &modifier.card);
        let (many, ones, included) = match card {
            VectorMatchCardinality::ManyToOne(included) => (&by_left, &by_right, Some(included)),
            VectorMatchCardinality::OneToMany(included) => (&by_right, &by_left, Some(included)),
            VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {
                (&by_left, &by_right, None)
            }
        };
        let mut found = Vec::new();
        for key in both {
            let is_double = ones[key].len() > 1 || (included.is_none() && many[key].len() > 1);
            // A condition may leave one of them.
            if is_double && !self.seen.may_be_empty {
                let why =
                    format!("several series on one side of `{}` have the labels that are matched", binary.op);
                return Err(Trouble::new(Verdict::TypeError, why));
            }
            for labels in &many[key] {
                let mut labels = match (included, matching) {
                    (Some(_), _) => labels.clone(),
                    (None, Some(LabelModifier::Include(_))) => key.clone(),
                    (None, _) => key.clone(),
                };
                for name in included.iter().flat_map(|included| &included.labels) {
                    match ones[key].iter().find_map(|one| one.get(name)) {
                        Some(value) => labels.insert(name.clone(), value.clone()),
                        None => labels.remove(name),
                    };
                }
                found.push(labels);
            }
        }
        Ok(distinct(found))
    }
}

/// `vector(0)`, also in parentheses or below a condition's number.
fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(paren) => is_constant(&paren.expr),
        Expr::Unary(unary) => is_constant(&unary.expr),
        Expr::NumberLiteral(_) => true,
        Expr::Call(call) if call.func.name == "vector" => true,
        Expr::Binary(binary) => is_constant(&binary.lhs) && is_constant(&binary.rhs),
        Expr::Call(call) => !call.args.args.is_empty() && call.args.args.iter().all(|one| is_constant(one)),
        _ => false,
    }
}

fn nameless(shape: Shape) -> Shape {
    match shape {
        Shape::Scalar => Shape::Scalar,
        Shape::Series(all) => {
            Shape::Series(distinct(all.into_iter().map(|labels| without(labels, &[METRIC_NAME])).collect()))
        }
    }
}

/// `label_replace(v, to, replacement, from, regex)` and `label_join(v, to, separator, from…)`.
fn relabeled(call: &Call, series: Vec<Labels>) -> Vec<Labels> {
    let texts: Vec<&str> = call
        .args
        .args
        .iter()
        .filter_map(|argument| match &**argument {
            Expr::StringLiteral(text) => Some(text.val.as_str()),
            _ => None,
        })
        .collect();
    let changed = |mut labels: Labels| {
        let value = |labels: &Labels, name: &str| labels.get(name).cloned().unwrap_or_default();
        let put = match (call.func.name, texts.as_slice()) {
            ("label_replace", [to, replacement, from, pattern]) => {
                let pattern = regex::Regex::new(&format!("^(?s:{pattern})$")).ok();
                let from = value(&labels, from);
                let put = pattern.and_then(|pattern| {
                    let mut put = String::new();
                    pattern.captures(&from)?.expand(replacement, &mut put);
                    Some(put)
                });
                put.map(|put| (*to, put))
            }
            ("label_join", [to, separator, from @ ..]) => {
                let all: Vec<_> = from.iter().map(|name| value(&labels, name)).collect();
                Some((*to, all.join(separator)))
            }
            _ => None,
        };
        match put {
            Some((to, put)) if put.is_empty() => drop(labels.remove(to)),
            Some((to, put)) => drop(labels.insert(to.to_owned(), put)),
            None => {}
        }
        labels
    };
    distinct(series.into_iter().map(changed).collect())
}
