"""Times NumPy and torch on the shapes of `sigmahat_bench fit` and `sigmahat_bench least-squares`, in one run with it.

Prints medians. scripts/bench --peers runs it: peers.py [REPETITIONS]. torch is large: it is measured where this Python or
Debian's own has it (package python3-torch), and a line says so where neither does.
"""

import os
import statistics
import subprocess
import sys
import time

SHAPES = [(1_000_000, 4), (1_000_000, 8), (1_000_000, 32), (200_000, 64), (200_000, 256), (20_000, 2_000), (8_000, 4_000)]
REGRESSIONS = [(1_000_000, 32, 4), (100_000, 64, 8), (20_000, 256, 16), (2_000, 1_000, 32), (200, 5_000, 64)]
SYSTEM_PYTHON = "/usr/bin/python3"


def median_seconds(function, repetitions):
    function()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def covariances(numpy, repetitions):
    print(f"\nPeers, the same shapes, medians of {repetitions}: NumPy {numpy.__version__} cov and mean")
    print(f"{'n':>9} {'p':>5} {'seconds':>10} {'GFLOP/s':>9}")
    generator = numpy.random.default_rng(1)
    for n, p in SHAPES:
        rows = generator.standard_normal((n, p))
        seconds = median_seconds(lambda: (numpy.cov(rows, rowvar=False, bias=True), rows.mean(axis=0)), repetitions)
        print(f"{n:>9} {p:>5} {seconds:>10.5f} {n * p * (p + 1) / seconds * 1e-9:>9.1f}")


def numpy_fit(numpy, x, y):
    transposed = x.transpose(0, 2, 1)
    return numpy.linalg.solve(transposed @ x, transposed @ y[:, :, None])


def torch_fit(torch, x, y):
    transposed = x.transpose(1, 2)
    factor = torch.linalg.cholesky(torch.bmm(transposed, x))
    return torch.cholesky_solve(torch.bmm(transposed, y[:, :, None]), factor)


def regressions(name, generate, fit, repetitions):
    print(f"\nRegressions, coefficients only, medians of {repetitions}: {name}")
    print(f"{'problems':>9} {'m':>5} {'k':>3} {'problems/s':>11}")
    for problems, m, k in REGRESSIONS:
        x, y = generate(problems, m, k), generate(problems, m)
        seconds = median_seconds(lambda: fit(x, y), repetitions)
        print(f"{problems:>9} {m:>5} {k:>3} {problems / seconds:>11.0f}", flush=True)


def torch_regressions(repetitions):
    """False where this Python has no torch."""
    try:
        import torch
    except ImportError:
        return False
    torch.manual_seed(1)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    name = f"torch {torch.__version__} bmm, cholesky, cholesky_solve, {torch.get_num_threads()} threads"
    regressions(name, lambda *shape: torch.randn(*shape, dtype=torch.float64), lambda x, y: torch_fit(torch, x, y),
                repetitions)
    return True


def main():
    torch_alone = "torch" in sys.argv[1:]
    numbers = [argument for argument in sys.argv[1:] if argument.isdigit()]
    repetitions = int(numbers[0]) if numbers else 7
    if torch_alone:
        return 0 if torch_regressions(repetitions) else 1
    try:
        import numpy
    except ImportError:
        print("NumPy is not installed: no peers to measure")
        return 1
    covariances(numpy, repetitions)
    generator = numpy.random.default_rng(1)
    regressions(f"NumPy {numpy.__version__} matmul and solve", lambda *shape: generator.standard_normal(shape),
                lambda x, y: numpy_fit(numpy, x, y), repetitions)
    sys.stdout.flush()
    if not torch_regressions(repetitions):
        try:
            code = subprocess.run([SYSTEM_PYTHON, __file__, "torch", str(repetitions)], check=False).returncode
        except OSError:
            code = 1
        if code != 0:
            print("\ntorch is not installed (Debian: python3-torch): not measured")
    return 0


if __name__ == "__main__":
    sys.exit(main())
