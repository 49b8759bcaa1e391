"""Answers to an exercise that do nothing or are of another kind, made from its reference and its check cell alone.

So every exercise of every lab has them, also one that is written later. Each is refused, and `None` is named.
"""
import ast
from dataclasses import dataclass

WHOLE = {"None": "None", "a text": "'an answer'", "a number": "7", "an empty tuple": "()", "an empty list": "[]",
         "an empty dict": "{}", "a class": "object", "an empty frame": "__import__('pandas').DataFrame()"}
RETURNS = {"None": "return None", "its first argument": "return {first}", "nothing of that kind": "return _nothing_of({first})",
           "a text": "return 'an answer'"}
HELPER = '''
def _nothing_of(value):
    if hasattr(value, "limit"):
        return value.limit(0)
    try:
        return type(value)()
    except TypeError:
        return ()
'''


@dataclass
class Idle:
    """One such answer: what it is, the cell that makes it, the check's cell, whether the sentence has to say None."""
    what: str
    code: str
    check: str
    none: bool = False


def complaint(said: dict) -> str:
    """What is wrong with what a check said to such an answer, '' where it was refused with a sentence of its own."""
    sentence = said["sentence"].rstrip()
    if said["outcome"] != "not yet" or said["error"] is not None:
        return f"{said['what']}: {said['outcome']}. {said['text'] or said['error']}"
    if "can't read your answer" in sentence or sentence[-1:] not in (".", "?", "!"):
        return f"{said['what']}: no sentence of its own: {said['text']}"
    if said["none"] and "None" not in sentence:
        return f"{said['what']}: the sentence does not say None: {sentence}"
    if said["says"].lower() not in said["text"].lower():
        return f"{said['what']}: wanted {said['says']!r}, the check said: {said['text']}"
    return ""


def answers(n: int, reference: str, check: str):
    """Every Idle of exercise n: the answer as a whole, and each of the learner's own parts of it beside the right others."""
    answer = ast.parse(check).body[-1].value.args[1]
    parts = [ast.unparse(part) for part in (answer.elts if isinstance(answer, ast.Tuple) else [answer])]
    for what, value in WHOLE.items():
        yield Idle(f"{what} for the answer", "", f"lab.check({n}, {value})", what == "None")
    if len(parts) > 1:
        yield Idle("the parts the other way round", reference, f"lab.check({n}, ({', '.join(reversed(parts))}))")
        for part in parts:
            yield Idle(f"{part} alone", reference, f"lab.check({n}, {part})")
    functions, values = _own(reference)
    for name in parts:
        if name in functions:
            yield from _functions(name, reference, check, functions[name])
        elif name in values:
            for what, value in (("None", "None"), ("empty", f"type({name})()"), ("a text", "'an answer'")):
                yield Idle(f"{name} is {what}", f"{reference}\n{name} = {value}", check, what == "None")


def _functions(name, reference, check, function):
    first = function.args.args[0].arg
    writes = not isinstance(function.body[-1], ast.Return)     # such a function may return None
    for what, line in RETURNS.items():
        body = ast.parse(line.format(first=first)).body
        idle = ast.FunctionDef(name=name, args=function.args, body=body, decorator_list=[], type_params=[])
        code = f"{reference}\n{HELPER}\n{ast.unparse(ast.fix_missing_locations(idle))}"
        yield Idle(f"{name}() returns {what}", code, check, what == "None" and not writes)


def _own(reference) -> tuple:
    """What the exercise's cell makes at its top level: ({name: function}, {names of other values})."""
    body = ast.parse(reference).body
    targets = [target for statement in body if isinstance(statement, ast.Assign) for target in statement.targets]
    return ({statement.name: statement for statement in body if isinstance(statement, ast.FunctionDef)},
            {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)})
