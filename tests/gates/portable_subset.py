"""Checks that of CUDA the sources use only what kernels/device/portable.cuh offers, which is what the emulator can run.

usage: portable_subset.py ROOT        checks the sources below ROOT
       portable_subset.py --self-test plants violations of every rule in a temporary folder and expects each to be found
"""

import pathlib
import re
import sys
import tempfile

TOPS = ["kernels", "host", "estimators", "cli", "bench", "examples", "tests"]
SUFFIXES = {".hpp", ".inc", ".cpp", ".cu", ".cuh"}
# Below kernels/ nothing else may stand, so that no code there goes unread.
KERNEL_SUFFIXES = {".hpp", ".inc", ".cuh", ".cu", ".txt", ".md", ".cmake", ""}
SUBSET = "kernels/device/portable.cuh"  # the one file that speaks CUDA
LEFT_OUT = re.compile(r"tests/emulator/(?:include/.*|[^/]*)")  # the emulator answers to CUDA's names
# These run Thrust: the launchers, for which the emulator has stand-ins, and the algorithms, which a test runs on a CPU.
THRUST = [
    "kernels/block_list.cu",
    "kernels/device/block_list.cuh",
    "kernels/least_squares_buckets.cu",
    "kernels/device/least_squares_buckets.cuh",
    "kernels/device/thrust_policy.cuh",
]
TEAM = "kernels/steps/team.hpp"  # defines SIGMAHAT_STEP
KERNEL_TEST = "tests/kernels/kernel_test.hpp"  # one test body for emulator and GPU
REFUSED = "which nvcc refuses in a kernel and the emulator does not see"
# In these every name with two underscores in front must be listed.
DEVICE_CODE = ["kernels/", "tests/kernels/", "tests/emulator/"]

