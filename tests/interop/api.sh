#!/bin/sh
# A judge that shares no line with ours: schemathesis reads the daemon's OpenAPI document and
# sends it what fits and what does not. Every answer is to be one that the document tells of.
# promtool, where it is installed, reads the metrics. Where Python or the package is missing
# it says so and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
#
#   LUSTRUM_BIN   the program to judge, seen from the root of the repository;
#                 without it the one in target/release, else in target/debug, else one is built
set -eu
. "$(dirname "$0")/judge.sh"

python_with tests/interop/api-requirements.txt
find_lustrum

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

ask() { "$python" - "$@" <<'PYTHON'
import sys, urllib.request
method, url, token = sys.argv[1:]
request = urllib.request.Request(url, method=method, headers={"Authorization": f"Bearer {token}"})
sys.stdout.write(urllib.request.urlopen(request).read().decode())
PYTHON
}
ask POST "http://$address/v1/jobs/simulated/trigger" "$token" >"$work/triggered.json"
await '"the run is committed"' "$work/daemon.log"

verdict=0
(cd "$work" && exec "$work/venv/bin/st" run "http://$address/v1/openapi.json" \
    --header "Authorization: Bearer $token" --max-examples 25 --seed 1) || verdict=1
if command -v promtool >/dev/null; then
    ask GET "http://$address/metrics" "$token" | promtool check metrics || verdict=1
else
    leave_out "the metrics: promtool is not installed"
fi
exit $verdict
