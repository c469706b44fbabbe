"""Independent judges of the simulator: pywinrm and pypsrp run commands on it.

usage: check.py HTTP_READY_FILE HTTPS_READY_FILE PASSWORD

A ready file is JSON: user, hosts with name and url, ca_pem over HTTPS, and where there is one
the control address that counts.
"""

import base64
import json
import logging
import sys
import tempfile
import urllib.parse
import urllib.request
import uuid
import zlib

import winrm
from pypsrp.exceptions import WSManFaultError
from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import WSMan

REQUEST = {
    "wire": 1,
    "collectors": ["baseline", "facts", "host", "vm", "processor", "memory", "disk", "nic", "checkpoint", "switch"],
    "collector_deadline_ms": 60000,
    "record_chars": 20000,
    "gzip": True,
}
BOOTSTRAP = "$script = [Console]::In.ReadToEnd(); & ([scriptblock]::Create($script))"

failures = []


def check(name, got, expected):
    verdict = "ok  " if got == expected else "FAIL"
    print(f"{verdict} {name}" + ("" if got == expected else f": got {got!r}, expected {expected!r}"))
    if got != expected:
        failures.append(name)


def guarded(name, run):
    try:
        run()
    except Exception as error:  # a judge that raises has judged
        failures.append(name)
        print(f"FAIL {name}: {type(error).__name__}: {error}")


def pywinrm_session(host, user, password, transport, ca):
    options = {"ca_trust_path": ca, "server_cert_validation": "validate"} if ca else {}
    return winrm.Session(host["url"], auth=(user, password), transport=transport, **options)


def pywinrm_checks(label, host, user, password, transport, ca=None):
    name = host["name"].upper()
    session = pywinrm_session(host, user, password, transport, ca)
    ran = session.run_cmd("hostname")
    check(f"{label} run_cmd hostname", (ran.status_code, ran.std_out), (0, f"{name}\r\n".encode()))
    ran = session.run_cmd("echo", ["a", "b&c"])
    check(f"{label} run_cmd echo", (ran.status_code, ran.std_out), (0, b"a b&c\r\n"))
    ran = session.run_cmd("exit", ["3"])
    check(f"{label} run_cmd exit code", ran.status_code, 3)
    ran = session.run_cmd("cmd", ["/c", "echo out && echo err>&2 && exit 1"])
    check(f"{label} both streams", (ran.status_code, ran.std_out.split()), (1, [b"out"]))
    ran = session.run_ps("$env:COMPUTERNAME")
    check(f"{label} run_ps", (ran.status_code, ran.std_out), (0, f"{name}\r\n".encode()))
    ran = session.run_ps("Get-Nonsense")
    check(f"{label} run_ps error", (ran.status_code, b"Get-Nonsense" in ran.std_err), (1, True))
    ran = session.run_cmd("simulator-emit", ["700000"])
    check(f"{label} 700 kB over several envelopes", len(ran.std_out), 700000)
    try:
        pywinrm_session(host, user, "not " + password, transport, ca).run_cmd("hostname")
        check(f"{label} wrong password", "accepted", "refused")
    except winrm.exceptions.InvalidCredentialsError:
        check(f"{label} wrong password", "refused", "refused")


def certificate_checks(label, host, ready, ca):
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as chain, tempfile.NamedTemporaryFile("w") as key:
        for file, text in ((chain, ready["client_certificate_pem"]), (key, ready["client_key_pem"])):
            file.write(text)
            file.flush()
        session = winrm.Session(host["url"], auth=("", ""), transport="certificate", cert_pem=chain.name,
                                cert_key_pem=key.name, ca_trust_path=ca, server_cert_validation="validate")
        ran = session.run_cmd("hostname")
        check(f"{label} run_cmd hostname", ran.std_out, f"{host['name'].upper()}\r\n".encode())


def records(stdout):
    found = []
    for line in stdout.decode("utf-8").splitlines():
        if not line.startswith("@@lustrum1 "):
            continue
        header, end = json.JSONDecoder().raw_decode(line[len("@@lustrum1 "):])
        payload = line[len("@@lustrum1 ") + end:].strip()
        if payload:
            raw = zlib.decompress(base64.b64decode(payload), 31)
            assert len(raw) == header["raw"], header
            assert f"{zlib.crc32(raw):08x}" == header["crc32"], header
            rows = json.loads(raw)
            assert len(rows) == header["rows"], header
            assert len({row["VMId"] for row in rows if "VMId" in row}) == header["vm_ids"], header
            header["objects"] = rows
        found.append(header)
    return found


