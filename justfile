# The commands of every day. `just` alone lists them.

default:
    @just --list

# What a newcomer sees first
demo:
    cargo run --release -- demo

test *ARGS:
    cargo test {{ARGS}}

# What must be clean before a commit
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test

# Independent WinRM clients against the simulator, independent readers of what a run writes (needs python3 and PyPI)
interop:
    tests/interop/run.sh
    tests/interop/notify.sh

# Real S3 servers against the store and whole runs (needs python3 and PyPI)
s3:
    tests/s3/run.sh

# Rewrite golden files after a deliberate change
bless:
    LUSTRUM_BLESS=1 cargo test

# Ratios of one interleaved run; see tests/bench
bench NAME:
    cargo bench --bench {{NAME}}

# All of continuous integration
ci:
    .ci/run
