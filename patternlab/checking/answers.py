"""What a lab sees of an answer and says of it: a blank, an exception and its line, a line while it works, the verdict."""
import ast
import inspect
import linecache
import textwrap

from ..engines import cells, mistakes, notebook


def blank(answer) -> str:
    """A sentence that says where `answer` still has a `...`, or '' when nothing is left to fill in."""
    if answer is ...:
        return "Replace the ... by your answer and run the cell again."
    if isinstance(answer, (list, tuple, set, dict)):
        return next(filter(None, map(blank, answer.values() if isinstance(answer, dict) else answer)), "")
    if isinstance(answer, type):
        return blank([member for member in vars(answer).values() if inspect.isfunction(member)])
    function = inspect.unwrap(getattr(answer, "func", getattr(answer, "__func__", answer)))
    if not inspect.isfunction(function):
        return ""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):  # no source, or half a line around a lambda: the constants tell
        return f"There is still a ... in {function.__name__}()." if ... in function.__code__.co_consts else ""
    typed = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Subscript) for inner in ast.walk(node.slice)}
    lines = [node.lineno for node in ast.walk(tree)
             if isinstance(node, ast.Constant) and node.value is ... and id(node) not in typed]
    return f"There is still a ... in line {min(lines)} of {function.__name__}()." if lines else ""


def raised(error: Exception) -> tuple:
    """An exception of the learner's code (lab.Raised or another): (type, message and cause; its input, line and fix to show)."""
    given = getattr(error, "given", "your answer, when the check looked at it")
    error = getattr(error, "error", error) if hasattr(error, "given") else error
    message, said = " ".join(str(error).strip().splitlines()[:2])[:300], notebook.explain(error)
    show, frames = [f"input: {given}"], mistakes.own_frames(error.__traceback__)
    if frames:
        frame, number = frames[-1]
        show.append(f"your line {number}: {linecache.getline(frame.f_code.co_filename, number).strip()}".rstrip(": "))
    sentence = f"{type(error).__name__}: {message}".rstrip(": ")
    if said:
        sentence = f"{sentence[:160].rstrip('.')}. {said[0]}"
        show.append(f"what to do: {said[1]}")
    return sentence, "\n".join(show)


def stumbled(error: Exception) -> bool:
    """Whether a check tripped over the kind of an answer: none of the learner's lines, and nothing of Spark, had part in it."""
    kinds = TypeError, ValueError, AttributeError, LookupError
    engines = "pyspark", "py4j"
    return (isinstance(error, kinds) and type(error).__module__.partition(".")[0] not in engines
            and not mistakes.own_frames(error.__traceback__))


def shown(show) -> str:
    """A frame as at most eight aligned rows, rows (list of dicts) the same way, anything else as it prints."""
    if isinstance(show, list) and show and isinstance(show[0], dict):
        import pandas
        show = pandas.DataFrame(show)
    show = show.limit(8).toPandas() if hasattr(show, "toPandas") else show
    return show.head(8).to_string(index=False) if hasattr(show, "to_string") else str(show)


def at_once(text: str):
    """Show `text` now. In a notebook it returns the display's handle, for `verdict` to take its place, elsewhere None."""
    if cells.shell() is not None:
        from IPython import display
        return display.display({"text/plain": text}, raw=True, display_id=True)
    print(text, flush=True)
    return None


def verdict(text: str, show, line) -> None:
    """Print `text` and, indented below it, `show` (None: nothing); in place of `line` if that is a display's handle."""
    if show is not None:
        text += "\n" + textwrap.indent(shown(show), "    ")
    if line:
        line.update({"text/plain": text}, raw=True)
    else:
        print(text)
