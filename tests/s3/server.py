"""moto's S3 server, one request at a time: server.py PORT.

moto looks whether an object stands and then writes it, and between the two another thread may do
the same: of several conditional creates at once more than one can win, which no real S3 allows.
Each request waits for its turn here with its body read whole, so that a client that is killed in
the middle of one holds up nobody.
"""

import io
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple


class OneByOne:
    def __init__(self, application):
        self.application = application
        self.turn = threading.Lock()

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        if len(body) < length:
            start_response("400 Bad Request", [("Content-Length", "0")])
            return []
        environ["wsgi.input"] = io.BytesIO(body)
        with self.turn:
            return list(self.application(environ, start_response))


if __name__ == "__main__":
    moto = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", int(sys.argv[1]), OneByOne(moto), threaded=True, request_handler=MotoRequestHandler)
