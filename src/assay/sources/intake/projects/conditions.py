"""Conditions of Python code as environment markers (PEP 508), where they ask for the Python or the system."""

from __future__ import annotations

import ast

OPERATORS: dict[type[ast.cmpop], tuple[str, str]] = {  # with the opposite
    ast.Lt: ("<", ">="),
    ast.LtE: ("<=", ">"),
    ast.Gt: (">", "<="),
    ast.GtE: (">=", "<"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}
VARIABLES = {
    "sys.platform": "sys_platform",
    "os.name": "os_name",
    "platform.system()": "platform_system",
    "platform.machine()": "platform_machine",
    "platform.python_implementation()": "platform_python_implementation",
}
SYSTEMS = {"win": "win32", "linux": "linux", "darwin": "darwin"}


def marker_of(test: ast.expr, *, negated: bool = False) -> str:
    """Return the marker of a condition, or of its opposite; '' where it has none."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return marker_of(test.operand, negated=not negated)
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in OPERATORS:
        operator = OPERATORS[type(test.ops[0])][negated]
        return _compared(ast.unparse(test.left), operator, test.comparators[0])
    if isinstance(test, ast.Call) and ast.unparse(test.func) == "sys.platform.startswith" and test.args:
        system = SYSTEMS.get(_text(test.args[0]), "")
        return f'sys_platform {"!=" if negated else "=="} "{system}"' if system else ""
    return ""


def _compared(left: str, operator: str, right: ast.expr) -> str:
    if left in VARIABLES:
        value = _text(right)
        return f'{VARIABLES[left]} {operator} "{value}"' if value.replace("_", "").isalnum() else ""
    if left.startswith("sys.version_info"):
        numbers = right.elts if isinstance(right, ast.Tuple) else [right]
        parts = [str(one.value) for one in numbers if isinstance(one, ast.Constant) and isinstance(one.value, int)]
        whole = len(parts) == len(numbers) and left in {
            "sys.version_info",
            "sys.version_info[0]",
            "sys.version_info[:2]",
        }
        whole = whole or (left == "sys.version_info.major" and bool(parts))
        return f'python_version {operator} "{".".join(parts[:2])}"' if whole and parts else ""
    return ""


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
