//! What the page looks like: on paper and at night, on a desk and on a telephone.

use crate::probes::http_load::chart::paint::{Ground, page_rules};

/// The whole style sheet; the page loads nothing from elsewhere.
pub fn sheet() -> String {
    format!(
        ":root{{color-scheme:light dark;{light}--good:#15803d;--warn:#b45309;--bad:#b91c1c;--card:#f8fafc}}\
         @media(prefers-color-scheme:dark){{:root{{{dark}--good:#4ade80;--warn:#fbbf24;--bad:#f87171;--card:#1a202a}}}}\
         {RULES}{charts}",
        light = Ground::Light.properties(),
        dark = Ground::Dark.properties(),
        charts = page_rules(),
    )
}

const RULES: &str = "\
*{box-sizing:border-box}\
body{margin:0 auto;max-width:1280px;padding:20px;background:var(--paper);color:var(--ink);\
font:15px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}\
h1{font-size:22px;margin:0 0 6px}h2{font-size:16px;margin:28px 0 8px}p{margin:0 0 6px}\
.verdict{border-left:6px solid;padding:10px 14px;background:var(--card);margin:14px 0}\
.verdict b{font-size:18px}.verdict span{display:block;color:var(--ink)}\
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.unknown{color:var(--faint)}\
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px 18px;margin:14px 0}\
dt{font-size:12px;color:var(--faint)}dd{margin:0;font-weight:600}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th{font-size:12px;color:var(--faint);text-align:left;font-weight:600}\
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top}\
.num{text-align:right}code{font:13px ui-monospace,monospace}\
ul{margin:0;padding-left:20px}\
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(520px,1fr));gap:26px 28px}\
figure{margin:0}svg{display:block;width:100%;height:auto}.narrow{display:none}\
footer{margin-top:30px;color:var(--faint);font-size:12px}\
@media(max-width:600px){body{padding:14px}.charts{grid-template-columns:1fr}\
.wide{display:none}.narrow{display:block}\
thead{display:none}tr{display:grid;grid-template-columns:1fr 1fr;gap:2px 14px;padding:8px 0;border-bottom:1px solid var(--grid)}\
td{border:0;padding:0;text-align:left!important}td.name{grid-column:1/-1;font-weight:600}\
td[data-l]::before{content:attr(data-l) ' ';color:var(--faint);font-size:12px;font-weight:400}}\
@media print{body{max-width:none}figure{break-inside:avoid}}";
