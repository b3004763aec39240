"""The documentation as a site: no link is broken, and every page is found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [Path(sys.executable).with_name("mkdocs"), "build", "--strict", "--site-dir", built],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return built


def titles(nav: Any) -> list[str]:
    """The titles of all pages of a navigation, in order."""
    if isinstance(nav, list):
        return [title for item in nav for title in titles(item)]
    return [
        title
        for name, below in nav.items()
        for title in (titles(below) if isinstance(below, list) else [name])
    ]


def test_every_page_is_listed_by_its_title(site: Path) -> None:
    stated = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    page = (site / "quickstart.html").read_text(encoding="utf-8")
    menu = page.partition('data-md-component="sidebar"')[2].partition("md-sidebar--secondary")[0]
    listed = re.findall(r'<span class="md-ellipsis">\s*(.*?)\s*</span>', menu, re.DOTALL)
    assert not set(titles(stated["nav"])) - set(listed)
