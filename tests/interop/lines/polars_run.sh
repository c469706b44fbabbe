# The VMs of one run by host.
python3 -c 'import sys, polars; print(polars.read_parquet(sys.argv[1]).group_by("host").len("vms").sort("host").write_json())' "$(lustrum runs files latest --table vInfo --format parquet)"
