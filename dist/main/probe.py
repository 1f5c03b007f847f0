"""Tells what the interpreter that runs it is: one line of JSON after a marker.

It parses on every Python from 2.7 on, so that an interpreter that PaddlePaddle cannot use is a fact too, and it
imports neither pip nor importlib.metadata, which cost more than all the rest.
"""

import json
import os
import re
import sys
import sysconfig

MARKER = "paddle-mirror-setup-probe:"
WINDOWS = os.name == "nt"
BASE_PREFIX = getattr(sys, "real_prefix", getattr(sys, "base_prefix", sys.prefix))


def version_text(info):
    """A `sys.version_info` as PEP 440 writes it: `3.14.0rc1`."""
    text = "%d.%d.%d" % tuple(info[:3])
    if info[3] != "final":
        text += {"alpha": "a", "beta": "b", "candidate": "rc"}.get(info[3], info[3]) + str(info[4])
    return text


def implementation():
    """`sys.implementation.name`, which Python 2 lacks."""
    if hasattr(sys, "implementation"):
        return sys.implementation.name
    return "pypy" if hasattr(sys, "pypy_version_info") else "cpython"


def free_threaded():
    """PEP 703 builds have `t` in their ABI flags; Windows has no such flags before 3.14."""
    if sys.version_info < (3, 13):
        return False
    return "t" in getattr(sys, "abiflags", "") or bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def glibc():
    """Version of the glibc in this process, None for any other C library (PEP 600)."""
    try:
        name, version = os.confstr("CS_GNU_LIBC_VERSION").split()
        return version if name == "glibc" else None
    except (AttributeError, ValueError, OSError):
        return None


