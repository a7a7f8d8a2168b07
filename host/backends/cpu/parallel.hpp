// How the CPU backend uses OpenMP: how many threads, for whom, and what becomes of an exception.
#pragma once

#include <omp.h>

#include <exception>

namespace sigmahat::backends {

/// One thread where opening a parallel region would cost more than it brings: a region takes microseconds, and many more
/// on a machine that is busy with other things. 2·10⁶ flops are about 50 µs of one core.
inline int useful_threads(double flops, int threads) { return flops < 2e6 ? 1 : threads; }

/// While it lives, this thread's OpenMP regions and OpenBLAS, which asks OpenMP, use `threads` threads. The setting
/// belongs to the calling thread, so two contexts do not disturb each other.
class ThreadLimit {
 public:
  explicit ThreadLimit(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~ThreadLimit() { omp_set_num_threads(before_); }
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  int before_;
};

/// No exception may leave a parallel region: run() keeps the first one, rethrow() lets it go behind the region.
class FirstException {
 public:
  template <class F>
  void run(F&& f) noexcept {
    try {
      f();
    } catch (...) {
#pragma omp critical(sigmahat_first_exception)
      if (!first_) first_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::exception_ptr first_;
};

}  // namespace sigmahat::backends
