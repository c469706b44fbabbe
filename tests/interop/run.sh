#!/bin/sh
# Lets pywinrm and pypsrp, clients that share no line with ours, run commands on a simulated
# fleet. Fails if a check fails; says so and passes where Python or the packages are missing.
#
#   tests/interop/run.sh [COMMAND]   COMMAND starts a fleet, `cargo run --example simulate --` by default;
#                                    it is given: http|https HOSTS VMS READY_FILE
set -eu

cd "$(dirname "$0")/../.."
work=$(mktemp -d)
pids=
cleanup() {
    for pid in $pids; do kill -INT "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

skip() {
    echo "SKIPPED: interop with pywinrm and pypsrp: $1" >&2
    exit 0
}

command -v python3 >/dev/null || skip "python3 is not installed"
python3 -m venv "$work/venv" 2>/dev/null || skip "python3 -m venv does not work"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pywinrm==0.5.0 pypsrp==0.9.1 ||
    skip "the packages cannot be installed"

if [ $# -eq 0 ]; then
    cargo build --quiet --example simulate
    set -- target/debug/examples/simulate
fi
for scheme in http https; do
    "$@" "$scheme" 2 20 "$work/$scheme.json" &
    pids="$pids $!"
done
for scheme in http https; do
    waited=0
    until [ -s "$work/$scheme.json" ]; do
        waited=$((waited + 1))
        [ "$waited" -le 100 ] || { echo "the $scheme fleet did not come up" >&2; exit 1; }
        sleep 0.1
    done
done
"$work/venv/bin/python" tests/interop/check.py "$work/http.json" "$work/https.json" census
