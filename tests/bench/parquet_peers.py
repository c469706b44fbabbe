"""One writer that is not ours, over all tables: `parquet_peers.py PEER ROWS_FOLDER OUT_FOLDER`.

Reads every table (`<table>.arrow`, Arrow IPC) into the peer's own memory, which is not timed,
then writes each as one Parquet file with Zstandard level 1, two threads, row groups of at most
65,536 rows, and prints rows, milliseconds of wall and CPU, and MiB written, as JSON.

What each writes beside the rows:
  pyarrow  column statistics, page index; no bloom filters
  duckdb   column statistics, bloom filters for columns it keeps a dictionary for; no page index
  polars   column statistics; no page index, no bloom filters
  ours     page and column statistics, page index, bloom filters on host and vm_id; beside
           that every row goes through the spool, and the file is hashed and synced
"""

import json
import os
import sys
import time
from pathlib import Path

THREADS = 2
GROUP_ROWS = 64 * 1024
os.environ["POLARS_MAX_THREADS"] = str(THREADS)


def pyarrow_peer():
    import pyarrow
    import pyarrow.parquet

    pyarrow.set_cpu_count(THREADS)

    def read(path):
        return pyarrow.ipc.open_file(pyarrow.memory_map(str(path))).read_all().combine_chunks()

    def write(table, path):
        pyarrow.parquet.write_table(
            table, path, compression="zstd", compression_level=1, row_group_size=GROUP_ROWS, write_page_index=True
        )

    return read, write, lambda table: table.num_rows


def duckdb_peer():
    import duckdb
    import pyarrow

    connection = duckdb.connect(config={"threads": THREADS})

    def read(path):
        name = path.stem
        rows = pyarrow.ipc.open_file(str(path)).read_all()
        connection.register("rows", rows)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
        connection.unregister("rows")
        return name

    def write(name, path):
        connection.execute(
            f"COPY {name} TO '{path}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {GROUP_ROWS})"
        )

    return read, write, lambda name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]


def polars_peer():
    import polars

    def read(path):
        return polars.read_ipc(path).rechunk()

    def write(frame, path):
        frame.write_parquet(path, compression="zstd", compression_level=1, statistics=True, row_group_size=GROUP_ROWS)

    return read, write, lambda frame: frame.height


def main():
    peer, rows_folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    read, write, height = {"pyarrow": pyarrow_peer, "duckdb": duckdb_peer, "polars": polars_peer}[peer]()
    tables = {path.stem: read(path) for path in sorted(rows_folder.glob("*.arrow"))}
    rows = sum(height(table) for table in tables.values())
    wall, cpu = time.perf_counter(), time.process_time()
    for name, table in tables.items():
        write(table, out / f"{name}.parquet")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    size = sum(path.stat().st_size for path in out.glob("*.parquet"))
    print(json.dumps({"rows": rows, "wall_ms": wall * 1e3, "cpu_ms": cpu * 1e3, "mib": size / 2**20}))


main()
