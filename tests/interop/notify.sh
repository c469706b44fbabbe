#!/bin/sh
# Judges that share no line with ours: aiosmtpd takes the e-mails of a run (STARTTLS and TLS, with
# a logon), Python's own parser reads them; promtool reads the metrics that a run leaves, the alert
# rules, and plays through the tests of the alerts. Fails if a check fails. Where Python or a
# tool is missing it says so and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
#
#   LUSTRUM_BIN   the program to judge, seen from the root of the repository;
#                 without it the one in target/release, else in target/debug, else one is built
set -eu
. "$(dirname "$0")/judge.sh"

find_lustrum

mkdir "$work/schedules"
touch "$work/fleet.json" "$work/server.log"
"$lustrum" simulate --hosts 3 --vms 2 --port 0 --control-port 0 --json --fault 2:wrong_password \
    --job "$work/schedules/simulated.toml" >"$work/fleet.json" &
pids=$!
await '}$' "$work/fleet.json"

if command -v promtool >/dev/null; then
    promtool check rules --lint=all --lint-fatal deploy/prometheus/lustrum.rules.yaml
    promtool check config deploy/prometheus/prometheus.yml
    promtool test rules deploy/prometheus/lustrum.rules.test.yaml
    code=0
    (cd "$work" && exec "$lustrum" run simulated --metrics-textfile "$work/census.prom") \
        >/dev/null 2>"$work/run.log" || code=$?
    [ "$code" = 1 ] || { echo "the run ended with $code" >&2; cat "$work/run.log" >&2; exit 1; }
    promtool check metrics <"$work/census.prom"
    echo "promtool: the rules, their tests and the metrics of a run are right"
else
    leave_out "the alert rules and the metrics of a run: promtool is not installed"
fi

python_with tests/interop/notify-requirements.txt --only-binary :all:
"$python" tests/interop/mail_server.py "$work" >"$work/server.log" 2>&1 &
pids="$pids $!"
await '^ready' "$work/server.log"
"$python" tests/interop/mail_judge.py "$work" "$lustrum" || {
    cat "$work/server.log" >&2
    exit 1
}
