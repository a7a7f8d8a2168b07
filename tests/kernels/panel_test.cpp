// kernels/panel.cu against loops on the host: bits where an entry is a formula, bounds where it is a sum.
#include "sigmahat/kernels/panel_launch.hpp"

#include "moment_nodes.hpp"
#include "steps/moments.hpp"

namespace sigmahat::test {
namespace {

/// Around the sizes of warps, tiles, blocks and slices.
constexpr Shape kShapes[] = {{0, 1},   {0, 65},  {1, 1},    {1, 257},  {31, 31}, {32, 32},
                             {33, 33}, {257, 1}, {257, 65}, {513, 32}, {33, 257}};
constexpr Index kColumns[] = {1, 31, 32, 33, 65, 257};

/// What launch_panel_centre leaves, on the host.
struct Centred {
  std::vector<double> weight, dropped, centred;
  Nodes node{0, 0};

  std::vector<double> numbers() const {
    std::vector<double> all;
    for (const auto* part : {&weight, &dropped, &centred, &node.weight, &node.mean, &node.residual}) {
      all.insert(all.end(), part->begin(), part->end());
    }
    for (const MomentCounts& c : node.counts) {
      for (const Index count : {c.rows, c.dropped, c.not_finite}) all.push_back(static_cast<double>(count));
    }
    return all;
  }
};

/// A panel of rows in device memory, with its scratch.
struct PanelOnDevice {
  PanelOnDevice(const KernelTest& test, const TestRows& host)
      : count(host.view().rows),
        columns(host.view().columns),
        rows(test.stream(), host),
        weight(count),
        dropped(count),
        centred(count * columns),
        slices((count + kSliceRows - 1) / kSliceRows * columns),
        delta(columns),
        factor(1) {}
  MomentPanel get() const {
    return {rows.get(),    count,        columns,     weight.get(), dropped.get(),
            centred.get(), slices.get(), delta.get(), factor.get()};
  }

  Index count, columns;
  RowsOnDevice rows;
  DeviceArray<double> weight, dropped, centred, slices, delta, factor;
};

Centred centred(const KernelTest& test, const TestRows& rows, bool drop) {
  const PanelOnDevice panel(test, rows);
  const NodesOnDevice node(test, 1, panel.columns);
  require_success(launch_panel_centre(test.stream(), panel.get(), drop, node.get()));
  return {test.fetch(panel.weight), test.fetch(panel.dropped), test.fetch(panel.centred), node.fetched(test)};
}

/// Weights, dropped rows and counts, which are exact: the weights are multiples of a quarter.
void expect_judgement(const Centred& actual, const RowsView& rows, bool drop) {
  double total = 0;
  MomentCounts counts;
  for (Index i = 0; i < rows.rows; ++i) {
    bool finite = std::isfinite(rows.weight(i));
    for (Index j = 0; j < rows.columns; ++j) finite = finite && std::isfinite(rows.at(i, j));
    const bool dropped = drop && !finite;
    const double weight = dropped ? 0.0 : rows.weight(i);
    ASSERT_TRUE(same_bits(actual.dropped[i], dropped ? 1.0 : 0.0)) << "row " << i;
    ASSERT_TRUE(same_bits(actual.weight[i], weight)) << "row " << i;
    total += weight;
    counts.dropped += dropped ? 1 : 0;
    counts.rows += weight > 0 ? 1 : 0;
  }
  EXPECT_TRUE(same_bits(actual.node.weight[0], total));
  EXPECT_EQ(actual.node.counts[0].rows, counts.rows);
  EXPECT_EQ(actual.node.counts[0].dropped, counts.dropped);
  EXPECT_EQ(actual.node.counts[0].not_finite, 0);
}

/// m and c of column j within the bound of a sum of R products: every product meets at most R + 2 roundings of size u
/// on its way (its own, its deviation's for c, R − 1 additions, and the division), so the error is at most
/// (R + 3)·u·Σ |products| / n_b. The mean that c and P are measured from is the kernel's own.
void expect_column(const Centred& actual, const RowsView& rows, Index j) {
  const double n = actual.node.weight[0], mean = actual.node.mean[j];
  long double sum = 0, size = 0, rest = 0, rest_size = 0;
  for (Index i = 0; i < rows.rows; ++i) {
    if (actual.dropped[i] != 0) continue;
    const long double w = actual.weight[i], x = rows.at(i, j);
    sum += w * x;
    size += w * std::abs(x);
    rest += w * (x - mean);
    rest_size += w * std::abs(x - mean);
  }
  if (n == 0) {
    EXPECT_TRUE(same_bits(mean, 0.0));
    EXPECT_TRUE(same_bits(actual.node.residual[j], 0.0));
    return;
  }
  const long double unit = static_cast<long double>(rows.rows + 3) * kRoundoff / n;
  EXPECT_TRUE(within(mean, static_cast<double>(sum / n), static_cast<double>(unit * size))) << "mean";
  EXPECT_TRUE(within(actual.node.residual[j], static_cast<double>(rest / n), static_cast<double>(unit * rest_size)))
      << "residual";
}

class PanelKernels : public KernelTest {};

TEST_P(PanelKernels, CentreFindsMeansAndDeviations) {
  for (const Shape& shape : kShapes) {
    for (const bool drop : {false, true}) {
      for (const RowsCase& c : rows_cases(shape.rows, shape.columns, drop)) {
        SCOPED_TRACE(describe(c) + (drop ? ", dropping" : ""));
        const TestRows rows(c);
        const Centred actual = same_in_every_order([&] { return centred(*this, rows, drop); });
        expect_judgement(actual, rows.view(), drop);
        std::vector<double> expected(shape.rows * shape.columns);
        for (Index j = 0; j < shape.columns; ++j) {
          SCOPED_TRACE("column " + std::to_string(j));
          expect_column(actual, rows.view(), j);
          for (Index i = 0; i < shape.rows; ++i) {
            const double deviation = rows.view().at(i, j) - actual.node.mean[j];
            expected[j + i * shape.columns] = actual.dropped[i] != 0 ? 0.0 : std::sqrt(actual.weight[i]) * deviation;
          }
        }
        EXPECT_TRUE(same_bits(actual.centred, expected)) << "P";
      }
    }
  }
}

TEST_P(PanelKernels, ValuesThatAreNotFiniteStayInTheirColumns) {
  const Index p = 70;
  for (const RowsCase& c : rows_cases(300, p, true)) {
    if (c.weighted) continue;  // a weight that is NaN reaches every column
    SCOPED_TRACE(describe(c));
    const TestRows rows(c);
    const Centred actual = same_in_every_order([&] { return centred(*this, rows, false); });
    for (Index j = 0; j < p; ++j) {
      const bool finite = j != 0 && j != p / 2 && j != p - 1;
      EXPECT_EQ(std::isfinite(actual.node.mean[j]), finite) << "column " << j;
      if (finite) expect_column(actual, rows.view(), j);
    }
  }
}

/// Node b merged into total a, by the formulas of kernels/panel_launch.hpp.
struct Merged {
  std::vector<double> delta, factor;
  Nodes total{0, 0};

