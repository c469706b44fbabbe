"""Kerberos under independent judges: MIT's KDC hands out the tickets, MIT's libkrb5 takes them
and opens what we seal (kerberos_service.py). `lustrum run` surveys a simulated fleet behind it.

usage: kerberos.py LUSTRUM_BIN FOLDER
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from kerberos_service import Service

REALM = "CENSUS.TEST"
PASSWORD = "Sentinel-4d1a-Passw0rd"
HOSTS = 6

failures = []


def check(name, got, expected):
    print(f"ok   {name}" if got == expected else f"FAIL {name}: got {got!r}, expected {expected!r}")
    if got != expected:
        failures.append(name)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


class Kdc:
    """A realm of its own below a folder: nothing of the system's Kerberos is read or written."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.port = free_port()
        self.log = folder / "kdc.log"
        (folder / "krb5.conf").write_text(f"""
[libdefaults]
 default_realm = {REALM}
 dns_lookup_kdc = false
 rdns = false
[realms]
 {REALM} = {{
  kdc = 127.0.0.1:{self.port}
 }}
[logging]
 kdc = FILE:{self.log}
""")
        (folder / "kdc.conf").write_text(f"""
[kdcdefaults]
 kdc_listen = 127.0.0.1:{self.port}
 kdc_tcp_listen = 127.0.0.1:{self.port}
[realms]
 {REALM} = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  max_life = 10h
  supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
 }}
""")
        self.environment = {
            **os.environ,
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
            "KRB5RCACHETYPE": "none",
        }
        self.process = None
        self.tool("kdb5_util", "create", "-s", "-r", REALM, "-P", "master of the test")
        self.admin(f"addprinc +requires_preauth -pw {PASSWORD} svc-census")
        self.admin(f"addprinc +requires_preauth -pw {PASSWORD} svc-keyed")
        self.admin(f"ktadd -norandkey -k {folder}/keyed.keytab svc-keyed")
        for index in range(HOSTS):
            self.admin(f"addprinc -randkey HTTP/hv-{index}.census.test")
            self.admin(f"ktadd -k {folder}/services.keytab HTTP/hv-{index}.census.test")

    def tool(self, *line):
        subprocess.run(line, env=self.environment, check=True, capture_output=True)

    def admin(self, query):
        self.tool("kadmin.local", "-r", REALM, "-q", query)

    def start(self, *before):
        self.process = subprocess.Popen([*before, "krb5kdc", "-n"], env=self.environment,
                                        stdout=subprocess.DEVNULL, start_new_session=True)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            sys.exit("the KDC did not come up")

    def stop(self):
        """faketime is a parent that does not hand signals on: its whole session is told."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()

    def exchanges(self):
        """What the KDC has logged since it was asked last, in counts."""
        text = self.log.read_text() if self.log.exists() else ""
        self.log.write_text("")
        counts = {}
        for kind, result in re.findall(r"(AS_REQ|TGS_REQ) \(.*?\) 127\.0\.0\.1: ([A-Z_]+)", text):
            counts[f"{kind} {result}"] = counts.get(f"{kind} {result}", 0) + 1
        return counts


class Judge:
    def __init__(self, binary, folder):
        self.binary = os.path.abspath(binary)
        self.folder = pathlib.Path(folder)
        self.kdc = Kdc(self.folder / "kdc")
        os.environ.update({key: self.kdc.environment[key] for key in ("KRB5_CONFIG", "KRB5RCACHETYPE")})
        ready = self.folder / "fleet.json"
        self.fleet_process = subprocess.Popen(
            [self.binary, "simulate", "--hosts", str(HOSTS), "--vms", "30", "--https", "--port", "0", "--json"],
            stdout=ready.open("w"))
        while not ready.read_text().endswith("}\n"):
            time.sleep(0.1)
        self.fleet = json.loads(ready.read_text())
        self.names = [f"hv-{index}.census.test" for index in range(HOSTS)]
        keytab = str(self.kdc.folder / "services.keytab")
        (self.folder / "ca.pem").write_text(self.fleet["ca_pem"])
        self.http = Service(keytab, self.fleet, self.names, authority=self.fleet["ca_pem"])
        tls, certificate = self.certificate()
        self.https = Service(keytab, self.fleet, self.names, tls, certificate, self.fleet["ca_pem"])

    def certificate(self):
        """One for all names, signed by itself with SHA-256, and its PEM as the bundle to trust."""
        names = ",".join(f"DNS:{name}" for name in self.names)
        key, bundle = self.folder / "service.key", self.folder / "service.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "2",
                        "-subj", "/CN=service", "-addext", f"subjectAltName={names}",
                        "-addext", "basicConstraints=critical,CA:FALSE",
                        "-keyout", key, "-out", bundle], check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(bundle, key)
        return tls, ssl.PEM_cert_to_DER_cert(bundle.read_text())

    def survey(self, credential, hosts=None, service=None, more=""):
        """One `lustrum run`: its exit code, the reasons of each host, how long the run took."""
        service = service or self.http
        scheme = "https" if service.secure else "http"
        where = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        (where / "job.toml").write_text(f"""
