//! Templates: what may stand in them, and what comes out whatever hosts are called.

use lustrum::notify::notice::{Notice, Occasion, On};
use lustrum::notify::template::{Document, Escape, Text, Unusable};
use lustrum::notify::variable::VARIABLES;
use lustrum::notify::webhook::Format;
use lustrum::notify::wording;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::golden::assert_golden;
use crate::world::notices::{hosts_not_ok, plain};

/// What a person who means harm, or a host that is broken, may put into a sentence.
const HOSTILE: &str = "\"},{\"text\":\"<!channel> *now* [x](http://x)\"}\n{{job}} \\u0000\u{7}";

#[test]
fn the_built_in_documents_are_as_they_were() {
    let mut text = String::new();
    for format in [Format::Generic, Format::Slack, Format::Teams] {
        for notice in [hosts_not_ok(HOSTILE), plain(Occasion::Missed, "it could not start in time")] {
            let rendered = format.document().render(&notice, format.escape());
            text.push_str(&format!("{format:?}\n{}\n\n", serde_json::to_string_pretty(&rendered).unwrap()));
        }
    }
    assert_golden("tests/it/golden/notify_documents.txt", &text);
}

#[test]
fn a_text_that_is_one_variable_has_its_type() {
    let document = Document::parse(
        r#"{"n": "{{hosts}}", "t": "{{hosts}} hosts", "l": "{{newly_not_ok}}", "lt": "new: {{newly_not_ok}}",
            "o": "{{not_ok}}", "ot": "{{ not_ok }}!", "none": "{{cause}}", "nt": "[{{cause}}]", "k": [1, true, null, "x"]}"#,
    );
    let rendered = document.unwrap().render(&hosts_not_ok("it is down"), Escape::None);
    let not_ok = json!([{ "host": "hv-03", "status": "inventory_error", "reasons": ["unreachable"], "why": "it is down" }]);
    let expected = json!({
        "n": 3, "t": "3 hosts", "l": ["hv-03"], "lt": "new: hv-03", "o": not_ok, "ot": "hv-03!",
        "none": null, "nt": "[]", "k": [1, true, null, "x"],
    });
    assert_eq!(rendered, expected);
}

#[test]
fn what_cannot_be_used_says_why() {
    for (text, why) in [
        ("{{hots}}", Unusable::Unknown("hots".to_owned())),
        ("{{hosts", Unusable::Open),
        ("{{}}", Unusable::Unknown(String::new())),
    ] {
        assert_eq!(Text::parse(text).unwrap_err(), why);
        assert_eq!(Document::parse(&json!({ "a": [text] }).to_string()).unwrap_err(), why);
    }
    assert!(matches!(Document::parse("{\"hosts\": {{hosts}}}"), Err(Unusable::NotJson(_))));
    assert!(matches!(Document::parse("{\"{{hosts}}\": 1}"), Err(Unusable::InKey(_))));
    assert_eq!(Text::parse("} { {a} }}").unwrap().render(&hosts_not_ok(""), Escape::None), "} { {a} }}");
}

#[test]
fn every_variable_says_what_it_is_and_has_a_value_once_hosts_were_asked() {
    for variable in &VARIABLES {
        assert!(!variable.doc.is_empty());
        let is_null = variable.of(&hosts_not_ok("")).is_null();
        assert_eq!(is_null, variable.name == "cause", "{}", variable.name);
    }
}

#[test]
fn who_wants_what_is_told_it() {
    let told = |notice: &Notice| {
        let all = [On::Failure, On::Recovery, On::Change, On::Missed, On::Interruption, On::Always];
        all.into_iter().filter(|on| notice.is_wanted(&[*on])).collect::<Vec<_>>()
    };
    let lasting = |mut notice: Notice| {
        notice.since.changed = false;
        notice
    };
    let mut recovered = plain(Occasion::AllOk, "");
    recovered.since.recovered = true;
    for (notice, expected) in [
        (hosts_not_ok(""), vec![On::Failure, On::Change, On::Always]),
        (lasting(hosts_not_ok("")), vec![On::Failure, On::Always]),
        (lasting(plain(Occasion::AllOk, "")), vec![On::Always]),
        (recovered, vec![On::Recovery, On::Change, On::Always]),
        (plain(Occasion::Cancelled, ""), vec![On::Failure, On::Change, On::Always]),
        (plain(Occasion::NotRecorded, ""), vec![On::Failure, On::Change, On::Always]),
        (lasting(plain(Occasion::NotRecorded, "")), vec![On::Failure, On::Always]),
        (plain(Occasion::Interrupted, ""), vec![On::Interruption, On::Always]),
        (plain(Occasion::Missed, ""), vec![On::Missed, On::Always]),
    ] {
        assert_eq!(told(&notice), expected, "{notice:?}");
    }
}

#[test]
fn a_large_fleet_makes_no_large_text() {
    let mut notice = hosts_not_ok(&"x".repeat(5_000));
    let run = notice.run.as_mut().unwrap();
    run.not_ok = vec![run.not_ok[0].clone(); 5_000];
    let details = wording::details(&notice);
    assert!(details.len() < 8_000 && details.ends_with("… and 4980 more"), "{details}");
    let generic = Document::generic().render(&notice, Escape::None);
    assert_eq!((generic["not_ok"].as_array().unwrap().len(), &generic["hosts_not_ok"]), (50, &json!(5_000)));
}

proptest! {
    /// What is put in stays inside its text, whatever it is.
    #[test]
    fn values_never_leave_their_texts(why in any::<String>(), before in any::<String>(), after in any::<String>()) {
        let plain = |text: &String| text.replace("{{", "").replace('\0', "");
        let (before, after) = (plain(&before), plain(&after));
        prop_assume!(!before.ends_with('{'));
        // Alone in its text a list stays a list.
        prop_assume!(!before.is_empty() || !after.is_empty());
        let notice = hosts_not_ok(&why);
        let template = json!({ "text": format!("{before}{{{{not_ok}}}}{after}"), "other": 7, "why": "{{not_ok}}" });
        let rendered = Document::parse(&template.to_string()).unwrap().render(&notice, Escape::None);
        let read: Value = serde_json::from_str(&rendered.to_string()).unwrap();
        prop_assert_eq!(read["text"].as_str().unwrap(), format!("{before}hv-03{after}"));
        prop_assert_eq!(read["why"][0]["why"].as_str().unwrap(), why.as_str());
        prop_assert_eq!(read.as_object().unwrap().len(), 3);
        let escaped = Format::Slack.document().render(&notice, Escape::Entities).to_string();
        prop_assert!(!escaped.contains('<') && !escaped.contains('>'));
    }

    /// A subject is one line.
    #[test]
    fn titles_are_one_line(cause in any::<String>()) {
        let title = wording::title(&plain(Occasion::NotRecorded, &cause));
        prop_assert!(!title.chars().any(char::is_control));
    }
}
