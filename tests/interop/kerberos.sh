#!/bin/sh
# Judges of the Kerberos logon that share no line with ours: MIT's KDC, run from a folder of its
# own on a free port, and a WS-Management service on MIT's libkrb5 (kerberos.py). Fails if a check
# fails. Where a program is missing it says so and passes, unless LUSTRUM_INTEROP_REQUIRED=1.
# On Debian: krb5-kdc krb5-admin-server python3-gssapi openssl faketime.
#
#   LUSTRUM_BIN   the program to judge, seen from the root of the repository;
#                 without it the one in target/release, else in target/debug, else one is built
set -eu
. "$(dirname "$0")/judge.sh"

PATH=$PATH:/usr/sbin:/sbin

need krb5kdc kdb5_util kadmin.local openssl
# Debian's packages are seen by Debian's Python alone.
python=/usr/bin/python3
"$python" -c 'from gssapi.raw import wrap_iov' 2>/dev/null || skip "$python has no gssapi with wrap_iov"

find_lustrum
PYTHONDONTWRITEBYTECODE=1 "$python" tests/interop/kerberos.py "$lustrum" "$work"
