"""Checks that every public header, and every header of kernels/steps, compiles alone, included twice, without warnings.

usage: headers.py COMPILER ROOT        checks the headers below ROOT with COMPILER
       headers.py COMPILER --self-test expects planted faults to be found
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

PUBLIC = ["kernels/sigmahat", "host/sigmahat", "estimators/sigmahat"]
PRIVATE = ["kernels/steps"]
FLAGS = "-std=c++20 -fsyntax-only -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror -x c++ -".split()


def compile_alone(compiler, root, header):
    """The compiler's complaint, or an empty string. A public header sees only what is installed beside it."""
    folders = [place.split("/")[0] for place in PUBLIC]
    if header.startswith("kernels/steps/"):
        folders.append("kernels/steps")
    includes = [f"-I{root / folder}" for folder in folders]
    source = f'#include "{root / header}"\n' * 2
    result = subprocess.run(
        [compiler, *includes, *FLAGS], input=source, capture_output=True, text=True, encoding="utf-8", check=False
    )
    return "" if result.returncode == 0 else f"{header} does not compile alone:\n{result.stderr}"


def check(compiler, root):
    """All complaints, and the number of headers."""
    root = root.resolve()
    headers = sorted(
        header.relative_to(root).as_posix() for place in PUBLIC + PRIVATE for header in (root / place).rglob("*.hpp")
    )
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = pool.map(lambda header: compile_alone(compiler, root, header), headers)
    return [complaint for complaint in complaints if complaint], len(headers)


def self_test(compiler):
    files = {
        "kernels/sigmahat/kernels/good.hpp": "#pragma once\nstruct Good { int value; };\n",
        "host/sigmahat/host/also_good.hpp": '#pragma once\n#include "sigmahat/kernels/good.hpp"\ninline Good g;\n',
        "kernels/steps/missing_include.hpp": "#pragma once\nstd::vector<int> values();\n",
        "host/sigmahat/host/no_guard.hpp": "struct Twice {};\n",
        "estimators/sigmahat/warning.hpp": "#pragma once\ninline float narrow(double x) { return x; }\n",
        "estimators/sigmahat/private_include.hpp": '#pragma once\n#include "missing_include.hpp"\n',
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        complaints, count = check(compiler, root)
        found = {complaint.split(" ")[0] for complaint in complaints}
        assert count == len(files) and found == {path for path in files if "good" not in path}, found
    print(f"headers: {len(found)} planted faults were found")


def main():
    compiler, what = sys.argv[1:]
    if what == "--self-test":
        self_test(compiler)
        return
    complaints, count = check(compiler, pathlib.Path(what))
    if count == 0:
        sys.exit(f"headers: none below {what}")
    if complaints:
        sys.exit("\n".join(complaints))
    print(f"headers: {count} compile alone")


main()
