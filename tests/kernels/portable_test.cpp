// Every operation of kernels/device/portable.cuh by itself, and block_sum() of device/block.cuh, against loops on the
// host.
#include <algorithm>
#include <numeric>

#include "kernel_test.hpp"
#include "portable_kernels.hpp"

namespace sigmahat::test {
namespace {

constexpr int kWarp = 32;
constexpr int kThreads[] = {1, 32, 33, 256};
constexpr unsigned kFull = 0xffffffffU;
/// All lanes, one half of a warp, every other lane, the two ends, and one lane.
constexpr unsigned kMasks[] = {kFull, 0x0000ffffU, 0xaaaaaaaaU, 0x80000001U, 0x00000010U};

std::string describe(const LaunchShape& shape) {
  return std::to_string(shape.x) + " × " + std::to_string(shape.y) + " blocks of " + std::to_string(shape.threads);
}
std::string describe(int threads, unsigned mask) {
  return std::to_string(threads) + " threads, mask " + std::to_string(mask);
}

/// Grids along x, along y and along both, with every size of a block.
std::vector<LaunchShape> shapes() {
  std::vector<LaunchShape> all;
  for (const int threads : kThreads) {
    for (const auto& [x, y] : {std::pair<Index, Index>{1, 1}, {33, 1}, {1, 3}, {3, 2}}) all.push_back({x, y, threads});
  }
  return all;
}

/// 0, 1, 2, … mapped through f.
template <class T, class F>
std::vector<T> filled(Index count, F&& f) {
  std::vector<T> values;
  for (Index k = 0; k < count; ++k) values.push_back(f(k));
  return values;
}

/// Whether the thread's lane is one of the mask's.
bool takes_part(unsigned mask, Index thread) { return (mask >> (thread % kWarp) & 1U) != 0; }
/// Whether a block of so many threads has lane `lane` in the warp of `thread`, and the mask has it.
bool takes_part(unsigned mask, int threads, Index thread, Index lane) {
  return lane < kWarp && thread - thread % kWarp + lane < threads && takes_part(mask, lane);
}

class PortableSubset : public KernelTest {
 protected:
  template <class T>
  void expect_shuffles(int threads, unsigned mask, const std::vector<T>& values) const {
    const unsigned delta = 3, bits = 5;
    const auto lanes = filled<unsigned>(threads, [](Index k) { return static_cast<unsigned>(k * 7 + 2) % 40; });
    const std::vector<T> untouched(values.size(), T{-1});
    const auto values_device = put(values), from_lane = put(untouched), down = put(untouched), by_bits = put(untouched);
    const auto lanes_device = put(lanes);
    ASSERT_TRUE(succeeded(launch_shuffles<T>(stream(), {1, 1, threads}, mask, delta, bits, values_device.get(),
                                             lanes_device.get(), {from_lane.get(), down.get(), by_bits.get()})));
    const std::vector<T> actual[] = {fetch(from_lane), fetch(down), fetch(by_bits)};
    for (Index k = 0; k < threads; ++k) {
      const Index lane = k % kWarp;
      const Index sources[] = {lanes[k] % kWarp, lane + delta < kWarp ? lane + delta : lane, lane ^ bits};
      for (int operation = 0; operation < 3; ++operation) {
        const Index source = sources[operation];
        if (!takes_part(mask, k)) {
          ASSERT_EQ(actual[operation][k], T{-1}) << "thread " << k << " takes no part";
        } else if (takes_part(mask, threads, k, source)) {  // another source gives an undefined value
          ASSERT_EQ(actual[operation][k], values[k - lane + source]) << "thread " << k << ", operation " << operation;
        }
      }
    }
  }
};

TEST_P(PortableSubset, ThreadsKnowTheirPlaces) {
  for (const LaunchShape& shape : shapes()) {
    SCOPED_TRACE(describe(shape));
    const DeviceArray<Place> places(shape.places());
    ASSERT_TRUE(succeeded(launch_places(stream(), shape, places.get())));
    const std::vector<Place> actual = fetch(places);
    for (Index k = 0; k < shape.places(); ++k) {
      const Index block = k / shape.threads;
      ASSERT_EQ(actual[k].thread, k % shape.threads);
      ASSERT_EQ(actual[k].threads, shape.threads);
      ASSERT_EQ(actual[k].x, block % shape.x);
      ASSERT_EQ(actual[k].y, block / shape.x);
      ASSERT_EQ(actual[k].grid_x, shape.x);
    }
  }
}

TEST_P(PortableSubset, AGridWithoutBlocksIsNoWork) {
  EXPECT_TRUE(succeeded(launch_places(stream(), {0, 1, 32}, nullptr)));
  EXPECT_TRUE(succeeded(launch_places(stream(), {1, 0, 32}, nullptr)));
  synchronise();
}

TEST_P(PortableSubset, ShufflesTakeTheValueOfAnotherLane) {
  for (const int threads : kThreads) {
    for (const unsigned mask : kMasks) {
      SCOPED_TRACE(describe(threads, mask));
      expect_shuffles<int>(threads, mask, filled<int>(threads, [](Index k) { return static_cast<int>(k * 3 - 50); }));
      expect_shuffles<Index>(threads, mask, filled<Index>(threads, [](Index k) { return (k << 40) - 7 * k; }));
      expect_shuffles<double>(threads, mask, normals(threads, 1));
    }
  }
}

TEST_P(PortableSubset, BallotsCollectTheBitsOfTheMask) {
  for (const int threads : kThreads) {
    for (const unsigned mask : kMasks) {
      SCOPED_TRACE(describe(threads, mask));
      const auto values =
          filled<int>(threads, [](Index k) { return k % 3 == 0 || k % 5 == 1 ? static_cast<int>(k) - 6 : 0; });
      const auto values_device = put(values);
      const auto votes = put(std::vector<unsigned>(threads, 12345U));
      ASSERT_TRUE(succeeded(launch_ballots(stream(), {1, 1, threads}, mask, values_device.get(), votes.get())));
      const std::vector<unsigned> actual = fetch(votes);
      for (Index k = 0; k < threads; ++k) {
        unsigned expected = 0;
        for (Index lane = 0; lane < kWarp; ++lane) {
          if (takes_part(mask, threads, k, lane) && values[k - k % kWarp + lane] != 0) expected |= 1U << lane;
        }
        ASSERT_EQ(actual[k], takes_part(mask, k) ? expected : 12345U) << "thread " << k;
      }
    }
  }
}

TEST_P(PortableSubset, WarpBarriersPassValuesThroughSharedMemory) {
  constexpr int kRounds = 5;
  for (const int threads : kThreads) {
    for (const unsigned mask : kMasks) {
      SCOPED_TRACE(describe(threads, mask));
      std::vector<int> expected = filled<int>(threads, [](Index k) { return static_cast<int>(k * k); });
      const auto values = put(expected);
      ASSERT_TRUE(succeeded(launch_warp_rounds(stream(), threads, mask, kRounds, values.get())));
      for (int round = 0; round < kRounds; ++round) {
        const std::vector<int> before = expected;
        for (Index k = 0; k < threads; ++k) {
          if (!takes_part(mask, k)) continue;
          Index next = k % kWarp;
          do {
            next = (next + 1) % kWarp;
          } while (!takes_part(mask, threads, k, next));
          expected[k] = before[k - k % kWarp + next] + 1;
        }
      }
      EXPECT_EQ(fetch(values), expected);
    }
  }
}

/// Atomic operations on T; the sums wrap around nowhere.
template <class T>
void expect_atomics(const KernelTest& test, const LaunchShape& shape, T unit) {
  const Index count = shape.places(), blocks = shape.x * shape.y;
  const auto values = filled<T>(count, [&](Index k) { return static_cast<T>(k * 37 % 101 - 70) * unit; });
  const T first_most = -20 * unit;
  const auto values_device = test.put(values);
  const auto ticket = test.put(std::vector<T>{0}), sum = test.put(std::vector<T>{unit}),
             most = test.put(std::vector<T>{first_most});
  const DeviceArray<T> block_sums(blocks), block_most(blocks), tickets(count), before(count);
  ASSERT_TRUE(succeeded(launch_atomics<T>(
      test.stream(), shape, values_device.get(),
      {ticket.get(), sum.get(), most.get(), block_sums.get(), block_most.get(), tickets.get(), before.get()})));
  const T largest = std::max(first_most, *std::max_element(values.begin(), values.end()));
  EXPECT_EQ(test.fetch(ticket)[0], count);
  EXPECT_EQ(test.fetch(sum)[0], std::accumulate(values.begin(), values.end(), unit));
  EXPECT_EQ(test.fetch(most)[0], largest);
  std::vector<T> drawn = test.fetch(tickets);
  std::sort(drawn.begin(), drawn.end());
  EXPECT_EQ(drawn, filled<T>(count, [](Index k) { return static_cast<T>(k); }));
  for (const T value : test.fetch(before)) {
    EXPECT_TRUE(value == first_most || std::find(values.begin(), values.end(), value) != values.end()) << value;
    EXPECT_TRUE(value >= first_most && value <= largest) << value;
  }
  const std::vector<T> actual_sums = test.fetch(block_sums), actual_most = test.fetch(block_most);
  for (Index block = 0; block < blocks; ++block) {
    const auto begin = values.begin() + block * shape.threads, end = begin + shape.threads;
    EXPECT_EQ(actual_sums[block], std::accumulate(begin, end, T{0})) << "block " << block;
    EXPECT_EQ(actual_most[block], *std::max_element(begin, end)) << "block " << block;
  }
}

TEST_P(PortableSubset, AtomicOperationsLoseNothing) {
  for (const LaunchShape& shape : shapes()) {
    SCOPED_TRACE(describe(shape));
    expect_atomics<int>(*this, shape, 3);
    expect_atomics<Index>(*this, shape, Index{5} << 33);
  }
}

TEST_P(PortableSubset, TheLastBlockSeesWhatTheOthersWroteBeforeTheirFence) {
  for (const LaunchShape& shape : shapes()) {
    SCOPED_TRACE(describe(shape));
    const auto values = filled<Index>(shape.places(), [](Index k) { return (k * 1000003) % 4096 - 100; });
    const auto values_device = put(values);
    const auto ticket = put(std::vector<int>{0});
    const DeviceArray<Index> partial(shape.x * shape.y), result(1);
    ASSERT_TRUE(succeeded(
        launch_last_block_sum(stream(), shape, values_device.get(), partial.get(), ticket.get(), result.get())));
    EXPECT_EQ(fetch(result)[0], std::accumulate(values.begin(), values.end(), Index{0}));
    EXPECT_EQ(fetch(ticket)[0], shape.x * shape.y);
  }
}

/// `f(item)` is the item as a number.
template <class T, class F>
void expect_copies(const KernelTest& test, const std::vector<T>& from, int threads, int in_flight, Index rounds,
                   F&& f) {
  const auto from_device = test.put(from);
  const DeviceArray<T> to(rounds * threads);
  ASSERT_TRUE(succeeded(launch_copies<T>(test.stream(), threads, in_flight, rounds, from_device.get(), to.get())));
  const std::vector<T> actual = test.fetch(to);
  for (Index k = 0; k < rounds * threads; ++k) {
    const Index source = k - k % threads + threads - 1 - k % threads;
    ASSERT_EQ(f(actual[k]), f(from[source])) << "item " << k << " of " << sizeof(T) << " bytes";
  }
}

TEST_P(PortableSubset, AsynchronousCopiesArriveGroupByGroup) {
  for (const int threads : kThreads) {
    for (const int in_flight : {0, 1, 2}) {
      for (const Index rounds : {0, 1, 2, 7}) {
        SCOPED_TRACE(std::to_string(threads) + " threads, " + std::to_string(in_flight) + " groups in flight, " +
                     std::to_string(rounds) + " rounds");
        const std::vector<double> values = normals(2 * rounds * threads, 2);
        const auto number = [](auto value) { return value; };
        expect_copies(*this, std::vector<float>(values.begin(), values.end()), threads, in_flight, rounds, number);
        expect_copies(*this, values, threads, in_flight, rounds, number);
        std::vector<Sixteen> pairs;
        for (Index k = 0; k < rounds * threads; ++k) pairs.push_back({values[2 * k], values[2 * k + 1]});
        expect_copies(*this, pairs, threads, in_flight, rounds,
                      [](const Sixteen& item) { return std::pair(item.first, item.second); });
      }
    }
  }
}

/// d_ij = c_ij + Σ_k a_ik b_kj with the steps' k one after the other, and Σ |terms|.
struct Products {
  Products(Index warps, Index steps, const std::vector<double>& a, const std::vector<double>& b,
           const std::vector<double>& c)
      : values(c), sizes(c.size()) {
    for (std::size_t k = 0; k < c.size(); ++k) sizes[k] = std::abs(c[k]);
    for (Index step = 0; step < warps * steps; ++step) {
      for (Index i = 0; i < 8; ++i) {
        for (Index j = 0; j < 8; ++j) {
          const Index entry = step / steps * 64 + i * 8 + j;
          for (Index k = 0; k < 4; ++k) {
            const double left = a[step * 32 + i * 4 + k], right = b[step * 32 + k * 8 + j];
            values[entry] = std::fma(left, right, values[entry]);
            sizes[entry] += std::abs(left * right);
          }
        }
      }
    }
  }
  std::vector<double> values, sizes;
};

TEST_P(PortableSubset, MatrixInstructionsMultiplyAndAdd) {
  for (const LaunchShape& shape : {LaunchShape{1, 1, 32}, LaunchShape{3, 2, 64}, LaunchShape{2, 1, 256}}) {
    for (const Index steps : {0, 1, 3}) {
      for (const bool integers : {true, false}) {
        SCOPED_TRACE(describe(shape) + ", " + std::to_string(steps) + " steps" + (integers ? ", integers" : ""));
        const Index warps = shape.places() / kWarp;
        std::vector<double> a = normals(warps * steps * 32, 3), b = normals(warps * steps * 32, 4),
                            c = normals(warps * 64, 5);
        for (std::vector<double>* const values : {&a, &b, &c}) {
          for (double& value : *values) value = integers ? std::floor(100 * value) : value;
        }
        const auto a_device = put(a), b_device = put(b), c_device = put(c);
        const DeviceArray<double> d(warps * 64);
        ASSERT_TRUE(succeeded(
            launch_products(stream(), shape, steps, a_device.get(), b_device.get(), c_device.get(), d.get())));
        const std::vector<double> actual = fetch(d);
        const Products expected(warps, steps, a, b, c);
        if (integers || !kOnGpu) {
          EXPECT_TRUE(same_bits(actual, expected.values));
          continue;
        }
        // A GPU adds in its own order: either result is within (4·steps + 1)·u·Σ |terms| of the true one.
        const double unit = 2 * static_cast<double>(4 * steps + 1) * kRoundoff;
        for (std::size_t k = 0; k < actual.size(); ++k) {
          ASSERT_TRUE(within(actual[k], expected.values[k], unit * expected.sizes[k])) << "entry " << k;
        }
      }
    }
  }
}

TEST_P(PortableSubset, DynamicSharedMemoryIsCarvedIntoArrays) {
  struct Counts {
    Index ints, doubles, wides;
  };
  // The last two need more than 48 KB, and all of the 99 KB that a block may use.
  for (const Counts& counts : {Counts{0, 0, 0}, {1, 1, 1}, {31, 33, 257}, {3, 0, 5}, {33, 6000, 31}, {0, 12000, 672}}) {
    for (const int threads : kThreads) {
      SCOPED_TRACE(std::to_string(counts.ints) + ", " + std::to_string(counts.doubles) + " and " +
                   std::to_string(counts.wides) + " items, " + std::to_string(threads) + " threads");
      const DeviceArray<int> ints(counts.ints), misaligned(1);
      const DeviceArray<double> doubles(counts.doubles);
      const DeviceArray<Index> wides(counts.wides);
      ASSERT_TRUE(succeeded(launch_carve(
          stream(), threads,
          {counts.ints, counts.doubles, counts.wides, ints.get(), doubles.get(), wides.get(), misaligned.get()})));
      EXPECT_EQ(fetch(misaligned)[0], 0);
      EXPECT_EQ(fetch(ints), filled<int>(counts.ints, [&](Index k) { return static_cast<int>(counts.ints - 1 - k); }));
      EXPECT_EQ(fetch(doubles), filled<double>(counts.doubles, [&](Index k) {
                  return 0.5 * static_cast<double>(counts.doubles - 1 - k);
                }));
      EXPECT_EQ(fetch(wides), filled<Index>(counts.wides, [&](Index k) { return (counts.wides - 1 - k) << 33; }));
    }
  }
}

TEST_P(PortableSubset, SharedRowsTransposeATile) {
  const Index matrices = 3;
  for (const int threads : kThreads) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    const std::vector<double> values = normals(matrices * 1024, 6);
    const auto from = put(values);
    const DeviceArray<double> to(matrices * 1024);
    ASSERT_TRUE(succeeded(launch_transpose(stream(), matrices, threads, from.get(), to.get())));
    EXPECT_EQ(fetch(to), filled<double>(matrices * 1024,
                                        [&](Index k) { return values[k - k % 1024 + k % 32 * 32 + k % 1024 / 32]; }));
  }
}

/// A tree over the lanes of each warp, then the warps in order.
double defined_sum(std::vector<double> values) {
  double sum = 0;
  for (std::size_t warp = 0; warp < values.size(); warp += kWarp) {
    for (std::size_t delta = kWarp / 2; delta > 0; delta /= 2) {
      for (std::size_t lane = 0; lane < delta; ++lane) values[warp + lane] += values[warp + lane + delta];
    }
    sum += values[warp];
  }
  return sum;
}

TEST_P(PortableSubset, BlockSumsHaveTheBitsOfTheirDefinedOrder) {
  for (const LaunchShape& shape :
       {LaunchShape{1, 1, 32}, LaunchShape{2, 2, 64}, LaunchShape{33, 1, 256}, LaunchShape{2, 1, 1024}}) {
    SCOPED_TRACE(describe(shape));
    const std::vector<double> values = normals(shape.places(), 7);
    const auto values_device = put(values);
    const DeviceArray<double> sums(shape.places()), squares(shape.places());
    ASSERT_TRUE(succeeded(launch_block_sums(stream(), shape, values_device.get(), sums.get(), squares.get())));
    std::vector<double> expected_sums, expected_squares;
    for (Index block = 0; block < shape.x * shape.y; ++block) {
      const auto begin = values.begin() + block * shape.threads;
      std::vector<double> own(begin, begin + shape.threads);
      expected_sums.insert(expected_sums.end(), own.size(), defined_sum(own));
      for (double& value : own) value *= value;
      expected_squares.insert(expected_squares.end(), own.size(), defined_sum(own));
    }
    EXPECT_TRUE(same_bits(fetch(sums), expected_sums));
    EXPECT_TRUE(same_bits(fetch(squares), expected_squares));
  }
}

SIGMAHAT_ON_DEVICE(PortableSubset);

}  // namespace
}  // namespace sigmahat::test
