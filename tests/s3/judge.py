"""Whole runs of the program against S3 servers.

usage: judge.py LUSTRUM_BIN FOLDER MOTO_ENDPOINT RCLONE_ENDPOINT

Makes the bucket `census` on moto. A simulated fleet with one host that refuses is surveyed,
retried, looked at, compared and verified; what readers see is read by boto3.
"""

import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import boto3

SECRET = "census-secret"
FOLDERS = ("data/", "runs/")

failures = []
checks = 0


def check(name, got, expected=True):
    global checks
    checks += 1
    if got != expected:
        failures.append(name)
        print(f"FAIL {name}: got {got!r}, expected {expected!r}")


class Program:
    def __init__(self, binary, folder, endpoint, root):
        self.binary, self.folder, self.root = os.path.abspath(binary), folder, root
        self.environment = {
            "PATH": os.environ["PATH"],
            "HYPERV_USER": "census",
            "HYPERV_PASSWORD": "census",
            "AWS_ACCESS_KEY_ID": "census",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "LUSTRUM__OUTPUT__DIR": root,
            "LUSTRUM__STORE__ENDPOINT": endpoint,
            "LUSTRUM__STORE__RETRIES": "1",
        }

    def ran(self, *line, **more):
        return subprocess.run([self.binary, *line], cwd=self.folder, env={**self.environment, **more},
                              capture_output=True, text=True)

    def begun(self, *line, **more):
        return subprocess.Popen([self.binary, *line], cwd=self.folder, env={**self.environment, **more},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def said(self, *line, code=0, **more):
        ran = self.ran(*line, **more)
        if ran.returncode != code:
            sys.exit(f"lustrum {' '.join(line)} exited {ran.returncode}, not {code}:\n{ran.stdout}\n{ran.stderr}")
        check(f"{line} keeps the secret", SECRET in ran.stdout + ran.stderr, False)
        return ran.stdout if code in (0, 1) else ran.stderr

    def told(self, *line):
        return json.loads(self.said(*line, "--json"))


def simulated(program, job, *more):
    fleet = subprocess.Popen(
        [program.binary, "simulate", "--hosts", "4", "--vms", "5", "--port", "0", "--job", job, "--json", *more],
        cwd=program.folder, stdout=subprocess.PIPE)
    fleet.stdout.readline()
    return fleet


def client(endpoint):
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                        aws_access_key_id="census", aws_secret_access_key=SECRET)


def keys(s3, bucket, prefix):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def whole_runs(program, s3):
    program.said("run", "./fleet.toml", code=1)
    listed = keys(s3, "census", "prod/")
    check("everything lies below the prefix", listed, keys(s3, "census", ""))
    below = [key.removeprefix("prod/") for key in listed]
    check("nothing of the probe is left", [key for key in below if key.startswith("probe/")], [])
    check("nothing is staged under data/", [key for key in below if key.startswith("data/") and not key.endswith(".parquet")], [])
    check("no upload is left open", s3.list_multipart_uploads(Bucket="census").get("Uploads", []), [])
    tops = {key for key in below if not key.startswith(FOLDERS)}
    check("the newest reports lie at the top",
          {"manifest.json", "hyperv_run_report.json", "targets_retry_hosts.txt", "RVTools_export_all.xlsx"} <= tops)

    runs = program.told("runs", "list")
    check("one committed run", [run["scope"] for run in runs], ["full"])
    first = runs[0]["run_id"]
    files = program.said("runs", "files", first).split()
    check("files are URLs", [file for file in files if not file.startswith("s3://census/prod/")], [])
    bodies = {file: s3.get_object(Bucket="census", Key=file.removeprefix("s3://census/"))["Body"].read() for file in files}
    manifest = json.loads(s3.get_object(Bucket="census", Key="prod/manifest.json")["Body"].read())
    hashes = {f"s3://census/prod/{artifact['path']}": artifact["sha256"] for artifact in manifest["artifacts"].values()} \
        if isinstance(manifest["artifacts"], dict) else \
        {f"s3://census/prod/{artifact['path']}": artifact["sha256"] for artifact in manifest["artifacts"]}
    check("every file is what the manifest says",
          {file: hashlib.sha256(body).hexdigest() for file, body in bodies.items()}, hashes)
    program.said("runs", "verify", "latest")

    program.said("run", "./fleet.toml", "--retry", "latest", code=1)
    program.said("run", "./fleet.toml", code=1)
    runs = program.told("runs", "list")
    check("a run, its retry, a run", [run["scope"] for run in runs], ["full", "retry", "full"])
    program.said("runs", "show", first)
    check("nothing changed in a fleet that stands still", program.told("diff")["changes"], [])
    for run in runs:
        program.said("runs", "verify", run["run_id"])

    path = files[0].removeprefix("s3://census/")
    s3.put_object(Bucket="census", Key=path, Body=b"not what was written")
    check("verify finds a changed object", "differs" in program.said("runs", "verify", first, code=1))
    s3.delete_object(Bucket="census", Key=path)
    check("and a missing one", path.removeprefix("prod/") in program.said("runs", "verify", first, code=1))


