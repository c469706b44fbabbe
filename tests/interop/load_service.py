"""A service that tells of its CPU and memory, and whose memory grows; prints its port."""

import http.server
import time

hoard = []


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self):
        Service.asked += 1
        status, kind, body = 200, "application/json", "{}"
        if self.path == "/metrics":
            hoard.append(bytearray(200_000))
            kind = "text/plain; version=0.0.4"
            memory = 20_000_000 + 200_000 * len(hoard)
            body = f"process_cpu_seconds_total {time.process_time()}\nprocess_resident_memory_bytes {memory}\n"
        elif self.path == "/flaky" and Service.asked % 20 == 0:
            status = 503
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
print(server.server_port, flush=True)
server.serve_forever()
