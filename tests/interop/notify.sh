#!/bin/sh
# Judges that share no line with ours: aiosmtpd takes the e-mails of a run (STARTTLS and TLS, with
# a logon), Python's own parser reads them; promtool reads the metrics that a run leaves, the alert
# rules, and plays through the tests of the alerts. Fails if a check fails. Where Python or a
# tool is missing it says so and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
#
#   LUSTRUM_BIN   the program to judge, seen from the root of the repository;
#                 without it the one in target/release, else in target/debug, else one is built
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
    echo "SKIPPED: $1" >&2
    [ "${LUSTRUM_INTEROP_REQUIRED:-}" != 1 ] || exit 1
}

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
    skip "the alert rules and the metrics of a run: promtool is not installed"
fi

if ! command -v python3 >/dev/null || ! python3 -m venv "$work/venv" >"$work/venv.log" 2>&1; then
    skip "a real mail server: python3 -m venv does not work"
    exit 0
fi
if ! "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    -r tests/interop/notify-requirements.txt; then
    skip "a real mail server: the packages cannot be installed"
    exit 0
fi
"$work/venv/bin/python" tests/interop/mail_server.py "$work" >"$work/server.log" 2>&1 &
pids="$pids $!"
await '^ready' "$work/server.log"
"$work/venv/bin/python" tests/interop/mail_judge.py "$work" "$lustrum" || {
    cat "$work/server.log" >&2
    exit 1
}
