"""Independent judges of what a run writes: DuckDB, Polars, pyarrow, openpyxl, pandas and Python's own csv and json.

usage: readers.py LUSTRUM_BIN FOLDER

Runs the demo twice into a folder below FOLDER and reads everything it wrote.
"""

import csv
import datetime
import hashlib
import json
import os
import subprocess
import sys

import duckdb
import polars
import pyarrow
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from workbook import judge_workbook

UTC = datetime.timezone.utc
# What each type word of `lustrum schema` must be to each reader.
TYPES = {
    "text": (pyarrow.string(), "VARCHAR", polars.String()),
    "int64": (pyarrow.int64(), "BIGINT", polars.Int64()),
    "float64": (pyarrow.float64(), "DOUBLE", polars.Float64()),
    "bool": (pyarrow.bool_(), "BOOLEAN", polars.Boolean()),
    "timestamp": (pyarrow.timestamp("us", "UTC"), "TIMESTAMP WITH TIME ZONE", polars.Datetime("us", "UTC")),
    "list<text>": (pyarrow.list_(pyarrow.field("item", pyarrow.string())), "VARCHAR[]", polars.List(polars.String())),
}
# In front of the columns that the table declares.
RUN_COLUMNS = [{"name": "run_id", "type": "text", "nullable": False},
               {"name": "slot", "type": "timestamp", "nullable": False}]

# Tables that are written as reports only, in CSV.
REPORTS = {"coverage": "host_inventory_coverage.csv", "missing_vms": "missing_vms_by_host.csv"}

# Tables that are made from several runs: no run writes them.
HISTORY = ("vchange",)

# Tables of probes: a run without probes has none.
SAMPLES = ("http_request", "http_attempt", "http_load_total", "http_load_second", "prometheus_query", "prometheus_rule")

failures = []
checks = 0


def check(name, got, expected):
    global checks
    checks += 1
    if got != expected:
        failures.append(name)
        print(f"FAIL {name}: got {got!r}, expected {expected!r}")


def lustrum(binary, *line, zone="UTC"):
    ran = subprocess.run([binary, *line], capture_output=True, text=True, env={**os.environ, "TZ": zone})
    if ran.returncode != 0:
        sys.exit(f"lustrum {' '.join(line)} exited {ran.returncode}:\n{ran.stderr}")
    return ran.stdout


def instant(text):
    # The clock has nanoseconds, Python's has microseconds.
    whole, _, fraction = text.removesuffix("Z").partition(".")
    assert text.endswith("Z"), text
    micros = int((fraction + "000000")[:6])
    return datetime.datetime.fromisoformat(whole).replace(microsecond=micros, tzinfo=UTC)


def sql_text(text):
    return "'" + text.replace("'", "''") + "'"


def counted(database, path):
    [[rows]] = database.sql(f"SELECT count(*) FROM {sql_text(path)}").fetchall()
    return rows


def parquet_checks(database, label, path, rows, columns):
    """Gives the rows as pyarrow reads them."""
    arrow_types, duck_types, polars_types = zip(*(TYPES[column["type"]] for column in columns))
    names = [column["name"] for column in columns]

    file = pyarrow.parquet.ParquetFile(path)
    check(f"{label} pyarrow rows", file.metadata.num_rows, rows)
    check(f"{label} pyarrow columns", [(field.name, field.type, field.nullable) for field in file.schema_arrow],
          list(zip(names, arrow_types, (column["nullable"] for column in columns))))
    table = file.read()
    table.validate(full=True)
    content = table.to_pylist()

    frame = polars.read_parquet(path, hive_partitioning=False)
    check(f"{label} polars rows", frame.height, rows)
    check(f"{label} polars columns", list(frame.schema.items()), list(zip(names, polars_types)))
    check(f"{label} polars values", frame.to_dicts() == content, True)

    source = f"read_parquet({sql_text(path)}, hive_partitioning = false)"
    described = database.sql(f"DESCRIBE SELECT * FROM {source}").fetchall()
    check(f"{label} duckdb columns", [row[:2] for row in described], list(zip(names, duck_types)))
    found = [dict(zip(names, row)) for row in database.sql(f"SELECT * FROM {source}").fetchall()]
    check(f"{label} duckdb rows", len(found), rows)
    check(f"{label} duckdb values", found == content, True)
    as_typed = database.sql(f"DESCRIBE SELECT * FROM {sql_text(path)}").fetchall()
    check(f"{label} duckdb adds the day of the path and nothing else",
          [row[:2] for row in as_typed[len(names):]], [("run_date", "DATE")])
    return content


