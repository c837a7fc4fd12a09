"""What the house checks share: finding the tree, reading C, and reporting."""

import os
import re
import sys

LAYERS = ("base", "crypto", "store", "remote", "http", "enroll", "api", "cmd")


class Report:
    """Collects findings; a check ends with report.done()."""

    def __init__(self, name):
        self.name = name
        self.findings = 0

    def add(self, place, text):
        print(f"{place}: {text}")
        self.findings += 1

    def done(self, looked_at):
        if looked_at == 0:
            self.add(self.name, "found nothing to look at")
        print(f"{self.name}: {looked_at} looked at, {self.findings} findings")
        sys.exit(1 if self.findings else 0)


def top():
    """The tree to check: the first argument (the self-test's fixtures), else the one we are in."""
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        return sys.argv[1]
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def files(tree, folder, *endings):
    """Paths under tree/folder with one of the endings, relative to tree, sorted."""
    found = []
    for where, _, names in os.walk(os.path.join(tree, folder)):
        for name in names:
            if name.endswith(endings):
                found.append(os.path.relpath(os.path.join(where, name), tree))
    return sorted(found)


def read(tree, path):
    with open(os.path.join(tree, path), encoding="utf-8") as file:
        return file.read()


def code_only(text, keep_strings=False):
    """C text with comments (and the insides of literals) blanked, line numbers kept."""

    def blank(match):
        token = match.group(0)
        if token.startswith("/"):
            return re.sub(r"[^\n]", " ", token)
        return token if keep_strings else token[0] + " " * (len(token) - 2) + token[-1]

    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, blank, text, flags=re.S)


def line_of(text, position):
    return text.count("\n", 0, position) + 1
