"""Checks that of CUDA the sources use only what kernels/device/portable.cuh offers, which is what the emulator can run.

usage: portable_subset.py ROOT        checks the sources below ROOT
       portable_subset.py --self-test plants violations of every rule in a temporary folder and expects each to be found
"""

import pathlib
import re
import sys
import tempfile

TOPS = ["kernels", "host", "estimators", "cli", "bench", "examples", "tests"]
SUFFIXES = {".hpp", ".cpp", ".cu", ".cuh"}
SUBSET = "kernels/device/portable.cuh"  # the one file that speaks CUDA
LEFT_OUT = re.compile(r"tests/emulator/(?:include/.*|[^/]*)")  # the emulator answers to CUDA's names
# These run Thrust: the launcher, for which the emulator has a stand-in, and the algorithm, which a test runs on the CPU.
THRUST = ["kernels/block_list.cu", "kernels/device/block_list.cuh"]
TEAM = "kernels/steps/team.hpp"  # defines SIGMAHAT_STEP
# In these every name with two underscores in front must be listed.
DEVICE_CODE = ["kernels/", "tests/kernels/", "tests/emulator/"]

# Pattern, what it is, what to use instead, and the files that may use it. Without other words a name to use is one of
# the portable subset.
RULES = [
    (r"<<<", "a raw kernel launch", "launch()", []),
    (r"\bcu(?:da)?Launch\w*", "a raw kernel launch", "launch()", []),
    (r"\b__global__\b", "the head of a kernel that may lack launch bounds", "SIGMAHAT_KERNEL(most threads)", []),
    (r"\b__launch_bounds__\b", "half the head of a kernel", "SIGMAHAT_KERNEL(most threads)", []),
    (r"\b__shared__\b", "raw shared memory", "SIGMAHAT_SHARED or SharedCarver", []),
    (r"\b(?:asm|__asm|__asm__)\b", "inline assembly", "one of its operations, or add one there", []),
    (r"\b__activemask\b", "an implicit warp mask", "a mask that the source states", []),
    (r"\b__syncthreads\w*", "a raw barrier", "block_barrier()", []),
    (r"\b(?:__syncwarp|__barrier_sync\w*)", "a raw barrier", "warp_barrier(mask) or block_barrier()", []),
    (r"\b__\w+_sync\b", "a raw warp operation", "shuffle, shuffle_down, shuffle_xor or ballot", []),
    (r"\bcooperative_groups\b", "not in the portable subset", "block_barrier() and the warp operations", []),
    (r"\bextern\s+__device__", "device code linked from elsewhere", "a header in kernels/steps or kernels/device", []),
    (r"\batomic[A-Z]\w*(?=\s*\()", "a raw atomic operation", "atomic_add or atomic_max", []),
    (r"\b(?:threadIdx|blockIdx|blockDim|gridDim|warpSize)\b", "a raw index", "thread_index(), block_x(), kWarp", []),
    (r"\b__(?:host|device)__", "a raw function space", "SIGMAHAT_DEVICE or SIGMAHAT_STEP", [TEAM]),
]  # fmt: skip
# The same, below kernels/ alone.
KERNEL_RULES = [
    (r"\bmem(?:cpy|set|move)(?=\s*\()", "a copy of bytes", "assignments, or block_copy() of kernels/device", []),
    (r"\b(?:printf|malloc|free)(?=\s*\()", "a call of CUDA's device library", "arguments and memory of the host", []),
    (r"\b(?:cuda|nvcuda|cub|thrust)::\w*", "a library that the emulator cannot run", "one of its operations", THRUST),
    (r"#[ \t]*include[ \t]*[<\"](?:cuda|cooperative_groups|device_launch|mma\.h|nv/|cub/|thrust/)[^>\"]*[>\"]",
     "a header of CUDA", "the header device/portable.cuh", THRUST),
]  # fmt: skip
# The names with two underscores in front that device code may use, and where.
LISTED = {
    "__CUDACC__": [TEAM],
    "__host__": [TEAM],
    "__device__": [TEAM],
    "__FILE__": ["tests/"],
    "__LINE__": ["tests/"],
}

