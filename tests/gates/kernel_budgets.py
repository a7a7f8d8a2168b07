"""Compares what every kernel uses with the table kernels/budgets.txt.

usage: kernel_budgets.py ROOT BUILD           checks the kernels that BUILD compiled
       kernel_budgets.py ROOT BUILD --update  writes the table anew
       kernel_budgets.py --self-test          expects planted faults to be found

BUILD holds compile_commands.json and, beside every object file of a kernel, the report of ptxas that
cmake/ptxas_report.sh kept. Launch bounds come from nvcc, which compiles each file once more, to PTX. What kernels are
launched with comes from a run of BUILD/bin/kernels_test on the emulator.
"""

import concurrent.futures
import json
import math
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TABLE = "kernels/budgets.txt"
ARCHITECTURES = ["sm_80", "sm_90", "sm_100", "sm_120"]
PTX_ARCHITECTURE = "compute_80"  # launch bounds do not depend on it
GRANULE = 8  # registers of a thread are allocated in multiples of this
# Their kernels are Thrust's and change with the toolkit.
LEFT_OUT = {"kernels/block_list.cu", "kernels/least_squares_buckets.cu"}

COLUMNS = ["threads", "static shared", "dynamic shared", *ARCHITECTURES]
UNITS = {
    "threads": "threads of a block",
    "static shared": "bytes of static shared memory",
    "dynamic shared": "bytes of dynamic shared memory",
} | {architecture: f"registers on {architecture}" for architecture in ARCHITECTURES}
HEADER = """\
# What each kernel may use, compared with the build by the test gate.kernel_budgets:
#   threads          of a block, at most: the launch bounds that SIGMAHAT_KERNEL gives to the compiler. A launch of more
#                    in the tests of kernels is a fault.
#   static shared    bytes of shared memory that the kernel declares, the most of all architectures
#   dynamic shared   bytes that it is launched with, the most of all launches in the tests of kernels
#   sm_80 and so on  registers of a thread: what the kernel needs, rounded up to the next multiple of 8, which is how
#                    they are allocated. More registers mean fewer threads at a time.
# A stack frame and spilled registers are always faults. block_list.cu and least_squares_buckets.cu are left out: their
# kernels are Thrust's.
# To write it anew: python3 tests/gates/kernel_budgets.py . build/release --update
"""

FACT = re.compile(
    r"Compiling entry function '(?P<symbol>[^']+)' for '(?P<architecture>\w+)'"
    r"|(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, (?P<loads>\d+) bytes spill loads"
    r"|Used (?P<registers>\d+) registers(?P<rest>.*)"
)
SHARED = re.compile(r"(\d+) bytes smem")
# An entry of PTX: its head, its parameters, and directives such as .maxntid before the body.
ENTRY = re.compile(r"\.entry\s+(?P<symbol>[\w$]+)\s*(?:\([^)]*\))?(?P<directives>[^{;]*)[{;]")
BOUND = re.compile(r"\.(?:maxntid|reqntid)\s+(\d+)(?:\s*,\s*(\d+))?(?:\s*,\s*(\d+))?")


def demangled(symbols):
    """Readable names, with template arguments and without namespaces in front."""
    if not symbols:
        return {}
    result = subprocess.run(
        ["c++filt", "-p"], input="\n".join(symbols), capture_output=True, text=True, encoding="utf-8", check=True
    )
    names = [re.sub(r"^(?:(?:\w+|\(anonymous namespace\))::)+", "", name) for name in result.stdout.splitlines()]
    return dict(zip(symbols, names, strict=True))


def read_report(text):
    """{(symbol, architecture): numbers} of one report."""
    kernels, current = {}, None
    for match in FACT.finditer(text):
        if match["symbol"]:
            current = kernels.setdefault((match["symbol"], match["architecture"]), {"stack": 0, "spilled": 0})
        elif match["stack"]:  # of the kernel, or of a function that it calls
            current["stack"] = max(current["stack"], int(match["stack"]))
            current["spilled"] = max(current["spilled"], int(match["stores"]), int(match["loads"]))
        else:
            shared = SHARED.search(match["rest"])
            current["registers"] = int(match["registers"])
            current["shared"] = int(shared[1]) if shared else 0
    return kernels


