#!/bin/sh
# A judge that shares no line with ours: schemathesis reads the daemon's OpenAPI document and
# sends it what fits and what does not. Every answer is to be one that the document tells of.
# promtool, where it is installed, reads the metrics. Where Python or the package is missing
# it says so and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
#
#   LUSTRUM_BIN   the program to judge, seen from the root of the repository;
#                 without it the one in target/release, else in target/debug, else one is built
set -eu

cd "$(dirname "$0")/../.."
work=$(mktemp -d)
pids=
cleanup() {
    for pid in $pids; do kill -INT "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap cleanup EXIT

skip() {
    echo "SKIPPED: the API under schemathesis: $1" >&2
    [ "${LUSTRUM_INTEROP_REQUIRED:-}" != 1 ] || exit 1
    exit 0
}

command -v python3 >/dev/null || skip "python3 is not installed"
python3 -m venv "$work/venv" >"$work/venv.log" 2>&1 || skip "python3 -m venv does not work"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r tests/interop/api-requirements.txt || skip "the package cannot be installed"

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

await() {
    waited=0
    until grep -q "$1" "$2"; do
        waited=$((waited + 1))
        [ "$waited" -le 200 ] || { echo "waited in vain for $1:" >&2; cat "$2" >&2; exit 1; }
        sleep 0.1
    done
}

mkdir "$work/schedules"
touch "$work/fleet.json" "$work/daemon.log"
"$lustrum" simulate --hosts 2 --vms 2 --port 0 --control-port 0 --json \
    --job "$work/schedules/simulated.toml" >"$work/fleet.json" &
pids=$!
await '}$' "$work/fleet.json"
token=0123456789abcdef-of-the-judge
echo "$token" >"$work/token"
(cd "$work" && exec "$lustrum" serve --listen 127.0.0.1:0 --token-file token --log-format json) \
    2>"$work/daemon.log" &
pids="$pids $!"
await '"address"' "$work/daemon.log"
await '"jobs read"' "$work/daemon.log"
address=$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$work/daemon.log" | head -n 1)

ask() { "$work/venv/bin/python" - "$@" <<'PYTHON'
import sys, urllib.request
method, url, token = sys.argv[1:]
request = urllib.request.Request(url, method=method, headers={"Authorization": f"Bearer {token}"})
sys.stdout.write(urllib.request.urlopen(request).read().decode())
PYTHON
}
ask POST "http://$address/v1/jobs/simulated/trigger" "$token" >"$work/triggered.json"
await '"the run is committed"' "$work/daemon.log"

verdict=0
(cd "$work" && exec venv/bin/st run "http://$address/v1/openapi.json" \
    --header "Authorization: Bearer $token" --max-examples 25 --seed 1) || verdict=1
if command -v promtool >/dev/null; then
    ask GET "http://$address/metrics" "$token" | promtool check metrics || verdict=1
else
    echo "SKIPPED: promtool is not installed" >&2
fi
exit $verdict
