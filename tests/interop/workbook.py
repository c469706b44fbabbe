"""Independent judges of the RVTools workbook: zipfile, an XML parser, openpyxl and pandas."""

import datetime
import json
import os
import re
import zipfile
from xml.etree import ElementTree

import openpyxl
import pandas

HERE = os.path.dirname(os.path.abspath(__file__))
TABS = os.path.join(HERE, "../it/golden/rvtools_tabs.json")
FORMATS = {"#,##0", "#,##0.00", "yyyy/mm/dd hh:mm:ss", "General"}
# How a number may stand in a tab: as it is, in KiB, in MiB, or seconds in milliseconds.
SCALES = (1, 1 / 1024, 1 / 1024**2, 1000)


def expected_tabs():
    """Headers by tab, in order."""
    return {tab["tab"]: tab["headers"] for tab in json.load(open(TABS, encoding="utf-8"))}


def archive_checks(check, path):
    with zipfile.ZipFile(path) as archive:
        check("workbook zip", archive.testzip(), None)
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        linked = [name for name in archive.namelist() if "externalLink" in name or "worksheets/_rels" in name]
        check("workbook links", linked, [])


def look_checks(check, sheet, rows, columns):
    last = f"{openpyxl.utils.get_column_letter(columns)}{rows}"
    title = sheet.title
    check(f"{title} panes", sheet.freeze_panes, "B2")
    check(f"{title} filter", sheet.auto_filter.ref, f"A1:{last}" if (rows, columns) != (1, 1) else "A1")
    check(f"{title} row height", sheet.sheet_format.defaultRowHeight, 15)
    widths = [sheet.column_dimensions[letter].width for letter in ("A", openpyxl.utils.get_column_letter(columns))]
    check(f"{title} widths", all(4 < width <= 81 for width in widths), True)
    for cell in sheet[1]:
        font, fill = cell.font, cell.fill
        look = (font.name, font.sz, font.b, font.color.rgb, fill.fill_type, fill.fgColor.rgb, cell.alignment.horizontal)
        check(f"{title} {cell.value} header", look, ("Verdana", 9, True, "FFFFFFFF", "solid", "FF000000", "left"))


def cell_checks(check, sheet):
    """Every filled cell of a column is of one type and nothing is a formula or a link."""
    title = sheet.title
    kinds = {}
    for number, row in enumerate(sheet.iter_rows(min_row=2), 2):
        if all(cell.value is None for cell in row):
            check(f"{title} row {number} is blank", True, False)
        for cell in row:
            if cell.value is None:
                continue
            kind = "number" if isinstance(cell.value, (int, float)) else type(cell.value).__name__
            kinds.setdefault(cell.column_letter, set()).add((cell.data_type, kind, cell.number_format))
            if cell.hyperlink or cell.value == "" or (cell.font.name, cell.font.sz) != ("Verdana", 9):
                check(f"{title} {cell.coordinate}", (cell.value, cell.font.name, cell.hyperlink), "plain Verdana")
    for letter, found in kinds.items():
        check(f"{title} column {letter} has one type", len(found), 1)
        [(data_type, kind, number_format)] = list(found)[:1]
        fits = {"s": "str", "inlineStr": "str", "n": "number", "d": "datetime"}.get(data_type) == kind
        check(f"{title} column {letter} {data_type} {number_format}", fits and number_format in FORMATS, True)


def same(shown, value):
    """Whether a tab's cell says what the typed row says."""
    if value is None or value in ("", []):
        return shown is None
    if isinstance(value, bool):
        return shown in (("True", "Yes") if value else ("False", "No"))
    if isinstance(value, (int, float)):
        return isinstance(shown, (int, float)) and any(abs(shown - value * scale) <= 0.5 for scale in SCALES)
    if isinstance(value, datetime.datetime):
        return shown == value.replace(microsecond=0, tzinfo=None)
    text = ", ".join(value) if isinstance(value, list) else value
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", re.sub(r"\r\n?", "\n", text))
    if shown is None:
        return text == ""
    # Excel's own escape of what looks like an escape; openpyxl leaves it in place.
    shown = re.sub(r"_x005F(?=_x[0-9A-Fa-f]{4}_)", "", str(shown))
    return shown == text or (len(shown) > 16000 and shown.endswith("…") and text.startswith(shown[:-1]))


def value_checks(check, sheet, headers, columns, content):
    title = sheet.title
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    check(f"{title} rows", len(rows), len(content))
    for column in columns:
        for header in column.get("rvtools_headers", []):
            shown = [row[headers.index(header)] for row in rows]
            wrong = [pair for pair in zip(shown, (row[column["name"]] for row in content)) if not same(*pair)]
            check(f"{title} `{header}` shows {column['name']}", wrong[:3], [])


def pandas_checks(check, path, tabs, rows):
    frames = pandas.read_excel(path, sheet_name=None)
    check("pandas sheets", list(frames), list(tabs))
    for title, frame in frames.items():
        check(f"pandas {title} columns", list(frame.columns), tabs[title])
        check(f"pandas {title} rows", len(frame), rows[title])
    return len(frames)


def judge_workbook(check, path, declared, contents):
    """`declared` and `contents` are by table: its columns, and its rows as pyarrow read them."""
    archive_checks(check, path)
    golden = expected_tabs()
    book = openpyxl.load_workbook(path)
    check("the tabs, in order", book.sheetnames, list(golden))
    tabs, rows = {}, {}
    for sheet in book.worksheets:
        headers = [cell.value for cell in sheet[1]]
        tabs[sheet.title], rows[sheet.title] = headers, sheet.max_row - 1
        check(f"{sheet.title} headers", headers, golden[sheet.title])
        look_checks(check, sheet, sheet.max_row, len(headers))
        cell_checks(check, sheet)
        table = sheet.title.lower()
        if table in contents:
            value_checks(check, sheet, headers, declared[table], contents[table])
    pandas_checks(check, path, tabs, rows)
    print(f"read {os.path.basename(path)}: {len(tabs)} sheets, {sum(rows.values())} rows")
