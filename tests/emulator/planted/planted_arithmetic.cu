// Planted faults: arithmetic without a result, and a flag that is neither true nor false.
#include <limits>
#include <type_traits>

#include "planted.hpp"

namespace sigmahat::test {
namespace {

using namespace device;

/// What the fault is computed in, and what its twin.
template <bool kPlanted>
using Number = std::conditional_t<kPlanted, int, Index>;

template <bool kPlanted>
SIGMAHAT_KERNEL(1)
sum_too_large(int largest, double* result) {
  const Index sum = static_cast<Number<kPlanted>>(largest) + 1;  // BUG sum_too_large
  result[0] = static_cast<double>(sum);
}

template <bool kPlanted>
SIGMAHAT_KERNEL(1)
difference_too_small(int smallest, double* result) {
  const Index difference = static_cast<Number<kPlanted>>(smallest) - 1;  // BUG difference_too_small
  result[0] = static_cast<double>(difference);
}

template <bool kPlanted>
SIGMAHAT_KERNEL(1)
negation_too_large(int smallest, double* result) {
  const Index negative = -static_cast<Number<kPlanted>>(smallest);  // BUG negation_too_large
  result[0] = static_cast<double>(negative);
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
shift_too_far(double* result) {
  const int bits = thread_count() - (kPlanted ? 0 : 4);
  const unsigned shifted = 16U << bits >> bits;  // BUG shift_too_far
  result[thread_index()] = shifted;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
shift_by_a_negative_count(double* result) {
  const int t = thread_index(), bits = kPlanted ? t - 1 : t;
  const Index shifted = Index{1} << bits;  // BUG shift_by_a_negative_count
  result[t] = static_cast<double>(shifted >> t) + t - 1;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(1)
number_for_no_integer(const double* numbers, double* result) {
  const double large = numbers[30] * 1e8;
  const Index whole = static_cast<Number<kPlanted>>(large);  // BUG number_for_no_integer
  result[0] = static_cast<double>(whole);
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
neither_true_nor_false(double* result) {
  SIGMAHAT_SHARED(char, s_flags, 32);
  const int t = thread_index();
  s_flags[t] = kPlanted ? 2 : 1;
  block_barrier();
  const bool flag = *reinterpret_cast<const bool*>(&s_flags[31 - t]);  // BUG neither_true_nor_false
  result[t] = flag ? t : -1;
}

constexpr int kSmallest = std::numeric_limits<int>::min(), kLargest = std::numeric_limits<int>::max();

template <void (*kPlantedKernel)(int, double*), void (*kTwin)(int, double*), int kNumber>
LaunchStatus launch_number(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {1}, 1, 0, stream, kNumber, m.result);
}
template <void (*kPlantedKernel)(double*), void (*kTwin)(double*)>
LaunchStatus launch_one(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {1}, 32, 0, stream, m.result);
}

}  // namespace

std::vector<Planted> planted_arithmetic() {
  using enum Evidence;
  return {
      {"sum_too_large",
       checker,
       "integer sum",
       {1, 2147483648.0, 0},
       launch_number<sum_too_large<true>, sum_too_large<false>, kLargest>},
      {"difference_too_small",
       checker,
       "integer difference",
       {1, -2147483649.0, 0},
       launch_number<difference_too_small<true>, difference_too_small<false>, kSmallest>},
      {"negation_too_large",
       checker,
       "integer negation",
       {1, 2147483648.0, 0},
       launch_number<negation_too_large<true>, negation_too_large<false>, kSmallest>},
      {"shift_too_far", checker, "shift", {32, 0, 0}, launch_one<shift_too_far<true>, shift_too_far<false>>},
      {"shift_by_a_negative_count",
       checker,
       "shift",
       {32, 0, 1},
       launch_one<shift_by_a_negative_count<true>, shift_by_a_negative_count<false>>},
      {"number_for_no_integer",
       checker,
       "floating-point",
       {1, 3e9, 0},
       [](DeviceStream stream, const PlantedMemory& m, bool planted) {
         return launch(planted ? number_for_no_integer<true> : number_for_no_integer<false>, {1}, 1, 0, stream,
                       m.numbers, m.result);
       }},
      {"neither_true_nor_false",
       checker,
       "value that its type",
       {32, 0, 1},
       launch_one<neither_true_nor_false<true>, neither_true_nor_false<false>>},
  };
}

}  // namespace sigmahat::test
