"""Lays out a folder that `docker import` makes a base image of: a shell and this Python with pip, copied from the host."""
import pathlib
import shutil
import subprocess
import sys
import sysconfig

root = pathlib.Path(sys.argv[1])
python = pathlib.Path(sys.executable).resolve()
stdlib = pathlib.Path(sysconfig.get_path('stdlib'))
programs = [pathlib.Path(name) for name in ('/bin/sh', '/bin/ls', '/usr/bin/env', '/usr/bin/test')]


def libraries(files):
    out = subprocess.run(['ldd', *map(str, files)], capture_output=True, text=True).stdout
    return {pathlib.Path(word) for line in out.splitlines() if '=>' in line or 'ld-' in line
            for word in line.split() if word.startswith('/') and '.so' in word and not word.endswith(':')}


def place(source):
    target = root / source.relative_to('/')
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


for file in {*programs, python, *libraries([*programs, python, *stdlib.glob('lib-dynload/*.so')])}:
    place(file)
# Compiled modules stay: without them every process in a build compiles pip and the library anew, which takes longest.
unused = ('test', 'tests', 'idlelib', 'lib2to3', 'tkinter', 'turtledemo', 'pydoc_data', 'site-packages', 'dist-packages')
skipped = shutil.ignore_patterns(*unused, '*.a', 'config-*', '*.opt-?.pyc')
shutil.copytree(stdlib, root / stdlib.relative_to('/'), ignore=skipped, dirs_exist_ok=True)
import pip  # noqa: E402  where it lies differs between distributions
places = [pathlib.Path(pip.__file__).parent, pathlib.Path('/usr/share/python-wheels')]
for folder in places:
    if folder.is_dir():
        shutil.copytree(folder, root / folder.relative_to('/'), dirs_exist_ok=True)
link = root / 'usr/bin/python'
link.parent.mkdir(parents=True, exist_ok=True)
link.symlink_to(python)
(root / 'tmp').mkdir(exist_ok=True)
(root / 'root').mkdir(exist_ok=True)
