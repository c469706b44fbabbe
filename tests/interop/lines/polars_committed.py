# The VMs of all committed runs, by the files that their manifests list.
import json, pathlib, polars

out = pathlib.Path("out")
manifests = [json.loads(file.read_text(encoding="utf-8")) for file in out.glob("runs/*/*/manifest.json")]
files = [out / path for run in manifests for path in run["artifacts"] if path.startswith("data/vinfo/")]
vms = polars.concat([polars.scan_parquet(file) for file in files], how="diagonal")
print(vms.group_by("run_id").len("vms").sort("run_id").collect().write_json())
