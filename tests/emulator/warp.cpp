// What warp operations compute, once all lanes of the mask have arrived.
#include <cmath>

#include "emulator.hpp"

namespace sigmahat::emulator {
namespace {

constexpr std::uint64_t kUndefined = ~std::uint64_t{0};  // NaN, or −1

/// Every lane of the mask takes the value of lane source(lane, argument); out of range it keeps its own.
template <class F>
void take_from(unsigned mask, LaneValues& values, F&& source) {
  LaneValues before;
  for (int lane = 0; lane < device::kWarp; ++lane) before[lane] = values[lane];
  for (unsigned lane = 0; lane < static_cast<unsigned>(device::kWarp); ++lane) {
    if ((mask >> lane & 1U) == 0) continue;
    const auto from = source(lane, static_cast<unsigned>(before[lane].word[1]));
    if (from < static_cast<unsigned>(device::kWarp)) {
      values[lane].word[0] = (mask >> from & 1U) != 0 ? before[from].word[0] : kUndefined;
    }
  }
}

}  // namespace

void resolve_nothing(unsigned, LaneValues&) {}

void resolve_shuffle(unsigned mask, LaneValues& values) {
  take_from(mask, values, [](unsigned, unsigned lane) { return lane % static_cast<unsigned>(device::kWarp); });
}
void resolve_shuffle_down(unsigned mask, LaneValues& values) {
  take_from(mask, values, [](unsigned lane, unsigned delta) { return lane + delta; });
}
void resolve_shuffle_xor(unsigned mask, LaneValues& values) {
  take_from(mask, values, [](unsigned lane, unsigned bits) { return lane ^ bits; });
}

void resolve_ballot(unsigned mask, LaneValues& values) {
  std::uint64_t votes = 0;
  for (int lane = 0; lane < device::kWarp; ++lane) {
    if ((mask >> lane & 1U) != 0 && values[lane].word[0] != 0) votes |= std::uint64_t{1} << lane;
  }
  for (LaneValue& value : values) value.word[0] = votes;
}

/// d_ij = c_ij + Σ_k a_ik b_kj, one chain of fma in the order of k.
void resolve_multiply_add(unsigned, LaneValues& values) {
  LaneValues in;
  for (int lane = 0; lane < device::kWarp; ++lane) in[lane] = values[lane];
  const auto number = [&](int lane, int word) { return std::bit_cast<double>(in[lane].word[word]); };
  for (int lane = 0; lane < device::kWarp; ++lane) {
    for (int e = 0; e < 2; ++e) {
      const int i = lane / 4, j = 2 * (lane % 4) + e;
      double sum = number(lane, 2 + e);
      for (int k = 0; k < 4; ++k) sum = std::fma(number(4 * i + k, 0), number(4 * j + k, 1), sum);
      values[lane].word[e] = std::bit_cast<std::uint64_t>(sum);
    }
  }
}

}  // namespace sigmahat::emulator
