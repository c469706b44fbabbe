"""Runs the census with e-mail to the servers of mail_server.py, and reads what they took."""

import email
import email.policy
import pathlib
import re
import subprocess
import sys

work, lustrum = pathlib.Path(sys.argv[1]), sys.argv[2]
_, starttls, sealed = re.search(r"^(ready) (\d+) (\d+)", (work / "server.log").read_text(), re.M).groups()
base = (work / "schedules/simulated.toml").read_text()


def run(protection, port, password):
    (work / "lustrum.toml").write_text(
        f"""
[[notify]]
attempts = 1
[notify.email]
server = "127.0.0.1"
port = {port}
protection = "{protection}"
user = "census"
password = "env:MAIL_PASSWORD"
ca-bundle = "ca.pem"
from = "Zensus für alle <census@example.com>"
to = ["ops@example.com", "Bereitschaft <duty@example.com>"]
subject = "{{{{severity}}}}: {{{{title}}}}"
"""
    )
    return subprocess.run(
        [lustrum, "run", "simulated", "--log-format", "json"],
        cwd=work,
        env={"PATH": "/usr/bin", "MAIL_PASSWORD": password},
        capture_output=True,
        text=True,
    )


for protection, port in (("starttls", starttls), ("tls", sealed)):
    ended = run(protection, port, "T0KEN-of-the-mail")
    assert ended.returncode == 1, (protection, ended)
    assert "not notified" not in ended.stderr, ended.stderr
    (path,) = work.glob(f"{protection}-*.eml")
    letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert not letter.defects, letter.defects
    assert letter["subject"] == "warning: simulated: 1 of 3 hosts are not OK", letter["subject"]
    assert letter["from"].addresses[0].display_name == "Zensus für alle", letter["from"]
    assert [to.addr_spec for to in letter["to"].addresses] == ["ops@example.com", "duty@example.com"]
    assert letter["auto-submitted"] == "auto-generated" and letter["message-id"] and letter["date"].datetime
    text = letter.get_content()
    assert "auth_failed" in text and "manifest.json" in text, text
    print(f"aiosmtpd took the letter over {protection}")

    # One who is not known is told so, and the run ends as it would.
    ended = run(protection, port, "another")
    assert ended.returncode == 1, (protection, ended)
    assert ended.stderr.count("not notified") == 1, ended.stderr
    assert "T0KEN" not in ended.stderr + ended.stdout
    assert len(list(work.glob(f"{protection}-*.eml"))) == 1