def timestamp_checks(label, content, columns, slot, began, ended):
    for row in content:
        for column in columns:
            value = row[column["name"]]
            if column["type"] == "timestamp" and value is not None:
                check(f"{label} {column['name']} is UTC", value.utcoffset(), datetime.timedelta(0))
        check(f"{label} slot", row["slot"], slot)
        # Tables that follow from others are collected at no instant of their own.
        if "collected_at" in row:
            check(f"{label} collected_at lies in the run", began <= row["collected_at"] <= ended, True)


def cell(value, column):
    """What CSV shows of a value, before the guard."""
    if value is None:
        return ""
    if column["type"] == "timestamp":
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if column["type"] == "bool":
        return "true" if value else "false"
    if column["type"] == "list<text>":
        return ";".join(value)
    return str(value)


def same_cell(shown, value, column):
    if column["type"] == "float64" and value is not None:
        return float(shown) == value
    expected = cell(value, column)
    guarded = column["type"] in ("text", "list<text>") and expected[:1] in ("=", "+", "-", "@", "\t", "\r")
    return shown == ("'" + expected if guarded else expected)


def csv_checks(database, label, path, rows, columns, content=None):
    with open(path, encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file, strict=True)
    check(f"{label} csv rows", len(lines), rows)
    check(f"{label} duckdb csv rows", counted(database, path), rows)
    described = database.sql(f"DESCRIBE SELECT * FROM {sql_text(path)}").fetchall()
    check(f"{label} duckdb csv columns", [row[0] for row in described], header)
    check(f"{label} polars csv rows", polars.read_csv(path, infer_schema_length=None).height, rows)
    parsing = pyarrow.csv.ParseOptions(newlines_in_values=True)
    check(f"{label} pyarrow csv rows", pyarrow.csv.read_csv(path, parse_options=parsing).num_rows, rows)
    check(f"{label} csv header", header, [column["name"] for column in columns])
    for line, row in zip(lines, content or []):
        for shown, column in zip(line, columns):
            if not same_cell(shown, row[column["name"]], column):
                check(f"{label} csv {column['name']}", shown, cell(row[column["name"]], column))


def ndjson_checks(database, label, path, rows, columns, content):
    def value(found, column):
        return instant(found) if column["type"] == "timestamp" and found is not None else found

    with open(path, encoding="utf-8", newline="\n") as file:
        objects = [json.loads(line) for line in file]
    check(f"{label} ndjson rows", len(objects), rows)
    names = [column["name"] for column in columns]
    check(f"{label} ndjson keys", all(list(found) == names for found in objects), True)
    read = [{column["name"]: value(found[column["name"]], column) for column in columns} for found in objects]
    check(f"{label} ndjson values", read == content, True)
    check(f"{label} duckdb ndjson rows", counted(database, path), rows)
    check(f"{label} polars ndjson rows", polars.read_ndjson(path, infer_schema_length=None).height, rows)
    check(f"{label} pyarrow ndjson rows", pyarrow.json.read_json(path).num_rows, rows)


def printed_query_checks(database, summary, hosts):
    printed = [line.strip() for line in summary.splitlines() if line.strip().startswith("duckdb ")]
    check("the summary prints one duckdb line", len(printed), 1)
    # A shell reads the line; what it would hand to the duckdb program runs here.
    script = 'duckdb() { printf "%s\\0" "$@"; }\n' + printed[0]
    handed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    flag, sql, end = handed.split("\0")
    check("the line is one query", (flag, end), ("-c", ""))
    check("the line counts the VMs by host", database.sql(sql).fetchall(), sorted(hosts.items()))


