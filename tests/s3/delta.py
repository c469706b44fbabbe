"""Delta logs as the program keeps them, on disk and on S3, read by deltalake and Polars.

usage: delta.py LUSTRUM_DELTA_BIN FOLDER MOTO_ENDPOINT

A simulated fleet of two hosts is surveyed several times. What both readers see must be the
rows of the runs that were published, also after a crash, after others have checkpointed,
compacted and vacuumed a table, and when a table has grown a column.
"""

import json
import os
import pathlib
import subprocess
import sys

import boto3
import polars
from deltalake import DeltaTable, QueryBuilder

SECRET = "census-secret"
TABLES = ("vinfo", "vdisk", "vhealth", "vsource", "vrole")

failures = []
checks = 0


def check(name, got, expected=True):
    global checks
    checks += 1
    if got != expected:
        failures.append(name)
        print(f"FAIL {name}: got {got!r}, expected {expected!r}")


class Store:
    """One root, as the program and as readers reach it."""

    def __init__(self, binary, folder, endpoint, root):
        self.binary, self.folder, self.root, self.s3 = os.path.abspath(binary), folder, root, None
        self.options = None
        if root.startswith("s3://"):
            keys = {"AWS_ACCESS_KEY_ID": "census", "AWS_SECRET_ACCESS_KEY": SECRET}
            self.options = {**keys, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true"}
            self.s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                                   aws_access_key_id="census", aws_secret_access_key=SECRET)
        self.environment = {
            "PATH": os.environ["PATH"], "HYPERV_USER": "census", "HYPERV_PASSWORD": "census",
            "AWS_ACCESS_KEY_ID": "census", "AWS_SECRET_ACCESS_KEY": SECRET,
            "LUSTRUM__STORE__ENDPOINT": endpoint, "LUSTRUM__OUTPUT__DIR": root,
            "LUSTRUM__OUTPUT__FORMATS": "parquet", "LUSTRUM__NAME": "fleet",
        }

    def said(self, *line, code=0, **more):
        ran = subprocess.run([self.binary, *line], cwd=self.folder, env={**self.environment, **more},
                             capture_output=True, text=True)
        if ran.returncode != code:
            sys.exit(f"lustrum {' '.join(line)} exited {ran.returncode}, not {code}:\n{ran.stdout}\n{ran.stderr}")
        return ran.stdout + ran.stderr

    def surveyed(self, slot, delta="true"):
        told = self.said("run", "./fleet.toml", "--slot", slot, LUSTRUM__OUTPUT__DELTA=delta)
        check(f"{self.root}: nothing goes wrong at {slot}", "not published" in told, False)

    def published(self):
        return json.loads(self.said("runs", "publish", "--json"))

    def rows(self, table, *slots):
        """Of the runs' manifests: rows by run."""
        found = {}
        for slot in slots:
            listed = json.loads(self.said("runs", "files", f"fleet-{slot}", "--table", table,
                                          "--format", "parquet", "--json"))
            found.update({f"fleet-{slot}": file["rows"] for file in listed if file["rows"]})
        return found

    def bucket_and_key(self, key):
        bucket, _, prefix = self.root.removeprefix("s3://").partition("/")
        return bucket, f"{prefix}/{key}"

    def read(self, key):
        if self.s3 is None:
            return pathlib.Path(self.root, key).read_bytes()
        bucket, key = self.bucket_and_key(key)
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def write(self, key, body):
        if self.s3 is None:
            path = pathlib.Path(self.root, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        else:
            bucket, key = self.bucket_and_key(key)
            self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def delta(self, table):
        return DeltaTable(f"{self.root}/data/{table}/v1", storage_options=self.options)

    def scan(self, table):
        return polars.scan_delta(f"{self.root}/data/{table}/v1", storage_options=self.options)


def by_run(frame):
    return dict(frame.group_by("run_id").len().iter_rows())


def agree(store, why, *slots):
    """Both readers see the rows of these runs, with every column."""
    for table in TABLES:
        expected = store.rows(table, *slots)
        delta = polars.DataFrame(QueryBuilder().register("t", store.delta(table))
                                  .execute("select * from t").read_all())
        seen = store.scan(table).collect()
        name = f"{store.root}: {why}: {table}"
        check(f"{name} by deltalake", by_run(delta), expected)
        check(f"{name} by Polars", by_run(seen), expected)
        check(f"{name}: the same columns", seen.columns, delta.columns)
        order = ["run_id", "host", "vm_id"] if "vm_id" in seen.columns else seen.columns[:4]
        check(f"{name}: the same cells", seen.sort(order, maintain_order=True).rows()[:50],
              delta.sort(order, maintain_order=True).rows()[:50])


def judge(store):
    one, two, three, four, five = (f"202611{day:02}T060000.000Z" for day in (1, 2, 3, 4, 5))
    store.surveyed(one, delta="false")
    store.surveyed(two)
    agree(store, "from the first run on that asks for it", two)
    check(f"{store.root}: all else is published by hand", store.published()["runs"], 1)
    check(f"{store.root}: once", store.published(), {"runs": 0, "versions": 0})
    agree(store, "a slot that came late", one, two)
    check(f"{store.root}: the job's version", store.delta("vinfo").transaction_version("fleet"), 1793599200000)

    # A crash leaves files that no manifest names; another leaves a run that no log holds.
    whole = store.read(store.said("runs", "files", f"fleet-{one}", "--table", "vinfo", "--format", "parquet")
                       .strip().removeprefix(store.root + "/"))
    store.write("data/vinfo/v1/run_date=2026-11-02/left-by-a-crash.parquet", whole)
    store.surveyed(three, delta="false")
    store.surveyed(four)
    agree(store, "after crashes", one, two, three, four)
    slot = polars.col("slot").dt.to_string("%Y%m%dT%H%M%S%.3fZ")
    check(f"{store.root}: a day by its partition",
          by_run(store.scan("vinfo").filter(polars.col("run_date").dt.day() == 3).collect()), store.rows("vinfo", three))
    check(f"{store.root}: a run by its bounds",
          store.scan("vinfo").filter(polars.col("run_id") == f"fleet-{two}").select(slot).unique().collect().rows(), [(two,)])

    # What other programs may do to a table of theirs.
    table = store.delta("vinfo")
    table.optimize.compact()
    table.optimize.z_order(["host"])
    table.create_checkpoint()
    table.cleanup_metadata()
    check(f"{store.root}: a vacuum takes nothing", table.vacuum(dry_run=False, full=True), [])
    check(f"{store.root}: nothing is published twice", store.published(), {"runs": 0, "versions": 0})
    check(f"{store.root}: every file is still there", "differs" in store.said("runs", "verify", f"fleet-{one}"), False)

    # As an older program without the last column left it.
    key = "data/vdisk/v1/_delta_log/00000000000000000000.json"
    actions = [json.loads(line) for line in store.read(key).splitlines()]
    for action in actions:
        if "metaData" in action:
            schema = json.loads(action["metaData"]["schemaString"])
            last = schema["fields"].pop()["name"]
            action["metaData"]["schemaString"] = json.dumps(schema)
    for version in range(4):
        key = f"data/vdisk/v1/_delta_log/{version:020}.json"
        lines = actions if version == 0 else [json.loads(line) for line in store.read(key).splitlines()]
        for action in lines:
            action.get("commitInfo", {})["schemaFingerprint"] = "of an older program"
        store.write(key, "".join(json.dumps(action) + "\n" for action in lines).encode())
    check(f"{store.root}: the column is not there", last in store.scan("vdisk").collect_schema(), False)
    store.surveyed(five)
    agree(store, "a column more, and after others' work", one, two, three, four, five)
    check(f"{store.root}: the column came", last in store.scan("vdisk").collect_schema(), True)
    history = store.delta("vdisk").history()
    check(f"{store.root}: a version a run", [entry["runId"] for entry in sorted(history, key=lambda it: it["version"])],
          [f"fleet-{slot}" for slot in (two, one, three, four, five)])


def main():
    binary, folder, endpoint = sys.argv[1:]
    folder = pathlib.Path(folder, "delta")
    folder.mkdir()
    fleet = subprocess.Popen([binary, "simulate", "--hosts", "2", "--vms", "6", "--port", "0",
                              "--job", str(folder / "fleet.toml"), "--json"], stdout=subprocess.PIPE)
    fleet.stdout.readline()
    try:
        s3 = Store(binary, folder, endpoint, "s3://lake/census")
        s3.s3.create_bucket(Bucket="lake")
        judge(s3)
        judge(Store(binary, folder, endpoint, str(folder / "out")))
    finally:
        fleet.terminate()
        fleet.wait()
    print(f"{checks} checks by deltalake and Polars: {len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
