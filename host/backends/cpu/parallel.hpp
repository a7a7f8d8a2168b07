// How many threads a piece of work deserves.
#pragma once

namespace sigmahat::backends {

/// One thread where opening a parallel region would cost more than it brings: a region takes microseconds, and many more
/// on a machine that is busy with other things. 2·10⁶ flops are about 50 µs of one core.
inline int useful_threads(double flops, int threads) { return flops < 2e6 ? 1 : threads; }

}  // namespace sigmahat::backends
