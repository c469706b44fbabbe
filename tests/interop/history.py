"""The lines by which people read many runs at once, each run as it is written in lines/.

usage: history.py LUSTRUM_BIN FOLDER

Two runs below FOLDER, the first of which is given an older schema; DuckDB and Polars read
both in one query, by the manifests and by a glob. `lustrum diff --parquet` is read too.
"""

import json
import os
import pathlib
import subprocess
import sys

import duckdb
import polars
import pyarrow.parquet

LINES = pathlib.Path(__file__).resolve().parent / "lines"
# What an older program would not have known yet.
DROPPED = 5

failures = []
checks = 0


def check(name, got, expected):
    global checks
    checks += 1
    if got != expected:
        failures.append(name)
        print(f"FAIL {name}: got {got!r}, expected {expected!r}")


class Folder:
    """A working directory with `lustrum` and this Python on its PATH."""

    def __init__(self, binary, folder):
        self.path = pathlib.Path(folder, "history of a fleet")
        tools = self.path / "bin"
        tools.mkdir(parents=True)
        (tools / "lustrum").symlink_to(binary)
        search = os.pathsep.join([str(tools), os.path.dirname(sys.executable), os.environ["PATH"]])
        self.environment = {**os.environ, "PATH": search}

    def said(self, *line, code=0):
        ran = subprocess.run(line, cwd=self.path, env=self.environment, capture_output=True, text=True)
        if ran.returncode != code:
            sys.exit(f"{' '.join(line)} exited {ran.returncode}:\n{ran.stderr}")
        return ran.stdout

    def sql(self, database, name):
        os.chdir(self.path)
        return database.execute((LINES / name).read_text(encoding="utf-8")).fetchall()

    def python(self, name):
        return [tuple(row.values()) for row in json.loads(self.said(sys.executable, str(LINES / name)))]


def older(path, to=None):
    """Rewrites a file as an older schema has it: without the last columns, in another order."""
    table = pyarrow.parquet.ParquetFile(path).read()
    names = table.column_names[:-DROPPED]
    pyarrow.parquet.write_table(table.select(names[:2] + names[:1:-1]), to or path, compression="zstd")
    return table.column_names[-DROPPED:]


def main():
    folder = Folder(os.path.abspath(sys.argv[1]), sys.argv[2])
    database = duckdb.connect()
    for seed in ("7", "11"):
        folder.said("lustrum", "demo", "--out-dir", "out", "--seed", seed)
    runs = json.loads(folder.said("lustrum", "runs", "list", "--json"))
    check("two committed runs", [run["scope"] for run in runs], ["full", "full"])
    second, first = (run["run_id"] for run in runs)

    def file_of(run):
        path = folder.said("lustrum", "runs", "files", run, "--table", "vinfo", "--format", "parquet").rstrip("\n")
        check(f"{run} has one vinfo file", path.count("\n"), 0)
        return path

    rows = {run: pyarrow.parquet.read_metadata(file_of(run)).num_rows for run in (first, second)}
    dropped = older(file_of(first))
    expected = sorted(rows.items())

    check("duckdb reads two schema versions by the manifests",
          folder.sql(database, "duckdb_committed.sql"), expected)
    check("duckdb reads two schema versions by glob", folder.sql(database, "duckdb_glob.sql"), expected)
    check("polars reads two schema versions by the manifests", folder.python("polars_committed.py"), expected)
    check("polars reads two schema versions by glob", folder.python("polars_glob.py"), expected)

    # What the older schema lacks is null, and nothing slips into another column.
    both = "read_parquet('out/data/vinfo/v1/run_date=*/*.parquet', union_by_name = true, hive_partitioning = false)"
    filled = ", ".join(f'count("{name}") FILTER (run_id = $1)' for name in dropped)
    check("columns that are not there are null", database.execute(f"SELECT {filled} FROM {both}", [first]).fetchone(),
          (0,) * len(dropped))
    for run in (first, second):
        found = database.execute(f"SELECT host, vm_id, vm_name FROM {both} WHERE run_id = $1 ORDER BY ALL", [run])
        own = pyarrow.parquet.ParquetFile(file_of(run)).read(["host", "vm_id", "vm_name"]).to_pylist()
        check(f"{run} keeps its values", sorted(found.fetchall(), key=repr),
              sorted((tuple(row[name] for name in ("host", "vm_id", "vm_name")) for row in own), key=repr))

    # A file that nobody committed: a glob takes it for rows, the manifests do not know it.
    stray = file_of(second).removesuffix(".parquet")[:-12] + "f" * 12 + ".parquet"
    older(file_of(second), stray)
    check("a manifest lists no stray file", folder.sql(database, "duckdb_committed.sql"), expected)
    check("nor for polars", folder.python("polars_committed.py"), expected)
    doubled = sorted({**rows, second: 2 * rows[second]}.items())
    check("a glob reads it", folder.sql(database, "duckdb_glob.sql"), doubled)
    check("and so does polars", folder.python("polars_glob.py"), doubled)
    verified = folder.said("lustrum", "runs", "verify", second, code=1)
    check("verify names it", stray.rsplit("/", 1)[1] in verified, True)
    os.remove(stray)
    folder.said("lustrum", "runs", "verify", second)
    check("verify knows a rewritten file", "differs" in folder.said("lustrum", "runs", "verify", first, code=1), True)

    # The lines for one run, as a shell reads them.
    by_host = polars.read_parquet(file_of(second)).group_by("host").len("vms").sort("host").rows()
    script = 'duckdb() { printf "%s\\0" "$@"; }\n' + (LINES / "duckdb_run.sh").read_text(encoding="utf-8")
    flag, sql, end = folder.said("sh", "-c", script).split("\0")
    check("the line is one query", (flag, end), ("-c", ""))
    check("duckdb counts the VMs by host", database.execute(sql).fetchall(), by_host)
    counted = json.loads(folder.said("sh", str(LINES / "polars_run.sh")))
    check("polars counts the VMs by host", [tuple(row.values()) for row in counted], by_host)

    # What changed, from a run of the older schema to one of today's.
    told = json.loads(folder.said("lustrum", "diff", "--json", "--parquet", "changes.parquet"))
    listed = told["changes"] + told["old_checkpoints"] + told["not_compared"]
    columns = ("change", "host", "vm_id", "vm_name", "subject", "before", "after")
    found = database.execute(f"SELECT {', '.join(columns)} FROM 'changes.parquet'").fetchall()
    check("vchange holds what the diff tells", sorted(found, key=repr),
          sorted((tuple(change[name] for name in columns) for change in listed), key=repr))
    frame = polars.read_parquet(folder.path / "changes.parquet")
    check("polars reads vchange", frame.select(columns).rows(), found)
    check("vchange names its runs", frame.select("run_a", "run_b").unique().rows(), [(first, second)])

    print(f"{checks} checks of the lines that read many runs: {len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
