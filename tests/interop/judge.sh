# What every script of a judge begins with: it is sourced, and stands at the root of the repository
# then. Gives a folder that goes away ($work), servers that are stopped at the end ($pids), and
# words for what judges need. With LUSTRUM_INTEROP_REQUIRED=1 nothing may be skipped.

cd "$(dirname "$0")/../.."
work=$(mktemp -d)
pids=
cleanup() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap cleanup EXIT

# A part is not judged here.
leave_out() {
    echo "SKIPPED: $1" >&2
    [ "${LUSTRUM_INTEROP_REQUIRED:-}" != 1 ] || exit 1
}

# Nothing is judged here.
skip() {
    leave_out "$1"
    exit 0
}

need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
}

# $python with the packages of a requirements file; further words are pip's.
python_with() {
    need python3
    python3 -m venv "$work/venv" >"$work/venv.log" 2>&1 || skip "python3 -m venv does not work"
    python=$work/venv/bin/python
    "$python" -m pip install --quiet --disable-pip-version-check -r "$@" || skip "the packages cannot be installed"
}

# $lustrum: LUSTRUM_BIN, or the program in target/release, or in target/debug, or one that is built.
find_lustrum() {
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
}

# Until a line that matches $1 stands in the file $2.
await() {
    waited=0
    until grep -q "$1" "$2" 2>/dev/null; do
        waited=$((waited + 1))
        [ "$waited" -le 300 ] || { echo "waited in vain for $1:" >&2; cat "$2" >&2; exit 1; }
        sleep 0.1
    done
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Until somebody listens on the port $1; $2 is what it has written.
await_port() {
    waited=0
    until python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))' "$1" 2>/dev/null; do
        waited=$((waited + 1))
        [ "$waited" -le 300 ] || { echo "no server on port $1:" >&2; cat "$2" >&2; exit 1; }
        sleep 0.1
    done
}
