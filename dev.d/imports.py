#!/usr/bin/env python3
"""Checks the direction of imports between the top-level modules of auth-server.

Reads every `crate::…` path outside tests. An import must point from an outer layer to an inner one
(docs/ARCHITECTURE.md); modules of one layer may import each other, but not in a cycle.
"""

import re
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "auth-server" / "src"

# Outer layers first.
LAYERS = [
    {"cli", "fuzzing"},
    {"app"},
    {"api"},
    {"authn"},
    {"account_admin", "preview", "secret_replacement"},
    {"audit", "client", "email", "explanation", "films", "idempotency", "login_history", "oidc", "password", "policy", "second_factor",
     "session", "throttle", "token", "user"},
    {"config", "crypto", "db", "http", "redis"},
    {"metrics", "unicode"},
]
RANK = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}


def paths(text):
    """Paths after `crate::`, with `{…}` groups expanded at their first level."""
    text = re.sub(r"//[^\n]*", "", text)
    text = re.split(r"#\[cfg\(test\)\]", text)[0]
    for match in re.finditer(r"\bcrate::(\w+|\{)", text):
        if match.group(1) != "{":
            yield match.group(1)
            continue
        depth, item = 1, ""
        for char in text[match.end():]:
            depth += {"{": 1, "}": -1}.get(char, 0)
            if depth == 0 or (depth == 1 and char == ","):
                yield re.match(r"\s*(\w*)", item).group(1)
                item = ""
                if depth == 0:
                    break
            else:
                item += char


def imports():
    edges = {}
    for file in sorted(SOURCE.rglob("*.rs")):
        parts = file.relative_to(SOURCE).parts
        module = parts[0].removesuffix(".rs")
        if module in {"lib", "main"} or file.name.endswith("tests.rs"):
            continue
        if module not in RANK:
            sys.exit(f"auth-server: module {module} is in no layer of {Path(__file__).name}")
        for imported in paths(file.read_text()):
            if imported in RANK and imported != module:
                edges.setdefault((module, imported), []).append("/".join(parts))
    return edges


def on_cycle(edges):
    """Edges whose end leads back to their start."""
    targets = {}
    for start, end in edges:
        targets.setdefault(start, set()).add(end)

    def reaches(start, goal):
        seen, stack = set(), [start]
        while stack:
            module = stack.pop()
            if module == goal:
                return True
            if module not in seen:
                seen.add(module)
                stack.extend(targets.get(module, ()))
        return False

    return {(start, end) for start, end in edges if reaches(end, start)}


def main():
    edges = imports()
    upward = {edge for edge in edges if RANK[edge[1]] < RANK[edge[0]]}
    # An upward import is reported as such, not as the cycles that it closes.
    cyclic = on_cycle(set(edges) - upward)
    found = upward | cyclic
    for start, end in sorted(found):
        kind = "against the direction" if (start, end) in upward else "in a cycle"
        files = ", ".join(sorted(set(edges[start, end])))
        print(f"auth-server: {start} imports {end}, {kind}: {files}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
