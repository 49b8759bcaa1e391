"""Around the consumers of pattern 11: programs that are killed between two steps."""
import inspect
import os
import sys

from ...engines.programs import Program, killed, written
from ...groups import fresh
from ...session import postgres

STOP = "PATTERNLAB_STOP_AT"                # in a program's environment: at which call of here() it waits for its end


def here() -> None:
    """Nothing; in a program of `killed_once`, at its second call, say so and wait to be killed, or for the kernel's end."""
    here.calls += 1
    if here.calls == int(os.environ.get(STOP, 0)):
        print("here", flush=True)
        sys.stdin.read()                               # a pipe from the kernel: it ends when the kernel does
        os._exit(1)


here.calls = 0


def killed_once(follow, opened, handle) -> str:
    """`follow(opened(group), handle)` in a program of its own, SIGKILLed when it comes to `here()` for the second time.

    The group's name, a fresh one, whose place the next consumer can take. The three functions are the notebook's own: their
    source is taken, with that of its functions and the CONSTANTS that they use. `desk` is there, as here, a connection to the
    kernel's PostgreSQL.
    """
    here.calls, group = 0, fresh(handle.__name__)
    functions, constants = _used([follow, opened, handle])
    file = written("consumer", "import psycopg2", "from kafka import KafkaConsumer, TopicPartition",
                   "import patternlab.patterns.event_driven as airport", f"desk = psycopg2.connect({postgres().dsn!r})",
                   *(f"{name} = {value!r}" for name, value in constants.items()), *functions,
                   f"follow({opened.__name__}({group!r}), {handle.__name__})")
    program = Program(file, **{STOP: "2"})
    killed(program, when=lambda: "here" in program.log.read_text(errors="replace"))
    return group


def _used(functions: list) -> tuple:
    """These functions with those of the same module that they call, and the values that they use under names in capitals."""
    found, constants = [], {}
    while functions:
        function = functions.pop()
        found.append(function)
        for name in function.__code__.co_names:
            value = function.__globals__.get(name)
            if name.isupper():
                constants[name] = value
            elif inspect.isfunction(value) and value.__module__ == function.__module__ and value not in [*found, *functions]:
                functions.append(value)
    return found, constants
