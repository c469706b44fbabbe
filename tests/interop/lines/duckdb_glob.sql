-- The VMs of all runs, by what lies there: also what an attempt left that never committed.
SELECT run_id, count(*) AS vms
FROM read_parquet('out/data/vinfo/v1/run_date=*/*.parquet', union_by_name = true)
GROUP BY run_id ORDER BY run_id;
