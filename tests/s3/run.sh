#!/bin/sh
# A real S3 server judges the store: moto's (server.py), against which the store's contract tests,
# whole runs of the program (judge.py) and runs that are killed pass, and rclone's, which takes a
# conditional write and ignores the condition, and so must be refused. deltalake and Polars read
# the Delta logs that the program keeps on moto and on disk (delta.py). Fails if a check fails.
# Where Python or the packages are missing it says so and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
#
#   LUSTRUM_BIN         the program to judge, seen from the root of the repository;
#                       without it the one in target/release, else in target/debug, else one is built
#   LUSTRUM_DELTA_BIN   one with the feature `delta`; without it one is built
set -eu

cd "$(dirname "$0")/../.."
work=$(mktemp -d)
pids=
cleanup() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap cleanup EXIT

skip() {
    echo "SKIPPED: S3 with moto and rclone, Delta with deltalake and Polars: $1" >&2
    [ "${LUSTRUM_INTEROP_REQUIRED:-}" != 1 ] || exit 1
    exit 0
}

command -v python3 >/dev/null || skip "python3 is not installed"
python3 -m venv "$work/venv" >"$work/venv.log" 2>&1 || skip "python3 -m venv does not work"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    -r tests/s3/requirements.txt || skip "the packages cannot be installed"

targets=${CARGO_TARGET_DIR:-target}
for built in "$targets/release/lustrum" "$targets/debug/lustrum"; do
    [ -n "${LUSTRUM_BIN:-}" ] || [ ! -x "$built" ] || LUSTRUM_BIN=$built
done
if [ -z "${LUSTRUM_BIN:-}" ]; then
    cargo build --quiet
    LUSTRUM_BIN=$targets/debug/lustrum
fi
if [ -z "${LUSTRUM_DELTA_BIN:-}" ]; then
    cargo build --quiet --features delta --target-dir "$targets/delta"
    LUSTRUM_DELTA_BIN=$targets/delta/debug/lustrum
fi
echo "judging $LUSTRUM_BIN, $("$LUSTRUM_BIN" --version)"

port() { "$work/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
await() {
    waited=0
    until "$work/venv/bin/python" -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))' "$1" 2>/dev/null; do
        waited=$((waited + 1))
        [ "$waited" -le 300 ] || { echo "no server on port $1:" >&2; cat "$2" >&2; exit 1; }
        sleep 0.1
    done
}

moto=$(port)
"$work/venv/bin/python" tests/s3/server.py "$moto" >"$work/moto.log" 2>&1 &
pids="$pids $!"
await "$moto" "$work/moto.log"
rclone=$(port)
mkdir -p "$work/weak/census"
"$work/venv/bin/rclone" serve s3 "$work/weak" --config /dev/null --addr "127.0.0.1:$rclone" \
    --auth-key census,census-secret --vfs-cache-mode writes >"$work/rclone.log" 2>&1 &
pids="$pids $!"
await "$rclone" "$work/rclone.log"

verdict=0
"$work/venv/bin/python" tests/s3/judge.py "$LUSTRUM_BIN" "$work" \
    "http://127.0.0.1:$moto" "http://127.0.0.1:$rclone" || verdict=1
"$work/venv/bin/python" tests/s3/delta.py "$LUSTRUM_DELTA_BIN" "$work" "http://127.0.0.1:$moto" || verdict=1
LUSTRUM_S3_ENDPOINT="http://127.0.0.1:$moto" LUSTRUM_BIN=$LUSTRUM_BIN \
    cargo test --quiet --test it -- output_store on_s3 || verdict=1
exit $verdict
