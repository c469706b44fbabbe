"""A chat backend's metrics as prometheus/client_python exposes them, moving all the time.

    prometheus_exporter.py PORT
"""

import sys
import threading
import time

from prometheus_client import Counter, Enum, Gauge, Histogram, Info, Summary, start_http_server

requests = Counter("http_requests", "Answered requests.", ["method", "path", "code"])
duration = Histogram(
    "http_request_duration_seconds", "How long answers took.", ["path"], buckets=[0.05, 0.25, 1.0, 5.0]
)
Counter("pii_detection_errors", "Texts that could not be looked through.").inc(0)
failures = Counter("deanonymization_failures", "Answers that could not be put back.")
never = Counter("never_seen", "Declared, and without a child.", ["why"])
jobs = Counter("jobs", "Jobs done.", ["queue", "result"])
tokens = Summary("chat_tokens", "Tokens of an answer.")
cpu = Gauge("system_cpu_usage_percent", "All cores together.")
memory = Gauge("system_memory_usage_bytes", "In use.")
Gauge("redis_connection_status", "1 when connected.").set(1)
sessions = Gauge("redis_mapping_sessions_total", "Sessions kept.")
entries = Gauge("redis_mapping_entries_total", "Names kept.")
Gauge("redis_memory_usage_bytes", "As Redis says.").set(7 << 20)
depth = Gauge("queue_depth", 'Waiting jobs, by "queue".\nOf all workers \\ hosts.', ["queue"])
busy = Gauge("worker_busy", "1 when it works.", ["worker"])
Gauge("odd_values", "What a number may be.", ["kind"]).labels("not a number").set(float("nan"))
Gauge("odd_labels", "What a label may be.", ["text"]).labels('back\\slash, "quotes",\nline, ünï').set(float("inf"))
Info("app_build", "The program.").info({"version": "1.4.2", "commit": "0f3c"})
Enum("app_state", "What it does.", states=["starting", "running", "stopping"]).state("running")


def move(turn):
    for path, code, took in [("/chat", "200", 0.3), ("/chat", "500", 2.0), ("/health", "200", 0.01)]:
        requests.labels("POST" if path == "/chat" else "GET", path, code).inc()
        duration.labels(path).observe(took, exemplar={"trace_id": f"{turn:08x}"})
    for queue in ["mail", "sync"]:
        depth.labels(queue).set(turn % 7 + 1)
        jobs.labels(queue, "done").inc()
        jobs.labels(queue, "failed").inc(turn % 2)
    busy.labels("one").set(turn % 2)
    busy.labels("two").set(1)
    failures.inc(turn % 2)
    tokens.observe(turn % 100)
    cpu.set(20 + turn % 30)
    memory.set((1 << 30) + turn)
    sessions.set(5 + turn % 3)
    entries.set(50 + turn % 30)


def forever():
    turn = 0
    while True:
        turn += 1
        move(turn)
        time.sleep(0.2)


move(1)
start_http_server(int(sys.argv[1]), addr="127.0.0.1")
print("ready", flush=True)
thread = threading.Thread(target=forever)
thread.start()
thread.join()
