"""Compiles small kernels with the flags of the build: faults must be errors, and their clean twin must pass.

usage: nvcc_flags.py BUILD LAUNCHER              expects a fault to be an error
       nvcc_flags.py BUILD LAUNCHER --self-test  leaves out the flags that matter and expects every fault to be missed

BUILD holds compile_commands.json; LAUNCHER is what runs the compiler there (cmake/ptxas_report.sh).
"""

import concurrent.futures
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

LEFT_OUT = ("block_list.cu", "least_squares_buckets.cu")  # Thrust's kernels spill as they like
ARCHITECTURE = "arch=compute_90,code=[sm_90]"

LAUNCH = """
__global__ void __launch_bounds__(32) one(double* x) { *x = 1; }
void launch(double* x, cudaStream_t stream) { one<<<1, 32, 0, stream>>>(x); }
"""
# Name: the source, and what the error says. With 1024 threads a thread has 64 registers, and a number takes two.
FAULTS = {
    "an unused variable": (
        "__global__ void __launch_bounds__(32) unused(double* x) { double y = 1; *x = 2; }\n",
        'error #177-D: variable "y" was declared but never referenced',
    ),
    "registers that spill": (
        """__global__ void __launch_bounds__(1024) spilling(double* x) {
  double values[64];
#pragma unroll
  for (int i = 0; i < 64; ++i) values[i] = x[i];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 64; ++i) x[i] = values[63 - i];
}
""",
        "Registers are spilled to local memory",
    ),
    "a local array with an index known late": (
        """__global__ void __launch_bounds__(32) local(double* x, int n) {
  double values[8];
  for (int i = 0; i < 8; ++i) values[i] = x[i];
  for (int k = 0; k < n; ++k) values[(k * k) % 8] += x[k];
  *x = values[n % 8];
}
""",
        "Local memory used",
    ),
    "a launch on the default stream": (
        LAUNCH.replace("1, 32, 0, stream", "1, 32"),
        "explicit stream argument not provided",
    ),
    "a name that hides another": ("int shadow(int x) {\n  { int x = 1; ++x; }\n  return x;\n}\n", "-Werror=shadow"),
    "a conversion that loses bits": ("float narrow(double x) { return x; }\n", "-Werror=float-conversion"),
    "an unused parameter of the host": ("int ignore(int x) { return 1; }\n", "-Werror=unused-parameter"),
}
CLEAN = (
    LAUNCH
    + """
__global__ void __launch_bounds__(256) clean(double* x, int n) {
  double values[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) values[i] = x[i] * n;
#pragma unroll
  for (int i = 0; i < 8; ++i) x[i] = values[i];
}
float narrow(double x) { return static_cast<float>(x); }
"""
)


def flags_of(build):
    """The compiler with the flags that all kernels have, for one architecture, and the folder to run it in."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        words = shlex.split(entry["command"])
        if "-x" not in words or words[words.index("-x") + 1] != "cu" or entry["file"].endswith(LEFT_OUT):
            continue
        for option in ["-x", "-c", "-o"]:
            place = words.index(option)
            del words[place : place + 2]
        words = [word for word in words if not word.startswith("--generate-code=")]
        # Paths, macros and the kind of position-independent code are the target's own.
        common = [word for word in words if not word.startswith(("-D", "-I", "-isystem", "-Xcompiler=-fPI"))]
        found[entry["file"]] = [*common, f"--generate-code={ARCHITECTURE}"], entry["directory"]
    if not found:
        sys.exit(f"nvcc_flags: {build} compiles no kernel")
    first = next(iter(found.values()))
    for file, flags in found.items():
        if flags != first:
            sys.exit(f"nvcc_flags: {file} is compiled with other flags than the other kernels: {shlex.join(flags[0])}")
    return first


def compile_source(launcher, flags, directory, folder, name, text):
    """Exit status and output of compiling the text."""
    file = folder / f"{name.replace(' ', '_')}.cu"
    file.write_text(text, encoding="utf-8")
    command = [launcher, *flags, "-x", "cu", "-c", str(file), "-o", str(file.with_suffix(".o"))]
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, encoding="utf-8", check=False)
    return result.returncode, result.stdout + result.stderr


def check(launcher, flags, directory, folder):
    """All complaints."""
    sources = {"a clean twin": CLEAN} | {name: text for name, (text, _) in FAULTS.items()}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = {
            name: pool.submit(compile_source, launcher, flags, directory, folder, name, text)
            for name, text in sources.items()
        }
    status, output = jobs["a clean twin"].result()
    if status != 0 or output:
        yield f"a clean twin: exit status {status}, and the compiler says:\n{output}"
    report = folder / "a_clean_twin.o.ptxas"
    if not report.is_file() or "Compiling entry function" not in report.read_text(encoding="utf-8"):
        yield f"a clean twin: {launcher} left no report of ptxas beside the object file"
    for name, (_, expected) in FAULTS.items():
        status, output = jobs[name].result()
        if status == 0 or expected not in output:
            yield f'{name}: exit status {status}, expected is an error with "{expected}"; the compiler says:\n{output}'


def without_checks(flags):
    """The flags without those that make a fault an error or ask for a report."""
    kept = [flag for flag in flags if not flag.startswith(("-Xptxas=", "-Xcompiler="))]
    while "-Werror" in kept:
        place = kept.index("-Werror")
        del kept[place : place + 2]
    return kept


def main():
    build, launcher = sys.argv[1:3]
    flags, directory = flags_of(pathlib.Path(build))
    self_test = sys.argv[3:] == ["--self-test"]
    with tempfile.TemporaryDirectory() as folder:
        used = without_checks(flags) if self_test else flags
        complaints = list(check(launcher, used, directory, pathlib.Path(folder)))
    if self_test:
        missed = [complaint.split(":")[0] for complaint in complaints]
        assert missed == ["a clean twin", *FAULTS], complaints
        print(f"nvcc_flags: without the flags {len(FAULTS)} faults pass, and there is no report")
        return
    if complaints:
        sys.exit("\n".join(complaints) + "\nnvcc_flags: the flags stand in cmake/SigmahatCuda.cmake")
    print(f"nvcc_flags: {len(FAULTS)} planted faults are errors")


main()