name = "kerberos"
tables = ["vInfo"]
output.dir = "out"
output.formats = ["csv"]
[fleet]
hosts = {json.dumps(hosts or self.names)}
[connection]
auth = "kerberos"
scheme = "{scheme}"
address = "127.0.0.1"
port = {service.port}
{f'trust.ca-bundle = "{self.folder}/service.pem"' if service.secure else ""}
{more}
[credentials.default]
{credential}
""")
        began = time.monotonic()
        ran = subprocess.run([self.binary, "run", "./job.toml", "--log-level", "lustrum=trace,sspi=trace,picky_krb=trace", "--log-format", "json", "--log-dir", "log"],
                             cwd=where, capture_output=True, text=True)
        took = time.monotonic() - began
        found = where / "out/manifest.json"
        if not found.exists():
            sys.exit(f"no manifest in {where}:\n{ran.stdout}\n{ran.stderr}")
        manifest = json.loads(found.read_text())
        reasons, said = {}, []
        for record in manifest["hosts"].values():
            for reason in record["verdict"]["reasons"] or ["ok"]:
                reasons[reason] = reasons.get(reason, 0) + 1
            said += [step["outcome"]["failure"]["message"] for step in record["steps"] if "failure" in step["outcome"]]
        self.look_for_secrets(where, ran)
        if os.environ.get("VERBOSE"):
            print(ran.returncode, reasons, said[:2], f"{took:.2f} s")
        return reasons, said, took

    def look_for_secrets(self, where, ran):
        """The password, a key, or a piece of either in whatever a run leaves behind."""
        key = re.search(rb"\x00\x12\x00\x20(.{32})", (self.kdc.folder / "keyed.keytab").read_bytes(), re.S)[1]
        needles = [PASSWORD.encode(), PASSWORD.encode("utf-16-le"), key, key.hex().encode(), key.hex().upper().encode(),
                   ", ".join(str(byte) for byte in key[:8]).encode(), ", ".join(str(byte) for byte in PASSWORD.encode()[:8]).encode()]
        left = {"standard output": ran.stdout.encode(), "standard error": ran.stderr.encode()}
        left |= {str(path): path.read_bytes() for path in where.rglob("*") if path.is_file()}
        assert len(left) > 5, left.keys()
        for name, data in left.items():
            if any(needle in data for needle in needles) and not name.endswith("job.toml"):
                check(f"no secret in {name}", "found", "nothing")

    def run(self):
        password = f'user = "svc-census@{REALM}"\npassword = "env:CENSUS_PASSWORD"'
        os.environ["CENSUS_PASSWORD"] = PASSWORD
        logons = {f"logon HTTP/{name} by svc-census@{REALM}": 1 for name in self.names}

        reasons, said, _ = self.survey(password)
        told = self.http.tally.taken()
        check("http: every host told its tables", (reasons, said), ({"ok": HOSTS}, []))
        sealed = told.pop("sealed", 0)
        check("http: one logon a host, at the right service, and nothing else", told, logons)
        check("http: a shell's five sealed messages of each host, or more", sealed >= 5 * HOSTS, True)
        # The first AS question asks what to show, the second shows it.
        once = {"AS_REQ NEEDED_PREAUTH": 1, "AS_REQ ISSUE": 1, "TGS_REQ ISSUE": HOSTS}
        check(f"http: one ticket-granting ticket for {HOSTS} hosts", self.kdc.exchanges(), once)

        reasons, said, _ = self.survey(password, service=self.https)
        told = self.https.tally.taken()
        plain = told.pop("plain", 0)
        check("https: every host told its tables", (reasons, said), ({"ok": HOSTS}, []))
        check("https: one logon a host, bound to the certificate", told, logons)
        check("https: messages go plain inside TLS", plain >= 5 * HOSTS, True)
        check("https: one ticket-granting ticket", self.kdc.exchanges(), once)

        keytab = f'user = "svc-keyed@{REALM}"\nkeytab = "file:{self.kdc.folder}/keyed.keytab"'
        reasons, said, _ = self.survey(keytab)
        check("keytab: every host told its tables", (reasons, said), ({"ok": HOSTS}, []))
        check("keytab: one ticket-granting ticket", self.kdc.exchanges(), once)
        self.http.tally.taken()

        self.http.authorities = ["Negotiate"]
        reasons, said, _ = self.survey(password)
        check("negotiate only: the same token under its name", (reasons, said[:1]), ({"ok": HOSTS}, []))
        self.http.authorities = ["Negotiate", "Kerberos"]
        self.kdc.exchanges()

        wrong = f'user = "svc-census@{REALM}"\npassword = "plain:not {PASSWORD[:3]}"'
        reasons, said, _ = self.survey(wrong)
        check("wrong password: refused, and held back", reasons, {"auth_failed": 3, "credential_blocked": HOSTS - 3})
        # Hosts are in name order, and which three of them are asked is chance.
        check("wrong password: said", sum("refused the password" in one for one in said), 3)
        check("wrong password: the KDC was asked once", self.kdc.exchanges(),
              {"AS_REQ NEEDED_PREAUTH": 1, "AS_REQ PREAUTH_FAILED": 1})

        nobody = f'user = "nobody@{REALM}"\npassword = "env:CENSUS_PASSWORD"'
        reasons, said, _ = self.survey(nobody)
        check("unknown account: refused", reasons, {"auth_failed": 3, "credential_blocked": HOSTS - 3})
        check("unknown account: said", sum("knows no nobody@" in one for one in said), 3)
        self.kdc.exchanges()

        stranger = "stranger.census.test"
        reasons, said, _ = self.survey(password, hosts=[stranger, *self.names])
        check("unknown service: that host alone", reasons, {"no_ticket": 1, "ok": HOSTS})
        check("unknown service: said", f"knows no service HTTP/{stranger}" in said[0], True)
        self.kdc.exchanges()
        self.http.tally.taken()
        reasons, said, _ = self.survey(password, hosts=self.names[:1], more='spn = "HTTP/hv-1.census.test"')
        check("another spn: the ticket is for it", (reasons, self.http.tally.taken().get(f"logon HTTP/hv-1.census.test by svc-census@{REALM}")),
              ({"ok": 1}, 1))
        self.kdc.exchanges()

        self.https.bind_to(b"another certificate")
        self.https.tally.taken()
        reasons, said, _ = self.survey(password, service=self.https)
        check("https to another certificate: refused by the service", reasons,
              {"auth_failed": 3, "credential_blocked": HOSTS - 3})
        check("https to another certificate: for its binding", self.https.tally.taken(), {"refused: BadChannelBindingsError": 3})
        self.kdc.stop()

        if shutil.which("faketime"):
            self.kdc.start("faketime", "-f", "+2h")
            reasons, said, _ = self.survey(password)
            check("clock skew: no ticket, nothing held against the credential", reasons, {"no_ticket": HOSTS})
            check("clock skew: said", "clocks differ" in said[0], True)
            self.kdc.stop()
        elif os.environ.get("LUSTRUM_INTEROP_REQUIRED") == "1":
            sys.exit("faketime is not installed")
        else:
            print("SKIPPED: clock skew: faketime is not installed")

        reasons, said, took = self.survey(password)
        check("kdc down: no ticket, nothing held against the credential", reasons, {"no_ticket": HOSTS})
        check("kdc down: said", "no kdc answered: tcp://127.0.0.1:" in said[0], True)
        print(f"     kdc down: the whole run took {took:.1f} s")

    def end(self):
        self.kdc.stop()
        self.fleet_process.terminate()
        self.fleet_process.wait()


def main():
    judge = Judge(sys.argv[1], sys.argv[2])
    try:
        judge.kdc.start()
        judge.run()
    finally:
        judge.end()
    print(f"{len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
