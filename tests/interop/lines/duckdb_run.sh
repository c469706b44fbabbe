# The VMs of one run by host.
duckdb -c "SELECT host, count(*) AS vms FROM '$(lustrum runs files latest --table vInfo --format parquet)' GROUP BY host ORDER BY host"