  std::vector<double> numbers() const {
    std::vector<double> all = delta;
    for (const auto* part : {&factor, &total.weight, &total.mean, &total.residual, &total.scatter}) {
      all.insert(all.end(), part->begin(), part->end());
    }
    return all;
  }
};

Merged defined_merge(Index p, const Nodes& node, const Nodes& total) {
  const double n_a = total.weight[0], n_b = node.weight[0], n = n_a + n_b, share = n_b == 0 ? 0.0 : n_b / n;
  Merged merged{std::vector<double>(p), {n_a * share}, total};
  merged.total.weight[0] = n;
  merged.total.counts[0].rows += node.counts[0].rows;
  merged.total.counts[0].dropped += node.counts[0].dropped;
  for (Index j = 0; j < p; ++j) {
    const double m = node.mean[j], c = node.residual[j];
    if (!std::isfinite(m)) merged.total.counts[0].not_finite = 1;
    if (n_b == 0) continue;
    if (n_a == 0) {
      merged.total.mean[j] = m;
      merged.total.residual[j] = c;
      continue;
    }
    merged.delta[j] = (m - total.mean[j]) + (c - total.residual[j]);
    const steps::Pair pair = steps::two_sum(total.mean[j], std::fma(merged.delta[j], share, total.residual[j]));
    merged.total.mean[j] = pair.sum;
    merged.total.residual[j] = pair.error;
  }
  for (Index j = 0; j < p; ++j) {
    for (Index i = j; i < p; ++i) {
      const double c = std::fma(-(n_b * node.residual[i]), node.residual[j], total.scatter[i + j * p]);
      merged.total.scatter[i + j * p] = std::fma(merged.factor[0] * merged.delta[i], merged.delta[j], c);
    }
  }
  return merged;
}

Nodes some_node(Index p, double weight, unsigned seed) {
  Nodes node(1, p);
  node.weight = {weight};
  node.mean = normals(p, seed);
  node.residual = normals(p, seed + 1);
  for (double& value : node.residual) value *= 1e-16;
  node.scatter = normals(p * p, seed + 2);
  node.counts = {{seed, seed + 1, 0}};
  return node;
}

TEST_P(PanelKernels, MergeHasTheDefinedBitsAndLeavesTheUpperTriangle) {
  for (const Index p : kColumns) {
    for (const auto& [n_a, n_b] : {std::pair{7.25, 2.5}, {0.0, 2.5}, {7.25, 0.0}, {0.0, 0.0}}) {
      for (const double bad : {0.0, kNaN, kInfinity}) {
        if (bad != 0 && n_b == 0) continue;
        SCOPED_TRACE("p = " + std::to_string(p) + ", weights " + std::to_string(n_a) + " and " + std::to_string(n_b) +
                     ", value " + std::to_string(bad));
        Nodes node = some_node(p, n_b, 10);
        const Nodes total = some_node(p, n_a, 20);
        if (n_b == 0) {
          node.mean.assign(p, 0.0);  // what a panel without weight has
          node.residual.assign(p, 0.0);
        }
        node.mean[p / 2] += bad;
        const Merged actual = same_in_every_order([&] {
          const PanelOnDevice panel(*this, TestRows({0, p}));
          const NodesOnDevice node_device(*this, node), total_device(*this, total);
          require_success(launch_panel_merge(stream(), panel.get(), node_device.get(), total_device.get()));
          return Merged{fetch(panel.delta), fetch(panel.factor), total_device.fetched(*this)};
        });
        const Merged expected = defined_merge(p, node, total);
        EXPECT_EQ(actual.total.counts[0].rows, 30);
        EXPECT_EQ(actual.total.counts[0].dropped, 32);
        EXPECT_EQ(actual.total.counts[0].not_finite, bad != 0 ? 1 : 0);
        EXPECT_TRUE(same_bits(actual.factor, expected.factor)) << "f";
        EXPECT_TRUE(same_bits(actual.total.weight, expected.total.weight));
        if (bad != 0) continue;  // NaNs of the arithmetic may have any sign
        EXPECT_TRUE(same_bits(actual.numbers(), expected.numbers()));
      }
    }
  }
}

TEST_P(PanelKernels, DeviationsHaveTheDefinedBits) {
  for (const Shape& shape : kShapes) {
    const std::vector<double> mean = normals(shape.columns, 31);
    for (const RowsCase& c : rows_cases(shape.rows, shape.columns, true)) {
      SCOPED_TRACE(describe(c));
      const TestRows rows(c);
      const RowsOnDevice rows_device(stream(), rows);
      const auto mean_device = put(mean);
      const DeviceArray<double> result(shape.rows * shape.columns);
      require_success(launch_panel_deviations(stream(), rows_device.get(), shape.rows, shape.columns, mean_device.get(),
                                              result.get()));
      std::vector<double> expected;
      for (Index i = 0; i < shape.rows; ++i) {
        for (Index j = 0; j < shape.columns; ++j) {
          const double x = rows.view().at(i, j);
          expected.push_back(std::isfinite(x) ? x - mean[j] : kCanonicalNaN);
        }
      }
      EXPECT_TRUE(same_bits(fetch(result), expected));
    }
  }
}

struct Norms {
  std::vector<double> values;
  const std::vector<double>& numbers() const { return values; }
};

/// A sum of p squares meets at most p roundings; all terms are positive, so the relative error is below (p + 1)·u.
TEST_P(PanelKernels, NormsAreSumsOfSquaresAndNaNWhereTheyAreNotFinite) {
  for (const Shape& shape : kShapes) {
    const Index count = shape.rows, p = shape.columns;
    SCOPED_TRACE(std::to_string(count) + " columns of " + std::to_string(p));
    std::vector<double> v = normals(count * p, 41);
    const double bad[] = {kNaN, kInfinity, 1e200};  // the square of the last one overflows
    for (Index k = 0; k < 3 && 8 * k + 4 < count; ++k) v[(8 * k + 4) * p + p / 2] = bad[k];
    const Norms actual = same_in_every_order([&] {
      const auto v_device = put(v);
      const DeviceArray<double> result(count);
      require_success(launch_panel_norms(stream(), count, p, v_device.get(), result.get()));
      return Norms{fetch(result)};
    });
    for (Index r = 0; r < count; ++r) {
      SCOPED_TRACE("column " + std::to_string(r));
      if (r == 4 || r == 12 || r == 20) {
        EXPECT_TRUE(same_bits(actual.values[r], kCanonicalNaN));
        continue;
      }
      long double sum = 0;
      for (Index k = 0; k < p; ++k) sum += static_cast<long double>(v[r * p + k]) * v[r * p + k];
      const auto expected = static_cast<double>(sum);
      EXPECT_TRUE(within(actual.values[r], expected, static_cast<double>(p + 1) * kRoundoff * expected));
    }
  }
}

SIGMAHAT_ON_DEVICE(PanelKernels);

}  // namespace
}  // namespace sigmahat::test
