"""Compares what every kernel uses with the table kernels/budgets.txt.

usage: kernel_budgets.py ROOT BUILD           checks the kernels that BUILD compiled
       kernel_budgets.py ROOT BUILD --update  writes the table anew
       kernel_budgets.py --self-test          expects planted faults to be found

BUILD holds compile_commands.json and, beside every object file of a kernel, the report of ptxas that
cmake/ptxas_report.sh kept. What kernels are launched with comes from a run of BUILD/bin/kernels_test on the emulator.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TABLE = "kernels/budgets.txt"
ARCHITECTURES = ["sm_80", "sm_90", "sm_100", "sm_120"]
GRANULE = 8  # registers of a thread are allocated in multiples of this
LEFT_OUT = {"kernels/block_list.cu"}  # its kernels are Thrust's and change with the toolkit

COLUMNS = ["static shared", "dynamic shared", *ARCHITECTURES]
HEADER = """\
# What each kernel may use, compared with the build by the test gate.kernel_budgets:
#   static shared    bytes of shared memory that the kernel declares, the most of all architectures
#   dynamic shared   bytes that it is launched with, the most of all launches in the tests of kernels
#   sm_80 and so on  registers of a thread: what the kernel needs, rounded up to the next multiple of 8, which is how
#                    they are allocated. More registers mean fewer threads at a time.
# A stack frame and spilled registers are always faults. block_list.cu is left out: its kernels are Thrust's.
# To write it anew: python3 tests/gates/kernel_budgets.py . build/release --update
"""

FACT = re.compile(
    r"Compiling entry function '(?P<symbol>[^']+)' for '(?P<architecture>\w+)'"
    r"|(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, (?P<loads>\d+) bytes spill loads"
    r"|Used (?P<registers>\d+) registers(?P<rest>.*)"
)
SHARED = re.compile(r"(\d+) bytes smem")


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


def read_build(root, build):
    """{(file, kernel): {architecture: numbers}} of everything that the build compiled with nvcc."""
    measured = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        words = shlex.split(entry["command"])
        if "-x" not in words or words[words.index("-x") + 1] != "cu":
            continue
        file = (pathlib.Path(entry["directory"]) / entry["file"]).resolve().relative_to(root).as_posix()
        if not file.startswith("kernels/") or file in LEFT_OUT:
            continue
        report = pathlib.Path(entry["directory"]) / (words[words.index("-o") + 1] + ".ptxas")
        if not report.is_file():
            sys.exit(f"kernel_budgets: {report} is missing: build first; cmake/ptxas_report.sh writes it")
        kernels = read_report(report.read_text(encoding="utf-8"))
        names = demangled(sorted({symbol for symbol, _ in kernels}))
        for (symbol, architecture), numbers in kernels.items():
            measured.setdefault((file, names[symbol]), {})[architecture] = numbers
    return measured


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
    """{kernel: the most bytes of dynamic shared memory} of the tests of kernels on the emulator."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "launches.txt"
        tests = ["Order/*Kernel*/ascending", "Order/Row*/ascending", "Order/Large*/ascending"]
        subprocess.run(
            [build / "bin/kernels_test", "--gtest_filter=" + ":".join(tests)],
            env=os.environ | {"SIGMAHAT_EMULATOR_LAUNCHES": str(report)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        lines = report.read_text(encoding="utf-8").splitlines()
    return {kernel: int(most) for kernel, most in (line.split("\t") for line in lines)}


def need(kernel):
    """What a row of the table says of a kernel that was measured: {column: number}."""
    row = {name: -(-kernel[name]["registers"] // GRANULE) * GRANULE for name in ARCHITECTURES}
    static = max(kernel[name]["shared"] for name in ARCHITECTURES)
    return row | {"static shared": static, "dynamic shared": kernel["dynamic"]}


def missing_architectures(measured):
    for (file, kernel), numbers in sorted(measured.items()):
        for architecture in ARCHITECTURES:
            if architecture not in numbers:
                yield f"{file}: {kernel} was not compiled for {architecture}: see CMAKE_CUDA_ARCHITECTURES"


def unlaunched(measured, launches):
    for file, kernel in sorted(measured):
        if kernel not in launches:
            yield f"{file}: {kernel} is launched by no test in tests/kernels"


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
                unit = f"registers on {column}" if column in ARCHITECTURES else f"bytes of {column} memory"
                budget = table[key].get(column, 0)
                if number > budget:
                    yield f"{name}: needs {number} {unit}, its budget is {budget}: find what grew, {update}"


def run(root, build, update, launches):
    """The complaints, and the number of kernels."""
    measured = read_build(root, build)
    complaints = [*missing_architectures(measured), *unlaunched(measured, launches)]
    if complaints:
        return complaints, len(measured)
    for (_, name), kernel in measured.items():
        kernel["dynamic"] = launches[name]
    complaints = list(faults(measured))
    if update and not complaints:
        rows = {key: need(kernel) for key, kernel in measured.items()}
        (root / TABLE).write_text(written_table(rows), encoding="utf-8")
    return complaints + list(compare(measured, read_table(root / TABLE))), len(measured)


SYMBOL = "_ZN8sigmahat40_GLOBAL__N__2a007034_8_panel_cu_aea31b7511panel_sliceIdEEvNS_11MomentPanelEPKd"
OTHER = "_ZN8sigmahat40_GLOBAL__N__2a007034_8_panel_cu_aea31b7510panel_meanENS_11MomentPanelElPKdPd"


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

        usual = {"panel_mean": 0, "panel_slice<double>": 64, "other_mean": 0, "test_kernel": 1}

        def complaints(report, update=False, launches=usual):
            (build / "panel.cu.o.ptxas").write_text(report, encoding="utf-8")
            return run(root, build, update, launches)[0]

        clean = planted_report()
        assert complaints(clean, update=True) == []
        rows = (root / TABLE).read_text(encoding="utf-8").removeprefix(HEADER).split("\n")
        assert [row.split() for row in rows[2:4]] == [
            ["panel.cu", "panel_mean", "256", "0", "40", "40", "40", "40"],
            ["panel.cu", "panel_slice<double>", "128", "64", "40", "40", "40", "40"],
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
        assert any("needs 65 bytes of dynamic" in c for c in complaints(clean, launches=usual | {"panel_slice<double>": 65}))
        assert any("launched by no test" in c for c in complaints(clean, launches={"panel_mean": 0}))
        assert complaints(planted_report(stack=8), update=True) != [] and complaints(clean) == []
        assert complaints(planted_report(registers=41), update=True) == [] == complaints(clean)
    print(f"kernel_budgets: {len(planted) + 2} planted faults were found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    root, build = (pathlib.Path(place).resolve() for place in sys.argv[1:3])
    complaints, count = run(root, build, sys.argv[3:] == ["--update"], read_launches(build))
    if count == 0:
        sys.exit(f"kernel_budgets: {build} compiled no kernel")
    if complaints:
        sys.exit("\n".join(complaints))
    print(f"kernel_budgets: {count} kernels on {len(ARCHITECTURES)} architectures are within {TABLE}")


main()
