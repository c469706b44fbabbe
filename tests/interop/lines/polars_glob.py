# The VMs of all runs, by what lies there: also what an attempt left that never committed.
import glob, polars

files = glob.glob("out/data/vinfo/v1/run_date=*/*.parquet")
vms = polars.concat([polars.scan_parquet(file) for file in files], how="diagonal")
print(vms.group_by("run_id").len("vms").sort("run_id").collect().write_json())
