"""Two aiosmtpd servers, one with STARTTLS and one with TLS from the first byte; both want a
logon and leave each message as a file. The first line on standard output tells the ports."""

import itertools
import pathlib
import signal
import socket
import ssl
import sys

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

work = pathlib.Path(sys.argv[1])
authority = trustme.CA()
certificate = authority.issue_cert("127.0.0.1", "localhost")
authority.cert_pem.write_to_path(work / "ca.pem")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
certificate.configure_cert(context)
numbers = itertools.count()


class Keeper:
    def __init__(self, name):
        self.name = name

    async def handle_DATA(self, server, session, envelope):
        path = work / f"{self.name}-{next(numbers)}.eml"
        path.write_bytes(envelope.content)
        return "250 taken"


def logon(server, session, envelope, mechanism, data):
    is_known = (data.login, data.password) == (b"census", b"T0KEN-of-the-mail")
    return AuthResult(success=is_known, handled=False)


def server(name, **how):
    return Controller(Keeper(name), hostname="127.0.0.1", port=0, authenticator=logon, auth_required=True, **how)


def free_port():
    """The controller asks itself for a greeting on the port that it was given: 0 is none."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


starttls = server("starttls", tls_context=context, require_starttls=True)
sealed = server("tls", ssl_context=context, auth_require_tls=False)
for one in (starttls, sealed):
    one.port = free_port()
    one.start()
print(f"ready {starttls.port} {sealed.port}", flush=True)
signal.pause()