# Comments, literals of strings and of characters, so that words in them do not count. Names of headers stay.
QUIET = re.compile(
    r"""(?P<include>^[ \t]*\#[ \t]*include[^\n]*)
    | //[^\n]* | /\*.*?\*/
    | R"(?P<mark>[^\s()\\]*)\(.*?\)(?P=mark)"
    | "(?:\\.|[^"\\\n])*"
    | (?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)


def code_of(text):
    """The text with comments and literals blanked out; the lines stay where they are."""
    return QUIET.sub(lambda m: m[0] if m["include"] else re.sub(r"[^\n]", " ", m[0]), text)


def begins(path, places):
    return any(path.startswith(place) for place in places)


def check_subset(code):
    """Faults of portable.cuh itself: every kernel head that it offers has launch bounds."""
    for match in re.finditer(r"[^\n\\]*(?:\\\n[^\n\\]*)*\b__global__\b(?:[^\n\\]|\\\n)*", code):
        if "__launch_bounds__" not in match[0]:
            yield match.end(), "the head of a kernel without launch bounds", "__launch_bounds__ beside __global__"


def check_code(path, code):
    """Faults of one file as (place, what is wrong, what to use instead)."""
    for pattern, wrong, instead, places in RULES + (KERNEL_RULES if path.startswith("kernels/") else []):
        if not begins(path, places):
            for match in re.finditer(pattern, code):
                yield match.start(), f"{' '.join(match[0].split())} is {wrong}", instead
    for match in re.finditer(r"\b__\w+", code) if begins(path, DEVICE_CODE) else []:
        if not begins(path, LISTED.get(match[0], [])):
            yield match.start(), f"{match[0]} is not in the portable subset", "what is, or list it in this gate"


def check(root):
    """All complaints, as 'path:line: what is wrong: what to use instead', and the number of files read."""
    complaints, count = [], 0
    for top in TOPS:
        for file in sorted((root / top).rglob("*")):
            path = file.relative_to(root).as_posix()
            if file.suffix not in SUFFIXES or LEFT_OUT.fullmatch(path):
                continue
            count += 1
            code = code_of(file.read_text(encoding="utf-8"))
            found = {}  # line: the first complaint about it
            for place, wrong, instead in check_subset(code) if path == SUBSET else check_code(path, code):
                found.setdefault(code.count("\n", 0, place) + 1, f"{wrong}: use {instead}")
            complaints += [f"{path}:{line}: {text}" for line, text in sorted(found.items())]
    return complaints, count


CLEAN = {
    SUBSET: "#define SIGMAHAT_KERNEL(n) \\\n  __global__ void \\\n  __launch_bounds__(n)\n"
    'void f() { asm("bar.sync 0;"); __syncthreads(); atomicAdd(p, 1); }\n',
    "kernels/steps/team.hpp": "#if defined(__CUDACC__)\n#define SIGMAHAT_STEP __host__ __device__ inline\n#endif\n",
    "kernels/steps/words.hpp": "// __ldg, asm, threadIdx.x and <<< in a comment\n/* __shared__\n __syncthreads() */\n",
    "kernels/block_list.cu": "#include <thrust/scan.h>\nauto policy = thrust::cuda::par;\n",
    "kernels/a.cu": '#include "device/portable.cuh"\nSIGMAHAT_KERNEL(32) a(double* x) {\n'
    "  SIGMAHAT_SHARED(double, s, 32);\n  atomic_add(&n, 1);\n}\nint n = 1'000; char c = '\"', d = '<';\n"
    'const char* s = "<<<" R"(__shared__ " asm)" R"x(__ldg)" )x";\n',
    "host/backends/cuda/b.cpp": "#include <cuda_runtime.h>\nvoid f() { __builtin_prefetch(p); memcpy(a, b, 1); }\n",
    "tests/kernels/t.cpp": "const char* place = __FILE__;\nvoid f() { std::memcpy_of(a); }\n",
    "tests/emulator/include/e.hpp": "void __syncthreads();\n",
    "tests/emulator/e.hpp": "void __syncthreads();\nvoid atomicAdd(int*);\n",
}
# One violation in each line that is not empty.
PLANTED = {
    "kernels/launch.cu": "void f() { g<<<1, 1>>>(); }\n\ne = cudaLaunchKernelEx(&c, k);\ne = cudaLaunchKernel(k);\n",
    "host/launch.cpp": "auto e = cudaLaunchCooperativeKernel(k);\nauto e = cuLaunchKernel(k);\n",
    "kernels/head.cu": "__global__ void k();\nvoid __launch_bounds__(32) k();\n",
    "kernels/shared.cu": "__shared__ double x[4];\nextern __shared__ double y[];\n",
    "host/assembly.cpp": 'void f() { asm(""); }\n\nvoid g() { __asm__("pause"); }\n',
    "kernels/steps/mask.hpp": "unsigned m = __activemask();\n",
    "kernels/barrier.cu": "__syncthreads();\n__syncthreads_or(1);\n__syncwarp();\n__barrier_sync(0);\n",
    "kernels/device/warp.cuh": "__shfl_down_sync(m, x, 1);\n__ballot_sync(m, 1);\n__reduce_add_sync(m, 1);\n",
    "kernels/groups.cu": "#include <cooperative_groups.h>\nnamespace cg = cooperative_groups;\n",
    "kernels/block_list.cu.cuh": 'extern "C" __device__ void f();\n',
    "kernels/atomic.cu": "atomicAdd(p, 1);\natomicCAS (p, 0, 1);\n",
    "tests/kernels/index.cpp": "int i = threadIdx.x;\nint j = blockIdx.y;\nint k = blockDim.x;\nint n = gridDim.x;\n",
    "kernels/size.cu": "int n = warpSize;\n",
    "estimators/space.cpp": "__device__ int f();\n",
    "kernels/bytes.cu": "memcpy(a, b, 8);\nstd::memset(a, 0, 8);\n",
    "kernels/library.cu": 'printf("%d", 1);\nvoid* p = malloc(8);\n',
    "kernels/cub.cu": "#include <cub/cub.cuh>\nusing T = cub::BlockReduce<int, 32>;\nusing B = cuda::barrier<>;\n",
    "kernels/header.cu": "#include <cuda_runtime.h>\n# include <mma.h>\n",
    "kernels/intrinsic.cu": "x = __ldg(p);\nx = __fma_rn(a, b, c);\n__constant__ int c;\n__threadfence();\n",
    "kernels/sigmahat/kernels/far.hpp": "const char* f = __builtin_FILE();\n",
    "kernels/cuda.cu": "#if defined(__CUDACC__)\n",
    "bench/launch.cu": "k<<<1, 1>>>();\n",
    "tests/emulator/planted/race.cu": "__threadfence();\n",
}


def self_test():
    """Every line of the planted files is found, with its number, once; the clean files have no fault."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)

        def write(files):
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")

        write(CLEAN)
        complaints, count = check(root)
        assert complaints == [] and count == len(CLEAN) - 2, complaints
        write(PLANTED)
        write({SUBSET: "#define SIGMAHAT_KERNEL(n) __global__ void\n"})
        expected = [f"{SUBSET}:1"]
        for path, text in PLANTED.items():
            expected += [f"{path}:{number}" for number, line in enumerate(text.split("\n"), 1) if line]
        complaints, _ = check(root)
        found = [":".join(complaint.split(":")[:2]) for complaint in complaints]
        assert sorted(found) == sorted(expected), sorted(set(expected) ^ set(found)) or complaints
    print(f"portable_subset: {len(expected)} planted violations were found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    complaints, count = check(pathlib.Path(sys.argv[1]))
    if count == 0:
        sys.exit(f"portable_subset: no sources below {sys.argv[1]}")
    if complaints:
        complaints.append(f"portable_subset: {len(complaints)} lines; the subset is {SUBSET}, see kernels/README.md")
        sys.exit("\n".join(complaints))
    print(f"portable_subset: {count} files use of CUDA what {SUBSET} offers")


main()
