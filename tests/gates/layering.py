"""Checks who may include what.

usage: layering.py ROOT        checks the sources below ROOT
       layering.py --self-test plants one violation of every rule in a temporary folder and expects each to be found
"""

import pathlib
import re
import sys
import tempfile

# Each room: the folder, and the rooms that its files may include besides their own. The first match counts.
ROOMS = {
    "kernels/sigmahat": set(),
    "kernels/steps": {"kernels/sigmahat"},
    "kernels/device": {"kernels/sigmahat", "kernels/steps"},
    "kernels": {"kernels/sigmahat", "kernels/steps", "kernels/device"},
    "host/sigmahat": {"kernels/sigmahat"},
    "host/backends/reference": {"kernels/sigmahat", "kernels/steps", "host/sigmahat", "host/backends"},
    "host/backends/cpu": {"kernels/sigmahat", "kernels/steps", "host/sigmahat", "host/backends"},
    "host/backends/cuda": {"kernels", "kernels/sigmahat", "kernels/steps", "host/sigmahat", "host/backends"},
    "host/backends": {"kernels/sigmahat", "kernels/steps", "host/sigmahat"},
    "host": {"kernels/sigmahat", "host/sigmahat", "host/backends"},
    "estimators/sigmahat": {"kernels/sigmahat", "host/sigmahat"},
    "estimators": {"kernels/sigmahat", "kernels/steps", "host/sigmahat", "estimators/sigmahat"},
    "cli": {"kernels/sigmahat", "host/sigmahat", "estimators/sigmahat"},
}
# Folders that an #include "..." is looked for in, after the folder of the file itself.
INCLUDE_ROOTS = ["kernels", "kernels/steps", "kernels/device", "host", "host/backends", "estimators", "cli", "."]

# Headers of other projects, and the only places that may include them.
CUDA_PLACES = [r"kernels/[^/]+\.cu$", r"kernels/device/", r"host/backends/cuda/"]
EXTERNAL = [
    ("CUDA", r"(cuda|cublas|cusolver|curand|device_launch|cooperative_groups|thrust/|cub/|nvtx)", CUDA_PLACES),
    ("BLAS and LAPACK", r"(cblas|lapack)", [r"host/backends/"]),
    ("Highway", r"hwy/", [r"host/"]),
    ("OpenMP", r"omp\.h", [r"host/"]),
    ("Boost", r"boost/", [r"estimators/(?!sigmahat/)"]),
    ("Arrow", r"(arrow|parquet)/", [r"cli/"]),
    ("CLI11", r"CLI/", [r"cli/"]),
    ("JSON", r"nlohmann/", [r"estimators/(?!sigmahat/)", r"cli/"]),
    ("fmt", r"fmt/", [r"host/(?!sigmahat/)", r"estimators/(?!sigmahat/)", r"cli/"]),
]

# Found on an include path that the test build sets: the emulator of the portable subset.
OUTSIDE = {("kernels/device", "emulator.hpp")}

