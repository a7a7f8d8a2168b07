// How the CPU backend uses OpenMP: how many threads, for whom, and what becomes of an exception.
#pragma once

#include <omp.h>

#include <atomic>
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

/// Waits until `value` is no longer `old`: spins for a moment, then sleeps. On a busy machine that leaves the processor to
/// the thread that is waited for, where OpenMP's own waiting would keep spinning.
inline void spin_then_wait(const std::atomic<int>& value, int old) {
  constexpr int kSpins = 4000;  // about 50 µs
  for (int spin = 0; spin < kSpins && value.load() == old; ++spin) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  value.wait(old);
}

/// A barrier for threads that meet every few microseconds.
class Rendezvous {
 public:
  explicit Rendezvous(int threads) : threads_(threads) {}

  /// Returns when all threads are here; the last one runs `between` before the others go on.
  template <class F>
  void meet(F&& between) {
    const int round = round_.load();
    if (arrived_.fetch_add(1) + 1 == threads_) {
      between();
      arrived_.store(0);
      round_.fetch_add(1);
      round_.notify_all();
      return;
    }
    spin_then_wait(round_, round);
  }

 private:
  const int threads_;
  std::atomic<int> arrived_{0}, round_{0};
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