# Pattern, what it is, what to use instead, and the files that may use it. Without other words a name to use is one of
# the portable subset.
RULES = [
    (r"<<<", "a raw kernel launch", "launch()", []),
    (r"\bcu(?:da)?(?:Launch\w*|Graph\w*Kernel\w*)", "a raw kernel launch", "launch()", []),
    (r"\bSIGMAHAT_(?:EMULATOR|HAS_CHECKER)\w*", "a way to hide code from the emulator", "one source for both",
     [KERNEL_TEST]),
    (r"\b__global__\b", "the head of a kernel that may lack launch bounds", "SIGMAHAT_KERNEL(most threads)", []),
    (r"\b__launch_bounds__\b", "half the head of a kernel", "SIGMAHAT_KERNEL(most threads)", []),
    (r"\b__shared__\b", "raw shared memory", "SIGMAHAT_SHARED or SharedCarver", []),
    (r"\b(?:asm|__asm|__asm__)\b", "inline assembly", "one of its operations, or add one there", []),
    (r"\b__activemask\b", "an implicit warp mask", "a mask that the source states", []),
    (r"\b__syncthreads\w*", "a raw barrier", "block_barrier()", []),
    (r"\b(?:__syncwarp|__barrier_sync\w*)", "a raw barrier", "warp_barrier(mask) or block_barrier()", []),
    (r"\b__(?:shfl|shfl_up|shfl_down|shfl_xor|ballot|any|all)\b", "a warp operation without a mask",
     "shuffle, shuffle_down, shuffle_xor or ballot", []),
    (r"\b__\w+_sync\b", "a raw warp operation", "shuffle, shuffle_down, shuffle_xor or ballot", []),
    (r"\bcooperative_groups\b", "not in the portable subset", "block_barrier() and the warp operations", []),
    (r"\bextern\s+__device__", "device code linked from elsewhere", "a header in kernels/steps or kernels/device", []),
    (r"\batomic[A-Z]\w*", "a raw atomic operation", "atomic_add or atomic_max", []),
    (r"\b(?:threadIdx|blockIdx|blockDim|gridDim|warpSize)\b", "a raw index", "thread_index(), block_x(), kWarp", []),
    (r"\b__(?:host|device)__", "a raw function space", "SIGMAHAT_DEVICE or SIGMAHAT_STEP", [TEAM]),
]  # fmt: skip
# The same, below kernels/ and in the kernels of the tests alone.
KERNEL_RULES = [
    (r"\bmem(?:cpy|set|move)(?=\s*\()", "a copy of bytes", "assignments, or block_copy() of kernels/device", []),
    (r"\b(?:printf|malloc|free|assert)(?=\s*\()", "a call of CUDA's device library", "arguments and memory of the host",
     []),
    (r"\b(?:clock(?=\s*\()|clock64|globaltimer|rsqrtf?|rcbrtf?|(?:tex|surf)[123]D\w*|(?:tex|surf)Cubemap\w*)",
     "CUDA's own, without a twin in the emulator", "standard mathematics, and arrays in global memory", []),
    (r"#[ \t]*(?:if|ifdef|ifndef)\b", "a part that one of the two compilers may not see", "one source for both",
     [TEAM]),
    (r"\bthread_local\b|\bstatic\b(?!\s+constexpr\b)(?![^;=(){}]*\()", "memory that outlives a block",
     "SIGMAHAT_SHARED, static constexpr, or an argument", []),
    (r"\b(?:throw|try|catch|dynamic_cast|typeid)\b|\bnew\b(?!>)|(?<!=)(?<!= )\bdelete\b", f"host code, {REFUSED}",
     "a status in the result, and memory of the host", THRUST),
    (r"\bstd::(?!\w+_t\b|bit_cast\b)(?:\w+::)*\w+(?:<[^;(){}]*>)?(?=\s*\()|\busing\s+(?:namespace\s+)?std\b",
     f"a host function, {REFUSED}",
     "the name without std:: where CUDA has it, else write it out", []),
    (r"\bstd::(?:vector|string|array|map|set|function|unique_ptr|shared_ptr|optional|span|tuple|pair)\b",
     f"a host type, {REFUSED}", "pointers and plain structures", []),
    (r"\b(?:getenv|abort|exit|puts|fprintf)(?=\s*\()", f"a host function, {REFUSED}", "arguments and a status", []),
    (r"\b(?:cuda|nvcuda|cub|thrust)::\w*", "a library that the emulator cannot run", "one of its operations", THRUST),
    (r"#[ \t]*include[ \t]*[<\"](?:cuda|cooperative_groups|device_launch|mma\.h|nv/|cub/|thrust/)[^>\"]*[>\"]",
     "a header of CUDA", "the header device/portable.cuh", THRUST),
]  # fmt: skip
# The names with two underscores in front that device code may use, and where.
LISTED = {
    "__CUDACC__": [TEAM],
    "__host__": [TEAM],
    "__device__": [TEAM],
    "__builtin_bit_cast": ["kernels/steps/lane.hpp"],
    "__FILE__": ["tests/"],
    "__LINE__": ["tests/"],
    "__SANITIZE_ADDRESS__": ["tests/"],
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
    kernels = path.startswith("kernels/") or (path.startswith("tests/kernels/") and path.endswith(".cu"))
    for pattern, wrong, instead, places in RULES + (KERNEL_RULES if kernels else []):
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
            if top == "kernels" and file.is_file() and file.suffix not in KERNEL_SUFFIXES:
                complaints.append(f"{path}:1: a file that no gate reads: use the suffix .hpp, .inc, .cuh or .cu")
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
    "kernels/CMakeLists.txt": "SIGMAHAT_EMULATOR",
    "kernels/.clang-tidy": "throw",
    "kernels/steps/host.hpp": "static_assert(true);\nstruct A { static int f(int); A(A&) = delete; };\n"
    "static constexpr int k[2] = {};\nconstexpr double n = std::bit_cast<double>(std::uint64_t(1));\n"
    "auto s = static_cast<std::size_t>(k[0]); void g(std::initializer_list<int> all);\n",
    "kernels/steps/words.hpp": "// __ldg, asm, threadIdx.x and <<< in a comment\n/* __shared__\n __syncthreads() */\n",
    "kernels/block_list.cu": "#include <thrust/scan.h>\n#include <new>\nvoid f() { throw 1; }\n"
    "auto policy = thrust::cuda::par;\n",
    "kernels/a.cu": '#include "device/portable.cuh"\nSIGMAHAT_KERNEL(32) a(double* x) {\n'
    "  SIGMAHAT_SHARED(double, s, 32);\n  atomic_add(&n, 1);\n}\nint n = 1'000; char c = '\"', d = '<';\n"
    'const char* s = "<<<" R"(__shared__ " asm)" R"x(__ldg)" )x";\n',
    "host/backends/cuda/b.cpp": "#include <cuda_runtime.h>\nvoid f() { __builtin_prefetch(p); memcpy(a, b, 1); }\n",
    "tests/kernels/t.cpp": "const char* place = __FILE__;\nvoid f() { std::memcpy_of(a); }\n",
    KERNEL_TEST: "#if defined(SIGMAHAT_EMULATOR)\n#endif\n",
    "bench/c.cpp": "#if defined(_OPENMP)\nstatic int n; int m = std::max(1, 2); assert(n); throw 1;\n#endif\n",
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
    "kernels/steps/mask.inc": "unsigned m = __activemask();\nx = std::max(1, 2);\n",
    "host/backends/cpu/launch.inc": "g<<<1, 1>>>();\n",
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
    "kernels/hidden.cu": "#if !defined(SIGMAHAT_EMULATOR)\n\nbool e = SIGMAHAT_EMULATOR;\n",
    "kernels/steps/parts.hpp": "#if 0\n# ifdef NDEBUG\n#ifndef _OPENMP\n",
    "host/hidden.cpp": "#ifndef SIGMAHAT_EMULATOR\n",
    "kernels/unread.inl": "int",
    "kernels/device/unread.h": "int",
    "kernels/steps/unread.cc": "int",
    "kernels/sigmahat/unread.hxx": "int",
    "kernels/unread.cpp": "int",
    "host/graph.cpp": "e = cudaGraphAddKernelNode(&n, g, d, 1, &p);\ne = cuGraphExecKernelNodeSetParams(x, n, &p);\n",
    "kernels/pointer.cu": "auto add = &atomicAdd;\n",
    "kernels/own.cu": "t = clock64();\nt = clock();\nx = rsqrt(2.0);\nx = rsqrtf(x);\nx = tex2D<float>(t, u, v);\n",
    "kernels/assert.cu": "assert(x > 0);\n",
    "kernels/lasting.cu": "static double s[4];\n  static int n = f(1);\nthread_local int t;\nstatic const int k = 1;\n",
    "kernels/failing.cu": "throw 1;\nint* p = new int[4];\ndelete[] p;\ntry {\n\ncatch (int) {\n",
    "kernels/host.cu": "n = std::max(1, 2);\nn = std::min<Index>(n, 3);\nstd::swap (a, b);\nstd::sort(p, p + n);\n"
    'std::copy_n(p, 4, q);\nconst char* e = std::getenv("A");\nexit(1);\nstd::vector<int> v;\n',
    "kernels/names.cu": "using std::max;\nusing namespace std;\nstd::ranges::copy(a, b);\n",
    "tests/kernels/host.cu": "n = std::abs(-1);\nthrow 1;\n",
    "kernels/unmasked.cu": "x = __shfl(x, 0);\nx = __shfl_down(x, 1);\nb = __ballot(1);\n"
    "b = __any(b) ? 1 : 2;\nb = __all(b);\n",
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
        assert complaints == [] and count == len(CLEAN) - 4, complaints
        write(PLANTED)
        write({SUBSET: "#define SIGMAHAT_KERNEL(n) __global__ void\n"})
        expected = [f"{SUBSET}:1"]
        for path, text in PLANTED.items():
            expected += [f"{path}:{number}" for number, line in enumerate(text.split("\n"), 1) if line]
        complaints, _ = check(root)
        found = [":".join(complaint.split(":")[:2]) for complaint in complaints]
        assert sorted(found) == sorted(expected), sorted(set(expected) ^ set(found)) or complaints
        for _, wrong, _, _ in RULES + KERNEL_RULES:
            assert any(f" is {wrong}: " in complaint for complaint in complaints), wrong
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
