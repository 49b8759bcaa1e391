"""What the server, the kernels and every JVM take over of the shell's environment: one list of what is set and removed.

Whatever no rule names is kept. `kit.py doctor` prints what a rule takes from the shell that it was started in.
"""
import fnmatch
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from . import cells, java, network, place

SHELL = "PATTERNLAB_SHELL_"                      # before the names of what kit.py took itself, for doctor
INLINE = "module://matplotlib_inline.backend_inline"
HERE = ("127.0.0.1", "localhost")


def _java_home(value, given):
    try:
        return str(java.java().parent.parent)
    except RuntimeError:                         # no Java at all: whoever starts one says so
        return None


def _own_path(value, given):
    own = str(Path(sys.prefix, "bin"))
    return os.pathsep.join([own, *(part for part in (value or os.defpath).split(os.pathsep) if part != own)])


def _proxy(value, given):
    if "://" not in value:
        return value and f"http://{value}"
    return value if value.strip().lower().startswith(("http://", "https://")) else None


def _around_proxy(value, given):
    # the small letters win wherever both are read: what the shell has in capitals must not be lost by them
    value = value or given.get("no_proxy") or given.get("NO_PROXY") or ""
    named = [part.strip() for part in value.split(",") if part.strip()]
    return ",".join([*named, *(host for host in HERE if host not in named)])


def _loopback(value, given):
    return None if given.get("PATTERNLAB_STACK", "").strip() == "compose" else "127.0.0.1"


def _module_path(value, given):
    return str(place.ROOT)


@dataclass(frozen=True)
class Rule:
    """`names` (patterns, by spaces) become `value`: a text, None for removed, or a function of the old value and all of them."""

    names: str
    value: object
    why: str
    set_always: bool = False     # also where the shell has no such variable
    told: bool = True            # doctor says so where it changes something


RULES = (
    Rule("TZ", "UTC", "a datetime without a zone would mean another moment on each machine", set_always=True),
    Rule("LC_ALL", "C.UTF-8", "Java reads the names of files and writes numbers by it", set_always=True, told=False),
    Rule("PYTHONUTF8", "1", "files are UTF-8 on every machine", set_always=True, told=False),
    Rule("MPLBACKEND MATPLOTLIBRC", None, "figures would not appear in the notebook, or look otherwise"),
    Rule("JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS JAVA_OPTS CLASSPATH", None, "they change the flags of every JVM"),
    Rule("JAVA_HOME", _java_home, "the kit brings its Java", set_always=True),
    Rule("SPARK_LOCAL_IP", _loopback, "Spark's pages are for this machine only", set_always=True),
    Rule("SPARK_* PYSPARK_* _PYSPARK_*", None, "they belong to another Spark, and beat the kit's settings"),
    Rule("HADOOP_* YARN_* HIVE_*", None, "they point Spark at another cluster"),
    Rule("AWS_*", None, "an object store's client would sign with another account's keys, or ask another address"),
    Rule("KAFKA_* LOG4J_*", None, "Kafka and its log would read them as settings"),
    Rule("PG*", None, "PostgreSQL's programs and psycopg2 take them for settings"),
    Rule("PYTHONPATH", _module_path, "modules that lie there would take the place of the kit's packages", set_always=True),
    Rule("PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS PYTHONIOENCODING PYTHONINSPECT PYTHONSAFEPATH "
         "PYTHONEXECUTABLE __PYVENV_LAUNCHER__", None, "they change how Python starts or what it checks"),
    Rule("PYTHONNOUSERSITE", "1", "packages of the home folder would take the place of the kit's", set_always=True, told=False),
    Rule("JUPYTER_PATH JUPYTER_CONFIG_PATH JUPYTERLAB_SETTINGS_DIR JUPYTERLAB_WORKSPACES_DIR JUPYTERLAB_DIR", None,
         "another Jupyter's extensions and kernels would be found"),
    Rule("PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT", None, "`!pip install` would install where the kernel does not look"),
    Rule("PATH", _own_path, "`!pip` and `!python` are the kit's", set_always=True, told=False),
    Rule("VIRTUAL_ENV", lambda value, given: sys.prefix, "the kernel's environment is the kit's", told=False),
    Rule("http_proxy https_proxy ftp_proxy all_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY", _proxy,
         "JupyterLab does not start with a proxy without http:// or of another kind"),
    Rule("no_proxy NO_PROXY", _around_proxy, "the engines are on this machine", set_always=True, told=False),
)


def cleaned(given) -> dict:
    """The environment `given` (a mapping) as a kernel, a server or a JVM of the kit gets it."""
    clean, settled = dict(given), set()
    for rule in RULES:
        for name in _named(rule, given):
            if name not in settled:
                settled.add(name)
                value = rule.value(given.get(name), given) if callable(rule.value) else rule.value
                if value is None:
                    clean.pop(name, None)
                else:
                    clean[name] = value
    return clean


def _named(rule: Rule, given) -> list:
    names = rule.names.split()
    always = [name for name in names if rule.set_always and "*" not in name]
    return [*always, *(name for name in given if name not in always and any(fnmatch.fnmatchcase(name, each) for each in names))]


def child(**more) -> dict:
    """The environment for a child process that is an engine: this process's, cleaned, and `more`."""
    return {**cleaned(os.environ), **more}


def modules() -> str:
    """A PYTHONPATH on which a child finds the kit, and whatever this process's own one has."""
    return os.pathsep.join(filter(None, [str(place.ROOT), os.environ.get("PYTHONPATH", "")]))


def taken(given) -> list:
    """What the rules take from `given`: (name, what becomes of it, why), for variables that are set to something else."""
    was = {name: value for name, value in given.items() if value and not name.startswith(SHELL)}
    was |= {name[len(SHELL):]: value for name, value in given.items() if name.startswith(SHELL)}
    will, found = cleaned(was), {}
    for rule in RULES:
        for name in _named(rule, was) if rule.told else ():
            if was.get(name, will.get(name)) != will.get(name):
                # people show others what doctor prints
                new = "not passed on" if name not in will else f"becomes {network.without_password(will[name])}"
                found.setdefault(name, (name, new, rule.why))
    return list(found.values())


def apply() -> None:
    """Make this process's own environment that of the rules: a kernel or a server does so before it starts anything."""
    clean, drawing = cleaned(os.environ), os.environ.get("MPLBACKEND")
    if cells.shell() is not None:                          # a figure belongs below its cell
        clean["MPLBACKEND"] = INLINE
        if drawing not in (None, INLINE) and "matplotlib" in sys.modules:
            sys.modules["matplotlib"].use(INLINE)
    for name in [name for name in os.environ if name not in clean]:
        del os.environ[name]
    os.environ.update(clean)
    if hasattr(time, "tzset"):
        time.tzset()
    # by PYTHONPATH a Spark that was unpacked somewhere came before the kit's
    sys.path[:] = [part for part in sys.path if not _unpacked_spark(Path(part))]


def _unpacked_spark(folder: Path) -> bool:
    return folder.name.startswith("py4j-") or folder.name == "python" and (folder / "pyspark").is_dir()