def kernel_commands(root, build):
    """(file, words of its command, folder to run it in) of every kernel file that the build compiles with nvcc."""
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        words = shlex.split(entry["command"])
        if "-x" not in words or words[words.index("-x") + 1] != "cu":
            continue
        file = (pathlib.Path(entry["directory"]) / entry["file"]).resolve().relative_to(root).as_posix()
        if file.startswith("kernels/") and file not in LEFT_OUT:
            yield file, words, pathlib.Path(entry["directory"])


def read_build(root, build):
    """{(file, kernel): {architecture: numbers}} of everything that the build compiled with nvcc."""
    measured = {}
    for file, words, directory in kernel_commands(root, build):
        report = directory / (words[words.index("-o") + 1] + ".ptxas")
        if not report.is_file():
            sys.exit(f"kernel_budgets: {report} is missing: build first; cmake/ptxas_report.sh writes it")
        kernels = read_report(report.read_text(encoding="utf-8"))
        names = demangled(sorted({symbol for symbol, _ in kernels}))
        for (symbol, architecture), numbers in kernels.items():
            measured.setdefault((file, names[symbol]), {})[architecture] = numbers
    return measured


def bounds_of(ptx):
    """{symbol: most threads of a block, or None without launch bounds} of the kernels in PTX."""
    bounds = {}
    for match in ENTRY.finditer(ptx):
        bound = BOUND.search(match["directives"])
        bounds[match["symbol"]] = math.prod(int(extent or 1) for extent in bound.groups()) if bound else None
    return bounds


def read_bounds(root, build):
    """{(file, kernel): most threads of a block, or None}, as the compiler has them."""

    def compiled(job):
        file, words, directory = job
        with tempfile.TemporaryDirectory() as folder:
            ptx = pathlib.Path(folder) / "kernel.ptx"
            flags = [word for word in words[: words.index("-x")] if not word.startswith("--generate-code=")]
            command = [*flags, f"-arch={PTX_ARCHITECTURE}", "-ptx", str(root / file), "-o", str(ptx)]
            result = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
            if result.returncode != 0:
                sys.exit(f"kernel_budgets: {shlex.join(command)} fails:\n{result.stderr}")
            return file, bounds_of(ptx.read_text(encoding="utf-8"))

    bounds = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for file, found in pool.map(compiled, kernel_commands(root, build)):
            names = demangled(sorted(found))
            bounds |= {(file, names[symbol]): threads for symbol, threads in found.items()}
    return bounds


def read_table(path):
    """{(file, kernel): {column: number}}."""
    table = {}
    if not path.is_file():
        return table
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")]
    columns = re.split(r" {2,}", lines[0])[2:]
    for line in lines[1:]:
        file, kernel, *numbers = re.split(r" {2,}", line)
        table[f"kernels/{file}", kernel] = dict(zip(columns, map(int, numbers), strict=True))
    return table


