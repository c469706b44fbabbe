#!/bin/sh
# What a load looks like to those who look at it: the live screen in a terminal (tmux), and the
# report and its picture in a browser (headless Chromium). Fails if something that must stand there
# does not. Where a tool is missing it says so and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
#
#   LUSTRUM_BIN   the program to judge, seen from the root of the repository;
#                 without it the one in target/release, else in target/debug, else one is built
set -eu

cd "$(dirname "$0")/../.."
work=$(mktemp -d)
pids=
screen="tmux -S $work/tmux -f /dev/null"
cleanup() {
    $screen kill-server 2>/dev/null || true
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap cleanup EXIT

skip() {
    echo "SKIPPED: $1" >&2
    [ "${LUSTRUM_INTEROP_REQUIRED:-}" != 1 ] || exit 1
    exit 0
}

targets=${CARGO_TARGET_DIR:-target}
for built in "$targets/release/lustrum" "$targets/debug/lustrum"; do
    [ -n "${LUSTRUM_BIN:-}" ] || [ ! -x "$built" ] || LUSTRUM_BIN=$built
done
if [ -z "${LUSTRUM_BIN:-}" ]; then
    cargo build --quiet
    LUSTRUM_BIN=$targets/debug/lustrum
fi
lustrum=$(realpath "$LUSTRUM_BIN")
echo "judging $lustrum, $("$lustrum" --version)"

for tool in python3 tmux chromium; do
    command -v $tool >/dev/null || skip "the screens of a load: $tool is not installed"
done

# A service that tells of its CPU and memory, and whose memory grows.
cat >"$work/service.py" <<'PYTHON'
import http.server
import time

hoard = []


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self):
        Service.asked += 1
        status, kind, body = 200, "application/json", "{}"
        if self.path == "/metrics":
            hoard.append(bytearray(200_000))
            kind = "text/plain; version=0.0.4"
            memory = 20_000_000 + 200_000 * len(hoard)
            body = f"process_cpu_seconds_total {time.process_time()}\nprocess_resident_memory_bytes {memory}\n"
        elif self.path == "/flaky" and Service.asked % 20 == 0:
            status = 503
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
python3 "$work/service.py" >"$work/port" 2>"$work/service.log" &
pids=$!
waited=0
until [ -s "$work/port" ]; do
    waited=$((waited + 1))
    [ "$waited" -le 100 ] || { echo "the service did not start" >&2; cat "$work/service.log" >&2; exit 1; }
    sleep 0.1
done
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
# What a browser makes of the page: every chart with its lines, within the window.
cat >"$work/look.py" <<'PYTHON'
import json, pathlib, re, struct, sys, zlib

page = pathlib.Path(sys.argv[1]).read_text()
charts = re.findall(r'<svg.*?aria-label="(.*?)".*?>(.*?)</svg>', page, re.S)
titles = ["Requests per second", "Latency", "Latency by percentile", "Errors per second", "CPU",
          "Memory of the target", "Memory of this machine"]
for title in titles:
    drawn = [body for label, body in charts if label == title]
    assert len(drawn) == 2, f"{title}: {len(drawn)} charts"
    for body in drawn:
        data = re.findall(r'<path class="(?:li|bd|f)[^"]*" d="([^"]*)"', body)
        assert any(len(path) > 40 for path in data), f"{title} has no line"
        assert body.count('class="kx"') >= 2 and body.count('class="ky"') >= 2, f"{title} has no labels"
data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S).group(1))
assert data["monitor"]["local"] and data["monitor"]["target"], "the monitor saw nothing"


def pixels(file):
    raw = pathlib.Path(file).read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n", f"{file} is no PNG"
    at, packed = 8, b""
    while at < len(raw):
        length, kind = struct.unpack(">I4s", raw[at:at + 8])
        part = raw[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height = struct.unpack(">II", part[:8])
        elif kind == b"IDAT":
            packed += part
        at += 12 + length
    return width, height, len(set(zlib.decompress(packed)))


for file in sys.argv[2:]:
    width, height, values = pixels(file)
    assert values > 60, f"{file} is blank"
    print(f"{pathlib.Path(file).name}: {width} x {height}, drawn")
PYTHON
browse --dump-dom "file://$report" >"$work/dom.html"
for size in 1280,2400 390,4400; do
    browse --window-size=$size --screenshot="$work/page_${size%,*}.png" "file://$report" >/dev/null
done
python3 "$work/look.py" "$work/dom.html" "$work"/page_*.png "$work"/wide/metrics_chart_*.png || {
    cat "$work/browser.log" >&2
    exit 1
}
echo "Chromium: the report shows all charts, at the width of a desk and of a telephone"