def sharded(program, s3):
    """Three pods of an Indexed Job, one of them killed and begun again. The slot is the minute."""
    known = [run["run_id"] for run in program.told("runs", "list")]
    job = f"lustrum-fleet-{int(time.time()) // 60}"

    def pod(index):
        told = {"JOB_COMPLETION_INDEX": str(index), "JOB_COMPLETIONS": "3", "KUBERNETES_JOB_NAME": job}
        return subprocess.Popen([program.binary, "run", "./fleet.toml", "--exit-zero-if-recorded"], cwd=program.folder,
                                env={**program.environment, **told}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    pods = {index: pod(index) for index in range(3)}
    time.sleep(0.5)
    pods[1].kill()
    pods[1].wait()
    pods[1] = pod(1)
    for index in range(3):
        for _ in range(5):
            if pods[index].wait() == 0:
                break
            pods[index] = pod(index)
    check("every part ends", [one.returncode for one in pods.values()], [0, 0, 0])
    runs = [run for run in program.told("runs", "list") if run["run_id"] not in known]
    check("one run of all hosts", [(run["hosts"], run["scope"]) for run in runs], [(4, "full")])
    merged = runs[0]["run_id"]
    check("which is the single run", program.told("diff", known[0], merged)["changes"], [])
    program.said("runs", "verify", merged)
    slot = merged.removeprefix("simulated-")
    check("no staged part is left", keys(s3, "census", f"prod/runs/simulated/{slot}/staged/"), [])
    program.said("finalize", "./fleet.toml", slot, code=1)
    program.said("finalize", "./fleet.toml", "latest")


def held(s3, slot):
    return keys(s3, "census", f"prod/runs/slow/{slot.removesuffix('Z')}.000Z/lease/")


def leases(program, s3):
    """Two machines that share a store and nothing else: each has its own place for spools."""
    machines = [{"TMPDIR": str(pathlib.Path(program.folder, name))} for name in ("one", "two")]
    one, two = machines
    for machine in machines:
        os.mkdir(machine["TMPDIR"])
        machine["LUSTRUM__STORE__LEASE_HEARTBEAT"] = "2s"

    def live_for(ttl):
        for machine in machines:
            machine["LUSTRUM__STORE__LEASE_TTL"] = ttl

    def begin(slot, **more):
        process = program.begun("run", "./slow.toml", "--slot", slot, **more)
        while not held(s3, slot):
            time.sleep(0.05)
        return process

    def line(slot):
        return "run", "./slow.toml", "--slot", slot

    live_for("2m")
    slot = "20250101T000000Z"
    first = begin(slot, **one)
    first.send_signal(signal.SIGSTOP)
    told = program.said(*line(slot), code=75, **two)
    check("a slot that is held is left, and its holder named",
          f"another process is at work on this slot: process {first.pid} on " in told)
    first.send_signal(signal.SIGCONT)
    first.communicate()
    check("the holder goes on to its end", first.returncode, 0)
    check("a committed slot has no lease", held(s3, slot), [])

    live_for("10s")
    slot = "20250102T000000Z"
    first = begin(slot, **one)
    first.send_signal(signal.SIGSTOP)
    time.sleep(11.5)
    program.said(*line(slot), **two)
    first.send_signal(signal.SIGCONT)
    told = first.communicate()[0]
    check("who stood still for too long ends without a commit", first.returncode, 75)
    check("and says why", "another process has taken this slot over" in told)
    check("its slot is committed", "is committed by attempt" in program.ran(*line(slot), **one).stderr)

    live_for("2m")
    slot = "20250103T000000Z"
    first = begin(slot, **one)
    first.kill()
    first.communicate()
    program.said(*line(slot), code=75, **two)
    program.said(*line(slot), **one)
    slot = "20250104T000000Z"
    first = begin(slot, **one)
    first.terminate()
    first.communicate()
    check("SIGTERM commits nothing", first.returncode, 75)
    program.said(*line(slot), **two)


def leftovers(program, s3):
    orphan = "prod/data/vinfo/v1/run_date=2025-01-05/slow-20250105T000000.000Z-0000000000ab.parquet"
    s3.put_object(Bucket="census", Key=orphan, Body=b"of a run that died")
    s3.put_object(Bucket="census", Key="prod/data/vinfo/v1/run_date=2025-01-05/mine.parquet", Body=b"mine")
    before = keys(s3, "census", "")
    policy = ("runs", "gc", "--job", "slow", "--keep-runs", "2", "--orphans-after", "1ms", "--grace", "1ms")
    dry = program.told(*policy)
    check("a dry gc touches nothing", keys(s3, "census", ""), before)
    check("it tells what would go", len(dry["retired"]), 2)
    check("an orphan, too", orphan.removeprefix("prod/") in [gone["path"] for gone in dry["deleted"]])
    program.said(*policy, "--delete")
    # The store tells whole seconds.
    time.sleep(2)
    program.said(*policy, "--delete")
    after = keys(s3, "census", "")
    check("what nobody needs is gone",
          [key for key in after if any(f"2025010{day}T" in key for day in (1, 2, 5))][:3], [])
    check("and nothing else", "prod/data/vinfo/v1/run_date=2025-01-05/mine.parquet" in after)
    runs = [run["run_id"] for run in program.told("runs", "list") if run["job"] == "slow"]
    check("the newest two runs are kept", runs, ["slow-20250104T000000.000Z", "slow-20250103T000000.000Z"])
    for run in runs:
        program.said("runs", "verify", run)


def refusals(program, s3):
    begun = time.monotonic()
    told = program.said("run", "./fleet.toml", code=3, LUSTRUM__OUTPUT__DIR="s3://nowhere/x")
    check("a missing bucket", "there is no such bucket" in told)
    check("reading it, too", "there is no such bucket" in program.said(
        "runs", "list", code=3, LUSTRUM__OUTPUT__DIR="s3://nowhere/x"))
    told = program.said("run", "./fleet.toml", code=3, LUSTRUM__STORE__ENDPOINT="http://127.0.0.1:9")
    check("an endpoint that is not there", "the store cannot be reached: " in told)
    check("nobody waits for it", time.monotonic() - begun < 120)
    check("an empty bucket has no runs", program.told("runs", "list") if keys(s3, "census", "") == [] else [], [])


def weak(program, s3):
    told = program.said("run", "./fleet.toml", code=3)
    check("a store that ignores conditions is refused", "ignores conditional writes" in told)
    check("with advice", 'store.writers = "one"' in told)
    check("and left as it was", keys(s3, "census", ""), [])
    ran = program.ran("run", "./fleet.toml", LUSTRUM__STORE__WRITERS="one")
    check("one writer may use it", ran.returncode, 1)
    check("with a warning", "safe for one writer only" in ran.stdout + ran.stderr)
    program.said("runs", "verify", "latest")


def main():
    binary, folder, moto, rclone = sys.argv[1:]
    folder = pathlib.Path(folder, "runs")
    folder.mkdir()
    strong = Program(binary, folder, moto, "s3://census/prod")
    fleet = simulated(strong, "fleet.toml", "--fault", "1:refuse")
    slow = simulated(strong, "slow.toml", "--latency", "5s")
    job = folder / "slow.toml"
    job.write_text(job.read_text().replace('name = "simulated"', 'name = "slow"'))
    try:
        s3 = client(moto)
        s3.create_bucket(Bucket="census")
        refusals(strong, s3)
        whole_runs(strong, s3)
        sharded(strong, s3)
        leases(strong, s3)
        leftovers(strong, s3)
        weak(Program(binary, folder, rclone, "s3://census/prod"), client(rclone))
    finally:
        for fleet in (fleet, slow):
            fleet.terminate()
            fleet.wait()
    print(f"{checks} checks against S3 servers: {len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
