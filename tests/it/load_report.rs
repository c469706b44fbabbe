//! The report of a load as people and programs get it.

use lustrum::probes::http_load::report::dossier::Dossier;
use lustrum::probes::http_load::report::files;
use serde_json::Value;

use crate::world::drawn;
use crate::world::load_dossier::dossier;

fn page(dossier: &Dossier) -> String {
    String::from_utf8(files::html(dossier).to_vec()).unwrap()
}

fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_page_needs_nothing_else_and_stays_small() {
    for seconds in [5, 60, 86_400] {
        let page = page(&dossier(seconds));
        assert!(page.len() < 1_000_000, "{seconds} s make {} bytes", page.len());
        let elsewhere = ["src=", "href=", "url(", "@import", "<link", "<img"];
        for word in elsewhere {
            assert!(!page.contains(word), "{word}");
        }
        // The name of SVG's namespace is an address that nobody visits.
        let addresses = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        let (visible, _) = addresses.split_once("<script type=\"application/json\"").unwrap();
        assert!(!visible.replace("http://127.0.0.1:8080", "").contains("://"));
    }
}

#[test]
fn every_chart_stands_on_the_page_for_a_desk_and_for_a_telephone() {
    let page = page(&dossier(60));
    let charts: Vec<_> = page.match_indices("<svg").map(|(at, _)| &page[at..]).collect();
    assert_eq!(charts.len(), 2 * 8);
    for chart in charts {
        let (svg, _) = chart.split_once("</svg>").unwrap();
        drawn::read(&format!("{svg}</svg>")).assert_tidy();
    }
}

#[test]
fn what_was_found_is_told_and_no_name_becomes_markup() {
    let page = page(&dossier(60));
    for told in [
        "Threshold failed, moderate",
        "err.timeout == 0",
        "held",
        "broken",
        "POST /anonymize",
        "no end is in sight",
        "&lt;and&gt;",
        "a leak is suspected",
        "In all: 31 read_timeout, 7 reset",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("<b>&amp;</b> name") && page.contains("a &lt;b&gt;&amp;amp;&lt;/b&gt; name"));
}

#[test]
fn the_data_of_the_page_cannot_end_its_element() {
    let mut evil = dossier(5);
    evil.title = "</script><script>alert(1)</script>".to_owned();
    let page = page(&evil);
    assert_eq!(page.matches("</script>").count(), 1);
    let data = data(&page);
    assert_eq!(data["title"], "</script><script>alert(1)</script>");
    assert_eq!(data["course"]["seconds"].as_array().unwrap().len(), 5);
    assert_eq!(data["monitor"]["local"].as_array().unwrap().len(), 20);
}

#[test]
fn of_a_day_the_page_keeps_the_summary() {
    let data = data(&page(&dossier(86_400)));
    assert!(data["monitor"]["local"].as_array().unwrap().is_empty());
    assert_eq!(data["endpoints"].as_array().unwrap().len(), 3);
}

#[test]
fn the_monitors_numbers_are_a_document_of_their_own() {
    let metrics: Value = serde_json::from_slice(&files::metrics(&dossier(60))).unwrap();
    assert_eq!(metrics["local"].as_array().unwrap().len(), 240);
    assert_eq!(metrics["summary"]["sys.memory.max"], 6_000_240_000.0);
    assert!(metrics["summary"]["target.cpu.p95"].as_f64().unwrap() > 90.0);
    assert_eq!(metrics["target"][0]["cpu_percent"], Value::Null, "unknown is null and never 0");
    assert_eq!(metrics["target_memory"]["tone"], "warn");

    let mut blind = dossier(5);
    blind.monitor = Default::default();
    let metrics: Value = serde_json::from_slice(&files::metrics(&blind)).unwrap();
    assert_eq!(metrics["summary"]["sys.cpu.p95"], Value::Null);
    assert!(page(&blind).contains("this machine tells nothing of it"));
}
