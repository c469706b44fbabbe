#!/bin/bash
# The load engine beside wrk and oha, all against one nginx, in turns: 50 connections, one core for
# the client, another one for the server. Prints every figure and the medians of the rounds' ratios,
# which a machine that is slower for a while does not bend, then how much memory ten times the time
# takes. Installs nginx and wrk (apt) and oha (cargo, into a temporary folder). Fails at the end
# where a ratio is missed.
#
#   LUSTRUM_PEERS_FOLDER   where oha is installed, to be kept for the next time
#   SECONDS_EACH=6 ROUNDS=7 LONG=100
set -euo pipefail
cd "$(dirname "$0")/../.."
each=${SECONDS_EACH:-6} rounds=${ROUNDS:-7} long=${LONG:-100} users=50 port=18080

folder=$(mktemp -d)
peers=${LUSTRUM_PEERS_FOLDER:-$folder/peers}
nginx_pid=
finish() {
  [ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

nginx=$(command -v nginx || true)
if [ -z "$nginx" ] || ! command -v wrk >/dev/null || ! command -v taskset >/dev/null; then
  # Nobody starts the service that comes with it.
  policy=/usr/sbin/policy-rc.d
  [ -e $policy ] && policy= || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy; }
  apt-get update -q >&2 && DEBIAN_FRONTEND=noninteractive \
    apt-get install -yq --no-install-recommends nginx-light wrk util-linux >&2
  [ -z "$policy" ] || rm -f "$policy"
  nginx=$(command -v nginx || echo /usr/sbin/nginx)
fi
[ -x "$peers/bin/oha" ] || CARGO_TARGET_DIR="$folder/oha" cargo install --quiet --locked --root "$peers" oha
rm -rf "$folder/oha"

ours=$(cargo bench --no-run --bench load 2>&1 | sed -n 's/.*Executable.*(\(.*\))$/\1/p')
[ -x "$ours" ] || { echo "the bench was not built" >&2; exit 1; }

# The last core for clients, the first one for the server.
cores=$(nproc)
[ "$cores" -ge 2 ] || { echo "two cores are needed" >&2; exit 1; }
client="taskset -c $((cores - 1))"

body=$(printf 'x%.0s' $(seq 103))
cat >"$folder/nginx.conf" <<EOF
daemon off;
master_process off;
worker_processes 1;
pid $folder/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  server { listen 127.0.0.1:$port; location / { return 200 "$body"; } }
}
EOF
taskset -c 0 "$nginx" -c "$folder/nginx.conf" -p "$folder" &
nginx_pid=$!
url=http://127.0.0.1:$port/
for _ in $(seq 100); do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  kill -0 "$nginx_pid" || exit 1
  sleep 0.1
done

of() { sed -n "s/.*\b$1=\([0-9.]*\).*/\1/p"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", a / b }'; }
run_wrk() { $client wrk -t1 -c$users -d"${each}s" $url | sed -n 's/^Requests\/sec: *//p'; }
run_oha() {
  $client "$peers/bin/oha" --no-tui --output-format json -z "${each}s" -c $users $url |
    python3 -c 'import json, sys; print(round(json.load(sys.stdin)["summary"]["requestsPerSec"]))'
}
run_ours() { $client "$ours" client $url "$each" $users 1 | tee -a "$folder/ours.txt" | of rps; }

echo "$("$nginx" -v 2>&1), $(wrk -v 2>&1 | head -n 1 | cut -d' ' -f1-2), $("$peers/bin/oha" --version), $cores cores"
run_ours >/dev/null # the first connections of all warm nothing of ours alone
: >"$folder/ours.txt"
for round in $(seq "$rounds"); do
  w=$(run_wrk) o=$(run_oha) u=$(run_ours)
  ratio "$u" "$w" >>"$folder/over-wrk" && ratio "$u" "$o" >>"$folder/over-oha"
  echo "round $round: wrk $w, oha $o, ours $u requests/s"
done
cat "$folder/ours.txt"

median() { sort -n "$1" | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
missed=0
judge() { # what, value, comparison, wanted
  if awk -v a="$2" -v b="$4" "BEGIN { exit !(a $3 b) }"; then word=ok; else word=MISSED missed=1; fi
  echo "$1: $2 (wanted $3 $4): $word"
}
judge "ours/wrk" "$(median "$folder/over-wrk")" ">=" 0.95
judge "ours/oha" "$(median "$folder/over-oha")" ">=" 1.3

short_kib=$($client "$ours" client $url 10 $users 1 | of peak_rss_kib)
long_kib=$($client "$ours" client $url "$long" $users 1 | of peak_rss_kib)
echo "peak memory: $short_kib KiB in 10 s, $long_kib KiB in $long s"
judge "memory, long/short" "$(ratio "$long_kib" "$short_kib")" "<=" 1.1

"$ours" omission || missed=1
exit $missed
