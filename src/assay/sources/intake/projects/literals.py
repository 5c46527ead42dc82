"""The values of names in Python source as far as they are literal: texts, lists, tables; all else stays unknown."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from assay.sources.intake.formats import SHOWN
from assay.sources.intake.projects.conditions import marker_of

FILE = re.compile(
    r"[\w./\\-]*(req|depend|constraint)[\w./\\-]*\.(txt|in)|[\w./\\-]*requirements[\w./\\-]*", re.IGNORECASE
)
MAX_ITEMS = 2000  # of a list; real projects have tens
MAX_TEXT = 100_000  # characters
COPIES = frozenset({"list", "tuple", "sorted", "set"})


@dataclass(frozen=True)
class Text:
    """A text and its line. `condition` is the source of the condition that it depends on, `marker` its marker."""

    value: str
    line: int
    condition: str = ""
    marker: str = ""


@dataclass(frozen=True)
class Unknown:
    """A value that only running the code would tell. `files` are requirements files that its source names."""

    source: str
    line: int
    files: tuple[str, ...] = ()


Value: TypeAlias = "Text | Unknown | list[Value] | dict[str, Value]"


class Literals:
    """The names of a module and their values after its statements."""

    def __init__(self) -> None:
        self._names: dict[str, Value] = {}
        self._functions: dict[str, ast.FunctionDef] = {}
        self._condition, self._marker = "", ""

    def run(self, statements: Iterable[ast.stmt]) -> None:
        """Follow the statements as far as they give names a literal value."""
        for one in statements:
            if isinstance(one, (ast.Assign, ast.AnnAssign)) and one.value is not None:
                value = self.value(one.value)
                for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
                    self._assign(target, value)
            elif isinstance(one, ast.AugAssign) and isinstance(one.op, ast.Add):
                self._extend(one.target, self.value(one.value))
            elif isinstance(one, ast.Expr) and isinstance(one.value, ast.Call):
                self._method(one.value)
            elif isinstance(one, ast.FunctionDef):
                self._functions[one.name] = one
            elif isinstance(one, ast.If):
                self._if(one)
            else:
                self._block(one)

    def value(self, node: ast.expr) -> Value:
        """Return the value of an expression."""
        found: Value | None = None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = Text(node.value, node.lineno, self._condition, self._marker)
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            found = self._list(node.elts)
        elif isinstance(node, ast.Dict):
            found = self._dict(node)
        elif isinstance(node, ast.Name):
            found = self._names.get(node.id)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            found = _sum(self.value(node.left), self.value(node.right))
        elif isinstance(node, ast.Subscript):
            found = self._item(node)
        elif isinstance(node, ast.JoinedStr):
            found = self._joined(node)
        elif isinstance(node, ast.Call):
            found = self._call(node)
        return self._unknown(node) if found is None else found

    def _unknown(self, node: ast.AST) -> Unknown:
        line = getattr(node, "lineno", 0)
        return Unknown(ast.unparse(node)[:SHOWN], line, tuple(dict.fromkeys(self._files(node)))[:20])

    def _files(self, node: ast.AST) -> list[str]:
        """Return the requirements files that source names, itself or by the names and functions that it uses."""
        found = _constants(node)
        names = [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
        for name in names:
            value = self._names.get(name)
            if isinstance(value, Unknown):
                found += value.files
            elif isinstance(value, Text) and FILE.fullmatch(value.value):
                found.append(value.value)
        used = [self._functions[name] for name in names if name in self._functions]
        return found or [file for one in used for file in _constants(one)]

    def _list(self, nodes: list[ast.expr]) -> Value | None:
        items: list[Value] = []
        for one in nodes:
            value = self.value(one.value if isinstance(one, ast.Starred) else one)
            items += value if isinstance(value, list) and isinstance(one, ast.Starred) else [value]
        return items if len(items) <= MAX_ITEMS else None

    def _dict(self, node: ast.Dict) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for key, one in zip(node.keys, node.values, strict=True):
            name = self.value(key) if key is not None else None
            value = self.value(one)
            if isinstance(name, Text):
                found[name.value] = value
            elif key is None and isinstance(value, dict):
                found |= value
        return found

    def _item(self, node: ast.Subscript) -> Value | None:
        table, key = self.value(node.value), self.value(node.slice)
        return table.get(key.value) if isinstance(table, dict) and isinstance(key, Text) else None

    def _joined(self, node: ast.JoinedStr) -> Value | None:
        parts = [self.value(one.value if isinstance(one, ast.FormattedValue) else one) for one in node.values]
        texts = [one.value for one in parts if isinstance(one, Text)]
        text = "".join(texts)
        known = len(texts) == len(parts) and len(text) <= MAX_TEXT
        return Text(text, node.lineno, self._condition, self._marker) if known else None

    def _call(self, node: ast.Call) -> Value | None:
        """Return the value of `dict(a=…)`, `list(x)`, `"…".split()`; None for any other call."""
        if isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
            return {one.arg: self.value(one.value) for one in node.keywords if one.arg}
        if isinstance(node.func, ast.Name) and node.func.id in COPIES and len(node.args) == 1:
            value = self.value(node.args[0])
            return list(value) if isinstance(value, list) else None
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"split", "splitlines", "strip"}:
            return self._split(self.value(node.func.value), node)
        return None

    def _split(self, text: Value, node: ast.Call) -> Value | None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if not isinstance(text, Text) or (node.args and name == "strip"):
            return None
        if name == "strip":
            lead = text.value[: len(text.value) - len(text.value.lstrip())]
            return replace(text, value=text.value.strip(), line=text.line + lead.count("\n"))
        lines = enumerate(text.value.split("\n"), text.line)
        words = [
            (part, number)
            for number, line in lines
            for part in ([line] if name == "splitlines" or node.args else line.split())
        ]
        return [replace(text, value=word.strip(), line=number) for word, number in words[:MAX_ITEMS] if word.strip()]

    def _assign(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            old = self._names.get(target.id) if self._condition else None
            joined = _sum(old, value) if isinstance(old, list) and isinstance(value, list) else value
            self._names[target.id] = value if joined is None else joined
        elif isinstance(target, ast.Subscript):
            table, key = self.value(target.value), self.value(target.slice)
            if isinstance(table, dict) and isinstance(key, Text):
                table[key.value] = value

    def _extend(self, target: ast.expr, value: Value) -> None:
        old = self.value(target)
        self._store(target, _sum(old, value if isinstance(value, list) else [value]) or self._unknown(target))

    def _store(self, target: ast.expr, value: Value) -> None:
        condition, self._condition = self._condition, ""
        self._assign(target, value)
        self._condition = condition

    def _method(self, call: ast.Call) -> None:
        if not isinstance(call.func, ast.Attribute) or len(call.args) != 1:
            return
        value = self.value(call.args[0])
        if call.func.attr in {"append", "extend"}:
            self._extend(call.func.value, value)
        elif call.func.attr == "update":
            table = self.value(call.func.value)
            if isinstance(table, dict) and isinstance(value, dict):
                table.update(value)

    def _if(self, node: ast.If) -> None:
        if "__name__" in ast.unparse(node.test):
            self.run(node.body)
            return
        before = self._condition, self._marker
        for negated, body in ((False, node.body), (True, node.orelse)):
            source = ast.unparse(node.test)[:SHOWN]
            condition = f"not ({source})" if negated else source
            marker = marker_of(node.test, negated=negated)
            nested = " and ".join(one for one in (before[0], condition) if one)
            known = marker and (before[1] or not before[0])
            self._condition = nested
            self._marker = " and ".join(one for one in (before[1], marker) if one) if known else ""
            self.run(body)
        self._condition, self._marker = before

    def _block(self, node: ast.stmt) -> None:
        """Follow the statements within a block, such as `with` or `try`; the names that a loop gives stay unknown."""
        for one in getattr(node, "items", []):
            if isinstance(one, ast.withitem) and isinstance(one.optional_vars, ast.Name):
                self._names[one.optional_vars.id] = self._unknown(one.context_expr)
        if isinstance(node, (ast.With, ast.Try)):
            self.run(node.body)
            for handler in getattr(node, "handlers", []):
                self.run(one for one in handler.body if not isinstance(one, ast.Assign))


def _constants(node: ast.AST) -> list[str]:
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return [one for one in texts if FILE.fullmatch(one)]


def _sum(one: Value, two: Value) -> Value | None:
    """Return two lists, or two texts, as one; what is unknown stands in the list with the rest."""
    if isinstance(one, Text) and isinstance(two, Text):
        return replace(one, value=one.value + two.value) if len(one.value) + len(two.value) <= MAX_TEXT else None
    if not (isinstance(one, list) or isinstance(two, list)) or isinstance(one, dict) or isinstance(two, dict):
        return None
    items: list[Value] = []
    for part in (one, two):
        items += part if isinstance(part, list) else [part]
    return items if len(items) <= MAX_ITEMS else None
