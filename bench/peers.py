"""Times NumPy on the shapes of `sigmahat_bench fit`, so that both stand in one run.

Prints medians. scripts/bench --peers runs it.
"""

import statistics
import sys
import time

SHAPES = [(1_000_000, 4), (1_000_000, 8), (1_000_000, 32), (200_000, 64), (200_000, 256), (20_000, 2_000), (8_000, 4_000)]


def median_seconds(function, repetitions):
    function()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    try:
        import numpy
    except ImportError:
        print("NumPy is not installed: no peers to measure")
        return 1
    print(f"\nPeers, the same shapes, medians of {repetitions}: NumPy {numpy.__version__} cov and mean")
    print(f"{'n':>9} {'p':>5} {'seconds':>10} {'GFLOP/s':>9}")
    generator = numpy.random.default_rng(1)
    for n, p in SHAPES:
        rows = generator.standard_normal((n, p))
        seconds = median_seconds(lambda: (numpy.cov(rows, rowvar=False, bias=True), rows.mean(axis=0)), repetitions)
        print(f"{n:>9} {p:>5} {seconds:>10.5f} {n * p * (p + 1) / seconds * 1e-9:>9.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
