#!/bin/sh
# Installs pyarrow, DuckDB and Polars into a folder of its own and lets `cargo bench` write the
# same rows with them and with us, in turns. Prints rows a second and our ratio to the best.
#
#   LUSTRUM_PEERS_VENV    where to install, to be kept for the next time; else a temporary folder
#   LUSTRUM_BENCH_ROWS, LUSTRUM_BENCH_ROUNDS   see tests/bench/tables.rs
set -eu

cd "$(dirname "$0")/../.."
venv=${LUSTRUM_PEERS_VENV:-}
if [ -z "$venv" ]; then
    venv=$(mktemp -d)
    trap 'rm -rf "$venv"' EXIT
fi
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    pyarrow duckdb polars
cargo bench --quiet --bench tables -- peers "$venv/bin/python"