def musl():
    """Version of musl as its loader prints it (PEP 656); asked only of a process that has no glibc."""
    import glob
    import subprocess

    for loader in glob.glob("/lib/ld-musl-*.so.1"):
        child = subprocess.Popen([loader], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        found = re.search(r"^musl [^\n]*\nVersion (\d[\d.]*)", child.communicate()[1].decode("utf-8", "replace"))
        if found:
            return found.group(1)
    return None


def macos():
    """The real macOS version and machine; a Python built for 10.x is told 10.16 unless it asks otherwise."""
    if sys.platform != "darwin":
        return None
    import platform

    version = platform.mac_ver()[0]
    if version == "10.16":
        import subprocess

        code = "import platform; print(platform.mac_ver()[0])"
        environment = dict(os.environ, SYSTEM_VERSION_COMPAT="0")
        version = subprocess.check_output([sys.executable, "-sS", "-c", code], env=environment).decode("ascii").strip()
    return {"version": version, "machine": platform.machine()}


def externally_managed():
    """The text that a distribution shows instead of letting pip install (PEP 668); a venv is never managed."""
    path = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if sys.prefix != BASE_PREFIX or not os.path.isfile(path):
        return None
    try:
        return read_settings(path).get("externally-managed", {}).get("error") or ""
    except ValueError:
        return ""


def search_path():
    """Folders in which this interpreter and the one that its venv was made from keep packages."""
    base = {"base": BASE_PREFIX, "platbase": BASE_PREFIX, "installed_base": BASE_PREFIX}
    own = [folder for folder in sys.path if folder and os.path.isdir(folder)]
    of_base = [sysconfig.get_path("purelib", vars=base), os.path.join(BASE_PREFIX, "lib", "python3", "dist-packages")]
    return own, [folder for folder in of_base if folder not in own]


def distributions(folders):
    """Normalised name and version of pip, setuptools and everything of PaddlePaddle in the folders; the first one counts."""
    found = {}
    for folder in folders:
        try:
            entries = os.listdir(folder)
        except OSError:
            continue
        for entry in entries:
            match = re.match(r"([A-Za-z0-9][\w.-]*?)-(\d[^-]*)(-py[\d.]+)?\.(dist|egg)-info$", entry)
            if not match:
                continue
            name = re.sub(r"[-_.]+", "-", match.group(1)).lower()
            path = os.path.join(folder, entry)
            # What an interrupted uninstall leaves behind has no metadata in it.
            whole = os.path.isfile(path) or os.path.isfile(os.path.join(path, "METADATA")) or os.path.isfile(
                os.path.join(path, "PKG-INFO")
            )
            if whole and (name in ("pip", "setuptools") or "paddle" in name):
                found.setdefault(name, match.group(2))
    return found


def read_settings(path):
    """Sections of an ini file as pip reads it; ValueError with the reason where it can't be read."""
    import locale

    if sys.version_info[0] == 2:
        import ConfigParser as configparser
    else:
        import configparser
    parser = configparser.RawConfigParser()
    try:
        if sys.version_info[0] == 2:
            parser.read(path)
        else:
            parser.read(path, encoding=locale.getpreferredencoding(False))
        return dict((section, dict(parser.items(section))) for section in parser.sections())
    except (configparser.Error, UnicodeError, EnvironmentError) as error:
        raise ValueError(str(error).replace("\n", " "))


def pip_files():
    """pip's configuration files, weakest first, as pip's `configuration.py` and `appdirs.py` order them."""
    home = os.path.expanduser("~")
    if WINDOWS:
        shared = [os.path.join(os.environ.get("ALLUSERSPROFILE") or "C:\\ProgramData", "pip")]
        user = [os.path.join(home, "pip"), os.path.join(os.environ.get("APPDATA") or home, "pip")]
    elif sys.platform == "darwin":
        homebrew = ["/opt/homebrew/share/pip"] if sys.prefix.startswith("/opt/homebrew") else []
        shared = homebrew + ["/Library/Application Support/pip"]
        support = os.path.join(home, "Library", "Application Support", "pip")
        user = [os.path.join(home, ".pip"), support if os.path.isdir(support) else os.path.join(home, ".config", "pip")]
    else:
        folders = os.environ.get("XDG_CONFIG_DIRS", "").strip() or "/etc/xdg"
        shared = [os.path.join(folder, "pip") for folder in folders.split(os.pathsep)] + ["/etc"]
        config = os.environ.get("XDG_CONFIG_HOME", "").strip() or os.path.join(home, ".config")
        user = [os.path.join(home, ".pip"), os.path.join(config, "pip")]
    named = os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    name = "pip.ini" if WINDOWS else "pip.conf"
    folders = shared + ([] if named and os.path.exists(named) else user) + [sys.prefix]
    return [os.path.join(folder, name) for folder in folders] + ([named] if named else [])


def pip_settings():
    """What `pip install` would take from its files and its environment, and the files that it would refuse."""
    sections = {"global": {}, "install": {}, ":env:": {}}
    problems = []
    aliases = {"default-timeout": "timeout", "pypi-url": "index-url"}

    def put(section, name, value, origin):
        name = name.lower().replace("_", "-")
        name = name[2:] if name.startswith("--") else name
        sections[section][aliases.get(name, name)] = {"value": value, "origin": origin}

    for path in pip_files():
        if not os.path.exists(path):
            continue
        try:
            settings = read_settings(path)
        except ValueError as error:
            problems.append("%s: %s" % (path, error))
            continue
        for section in ("global", "install"):
            for name, value in settings.get(section, {}).items():
                put(section, name, value, path)
    for name, value in os.environ.items():
        if name.startswith("PIP_") and name not in ("PIP_CONFIG_FILE", "PIP_VERSION", "PIP_HELP"):
            put(":env:", name[4:], value, "environment")
    merged = {}
    for section in ("global", "install", ":env:"):
        # An empty value hides the same name in weaker files of its section, never another section's.
        for name, setting in sections[section].items():
            text = setting["value"].strip()
            if text:
                merged[name] = {"value": text, "origin": setting["origin"]}
            elif setting["value"]:
                # Blanks are a value to pip: a list without entries.
                merged.pop(name, None)
    return merged, problems


def official_index(folders):
    """Address of the official index, read from pip's source, installed or bundled, without importing pip."""
    pattern = re.compile(r"^PyPI = \w+\(\s*['\"]([^'\"]+)['\"]", re.M)
    sources = ("pip/_internal/models/index.py", "pip/models/index.py")
    for folder in folders:
        for source in sources:
            path = os.path.join(folder, *source.split("/"))
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    match = pattern.search(file.read().decode("utf-8", "replace"))
                if match:
                    return {"url": match.group(1).rstrip("/") + "/simple/", "origin": path}
    bundles = [os.path.join(sysconfig.get_path("stdlib"), "ensurepip", "_bundled")]
    bundles.append(sysconfig.get_config_var("WHEEL_PKG_DIR") or "/usr/share/python-wheels")
    for folder in bundles:
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            if not re.match(r"pip-\d.*\.whl$", name):
                continue
            import zipfile

            path = os.path.join(folder, name)
            try:
                with zipfile.ZipFile(path) as wheel:
                    match = pattern.search(wheel.read(sources[0]).decode("utf-8", "replace"))
            except (zipfile.BadZipfile, KeyError, EnvironmentError):
                continue
            if match:
                return {"url": match.group(1).rstrip("/") + "/simple/", "origin": path}
    return None


def writable(folder):
    """Whether this user may write to a folder, or may make it."""
    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return os.access(folder, os.W_OK | os.X_OK)


def main():
    own, of_base = search_path()
    found = distributions(own)
    settings, problems = pip_settings()
    libc = glibc()
    purelib = sysconfig.get_path("purelib")
    answer = {
        "executable": sys.executable or "",
        "version": version_text(sys.version_info),
        "implementation": implementation(),
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "platform": sysconfig.get_platform(),
        "freeThreaded": free_threaded(),
        "glibc": libc,
        "musl": musl() if libc is None and sys.platform.startswith("linux") else None,
        "macos": macos(),
        "prefix": sys.prefix,
        "basePrefix": BASE_PREFIX,
        "virtual": sys.prefix != BASE_PREFIX,
        "externallyManaged": externally_managed(),
        "pip": found.pop("pip", None),
        "setuptools": found.pop("setuptools", None),
        "paddle": found,
        "purelib": purelib,
        "writable": writable(purelib),
        "pipSettings": settings,
        "pipProblems": problems,
        "officialIndex": official_index(own + of_base),
    }
    # A `sitecustomize` may have printed without ending its line.
    sys.stdout.write("\n" + MARKER + json.dumps(answer) + "\n")
    sys.stdout.flush()


main()
