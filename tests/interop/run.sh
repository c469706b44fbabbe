#!/bin/sh
# Judges that share no line with ours: pywinrm and pypsrp run commands on a simulated fleet
# (check.py), DuckDB, Polars, pyarrow, openpyxl and pandas read what a run writes (readers.py,
# workbook.py), and the lines that people copy to read many runs are run as they stand
# (history.py). Fails if a check fails. Where Python or the packages are missing it says so
# and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
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
    echo "SKIPPED: interop with pywinrm, pypsrp, DuckDB, Polars, pyarrow, openpyxl and pandas: $1" >&2
    [ "${LUSTRUM_INTEROP_REQUIRED:-}" != 1 ] || exit 1
    exit 0
}

command -v python3 >/dev/null || skip "python3 is not installed"
python3 -m venv "$work/venv" >"$work/venv.log" 2>&1 || skip "python3 -m venv does not work"
python=$work/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    -r tests/interop/requirements.txt || skip "the packages cannot be installed"

targets=${CARGO_TARGET_DIR:-target}
for built in "$targets/release/lustrum" "$targets/debug/lustrum"; do
    [ -n "${LUSTRUM_BIN:-}" ] || [ ! -x "$built" ] || LUSTRUM_BIN=$built
done
if [ -z "${LUSTRUM_BIN:-}" ]; then
    cargo build --quiet
    LUSTRUM_BIN=$targets/debug/lustrum
fi
echo "judging $LUSTRUM_BIN, $("$LUSTRUM_BIN" --version)"

fleet="simulate --hosts 2 --vms 20 --port 0 --control-port 0 --json"
"$LUSTRUM_BIN" $fleet >"$work/http.json" &
pids=$!
"$LUSTRUM_BIN" $fleet --https >"$work/https.json" &
pids="$pids $!"
for scheme in http https; do
    waited=0
    until grep -q '}$' "$work/$scheme.json"; do
        waited=$((waited + 1))
        [ "$waited" -le 100 ] || { echo "the $scheme fleet did not come up" >&2; exit 1; }
        sleep 0.1
    done
done
verdict=0
"$python" tests/interop/check.py "$work/http.json" "$work/https.json" || verdict=1
"$python" tests/interop/readers.py "$LUSTRUM_BIN" "$work" || verdict=1
"$python" tests/interop/history.py "$LUSTRUM_BIN" "$work" || verdict=1
exit $verdict
