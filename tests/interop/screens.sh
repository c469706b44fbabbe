#!/bin/sh
# What a load looks like to those who look at it: the live screen in a terminal (tmux), and the
# report and its picture in a browser (headless Chromium). Fails if something that must stand there
# does not. Where a tool is missing it says so and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
#
#   LUSTRUM_BIN   the program to judge, seen from the root of the repository;
#                 without it the one in target/release, else in target/debug, else one is built
set -eu
. "$(dirname "$0")/judge.sh"

need python3 tmux chromium
find_lustrum

screen="tmux -S $work/tmux -f /dev/null"
trap '$screen kill-server 2>/dev/null || true; cleanup' EXIT

python3 tests/interop/load_service.py >"$work/port" 2>"$work/service.log" &
pids=$!
await . "$work/port"
url=http://127.0.0.1:$(cat "$work/port")

cat >"$work/load.toml" <<TOML
[[probe]]
name = "service"
[probe.http-load]
base-url = "$url"
concurrent = 4
duration = "8s"
grades = "none"
thresholds = ["p95 < 30s", "target.memory.max > 1MiB", "sys.cpu.max > 0%"]
[probe.http-load.monitor]
metrics-url = "$url/metrics"
[[probe.http-load.endpoint]]
name = "steady"
path = "/"
[[probe.http-load.endpoint]]
name = "flaky"
path = "/flaky"
TOML

# Waits until a text stands on the screen of a session.
stands() {
    waited=0
    until $screen capture-pane -p -S - -t "$1" | grep -qF -- "$2"; do
        waited=$((waited + 1))
        if [ "$waited" -gt 300 ]; then
            echo "not on the screen $1: $2" >&2
            $screen capture-pane -p -S - -t "$1" >&2
            exit 1
        fi
        sleep 0.1
    done
}

shows() {
    $screen new-session -d -s "$1" -x "$2" -y "$3" \
        "cd $work; $4 $lustrum probe http-load load.toml --out-dir $1; echo ended with \$?; stty -a; exec sleep 600"
}

shows wide 100 30 ""
for text in "service against $url" "measuring" "elapsed" "requests per second" "p95 by second" \
    "local CPU" "local RAM" "target CPU" "target RAM" "steady" "flaky" "q or Ctrl-C stops the load"; do
    stands wide "$text"
done
colored=$(printf '\033\[[0-9;]*\(3[0-7]\|9[0-7]\|38;[0-9;]*\)m')
$screen capture-pane -p -e -t wide | grep -q "$colored" || { echo "there are no colours" >&2; exit 1; }
if $screen capture-pane -p -t wide | grep -q "Files"; then
    echo "the summary stands on the live screen" >&2
    exit 1
fi
stands wide "ended with 0"
stands wide " icanon"
echo "tmux: the live screen shows a load, and gives the terminal back at its end"

# A key ends it as Ctrl-C does, on the smallest screen that is promised, without colours.
shows small 40 12 "env NO_COLOR=1"
stands small "target CPU"
stands small "p95 by second"
if $screen capture-pane -p -e -t small | grep -q "$colored"; then
    echo "there are colours in spite of NO_COLOR" >&2
    exit 1
fi
$screen send-keys -t small q
stands small "ended with 4"
stands small " icanon"
echo "tmux: a small screen shows what matters, and q stops the load"

report=$(ls "$work"/wide/load_report_*.html)
test -s "$work"/wide/metrics_report_*.json
browse() {
    timeout 60 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --user-data-dir="$work/browser" --hide-scrollbars "$@" 2>"$work/browser.log"
}
browse --dump-dom "file://$report" >"$work/dom.html"
for size in 1280,2400 390,4400; do
    browse --window-size=$size --screenshot="$work/page_${size%,*}.png" "file://$report" >/dev/null
done
python3 tests/interop/load_report_judge.py "$work/dom.html" "$work"/page_*.png "$work"/wide/metrics_chart_*.png || {
    cat "$work/browser.log" >&2
    exit 1
}
echo "Chromium: the report shows all charts, at the width of a desk and of a telephone"
