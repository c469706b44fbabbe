#!/bin/sh
# Lets pywinrm and pypsrp, clients that share no line with ours, run commands on a simulated
# fleet. Fails if a check fails. Where Python or the packages are missing it says so and
# passes, unless LUSTRUM_INTEROP_REQUIRED is set.
#
#   LUSTRUM_BIN   the program to test, started as `$LUSTRUM_BIN simulate …`;
#                 without it the fleet of tests/interop/simulate.rs is built and used
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
    echo "SKIPPED: interop with pywinrm and pypsrp: $1" >&2
    [ -z "${LUSTRUM_INTEROP_REQUIRED:-}" ] || exit 1
    exit 0
}

command -v python3 >/dev/null || skip "python3 is not installed"
python3 -m venv "$work/venv" >"$work/venv.log" 2>&1 || skip "python3 -m venv does not work"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pywinrm==0.5.0 pypsrp==0.9.1 ||
    skip "the packages cannot be installed"

if [ -n "${LUSTRUM_BIN:-}" ]; then
    "$LUSTRUM_BIN" simulate --hosts 2 --vms 20 --port 0 --json >"$work/http.json" &
    pids=$!
    "$LUSTRUM_BIN" simulate --hosts 2 --vms 20 --port 0 --json --https >"$work/https.json" &
    pids="$pids $!"
else
    cargo build --quiet --example simulate
    for scheme in http https; do
        target/debug/examples/simulate "$scheme" 2 20 "$work/$scheme.json" &
        pids="$pids $!"
    done
fi
for scheme in http https; do
    waited=0
    until grep -q '}$' "$work/$scheme.json" 2>/dev/null; do
        waited=$((waited + 1))
        [ "$waited" -le 100 ] || { echo "the $scheme fleet did not come up" >&2; exit 1; }
        sleep 0.1
    done
done
"$work/venv/bin/python" tests/interop/check.py "$work/http.json" "$work/https.json" census
