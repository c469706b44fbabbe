-- The VMs of all committed runs, by the files that their manifests list.
SET VARIABLE files = (
    SELECT list('out/' || path)
    FROM (SELECT unnest(json_keys(artifacts)) AS path
          FROM read_json('out/runs/*/*/manifest.json', columns = {artifacts: 'JSON'}))
    WHERE path LIKE 'data/vinfo/%');
SELECT run_id, count(*) AS vms
FROM read_parquet(getvariable('files'), union_by_name = true)
GROUP BY run_id ORDER BY run_id;
