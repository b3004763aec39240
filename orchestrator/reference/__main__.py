"""``python -m orchestrator.reference [--check] DOCS``: write the generated pages, or compare."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator.reference.command_line import command_line_page
from orchestrator.reference.log_schema import log_schema_page
from orchestrator.reference.scenario_reference import scenario_page

#: By file, what makes its text.
PAGES: dict[str, Callable[[], str]] = {
    "scenario.md": scenario_page,
    "log-schema.md": log_schema_page,
    "command-line.md": command_line_page,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages into a folder, or say which are not current; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.reference",
        description="Write the pages of the documentation that are made from the code.",
    )
    parser.add_argument("docs", type=Path, metavar="DOCS", help="the folder that they are in")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, fail if a page is not current"
    )
    asked = parser.parse_args(arguments)
    if not asked.docs.is_dir():
        parser.error(f"DOCS: expected a folder, got {asked.docs}")
    return _check(asked.docs) if asked.check else _write(asked.docs)


def _check(docs: Path) -> int:
    """Tell which files are missing, or not what would be written; 1 if there are any."""
    stale = False
    for file, make in PAGES.items():
        page = docs / file
        if not page.is_file() or page.read_text(encoding="utf-8") != make():
            print(f"{page} is not current: python -m orchestrator.reference {docs}")
            stale = True
    return int(stale)


def _write(docs: Path) -> int:
    for file, make in PAGES.items():
        (docs / file).write_text(make(), encoding="utf-8")
        print(f"wrote {docs / file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