SUFFIXES = {".hpp", ".inc", ".cpp", ".cu", ".cuh"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def room_of(path):
    return next((room for room in ROOMS if path.startswith(room + "/")), None)


def line_of(text, place):
    return text.count("\n", 0, place) + 1


def resolve(root, file, name):
    """The path below root that #include "name" in file means, or None. CMake makes NAME from NAME.in."""
    for folder in [file.parent, *(root / place for place in INCLUDE_ROOTS)]:
        for candidate in [(folder / name).resolve(), (folder / f"{name}.in").resolve()]:
            if candidate.is_file() and root in candidate.parents:
                return candidate.relative_to(root).as_posix()
    return None


def check_include(root, file, path, quoted, name):
    """The complaint about one include, or None."""
    target = resolve(root, file, name)
    if target is not None:
        room, target_room = room_of(path), room_of(target)
        if target_room != room and target_room not in ROOMS[room]:
            allowed = ", ".join(sorted(ROOMS[room])) or "nothing else"
            return f"{room}/ may not include {target} (room {target_room}); it may include itself and: {allowed}"
        return None
    for label, pattern, places in EXTERNAL:
        if re.match(pattern, name):
            if not any(re.match(place, path) for place in places):
                return f"{label} header {name} is allowed only in {', '.join(places)}"
            return None
    if quoted and (room_of(path), name) not in OUTSIDE:
        return f'"{name}" is no file of the project; use <...> for other projects'
    return None


def check(root):
    """All complaints, as 'path:line: message', and the number of files read."""
    root = root.resolve()
    complaints, count = [], 0
    for top in ["kernels", "host", "estimators", "cli"]:
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SUFFIXES:
                continue
            count += 1
            path = file.relative_to(root).as_posix()
            text = file.read_text(encoding="utf-8")
            for match in INCLUDE.finditer(text):
                complaint = check_include(root, file, path, match[1] == '"', match[2])
                if complaint:
                    complaints.append(f"{path}:{line_of(text, match.start())}: {complaint}")
    return complaints, count


def self_test():
    """Each planted file breaks exactly one rule; the clean ones break none."""
    clean = {
        "kernels/sigmahat/kernels/a.hpp": "#pragma once\n#include <cstdint>\n",
        "kernels/steps/s.hpp": '#include "sigmahat/kernels/a.hpp"\n',
        "kernels/device/launch.cuh": '#include <cuda_runtime.h>\n',
        "kernels/k.cu": '#include "device/launch.cuh"\n// #include "sigmahat/host/h.hpp"\n',
        "host/sigmahat/host/h.hpp": '#include "sigmahat/kernels/a.hpp"\n',
        "host/backends/factory.hpp": '#include "sigmahat/host/h.hpp"\n',
        "host/backends/cpu/c.hpp": '#include "backends/factory.hpp"\n#include "s.hpp"\n',
        "estimators/sigmahat/e.hpp": '#include "sigmahat/host/h.hpp"\n',
        "estimators/e.cpp": '#include "sigmahat/e.hpp"\n#include "s.hpp"\n',
        "cli/main.cpp": '#include "sigmahat/e.hpp"\n#include "made.hpp"\n#include <CLI/CLI.hpp>\n',
    }
    planted = {
        "kernels/sigmahat/kernels/b.hpp": '#include "sigmahat/host/h.hpp"\n',
        "kernels/steps/t.hpp": '#include "../device/launch.cuh"\n',
        "kernels/steps/u.inc": '#include "sigmahat/host/h.hpp"\n',
        "host/sigmahat/host/i.hpp": '#include "sigmahat/e.hpp"\n',
        "host/backends/reference/x.cpp": '#include "../cpu/c.hpp"\n',
        "host/backends/cpu/y.cpp": "#include <cuda_runtime.h>\n",
        "estimators/z.cpp": '#include "backends/factory.hpp"\n',
        "estimators/sigmahat/w.hpp": '#include "s.hpp"\n',
        "cli/arrow.cpp": '#include "backends/factory.hpp"\n',
        "estimators/v.cpp": "#include <arrow/api.h>\n",
        "cli/u.cpp": '#include "nowhere.hpp"\n',
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)

        def write(files):
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")

        write(clean)
        write({"cli/made.hpp.in": ""})
        complaints, count = check(root)
        assert complaints == [] and count == len(clean), complaints
        write(planted)
        found = [complaint.split(":")[0] for complaint in check(root)[0]]
        assert sorted(found) == sorted(planted), sorted(set(planted) ^ set(found))
    print(f"layering: {len(planted)} planted violations were found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    complaints, count = check(pathlib.Path(sys.argv[1]))
    if count == 0:
        sys.exit(f"layering: no sources below {sys.argv[1]}")
    if complaints:
        sys.exit("\n".join(complaints) + f"\nlayering: {len(complaints)} violations; the rules are in ARCHITECTURE.md")
    print(f"layering: {count} files, every include points the right way")


main()
