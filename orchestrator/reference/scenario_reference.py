"""The page on scenarios, made from their models."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from agents.open_union import kind_of
from orchestrator.reference.docstrings import summary
from orchestrator.reference.file_keys import FILE_FORMS, FileForm
from orchestrator.reference.keys import (
    REQUIRED,
    Key,
    keys_of,
    kind_unless_said,
    models_below,
    models_in,
)
from orchestrator.reference.name_tables import NAME_TABLES, markdown_table
from orchestrator.reference.scenario_sections import SECTIONS, Section
from orchestrator.reference.words import type_words, unit
from orchestrator.scenario.model import Scenario

_HEAD = """# The scenario, key by key

Every key that a scenario can hold. This page is generated from the models that check scenarios
(`python -m orchestrator.reference docs`). `walras init` writes a scenario to begin with; the
files in `examples/` are larger ones.

- A scenario is one YAML file. A key that is not listed here is an error, and so is a value outside
  its bounds; the message names the key, the value and what was expected.
- A key with a default may be left out. `null` stands for none, or for what the key's text says.
- What differs between providers or between clients is a number or a
  [distribution](#distributions) that each of them draws from. It is kept within what makes sense:
  a price that would be negative becomes the least there is.
- `walras run FILE --set KEY=VALUE` overrides one key: a dotted path with indexes into lists, such
  as `--set demand.0.rate_per_s=20`, and a value as YAML.
- Paths in a scenario are relative to its file, paths in `--set` to the working directory.
- Plug-ins bring kinds and names of their own beside those that are listed here.
- Prices, costs and bids are USD per 1e6 output tokens, valuations and payments are USD.

The sections of this page:
"""
_SECTION_OF = {model: section for section in SECTIONS for model in section.models}
_COLUMNS = ("Key", "Value", "Default", "Meaning")


def scenario_page() -> str:
    """The page in Markdown.

    Raises:
        ValueError: a model that a scenario can hold has no section.
    """
    for model in models_below(Scenario):
        if model not in _SECTION_OF:
            raise ValueError(f"expected a section of the reference for {model.__name__}, got none")
    parts = [_HEAD, _contents()]
    parts += ["\n\n".join(_section(section)) for section in SECTIONS]
    parts += ["## Files in the place of values", *("\n\n".join(_file(one)) for one in FILE_FORMS)]
    for title, (where, table) in NAME_TABLES.items():
        parts += [f"## {title}", f"The names at {where}", table()]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _contents() -> str:
    links = [f"[{section.title}](#{section.anchor})" for section in SECTIONS]
    links.append("[Files in the place of values](#files-in-the-place-of-values)")
    links += [f"[{title}](#{_anchor(title)})" for title in NAME_TABLES]
    return "\n".join(f"- {link}" for link in links)


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    if not section.is_union:
        yield from _model(section.of, section, "")
        return
    kinds = {kind_of(model): model for model in section.models}
    listed = ", ".join(f"[`{kind}`](#{section.noun.replace(' ', '-')}-{kind})" for kind in kinds)
    unsaid = kind_unless_said(section.of)
    rule = f"Left out, it is `{unsaid}`." if unsaid else "It is required."
    yield f"The key `kind` says which: {listed}. {rule}"
    for kind, model in kinds.items():
        yield f"### {section.noun.capitalize()} `{kind}`"
        yield from _model(model, section, kind)


def _model(model: type[BaseModel], section: Section, kind: str) -> Iterator[str]:
    """What a model is, its keys and its example."""
    yield summary(model)
    keys = keys_of(model)
    if keys:
        yield markdown_table(_COLUMNS, map(_row, keys))
    elif kind:
        yield "It has no other keys."
    for form in FILE_FORMS:
        if form.model is model:
            yield f"It can be found in files: [{form.title}](#{_anchor(form.title)})."
    yield f"An example, {section.stands}:"
    yield f"```yaml\n{section.examples[kind]}\n```"


def _linked(model: type[BaseModel], several: bool) -> str:
    return _SECTION_OF[model].link(several=several)


def _row(key: Key) -> tuple[str, ...]:
    all_defaults = key.default == "{}" and bool(models_in(key.annotation))
    default = "all defaults" if all_defaults else _default(key.default)
    return f"`{key.name}`", _value(key), default, key.meaning


def _value(key: Key) -> str:
    """What a key takes: its type, unit, bounds and choices."""
    words = type_words(key.annotation, _linked)
    if key.default == REQUIRED:
        words = words.removesuffix(" or null")  # of a file that must be named
    choices = "" if key.listed_under else ", ".join(f"`{choice}`" for choice in key.choices)
    measure = unit(key.name, words)
    described = choices or (f"{words}, {measure}" if measure else words)
    link = f"[{key.listed_under}](#{_anchor(key.listed_under)})" if key.listed_under else ""
    if link:
        described, link = described.replace("text", "name"), f"listed under {link}"
    return "; ".join(filter(None, (described, key.bounds, link)))


def _default(default: str) -> str:
    return default if default == REQUIRED else f"`{default}`"


def _file(form: FileForm) -> Iterator[str]:
    yield f"### {form.title}"
    yield form.stands
    rows = [(f"`{one.name}`", one.type, _default(one.default), one.meaning) for one in form.keys]
    yield markdown_table(_COLUMNS, rows)
    if form.example:
        yield "An example, in a group of `providers`:"
        yield f"```yaml\n{form.example}\n```"


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
