#!/bin/sh
# Judges of the Kerberos logon that share no line with ours: MIT's KDC, run from a folder of its
# own on a free port, and a WS-Management service on MIT's libkrb5 (kerberos.py). Fails if a check
# fails. Where a program is missing it says so and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
# On Debian: krb5-kdc krb5-admin-server python3-gssapi openssl faketime.
#
#   LUSTRUM_BIN   the program to judge, seen from the root of the repository;
#                 without it the one in target/release, else in target/debug, else one is built
set -eu

cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$PATH:/usr/sbin:/sbin

skip() {
    echo "SKIPPED: Kerberos with MIT's KDC and libkrb5: $1" >&2
    [ "${LUSTRUM_INTEROP_REQUIRED:-}" != 1 ] || exit 1
    exit 0
}

for program in krb5kdc kdb5_util kadmin.local openssl; do
    command -v $program >/dev/null || skip "$program is not installed"
done
# Debian's packages are seen by Debian's Python alone.
python=/usr/bin/python3
"$python" -c 'from gssapi.raw import wrap_iov' 2>/dev/null || skip "$python has no gssapi with wrap_iov"

targets=${CARGO_TARGET_DIR:-target}
for built in "$targets/release/lustrum" "$targets/debug/lustrum"; do
    [ -n "${LUSTRUM_BIN:-}" ] || [ ! -x "$built" ] || LUSTRUM_BIN=$built
done
if [ -z "${LUSTRUM_BIN:-}" ]; then
    cargo build --quiet
    LUSTRUM_BIN=$targets/debug/lustrum
fi
echo "judging $LUSTRUM_BIN, $("$LUSTRUM_BIN" --version)"
PYTHONDONTWRITEBYTECODE=1 "$python" tests/interop/kerberos.py "$LUSTRUM_BIN" "$work"