def judge(database, out, summary, schema):
    """Gives the rows of each table by its name."""
    manifest = json.load(open(os.path.join(out, "manifest.json"), encoding="utf-8"))
    artifacts = manifest["artifacts"].values()
    slot = datetime.datetime.strptime(manifest["slot"], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    began, ended = instant(manifest["started_at"]), instant(manifest["ended_at"])
    for artifact in artifacts:
        data = open(os.path.join(out, artifact["path"]), "rb").read()
        check(f"{artifact['path']} bytes and sha256", (len(data), hashlib.sha256(data).hexdigest()),
              (artifact["bytes"], artifact["sha256"]))
    of_tables = {(artifact["table"], artifact["format"]): artifact for artifact in artifacts if "table" in artifact}
    formats = ("csv", "ndjson", "parquet")
    tables = [table for table in schema if table not in REPORTS and table not in HISTORY + SAMPLES]
    check("every table in every format", sorted(of_tables), sorted((t, f) for t in tables for f in formats))
    contents = {}
    for table in tables:
        columns = schema[table]
        path, rows = {}, {}
        for form in formats:
            path[form] = os.path.join(out, of_tables[table, form]["path"])
            rows[form] = of_tables[table, form]["rows"]
        content = parquet_checks(database, table, path["parquet"], rows["parquet"], columns)
        timestamp_checks(table, content, columns, slot, began, ended)
        csv_checks(database, table, path["csv"], rows["csv"], columns, content)
        ndjson_checks(database, table, path["ndjson"], rows["ndjson"], columns, content)
        contents[table] = content
        print(f"read {table}: {len(content)} rows, {len(columns)} columns")
    for table, name in REPORTS.items():
        [report] = [artifact for artifact in artifacts if artifact["path"].endswith(f"/{name}")]
        csv_checks(database, table, os.path.join(out, report["path"]), report["rows"], schema[table])
    [workbook] = [artifact for artifact in artifacts if artifact["format"] == "xlsx"]
    judge_workbook(check, os.path.join(out, workbook["path"]), schema, contents)
    [newest] = [name for name in os.listdir(out) if name.endswith(".xlsx")]
    copy = open(os.path.join(out, newest), "rb").read()
    check("the workbook at the top", (newest, hashlib.sha256(copy).hexdigest()),
          ("RVTools_export_all.xlsx", workbook["sha256"]))
    hosts = {}
    for row in contents["vinfo"]:
        hosts[row["host"]] = hosts.get(row["host"], 0) + 1
    printed_query_checks(database, summary, hosts)
    return {table: len(content) for table, content in contents.items()}


def glob_checks(database, out, first, second):
    """Two runs under one glob, as people query them."""
    for table in first:
        pattern = os.path.join(out, "data", table, "**", "*.parquet")
        both = first[table] + second[table]
        by_run = database.sql(f"SELECT count(*) FROM {sql_text(pattern)} GROUP BY run_id, slot").fetchall()
        check(f"{table} duckdb glob", sorted(row[0] for row in by_run), sorted((first[table], second[table])))
        check(f"{table} polars glob", polars.scan_parquet(pattern).collect().height, both)
        check(f"{table} pyarrow dataset",
              pyarrow.parquet.read_table(os.path.join(out, "data", table)).num_rows, both)


def main():
    binary, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    declared = json.loads(lustrum(binary, "schema", "--json"))
    schema = {table["name"]: RUN_COLUMNS + table["columns"] for table in declared}
    out = os.path.join(folder, "a fleet's $HOME `census`")
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    counts = []
    # East of Greenwich by five and a half hours: a local time would be found out.
    for seed in ("7", "11"):
        summary = lustrum(binary, "demo", "--out-dir", out, "--seed", seed, zone="Asia/Kolkata")
        counts.append(judge(database, out, summary, schema))
    glob_checks(database, out, *counts)
    print(f"{checks} checks of DuckDB {duckdb.__version__}, Polars {polars.__version__}, "
          f"pyarrow {pyarrow.__version__}: {len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
