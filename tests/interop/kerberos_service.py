"""A WS-Management service whose Kerberos is MIT's, in front of a simulated fleet.

Clients log on with `Authorization: Kerberos` and seal their messages as MS-WSMV 2.2.9.1 has it;
libkrb5 takes the tickets and opens and seals the messages. What they say is handed to the
simulated host whose name the ticket is for, over HTTPS with Basic. No line is shared with
Lustrum.
"""

import base64
import hashlib
import http.client
import http.server
import ssl
import struct
import threading
import urllib.parse

import gssapi
from gssapi.raw import IOV, ChannelBindings, IOVBufferType, unwrap_iov, wrap_iov

# A token that is refused is an exception at once.
gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False

# The name of sealed bodies goes by the scheme of the logon.
PROTOCOLS = {
    "Kerberos": "application/HTTP-Kerberos-session-encrypted",
    "Negotiate": "application/HTTP-SPNEGO-session-encrypted",
}
BOUNDARY = b"--Encrypted Boundary"
PART = b"\r\n\tContent-Type: application/octet-stream\r\n"


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.counts = {}

    def add(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def taken(self):
        with self.lock:
            counts, self.counts = self.counts, {}
        return counts


def open_sealed(context, protocol, body, content_type):
    """The envelope in a body; every byte of the frame has to be where it belongs."""
    expected = f'multipart/encrypted;protocol="{protocol}";boundary="Encrypted Boundary"'
    assert content_type == expected, content_type
    head, rest = body.split(BOUNDARY + PART, 1)
    begin = BOUNDARY + f"\r\n\tContent-Type: {protocol}\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=".encode()
    assert head.startswith(begin) and head.endswith(b"\r\n"), head
    length = int(head[len(begin):])
    (header_length,) = struct.unpack("<I", rest[:4])
    header, rest = rest[4:4 + header_length], rest[4 + header_length:]
    sealed, end = rest[:-len(BOUNDARY) - 4], rest[-len(BOUNDARY) - 4:]
    assert end == BOUNDARY + b"--\r\n", end
    iov = IOV((IOVBufferType.header, False, header), (IOVBufferType.data, False, sealed), std_layout=False)
    opened = unwrap_iov(context, iov)
    assert opened.encrypted, "signed, not sealed"
    envelope = iov[1].value
    assert len(envelope) == length, (len(envelope), length)
    return envelope


def seal(context, protocol, envelope):
    iov = IOV(IOVBufferType.header, (IOVBufferType.data, True, envelope), std_layout=False)
    assert wrap_iov(context, iov, confidential=True)
    header, sealed = iov[0].value, iov[1].value
    kind = b"type=application/soap+xml;charset=UTF-8;Length=%d" % len(envelope)
    return b"".join([
        BOUNDARY, b"\r\n\tContent-Type: ", protocol.encode(), b"\r\n\tOriginalContent: ", kind, b"\r\n",
        BOUNDARY, PART, struct.pack("<I", len(header)), header, sealed, BOUNDARY, b"--\r\n",
    ])


class Service(http.server.ThreadingHTTPServer):
    """`fleet` is what `lustrum simulate --https --json` printed; hosts by their place in it."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, keytab, fleet, names, tls=None, certificate=None, authority=None):
        super().__init__(("127.0.0.1", 0), Connection)
        self.credentials = gssapi.Credentials(usage="accept", store={"keytab": keytab})
        account = base64.b64encode(f"{fleet['user']}:{fleet['password']}".encode()).decode()
        self.basic = f"Basic {account}"
        self.backends = dict(zip(names, (urllib.parse.urlsplit(host["url"]) for host in fleet["hosts"])))
        self.secure = tls is not None
        self.bindings = None
        if self.secure:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            self.bind_to(certificate)
        self.trust = ssl.create_default_context(cadata=authority)
        self.trust.check_hostname = False
        self.tally = Tally()
        self.authorities = ["Negotiate", "Kerberos"]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def bind_to(self, certificate_der):
        """Only logons bound to this certificate are taken (RFC 5929; it is signed with SHA-256)."""
        digest = hashlib.sha256(certificate_der).digest()
        self.bindings = ChannelBindings(application_data=b"tls-server-end-point:" + digest)

    @property
    def port(self):
        return self.server_address[1]


class Connection(http.server.BaseHTTPRequestHandler):
    """One connection: the logon belongs to it, and so does the order of sealed messages."""

    protocol_version = "HTTP/1.1"
    context = None
    protocol = None
    backend = None

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        authorization = self.headers.get("Authorization", "")
        try:
            if self.headers.get("WSMANIDENTIFY"):
                self.refuse()
            elif authorization:
                self.log_on(*authorization.split(" ", 1), body)
            elif self.context is None:
                self.refuse()
            elif self.server.secure:
                self.server.tally.add("plain")
                self.answer(*self.ask(body))
            else:
                self.exchange(body)
        except AssertionError as error:
            self.server.tally.add(f"FRAME {error}")
            self.answer(400, b"", "text/plain")

    def log_on(self, scheme, token, body):
        assert body == b"", "a leg of the logon with a body"
        if scheme not in self.server.authorities:
            return self.refuse()
        context = gssapi.SecurityContext(creds=self.server.credentials, usage="accept",
                                         channel_bindings=self.server.bindings)
        try:
            answer = context.step(base64.b64decode(token))
        except gssapi.exceptions.GSSError as error:
            self.server.tally.add(f"refused: {error.__class__.__name__}")
            return self.refuse()
        assert context.complete, "another leg"
        service = str(context.target_name).split("@")[0]
        self.server.tally.add(f"logon {service} by {context.initiator_name}")
        where = self.server.backends[service.split("/")[1]]
        self.backend = http.client.HTTPSConnection(where.hostname, where.port, context=self.server.trust)
        self.context = context
        self.protocol = PROTOCOLS[scheme]
        self.send_response(200)
        self.send_header("WWW-Authenticate", f"{scheme} {base64.b64encode(answer).decode()}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def exchange(self, body):
        envelope = open_sealed(self.context, self.protocol, body, self.headers["Content-Type"])
        self.server.tally.add("sealed")
        status, answered, _ = self.ask(envelope)
        kind = f'multipart/encrypted;protocol="{self.protocol}";boundary="Encrypted Boundary"'
        self.answer(status, seal(self.context, self.protocol, answered), kind)

    def ask(self, envelope):
        headers = {"Authorization": self.server.basic, "Content-Type": "application/soap+xml;charset=UTF-8"}
        self.backend.request("POST", "/wsman", envelope, headers)
        answered = self.backend.getresponse()
        return answered.status, answered.read(), "application/soap+xml;charset=UTF-8"

    def refuse(self):
        self.send_response(401)
        for scheme in self.server.authorities:
            self.send_header("WWW-Authenticate", scheme)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