def written_table(rows):
    """The text of the table."""
    lines = [["file", "kernel", *COLUMNS]]
    for (file, kernel), row in sorted(rows.items()):
        lines.append([file.removeprefix("kernels/"), kernel, *(str(row.get(column, 0)) for column in COLUMNS)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = HEADER + "\n"
    for line in lines:
        words = [word.ljust(width) for word, width in zip(line[:2], widths, strict=False)]
        text += "  ".join(words + [word.rjust(width) for word, width in zip(line[2:], widths[2:], strict=True)]) + "\n"
    return text


def read_launches(build):
    """{kernel: the most bytes of dynamic shared memory, the most threads} of the tests of kernels on the emulator."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "launches.txt"
        subprocess.run(
            [build / "bin/kernels_test", "--gtest_filter=Order/*/ascending:-Order/Cuda*"],
            env=os.environ | {"SIGMAHAT_EMULATOR_LAUNCHES": str(report)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        lines = report.read_text(encoding="utf-8").splitlines()
    return {kernel: (int(bytes_), int(threads)) for kernel, bytes_, threads in (line.split("\t") for line in lines)}


def need(kernel):
    """What a row of the table says of a kernel that was measured: {column: number}."""
    row = {name: -(-kernel[name]["registers"] // GRANULE) * GRANULE for name in ARCHITECTURES}
    static = max(kernel[name]["shared"] for name in ARCHITECTURES)
    return row | {"threads": kernel["threads"], "static shared": static, "dynamic shared": kernel["dynamic"]}


def missing_architectures(measured):
    for (file, kernel), numbers in sorted(measured.items()):
        for architecture in ARCHITECTURES:
            if architecture not in numbers:
                yield f"{file}: {kernel} was not compiled for {architecture}: see CMAKE_CUDA_ARCHITECTURES"


def unlaunched(measured, launches):
    for file, kernel in sorted(measured):
        if kernel not in launches:
            yield f"{file}: {kernel} is launched by no test in tests/kernels"


def launch_faults(measured, launches, bounds):
    """Kernels without launch bounds, and launches beyond them."""
    for file, kernel in sorted(measured):
        bound, most = bounds.get((file, kernel)), launches[kernel][1]
        if bound is None:
            yield f"{file}: {kernel} has no launch bounds: head it with SIGMAHAT_KERNEL(most threads)"
        elif most > bound:
            yield (
                f"{file}: {kernel} is launched with {most} threads of a block, its launch bounds are {bound}, and a GPU"
                " refuses the launch: launch fewer, or raise the number in SIGMAHAT_KERNEL"
            )


def faults(measured):
    """What no table can allow."""
    for (file, kernel), numbers in sorted(measured.items()):
        for architecture in ARCHITECTURES:
            number = numbers[architecture]
            where = f"{file}: {kernel} on {architecture}"
            if number["stack"] > 0:
                yield f"{where}: {number['stack']} bytes of stack: index local arrays by constants"
            if number["spilled"] > 0:
                yield f"{where}: {number['spilled']} bytes of spilled registers: keep fewer values alive"


def compare(measured, table):
    """Kernels above their row, without a row, and rows without a kernel."""
    update = "or write the table anew with --update and give the reason in the change"
    for key in sorted(measured.keys() | table.keys()):
        name = f"{key[0]}: {key[1]}"
        if key not in table:
            yield f"{name}: not in {TABLE}: add it with --update"
        elif key not in measured:
            yield f"{name}: in {TABLE}, but no such kernel was compiled: remove it with --update"
        else:
            for column, number in need(measured[key]).items():
                budget = table[key].get(column, 0)
                if number > budget:
                    yield f"{name}: needs {number} {UNITS[column]}, its budget is {budget}: find what grew, {update}"


def run(root, build, update, launches, bounds):
    """The complaints, and the number of kernels."""
    measured = read_build(root, build)
    complaints = [*missing_architectures(measured), *unlaunched(measured, launches)]
    if complaints:
        return complaints, len(measured)
    complaints = list(launch_faults(measured, launches, bounds))
    if complaints:
        return complaints, len(measured)
    for key, kernel in measured.items():
        kernel["dynamic"], kernel["threads"] = launches[key[1]][0], bounds[key]
    complaints = list(faults(measured))
    if update and not complaints:
        rows = {key: need(kernel) for key, kernel in measured.items()}
        (root / TABLE).write_text(written_table(rows), encoding="utf-8")
    return complaints + list(compare(measured, read_table(root / TABLE))), len(measured)


SYMBOL = "_ZN8sigmahat40_GLOBAL__N__2a007034_8_panel_cu_aea31b7511panel_sliceIdEEvNS_11MomentPanelEPKd"
OTHER = "_ZN8sigmahat40_GLOBAL__N__2a007034_8_panel_cu_aea31b7510panel_meanENS_11MomentPanelElPKdPd"

PTX = f"""
.visible .entry {SYMBOL}(
  .param .align 8 .b8 {SYMBOL}_param_0[40],
  .param .u64 {SYMBOL}_param_1
)
.maxntid 64, 2, 1
.minnctapersm 1
{{
  .reg .b32 %r<2>;
}}
.entry {OTHER}(.param .u64 {OTHER}_param_0)
{{
  // .maxntid 32
}}
.func plain() {{ }}
.entry flat() .maxntid 256 {{ ret; }}
.entry none {{ ret; }}
"""


def planted_report(registers=40, stack=0, spilled=0, shared=256, symbols=(SYMBOL, OTHER), architectures=ARCHITECTURES):
    """A report in which the last kernel on the last architecture has the given numbers."""
    text = ""
    for symbol in symbols:
        for architecture in architectures:
            last = symbol == symbols[-1] and architecture == architectures[-1]
            text += f"ptxas info    : Compiling entry function '{symbol}' for '{architecture}'\n"
            text += f"ptxas info    : Function properties for {symbol}\n"
            text += f"    {stack if last else 0} bytes stack frame, {spilled if last else 0} bytes spill stores, "
            text += f"{spilled if last else 0} bytes spill loads\n"
            text += f"ptxas info    : Used {registers if last else 33} registers, used 1 barriers, "
            text += f"{shared if last else 128} bytes smem, 464 bytes cmem[0]\n"
    return text


def self_test():
    """Each planted build breaks one rule against the table of a clean build."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        build = root / "build"
        (root / "kernels").mkdir()
        build.mkdir()
        command = "nvcc -O3 -x cu -c {0} -o {1}.cu.o"
        files = [{"directory": str(build), "command": "g++ -x c++ -c a.cpp -o a.o", "file": "a.cpp"}]
        for name in ["kernels/panel", "kernels/block_list", "tests/kernels/portable"]:
            file = f"{root}/{name}.cu"
            files.append({"directory": str(build), "command": command.format(file, pathlib.Path(name).name), "file": file})
        (build / "compile_commands.json").write_text(json.dumps(files), encoding="utf-8")

        panel = "kernels/panel.cu"
        usual = {"panel_mean": (0, 32), "panel_slice<double>": (64, 128), "other_mean": (0, 1), "test_kernel": (1, 1)}
        bounded = {(panel, "panel_mean"): 64, (panel, "panel_slice<double>"): 128, (panel, "other_mean"): 64}

        def complaints(report, update=False, launches=usual, bounds=bounded):
            (build / "panel.cu.o.ptxas").write_text(report, encoding="utf-8")
            return run(root, build, update, launches, bounds)[0]

        clean = planted_report()
        assert complaints(clean, update=True) == []
        rows = (root / TABLE).read_text(encoding="utf-8").removeprefix(HEADER).split("\n")
        assert [row.split() for row in rows[2:4]] == [
            ["panel.cu", "panel_mean", "64", "256", "0", "40", "40", "40", "40"],
            ["panel.cu", "panel_slice<double>", "128", "128", "64", "40", "40", "40", "40"],
        ], rows
        assert complaints(clean) == [] and complaints(planted_report(registers=25, shared=0)) == []
        planted = {
            "needs 48 registers on sm_120": planted_report(registers=41),
            "needs 257 bytes of static shared": planted_report(shared=257),
            "8 bytes of stack": planted_report(stack=8),
            "4 bytes of spilled": planted_report(spilled=4),
            "not compiled for sm_120": planted_report(architectures=ARCHITECTURES[:-1], shared=128),
            "panel_mean: in kernels/budgets.txt, but": planted_report(symbols=[SYMBOL], shared=128),
            "other_mean: not in kernels/budgets.txt": clean + planted_report(symbols=[OTHER.replace("panel", "other")]),
        }
        for expected, report in planted.items():
            found = complaints(report)
            assert found and all(expected in complaint for complaint in found), (expected, found)
        mean, slices = "panel_mean", "panel_slice<double>"
        others = {
            "needs 65 bytes of dynamic": complaints(clean, launches=usual | {slices: (65, 128)}),
            "needs 96 threads of a block": complaints(clean, bounds=bounded | {(panel, mean): 96}),
            "launched by no test": complaints(clean, launches={mean: (0, 32)}),
            "panel_slice<double> is launched with 129 threads": complaints(clean, launches=usual | {slices: (64, 129)}),
            "panel_mean has no launch bounds": complaints(clean, bounds=bounded | {(panel, mean): None}),
            "panel_slice<double> has no launch bounds": complaints(clean, bounds={(panel, mean): 64}),
        }
        for expected, found in others.items():
            assert len(found) == 1 and expected in found[0], (expected, found)
        assert bounds_of(PTX) == {SYMBOL: 128, OTHER: None, "flat": 256, "none": None}, bounds_of(PTX)
        assert complaints(planted_report(stack=8), update=True) != [] and complaints(clean) == []
        assert complaints(planted_report(registers=41), update=True) == [] == complaints(clean)
    print(f"kernel_budgets: {len(planted) + len(others)} planted faults were found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    root, build = (pathlib.Path(place).resolve() for place in sys.argv[1:3])
    update = sys.argv[3:] == ["--update"]
    complaints, count = run(root, build, update, read_launches(build), read_bounds(root, build))
    if count == 0:
        sys.exit(f"kernel_budgets: {build} compiled no kernel")
    if complaints:
        sys.exit("\n".join(complaints))
    print(f"kernel_budgets: {count} kernels on {len(ARCHITECTURES)} architectures are within {TABLE}")


main()
