#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads the console's files and says what does not fit together: an id that no element has, a
string that one language lacks, an address outside the server, markup that the content security
policy forbids. Shows first, on spoilt copies, that each of these would be found."""
import argparse
import pathlib
import re
import sys
from html.parser import HTMLParser

PAGE_BUDGET = 96 * 1024  # bytes of all assets
MADE_AT_RUN_TIME = {"fills"}
MODEL_OWN = {"soakEnds"}
NAMESPACE = "http://www.w3.org/2000/svg"


class Page(HTMLParser):
    """Ids, references to ids, string keys, files and forbidden markup of index.html."""

    def __init__(self):
        super().__init__()
        self.ids, self.refs, self.keys, self.files, self.bad = [], [], [], [], []
        self.script_open = False

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name in ("for", "aria-labelledby", "aria-describedby"):
                self.refs += value.split()
            elif name == "data-t":
                self.keys.append(value)
            elif name in ("src", "href"):
                if value.startswith("#"):
                    self.refs.append(value[1:])
                else:
                    self.files.append(value)
            elif name == "style" or name.startswith("on"):
                self.bad.append(f"<{tag} {name}=…> is inline")
        if tag == "style":
            self.bad.append("<style> is inline")
        self.script_open = tag == "script"

    def handle_data(self, data):
        if self.script_open and data.strip():
            self.bad.append("<script> with inline code")

    def handle_endtag(self, tag):
        self.script_open = False


def tables(text):
    """{language: {key: its placeholders}} of strings.js."""
    found = {}
    table = re.search(r"export const strings = \{\n(.*?)\n\};", text, re.S).group(1)
    for language, body in re.findall(r'^  "?([\w-]+)"?: \{\n(.*?)^  \},', table, re.S | re.M):
        entries = re.split(r'^    "?([\w.]+)"?:', body, flags=re.M)[1:]
        found[language] = {key: sorted(re.findall(r"\{(\w+)\}", value))
                           for key, value in zip(entries[::2], entries[1::2])}
        if len(found[language]) * 2 != len(entries):
            raise SystemExit(f"strings.js: a key stands twice in {language}")
    return found


def string_findings(found, literals, prefixes):
    first = found["en"]
    for language, keys in found.items():
        for key in first.keys() - keys.keys():
            yield f'strings.js: "{key}" is missing in {language}'
        for key in keys.keys() - first.keys():
            yield f'strings.js: "{key}" is in {language} but not in en'
        for key in keys.keys() & first.keys():
            if keys[key] != first[key]:
                yield f'strings.js: "{key}" has other placeholders in {language}'
    for key in literals - first.keys():
        yield f'"{key}" is shown but is no string'
    for prefix in prefixes:
        if not any(key.startswith(prefix) for key in first):
            yield f'strings that begin with "{prefix}" are shown but there are none'
    for key in first.keys() - literals:
        if not key.startswith(tuple(prefixes)):
            yield f'strings.js: "{key}" is never shown'


def id_findings(page, scripts):
    ids = set(page.ids) | MADE_AT_RUN_TIME
    for twice in {i for i in page.ids if page.ids.count(i) > 1}:
        yield f'index.html: id "{twice}" stands twice'
    for ref in page.refs:
        if ref not in ids:
            yield f'index.html: refers to id "{ref}", which nothing has'
    for name, text in scripts.items():
        for ref in re.findall(r'\$\("([\w-]+)"\)', text):
            if ref not in ids:
                yield f'{name}: $("{ref}"), but index.html has no such id'


def file_findings(page, files, scripts):
    imports = [f for text in scripts.values() for f in re.findall(r'from "\./([\w.]+)"', text)]
    wanted = set(page.files + imports)
    for name in wanted - files.keys():
        yield f'"{name}" is wanted but is not among the assets'
    for name in files.keys() - wanted - {"index.html", "openapi.json"}:
        yield f"{name} is an asset but nothing wants it"
    for name, text in files.items():
        for address in re.findall(r"(?:https?:)?//[\w.]+\.\w+[^\s\"'`]*", text):
            if not address.startswith(NAMESPACE):
                yield f"{name}: address outside the server: {address}"


def script_findings(scripts):
    forbidden = {r"\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML": "markup from text",
                 r"\beval\(|new Function\(": "code from text",
                 r'\bstyle\.\w|"style"': "inline style", r"document\.cookie": "a cookie"}
    for name, text in scripts.items():
        for pattern, what in forbidden.items():
            if re.search(pattern, text):
                yield f"{name}: {what}"


def api_findings(model, api):
    """model.js alone knows the API's field names: those with an underscore, or read as camelCase
    of hawkBit's, must stand in its description."""
    for name in sorted(set(re.findall(r"(?<!\.)\.([a-z]+(?:_[a-z]+)+|[a-z]+[A-Z]\w+)\b", model))):
        if f'"{name}"' not in api and name not in MODEL_OWN:
            yield f"model.js: the API describes no field {name}"


def findings(files):
    page = Page()
    page.feed(files["index.html"])
    scripts = {name: text for name, text in files.items() if name.endswith(".js")}
    code = "\n".join(scripts.values())
    literals = set(re.findall(r'\bt\("([\w.]+)"', code)) | set(page.keys)
    literals |= set(re.findall(r'(?:up|down|off): "(link\w+)"', code))
    prefixes = set(re.findall(r"\bt\(`([\w.]+\.)\$\{", code))
    prefixes |= {word + "." for word in re.findall(r'\bword\("(\w+)"', code)}
    yield from page.bad
    yield from id_findings(page, scripts)
    yield from string_findings(tables(files["strings.js"]), literals, prefixes)
    yield from file_findings(page, files, scripts)
    yield from script_findings(scripts)
    yield from api_findings(files["model.js"], files["openapi.json"])


SPOILT = {
    "a language lacks a string": ("strings.js", '    signOut: "退出",\n', ""),
    "a placeholder is lost": ("strings.js", "{seconds} 秒后", "稍后"),
    "an unknown string": ("index.html", 'data-t="signOut"', 'data-t="signAway"'),
    "an unknown id": ("app.js", '$("signout")', '$("sign-away")'),
    "an address outside": ("style.css", "body {", "@import 'https://fonts.example.com/x';\nbody {"),
    "an inline handler": ("index.html", '<button id="signout"', '<button onclick="x()" id="signout"'),
    "a missing file": ("index.html", 'src="app.js"', 'src="apps.js"'),
    "a field the API lacks": ("model.js", "device.last_poll_ms", "device.last_pol_ms"),
    "markup from text": ("dom.js", "element.append(", "element.innerHTML = 1; element.append("),
}


def self_test(files):
    for what, (name, old, new) in SPOILT.items():
        if old not in files[name]:
            yield f"self-test '{what}': {name} no longer holds {old!r}"
        elif not list(findings({**files, name: files[name].replace(old, new, 1)})):
            yield f"self-test: {what} was not found"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="fleet/console")
    folder = parser.parse_args().folder
    listed = re.search(r"set\(console_files (.*?)\)", (folder / "CMakeLists.txt").read_text(), re.S)
    files = {name: (folder / name).read_text() for name in listed.group(1).split()}
    size = sum(len(text.encode()) for text in files.values())
    print(f"console: {len(files)} assets, {size} bytes")
    if size > PAGE_BUDGET:
        print(f"the budget is {PAGE_BUDGET} bytes")
        return 1
    files["openapi.json"] = (folder.parent / "server" / "openapi.json").read_text()
    found = sorted(findings(files)) or sorted(self_test(files))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
