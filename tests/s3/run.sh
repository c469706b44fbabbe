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
. "$(dirname "$0")/../interop/judge.sh"

python_with tests/s3/requirements.txt --only-binary :all:
find_lustrum
if [ -z "${LUSTRUM_DELTA_BIN:-}" ]; then
    cargo build --quiet --features delta --target-dir "$targets/delta"
    LUSTRUM_DELTA_BIN=$targets/delta/debug/lustrum
fi

moto=$(free_port)
"$python" tests/s3/server.py "$moto" >"$work/moto.log" 2>&1 &
pids="$pids $!"
await_port "$moto" "$work/moto.log"
rclone=$(free_port)
mkdir -p "$work/weak/census"
"$work/venv/bin/rclone" serve s3 "$work/weak" --config /dev/null --addr "127.0.0.1:$rclone" \
    --auth-key census,census-secret --vfs-cache-mode writes >"$work/rclone.log" 2>&1 &
pids="$pids $!"
await_port "$rclone" "$work/rclone.log"

verdict=0
"$python" tests/s3/judge.py "$lustrum" "$work" \
    "http://127.0.0.1:$moto" "http://127.0.0.1:$rclone" || verdict=1
"$python" tests/s3/delta.py "$LUSTRUM_DELTA_BIN" "$work" "http://127.0.0.1:$moto" || verdict=1
LUSTRUM_S3_ENDPOINT="http://127.0.0.1:$moto" LUSTRUM_BIN=$lustrum \
    cargo test --quiet --test it -- output_store on_s3 || verdict=1
exit $verdict