def pypsrp_wsman(host, user, password, auth, ca):
    url = urllib.parse.urlsplit(host["url"])
    return WSMan(url.hostname, port=url.port, ssl=ca is not None, auth=auth, username=user,
                 password=password, cert_validation=ca or True, encryption="auto")


def pypsrp_checks(label, host, user, password, auth, ca=None):
    name = host["name"].upper()
    shell_id = str(uuid.uuid4()).upper()
    with pypsrp_wsman(host, user, password, auth, ca) as wsman, \
            WinRS(wsman, id=shell_id, codepage=65001, no_profile=True) as shell:
        check(f"{label} shell named by the client", shell.id, shell_id)
        process = Process(shell, "hostname")
        process.invoke()
        process.signal(SignalCode.CTRL_C)
        check(f"{label} hostname", (process.rc, process.stdout), (0, f"{name}\r\n".encode()))

        process = Process(shell, "C:\\Windows\\System32\\more.com", no_shell=True)
        process.begin_invoke()
        process.send(b"first\r\n", end=False)
        process.send(b"second\r\n", end=True)
        process.end_invoke()
        process.signal(SignalCode.CTRL_C)
        check(f"{label} stdin", process.stdout, b"first\r\nsecond\r\n")

        script = "$LustrumRequest = '" + json.dumps(REQUEST) + "'\r\nWrite-Output 1\r\n"
        encoded = base64.b64encode(BOOTSTRAP.encode("utf-16-le")).decode()
        process = Process(shell, "powershell.exe", ["-NoProfile", "-NonInteractive", "-EncodedCommand", encoded])
        process.begin_invoke()
        process.send(script.encode(), end=True)
        process.end_invoke()
        process.signal(SignalCode.CTRL_C)
        found = records(process.stdout)
        check(f"{label} every collector finished, then end",
              [header["collector"] for header in found if header["status"] == "ok"], REQUEST["collectors"] + ["end"])
        check(f"{label} records counted", found[-1]["records"], len(found) - 1)
        baseline = {row["VMId"] for header in found if header["collector"] == "baseline" for row in header["objects"]}
        seen = {row["VMId"] for header in found if header["collector"] == "vm" for row in header["objects"]}
        check(f"{label} vm covers the baseline", seen, baseline)

        try:
            Process(shell, "powershell.exe", ["-Version"], no_shell=True).begin_invoke()
            check(f"{label} no path without cmd.exe", "started", "refused")
        except WSManFaultError as fault:
            check(f"{label} no path without cmd.exe", fault.code, 2147942402)


def tally(ready):
    with urllib.request.urlopen(f"http://{ready['control']}/tally") as answer:
        return json.load(answer)


def main():
    http, https = (json.load(open(path)) for path in sys.argv[1:3])
    user, password = http["user"], sys.argv[3]
    logging.disable(logging.WARNING)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as ca:
        ca.write(https["ca_pem"])
        ca.flush()
        plain, secure = http["hosts"][0], https["hosts"][0]
        guarded("pywinrm http ntlm", lambda: pywinrm_checks("pywinrm http ntlm", plain, user, password, "ntlm"))
        for transport in ("ntlm", "basic"):
            label = f"pywinrm https {transport}"
            guarded(label, lambda: pywinrm_checks(label, secure, user, password, transport, ca.name))
        if "client_key_pem" in https:
            guarded("pywinrm https certificate",
                    lambda: certificate_checks("pywinrm https certificate", secure, https, ca.name))
        for auth in ("ntlm", "negotiate"):
            label = f"pypsrp http {auth}"
            guarded(label, lambda: pypsrp_checks(label, plain, user, password, auth))
            label = f"pypsrp https {auth}"
            guarded(label, lambda: pypsrp_checks(label, secure, user, password, auth, ca.name))
        guarded("pypsrp https basic",
                lambda: pypsrp_checks("pypsrp https basic", secure, user, password, "basic", ca.name))
        domain = f"CENSUS\\{user}"
        guarded("pypsrp http domain",
                lambda: pypsrp_checks("pypsrp http domain", http["hosts"][1], domain, password, "negotiate"))
    for name, ready in (("http", http), ("https", https)):
        if "control" not in ready:
            print(f"---- {name} shells left open: this fleet has no control address to ask")
            continue
        check(f"{name} shells left open", tally(ready)["shells_open"], 0)
    print(f"{len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
