#include "selftest/data.hpp"

#include <limits>

namespace sigmahat::cli::selftest {
namespace {

constexpr double kUnit = 0x1p-10;

/// Knuth's 64-bit congruential generator.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}
  /// Uniform from 0 to 2^bits − 1.
  std::int64_t uniform(int bits) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::int64_t>(state_ >> (64 - bits));
  }
  /// The sum of eight, about its middle: from −4092 to 4092.
  std::int64_t normal() {
    std::int64_t sum = -4 * 1023;
    for (int k = 0; k < 8; ++k) sum += uniform(10);
    return sum;
  }

 private:
  std::uint64_t state_;
};

double in_units(std::int64_t value) { return static_cast<double>(value) * kUnit; }

}  // namespace

Sample normal_sample(Index rows, Index columns, bool weighted) {
  constexpr std::int64_t kFar = std::int64_t{1} << 22;
  Draws draws(static_cast<std::uint64_t>(columns));
  Sample sample{rows, columns, {}, {}};
  sample.values.reserve(static_cast<std::size_t>(rows * columns));
  for (Index i = 0; i < rows; ++i) {
    const std::int64_t common = draws.normal();
    std::int64_t neighbour = common;
    for (Index j = 0; j < columns; ++j) {
      const std::int64_t own = draws.normal();
      sample.values.push_back(in_units(4 * own + 3 * neighbour + common + 1000 * j + (j == 3 ? kFar : 0)));
      neighbour = own;
    }
    if (weighted) sample.weights.push_back(static_cast<double>(draws.uniform(10) % 5));
  }
  return sample;
}

std::vector<double> response(const Sample& sample) {
  Draws draws(2024);
  std::vector<double> y;
  y.reserve(static_cast<std::size_t>(sample.rows));
  for (Index i = 0; i < sample.rows; ++i) {
    double sum = in_units(5000 + 16 * draws.normal());  // multiples of the unit far below 2⁵³: every sum is exact
    for (Index j = 0; j < sample.columns; ++j) {
      sum += static_cast<double>(j % 5 - 2) * sample.values[static_cast<std::size_t>(i * sample.columns + j)];
    }
    y.push_back(sum);
  }
  return y;
}

RaggedSample ragged_sample() {
  Draws draws(60);
  RaggedSample sample;
  sample.offsets.push_back(0);
  for (Index b = 0; b < RaggedSample::kProblems; ++b) {
    const Index rows = b == RaggedSample::kTooFewRows ? 3 : 6 + 7 * b % 23;
    for (Index i = 0; i < rows; ++i) {
      const double t = static_cast<double>(100 + i);
      double x[] = {in_units(draws.normal()), in_units(1000 + 3 * draws.normal()), in_units(draws.normal())};
      if (b == RaggedSample::kDependent) x[2] = 2 * x[1];
      if (b == RaggedSample::kNotFinite && i == 4) x[1] = std::numeric_limits<double>::quiet_NaN();
      if (b == RaggedSample::kPowers) x[0] = t, x[1] = t * t, x[2] = t * t * t;
      sample.x.insert(sample.x.end(), std::begin(x), std::end(x));
      sample.y.push_back(in_units(2 * draws.normal()) + 3 * x[0]);
    }
    sample.offsets.push_back(sample.offsets.back() + rows);
  }
  return sample;
}

std::vector<double> matrices(Index items, Index size) {
  Draws draws(6);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(items * size * size));
  for (Index k = 0; k < items * size * size; ++k) values.push_back(static_cast<double>(draws.uniform(6) - 32));
  return values;
}

const std::vector<double>& Longley::x() {
  static const std::vector<double> kValues = {
      83.0,  234289, 2356, 1590, 107608, 1947,  //
      88.5,  259426, 2325, 1456, 108632, 1948,  //
      88.2,  258054, 3682, 1616, 109773, 1949,  //
      89.5,  284599, 3351, 1650, 110929, 1950,  //
      96.2,  328975, 2099, 3099, 112075, 1951,  //
      98.1,  346999, 1932, 3594, 113270, 1952,  //
      99.0,  365385, 1870, 3547, 115094, 1953,  //
      100.0, 363112, 3578, 3350, 116219, 1954,  //
      101.2, 397469, 2904, 3048, 117388, 1955,  //
      104.6, 419180, 2822, 2857, 118734, 1956,  //
      108.4, 442769, 2936, 2798, 120445, 1957,  //
      110.8, 444546, 4681, 2637, 121950, 1958,  //
      112.6, 482704, 3813, 2552, 123366, 1959,  //
      114.2, 502601, 3931, 2514, 125368, 1960,  //
      115.7, 518173, 4806, 2572, 127852, 1961,  //
      116.9, 554894, 4007, 2827, 130081, 1962,
  };
  return kValues;
}

const std::vector<double>& Longley::y() {
  static const std::vector<double> kValues = {60323, 61122, 60171, 61187, 63221, 63639, 64989, 63761,
                                              66019, 67857, 68169, 66513, 68655, 69564, 69331, 70551};
  return kValues;
}

const std::vector<double>& Longley::coefficients() {
  static const std::vector<double> kValues = {-3482258.63459582, 15.0618722713733,  -0.358191792925910E-01,
                                              -2.02022980381683, -1.03322686717359, -0.511041056535807E-01,
                                              1829.15146461355};
  return kValues;
}

const std::vector<double>& Longley::standard_errors() {
  static const std::vector<double> kValues = {890420.383607373,  84.9149257747669,  0.334910077722432E-01,
                                              0.488399681651699, 0.214274163161675, 0.226073200069370,
                                              455.478499142212};
  return kValues;
}

}  // namespace sigmahat::cli::selftest
