"""Holds what the prometheus probe says of raw endpoints against a Prometheus that scrapes them.

    prometheus_judge.py LUSTRUM WORK EXPORTER_PORT DAEMON_ADDRESS SERVER_PORT
"""

import collections
import http.server
import json
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

LUSTRUM, WORK, EXPORTER, DAEMON, SERVER = sys.argv[1:]
EXPORTER, SERVER = f"http://127.0.0.1:{EXPORTER}/metrics", f"http://127.0.0.1:{SERVER}"
DASHBOARDS = sorted(pathlib.Path("tests/dashboards").glob("*.json"))
OURS = pathlib.Path("deploy/grafana/lustrum.json")
MISSING = {"missing_metric", "missing_label", "no_value"}
# Comparisons, `unless`, offsets and absent() may rightly answer nothing.
MAY_BE_EMPTY = re.compile(r"[<>]|[=!]=|\b(unless|offset|absent|absent_over_time)\b|@")
# What only a server can know.
OF_SERVERS = re.compile(r"\w:\w|ALERTS")
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print("WRONG:", what)


def get(url, accept="*/*", form=None):
    data = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(url, data=data, headers={"Accept": accept})
    try:
        return urllib.request.urlopen(request).read()
    except urllib.error.HTTPError as error:
        return error.read()


def api(path, **form):
    return json.loads(get(f"{SERVER}/api/v1/{path}", form=form))


def lustrum(*arguments):
    command = [LUSTRUM, "probe", "prometheus", *map(str, arguments), "--json", "--out-dir", f"{WORK}/out"]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout.startswith("{"):
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
    return done.returncode, json.loads(done.stdout)


class AsText(http.server.BaseHTTPRequestHandler):
    """The exporter, in the older format whatever is asked for."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.end_headers()
        self.wfile.write(get(EXPORTER, "text/plain"))

    def log_message(self, *_):
        pass


def judge_formats():
    """client_python's text in both formats: read without a complaint, no rule broken, no query wrong."""
    text = get(EXPORTER, "text/plain")
    promtool = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    # 3 is what its lint says of names, which are free.
    check(promtool.returncode in (0, 3), f"promtool: {promtool.stderr.decode()}")
    older = http.server.ThreadingHTTPServer(("127.0.0.1", 0), AsText)
    threading.Thread(target=older.serve_forever, daemon=True).start()
    for url in (EXPORTER, f"http://127.0.0.1:{older.server_port}/metrics"):
        job = pathlib.Path(WORK, "strict.toml")
        job.write_text(
            f'name = "strict"\n[[probe]]\nname = "strict"\n[probe.prometheus]\nmetrics = "{url}"\n'
            'interval = "1s"\nrules = "default"\nstrict = true\n'
        )
        code, said = lustrum(job)
        broken = [one["expression"] for one in said["verdict"]["checks"] if one["finding"] != "held"]
        check(code == 0 and not broken, f"{url}: exit code {code}, {broken}")
        check(len(said["rules"]) == 11, f"{url}: {len(said['rules'])} rules")
    older.shutdown()


def judge_exit_codes():
    """What fails, fails; what cannot be read is refused before anybody is asked."""
    code, _ = lustrum("--metrics", EXPORTER, "--interval", "1s", "--dashboard", "tests/dashboards/missing.json")
    check(code == 5, f"a dashboard with missing metrics ends with {code}")
    broken = pathlib.Path(WORK, "broken.json")
    broken.write_text("{not json")
    command = [LUSTRUM, "probe", "prometheus", "--metrics", "http://127.0.0.1:1/", "--dashboard", broken]
    done = subprocess.run(command, capture_output=True, text=True, cwd=WORK)
    check(done.returncode == 2 and "is no JSON" in done.stderr, f"no JSON: {done.returncode} {done.stderr}")
    check("1 problem" in done.stderr, f"one clear error, not: {done.stderr}")


def judge_dashboards(raw_flags, files):
    """Query by query."""
    names = [flag for file in files for flag in ("--dashboard", file)]
    _, raw = lustrum(*raw_flags, "--interval", "1s", *names)
    _, served = lustrum("--server", SERVER, *names)
    raw, served = ({(q["dashboard"], q["pointer"]): q for q in said["queries"]} for said in (raw, served))
    check(raw.keys() == served.keys() and raw, "the same queries are asked of both")
    verdicts, agreed, disagreed = collections.Counter(), 0, []
    for key, query in raw.items():
        verdict, other = query["verdict"], served[key]["verdict"]
        verdicts[verdict] += 1
        text = query["substituted"]
        place = f"{key[0]} {query['title']}: {text}"
        is_values = query["query"].startswith("label_values") or (
            query["place"] == "variable" and "(" not in text and other in ("ok", verdict)
        )
        if verdict == "unverifiable":
            # It may not be an excuse.
            is_ours = OF_SERVERS.search(text) or other == "unverifiable"
            check(is_ours, f"unverifiable without need: {place}")
            continue
        if verdict == other:
            agreed += 1
        else:
            disagreed.append(f"{place}\n    raw {verdict}: {query['reason']}\n    server {other}: {served[key]['reason']}")
        if verdict in ("missing_metric", "missing_label"):
            check(other == verdict, f"called missing, and is not: {place}")
        # What Prometheus itself answers, without our code between.
        parsed = api("format_query", query=text)
        refused = verdict == "type_error" and (query["reason"] or "").startswith("column")
        if query["place"] != "variable":
            check((parsed["status"] == "error") == refused, f"our parser and the server's disagree: {place}")
        if query["place"] == "variable" or refused or is_values:
            continue
        answer = api("query", query=text)
        result = answer.get("data", {}).get("result", [])
        if verdict in ("ok", "degraded"):
            check(result or MAY_BE_EMPTY.search(text), f"{verdict}, and the server answers nothing: {place}")
        elif verdict in MISSING:
            check(not result, f"{verdict}, and the server answers {len(result)} series: {place}")
        else:
            check(not result, f"{verdict}, and the server answers: {place}")
    for told in disagreed:
        print("DISAGREE:", told)
    judged = agreed + len(disagreed)
    share = agreed / max(judged, 1)
    print(f"{judged} of {len(raw)} queries can be told from the raw endpoint; {agreed} agree ({share:.2%})")
    print("  " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()))
    check(share >= 0.99, f"only {share:.2%} agree")
    return verdicts


judge_formats()
judge_exit_codes()
# Rates need two samples, alerts and recording rules two evaluations, subqueries the start of a minute
# with rates before it.
deadline = time.monotonic() + 100
while True:
    ready = [
        api("query", query=query)["data"]["result"]
        for query in ("count_over_time(lustrum_runs_total[1m]) > 3", "job:http_requests:rate1m", "ALERTS",
                      "count_over_time(http_requests_total[1m]) > 3",
                      "max_over_time(sum(rate(http_requests_total[1m]))[10m:1m])")
    ]
    if all(ready):
        break
    if time.monotonic() > deadline:
        sys.exit("Prometheus scrapes nothing")
    time.sleep(0.5)
seen = judge_dashboards(["--metrics", EXPORTER], DASHBOARDS)
for verdict in ("ok", "degraded", "missing_metric", "missing_label", "no_value", "type_error", "unverifiable"):
    check(seen[verdict], f"no query is {verdict}: the dashboards judge too little")
seen = judge_dashboards(["--metrics", f"http://{DAEMON}/metrics", "--honor-labels"], [OURS])
check(set(seen) <= {"ok", "no_value"}, f"our own dashboard: {seen}")
sys.exit(1 if failures else 0)
