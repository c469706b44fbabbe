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
. "$(dirname "$0")/judge.sh"

python_with tests/interop/requirements.txt --only-binary :all:
find_lustrum

fleet="simulate --hosts 2 --vms 20 --port 0 --control-port 0 --json"
"$lustrum" $fleet >"$work/http.json" &
pids=$!
"$lustrum" $fleet --https >"$work/https.json" &
pids="$pids $!"
for scheme in http https; do
    await '}$' "$work/$scheme.json"
done
verdict=0
"$python" tests/interop/check.py "$work/http.json" "$work/https.json" || verdict=1
"$python" tests/interop/readers.py "$lustrum" "$work" || verdict=1
"$python" tests/interop/history.py "$lustrum" "$work" || verdict=1
exit $verdict
