"""What a browser makes of the report of a load: every chart with its lines, and pictures that show something.

load_report_judge.py DOM PNG…
"""

import json, pathlib, re, struct, sys, zlib

page = pathlib.Path(sys.argv[1]).read_text()
charts = re.findall(r'<svg.*?aria-label="(.*?)".*?>(.*?)</svg>', page, re.S)
titles = ["Requests per second", "Latency", "Latency by percentile", "Errors per second", "CPU",
          "Memory of the target", "Memory of this machine"]
for title in titles:
    drawn = [body for label, body in charts if label == title]
    assert len(drawn) == 2, f"{title}: {len(drawn)} charts"
    for body in drawn:
        data = re.findall(r'<path class="(?:li|bd|f)[^"]*" d="([^"]*)"', body)
        assert any(len(path) > 40 for path in data), f"{title} has no line"
        assert body.count('class="kx"') >= 2 and body.count('class="ky"') >= 2, f"{title} has no labels"
data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S).group(1))
assert data["monitor"]["local"] and data["monitor"]["target"], "the monitor saw nothing"


def pixels(file):
    raw = pathlib.Path(file).read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n", f"{file} is no PNG"
    at, packed = 8, b""
    while at < len(raw):
        length, kind = struct.unpack(">I4s", raw[at:at + 8])
        part = raw[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height = struct.unpack(">II", part[:8])
        elif kind == b"IDAT":
            packed += part
        at += 12 + length
    return width, height, len(set(zlib.decompress(packed)))


for file in sys.argv[2:]:
    width, height, values = pixels(file)
    assert values > 60, f"{file} is blank"
    print(f"{pathlib.Path(file).name}: {width} x {height}, drawn")
