#!/bin/sh
# Judges that share no line with ours: metrics as prometheus/client_python writes them, in both
# formats, are read without a complaint; and for the dashboards of tests/dashboards and our own of
# deploy/grafana, what the probe says of the raw endpoints is what it says of a real Prometheus that
# scrapes them, and what that Prometheus itself answers. At least 99 % agree, and nothing is called
# missing that is there. Fails if a check fails. Where Python or Prometheus is missing it says so
# and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
#
#   LUSTRUM_BIN   the program to judge, seen from the root of the repository;
#                 without it the one in target/release, else in target/debug, else one is built
set -eu
. "$(dirname "$0")/judge.sh"

need prometheus promtool
python_with tests/interop/prometheus-requirements.txt
find_lustrum

exporter=$(free_port)
touch "$work/exporter.log" "$work/daemon.log" "$work/prometheus.log"
"$python" tests/interop/prometheus_exporter.py "$exporter" >"$work/exporter.log" 2>&1 &
pids=$!
await ready "$work/exporter.log"

# A daemon with one job that has been run, so that its histograms have something in them.
mkdir "$work/schedules"
touch "$work/fleet.json"
"$lustrum" simulate --hosts 2 --vms 2 --port 0 --control-port 0 --json \
    --job "$work/schedules/simulated.toml" >"$work/fleet.json" &
pids="$pids $!"
await '}$' "$work/fleet.json"
(cd "$work" && exec "$lustrum" serve --listen 127.0.0.1:0 --log-format json) 2>"$work/daemon.log" &
pids="$pids $!"
await '"jobs read"' "$work/daemon.log"
daemon=$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$work/daemon.log" | head -n 1)
"$python" -c 'import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], method="POST"))' \
    "http://$daemon/v1/jobs/simulated/trigger"
await '"the run is committed"' "$work/daemon.log"

cat >"$work/rules.yml" <<'RULES'
groups:
  - name: recorded
    interval: 1s
    rules:
      - record: job:http_requests:rate1m
        expr: sum by (job) (rate(http_requests_total[1m]))
      - alert: Always
        expr: vector(1)
RULES
cat >"$work/prometheus.yml" <<CONFIG
global:
  scrape_interval: 1s
rule_files: [rules.yml]
scrape_configs:
  - job_name: chat
    static_configs: [{targets: ["127.0.0.1:$exporter"]}]
  - job_name: lustrum
    honor_labels: true
    static_configs: [{targets: ["$daemon"]}]
CONFIG
server=$(free_port)
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
    --web.listen-address="127.0.0.1:$server" 2>"$work/prometheus.log" &
pids="$pids $!"
await 'ready to receive web requests' "$work/prometheus.log"

"$python" tests/interop/prometheus_judge.py "$lustrum" "$work" "$exporter" "$daemon" "$server"
