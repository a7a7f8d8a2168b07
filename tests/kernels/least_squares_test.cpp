// kernels/least_squares*.cu against the definition in sigmahat/kernels/least_squares.hpp, bit by bit: sequential loops for
// the Gram matrices, and steps/gram_solve.hpp by one thread.
#include "sigmahat/kernels/least_squares_launch.hpp"

#include <numeric>

#include "defined_moments.hpp"
#include "gram_solve.hpp"
#include "moment_nodes.hpp"
#include "sigmahat/kernels/least_squares_buckets_launch.hpp"

namespace sigmahat::test {
namespace {

/// A batch: problem b is rows offsets[b] … offsets[b+1]−1 of z = (x, y), the columns of one array side by side.
struct Batch {
  Batch(const RowsCase& of_z, std::vector<Index> rows_of_problems)
      : z(of_z), k(of_z.columns - 1), offsets(rows_of_problems.size() + 1, 0) {
    std::partial_sum(rows_of_problems.begin(), rows_of_problems.end(), offsets.begin() + 1);
  }
  Index problems() const { return std::ssize(offsets) - 1; }
  Index rows_of(Index b) const { return offsets[b + 1] - offsets[b]; }

  TestRows z;
  Index k;
  std::vector<Index> offsets;
};

/// Results of all problems. `accepted` and counts beside the numbers.
struct Fits {
  Fits(Index problems, Index k, Index coefficient_count)
      : coefficients(problems * coefficient_count, kNaN),
        standard_errors(problems * coefficient_count, kNaN),
        condition(problems, kNaN),
        rss(problems, kNaN),
        tss(problems, kNaN),
        weight(problems, kNaN),
        rows(problems, -1),
        dropped(problems, -1),
        accepted(problems, -1),
        gram(problems * steps::packed(k + 1, 0), kNaN),
        mean(problems * (k + 1), kNaN),
        residual(problems * (k + 1), kNaN),
        gram_weight(problems, kNaN),
        gram_rows(problems, -1),
        gram_dropped(problems, -1) {}

  std::vector<double> coefficients, standard_errors, condition, rss, tss, weight;
  std::vector<Index> rows, dropped;
  std::vector<int> accepted;
  std::vector<double> gram, mean, residual, gram_weight;
  std::vector<Index> gram_rows, gram_dropped;
};

/// One problem as the definition has it.
void define(const Batch& batch, Index b, const LeastSquaresTask& task, Fits& fits) {
  const Index k = batch.k, q = k + 1, offset = task.intercept ? 1 : 0, count = k + offset,
              numbers = steps::packed(q, 0);
  const Node node = defined_tree(batch.z.view(), batch.offsets[b], batch.offsets[b + 1], task.drop, task.intercept);
  std::vector<double> gram(numbers), v(numbers), scale(q), column(q), beta(k), inverse(k);
  for (Index i = 0; i < q; ++i) {
    for (Index j = 0; j <= i; ++j) gram[steps::packed(i, j)] = node.scatter[i + j * q];
  }
  std::copy(gram.begin(), gram.end(), fits.gram.begin() + b * numbers);
  if (task.intercept) {
    std::copy(node.m.begin(), node.m.end(), fits.mean.begin() + b * q);
    std::copy(node.c.begin(), node.c.end(), fits.residual.begin() + b * q);
  }
  fits.weight[b] = node.n;
  fits.rows[b] = node.counts.rows;
  fits.dropped[b] = node.counts.dropped;
  fits.accepted[b] = 0;
  for (Index j = 0; j < count; ++j) {
    fits.coefficients[b * count + j] = fits.standard_errors[b * count + j] = kCanonicalNaN;
  }
  fits.condition[b] = fits.rss[b] = fits.tss[b] = kCanonicalNaN;
  if (node.counts.rows <= count) return;
  const steps::GramWork<double> work{gram.data(), v.data(), scale.data(), column.data(), beta.data(), inverse.data()};
  const double* const mean = task.intercept ? node.m.data() : nullptr;
  const double tss = gram.back();
  const steps::SerialTeam team;
  const auto summary = steps::solve_gram(team, k, node.n, mean, task.ridge, work);
  const bool keeps_rss = summary.keeps_rss && task.ridge == 0;
  if (!summary.regular || !(summary.condition <= task.largest_condition) || (task.needs_rss && !keeps_rss)) return;
  fits.accepted[b] = 1;
  fits.condition[b] = summary.condition;
  fits.rss[b] = steps::data_sum_of_squares(summary, summary.minimum);
  fits.tss[b] = tss;
  double* const coefficients = fits.coefficients.data() + b * count;
  double* const errors = fits.standard_errors.data() + b * count;
  const double variance = fits.rss[b] / static_cast<double>(node.counts.rows - count);
  for (Index j = 0; j < k; ++j) {
    coefficients[offset + j] = steps::data_coefficient(work, summary, j);
    errors[offset + j] = steps::data_standard_error(work, variance, j);
  }
  if (!task.intercept) return;
  coefficients[0] = steps::intercept_from_means(k, node.m.data(), node.c.data(), coefficients + 1) + 0.0;
  errors[0] = std::sqrt(variance * (1 / node.n + steps::mean_leverage(team, k, mean, work)));
}

Fits defined(const Batch& batch, const LeastSquaresTask& task) {
  Fits fits(batch.problems(), batch.k, batch.k + (task.intercept ? 1 : 0));
  for (Index b = 0; b < batch.problems(); ++b) define(batch, b, task, fits);
  return fits;
}

/// Memory for results on the device, NaN or −1 where nothing is written.
struct FitsOnDevice {
  FitsOnDevice(const KernelTest& test, const Fits& fits)
      : coefficients(test.put(fits.coefficients)),
        standard_errors(test.put(fits.standard_errors)),
        condition(test.put(fits.condition)),
        rss(test.put(fits.rss)),
        tss(test.put(fits.tss)),
        weight(test.put(fits.weight)),
        rows(test.put(fits.rows)),
        dropped(test.put(fits.dropped)),
        accepted(test.put(fits.accepted)),
        gram(test.put(fits.gram)),
        mean(test.put(fits.mean)),
        residual(test.put(fits.residual)),
        gram_weight(test.put(fits.gram_weight)),
        gram_rows(test.put(fits.gram_rows)),
        gram_dropped(test.put(fits.gram_dropped)) {}

  LeastSquaresArrays arrays() const {
    return {coefficients.get(), standard_errors.get(), condition.get(), rss.get(), tss.get(), weight.get(),
            rows.get(),         dropped.get(),         accepted.get()};
  }
  /// From item `first` on.
  GramArrays grams(Index first, Index k) const {
    return {gram.get() + first * steps::packed(k + 1, 0),
            mean.get() + first * (k + 1),
            residual.get() + first * (k + 1),
            gram_weight.get() + first,
            gram_rows.get() + first,
            gram_dropped.get() + first};
  }
  Fits fetched(const KernelTest& test) const {
    Fits fits(0, 0, 0);
    fits.coefficients = test.fetch(coefficients);
    fits.standard_errors = test.fetch(standard_errors);
    fits.condition = test.fetch(condition);
    fits.rss = test.fetch(rss);
    fits.tss = test.fetch(tss);
    fits.weight = test.fetch(weight);
    fits.rows = test.fetch(rows);
    fits.dropped = test.fetch(dropped);
    fits.accepted = test.fetch(accepted);
    fits.gram = test.fetch(gram);
    fits.mean = test.fetch(mean);
    fits.residual = test.fetch(residual);
    fits.gram_weight = test.fetch(gram_weight);
    fits.gram_rows = test.fetch(gram_rows);
    fits.gram_dropped = test.fetch(gram_dropped);
    return fits;
  }

  DeviceArray<double> coefficients, standard_errors, condition, rss, tss, weight;
  DeviceArray<Index> rows, dropped;
  DeviceArray<int> accepted;
  DeviceArray<double> gram, mean, residual, gram_weight;
  DeviceArray<Index> gram_rows, gram_dropped;
};

/// What one computation gave; Gram matrices in the order of `order`: the small problems by size, then the large ones.
struct Computed {
  Fits fits;
  std::vector<Index> order;
  std::vector<double> numbers() const {
    std::vector<double> all = fits.coefficients;
    for (const auto* part : {&fits.standard_errors, &fits.condition, &fits.rss, &fits.tss, &fits.gram}) {
      all.insert(all.end(), part->begin(), part->end());
    }
    return all;
  }
};

RegressionRows regression_rows(const RowsOnDevice& z, Index k) {
  RegressionRows rows{z.get(), z.get()};
  const Index item = rows.y.is_float ? sizeof(float) : sizeof(double);
  rows.y.data = static_cast<const char*>(rows.y.data) + k * rows.y.column_stride * item;
  rows.y.weights = nullptr;
  return rows;
}

/// Nodes and solutions of the problems of more than 256 rows.
void compute_large(const KernelTest& test, const Batch& batch, const LeastSquaresTask& task, const RegressionRows& rows,
                   const std::vector<Index>& large, const FitsOnDevice& device, Index first_item) {
  const Index q = batch.k + 1;
  std::vector<Index> first_rows, lengths{0};
  for (const Index b : large) {
    first_rows.push_back(batch.offsets[b]);
    lengths.push_back(lengths.back() + batch.rows_of(b));
  }
  const auto problems = test.put(large), first_rows_device = test.put(first_rows);
  const BlockListOnDevice list(test, lengths);
  const NodesOnDevice block_arrays(test, list.blocks, q), root_arrays(test, list.segments, q);
  MomentNodes blocks = block_arrays.get(), roots = root_arrays.get();
  if (!task.intercept) blocks.mean = blocks.residual = roots.mean = roots.residual = nullptr;
  require_success(launch_least_squares_blocks(test.stream(), rows, list.get(), first_rows_device.get(), task, blocks));
  require_success(launch_moments_tree(test.stream(), list.get(), q, blocks));
  require_success(launch_moments_roots(test.stream(), list.get(), q, blocks, roots, 0));
  require_success(launch_least_squares_roots(test.stream(), list.segments, nullptr, problems.get(), roots, task,
                                             device.arrays(), device.grams(first_item, batch.k)));
  test.synchronise();
}

Computed computed(const KernelTest& test, const Batch& batch, const LeastSquaresTask& task) {
  const RowsOnDevice z(test.stream(), batch.z);
  const RegressionRows rows = regression_rows(z, batch.k);
  const auto offsets = test.put(batch.offsets);
  const DeviceArray<std::uint8_t> buckets(batch.problems());
  const DeviceArray<Index> order(batch.problems());
  require_success(
      launch_least_squares_buckets(test.stream(), batch.problems(), offsets.get(), buckets.get(), order.get()));
  const FitsOnDevice device(test, Fits(batch.problems(), batch.k, batch.k + (task.intercept ? 1 : 0)));
  std::vector<Index> large;
  for (Index b = 0; b < batch.problems(); ++b) {
    if (batch.rows_of(b) > kCanonicalBlock) large.push_back(b);
  }
  const Index small = batch.problems() - std::ssize(large);
  require_success(launch_least_squares(test.stream(), rows, {small, 0, offsets.get(), order.get()}, task,
                                       device.arrays(), device.grams(0, batch.k)));
  compute_large(test, batch, task, rows, large, device, small);
  return {device.fetched(test), test.fetch(order)};
}

void expect_same(const Batch& batch, const LeastSquaresTask& task, const Computed& actual) {
  const Fits expected = defined(batch, task);
  EXPECT_EQ(actual.fits.rows, expected.rows);
  EXPECT_EQ(actual.fits.dropped, expected.dropped);
  if (task.solve) {
    EXPECT_EQ(actual.fits.accepted, expected.accepted);
    EXPECT_TRUE(same_bits(actual.fits.coefficients, expected.coefficients)) << "coefficients";
    EXPECT_TRUE(same_bits(actual.fits.standard_errors, expected.standard_errors)) << "standard errors";
    EXPECT_TRUE(same_bits(actual.fits.condition, expected.condition)) << "condition";
    EXPECT_TRUE(same_bits(actual.fits.rss, expected.rss)) << "RSS";
    EXPECT_TRUE(same_bits(actual.fits.tss, expected.tss)) << "TSS";
  }
  const auto part = [](const std::vector<double>& all, Index item, Index length) {
    return std::span(all).subspan(static_cast<std::size_t>(item * length), static_cast<std::size_t>(length));
  };
  for (Index item = 0; item < batch.problems(); ++item) {
    const Index b = actual.order[item], q = batch.k + 1, numbers = steps::packed(q, 0);
    SCOPED_TRACE("problem " + std::to_string(b) + ", " + std::to_string(batch.rows_of(b)) + " rows");
    const auto gram = part(expected.gram, b, numbers);
    EXPECT_EQ(actual.fits.gram_rows[item], expected.rows[b]);
    EXPECT_EQ(actual.fits.gram_dropped[item], expected.dropped[b]);
    // NaNs of the arithmetic may have any sign.
    if (!std::all_of(gram.begin(), gram.end(), [](double g) { return std::isfinite(g); })) continue;
    EXPECT_TRUE(same_bits(actual.fits.weight[b], expected.weight[b])) << "weight";
    EXPECT_TRUE(same_bits(actual.fits.gram_weight[item], expected.weight[b])) << "weight";
    EXPECT_TRUE(same_bits(part(actual.fits.gram, item, numbers), gram)) << "Gram matrix";
    if (!task.intercept) continue;
    EXPECT_TRUE(same_bits(part(actual.fits.mean, item, q), part(expected.mean, b, q))) << "mean";
    EXPECT_TRUE(same_bits(part(actual.fits.residual, item, q), part(expected.residual, b, q))) << "residual";
  }
}

LeastSquaresTask make_task(Index k, bool intercept, bool drop) {
  LeastSquaresTask task;
  task.columns = k;
  task.intercept = intercept;
  task.drop = drop;
  task.largest_condition = kInfinity;
  return task;
}

std::vector<Index> sizes(Index k) { return {31, 1000, 0, 256, 1, k, 257, 33, k + 1, 255, 32, k + 2, 100}; }
Index sum_of(const std::vector<Index>& numbers) { return std::accumulate(numbers.begin(), numbers.end(), Index{0}); }

class LeastSquaresKernels : public KernelTest {};

TEST_P(LeastSquaresKernels, RaggedBatchesHaveTheDefinedBits) {
  for (const Index k : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 20, 21, 31, 32, 33, 63, 64}) {
    for (const bool intercept : {false, true}) {
      RowsCase c{sum_of(sizes(k)), k + 1};
      if (k <= 8 && intercept) c.type = ScalarType::float32;  // a kernel for each type and k
      SCOPED_TRACE(describe(c) + (intercept ? ", intercept" : ""));
      const Batch batch(c, sizes(k));
      const LeastSquaresTask task = make_task(k, intercept, false);
      const Computed actual = computed(*this, batch, task);
      expect_same(batch, task, actual);
      EXPECT_EQ(actual.fits.accepted[1], 1);
    }
  }
}

TEST_P(LeastSquaresKernels, EveryTypeLayoutAndWeightWithRowsThatAreNotFinite) {
  for (const Index k : {3, 12, 24}) {
    for (const RowsCase& c : rows_cases(sum_of(sizes(k)), k + 1, true)) {
      for (const bool drop : {true, false}) {
        for (const bool intercept : {false, true}) {
          SCOPED_TRACE(describe(c) + (drop ? ", drop" : "") + (intercept ? ", intercept" : ""));
          const Batch batch(c, sizes(k));
          const LeastSquaresTask task = make_task(k, intercept, drop);
          const Computed actual = computed(*this, batch, task);
          expect_same(batch, task, actual);
          EXPECT_EQ(actual.fits.accepted[0], drop && 28 > k + 1 ? 1 : 0);  // of 31 rows three are not finite
        }
      }
    }
  }
}

TEST_P(LeastSquaresKernels, ThresholdsLeaveProblemsOver) {
  for (const Index k : {4, 10}) {
    const Batch batch({sum_of(sizes(k)), k + 1}, sizes(k));
    LeastSquaresTask task = make_task(k, true, false);
    task.largest_condition = 1.5;
    task.needs_rss = true;
    const Computed strict = computed(*this, batch, task);
    expect_same(batch, task, strict);
    EXPECT_EQ(std::count(strict.fits.accepted.begin(), strict.fits.accepted.end(), 1) % batch.problems() != 0, true);
    task = make_task(k, false, false);
    task.ridge = 3;
    const Computed shrunk = computed(*this, batch, task);
    expect_same(batch, task, shrunk);
    EXPECT_EQ(shrunk.fits.accepted[1], 1);
    task.needs_rss = true;
    EXPECT_EQ(computed(*this, batch, task).fits.accepted, std::vector<int>(batch.problems(), 0));
  }
}

TEST_P(LeastSquaresKernels, UniformBatchesNeedNoLists) {
  for (const Index k : {2, 11}) {
    constexpr Index kProblems = 40, kRows = 37;
    const Batch batch({kProblems * kRows, k + 1}, std::vector<Index>(kProblems, kRows));
    LeastSquaresTask task = make_task(k, false, false);
    const RowsOnDevice z(stream(), batch.z);
    const FitsOnDevice device(*this, Fits(kProblems, k, k));
    LeastSquaresArrays wanted = device.arrays();
    wanted.standard_errors = wanted.condition = wanted.rss = wanted.tss = wanted.weight = nullptr;
    wanted.rows = wanted.dropped = nullptr;
    require_success(
        launch_least_squares(stream(), regression_rows(z, k), {kProblems, kRows}, task, wanted, GramArrays{}));
    const Fits actual = device.fetched(*this), expected = defined(batch, task);
    EXPECT_EQ(actual.accepted, expected.accepted);
    EXPECT_TRUE(same_bits(actual.coefficients, expected.coefficients));
    EXPECT_TRUE(same_bits(actual.rss, Fits(kProblems, k, k).rss)) << "not wanted";

    task.solve = false;
    wanted = LeastSquaresArrays{};
    const Batch same({kProblems * kRows, k + 1}, std::vector<Index>(kProblems, kRows));
    require_success(
        launch_least_squares(stream(), regression_rows(z, k), {kProblems, kRows}, task, wanted, device.grams(0, k)));
    EXPECT_TRUE(same_bits(fetch(device.gram), expected.gram)) << "Gram matrices alone";
  }
}

TEST_P(LeastSquaresKernels, ABadProblemDoesNotTouchItsNeighbours) {
  for (const Index k : {5, 14}) {
    const std::vector<Index> rows(40, 50);
    const LeastSquaresTask task = make_task(k, true, false);
    const Batch good({sum_of(rows), k + 1}, rows);
    RowsCase with_holes{sum_of(rows), k + 1};
    with_holes.holes = true;  // rows 0, 30 and 256: problems 0 and 5
    const Batch bad(with_holes, rows);
    const Computed expected = computed(*this, good, task), actual = computed(*this, bad, task);
    for (Index b = 0; b < 40; ++b) {
      SCOPED_TRACE("problem " + std::to_string(b));
      const bool hit = b == 0 || b == 5;
      EXPECT_EQ(actual.fits.accepted[b], hit ? 0 : 1);
      for (Index j = 0; j <= k; ++j) {
        const double coefficient = actual.fits.coefficients[b * (k + 1) + j];
        EXPECT_TRUE(same_bits(coefficient, hit ? kCanonicalNaN : expected.fits.coefficients[b * (k + 1) + j]));
      }
    }
  }
}

TEST_P(LeastSquaresKernels, TheOrderOfTurnsChangesNoBit) {
  for (const Index k : {6, 19, 40}) {
    const Batch batch({sum_of(sizes(k)), k + 1}, sizes(k));
    const LeastSquaresTask task = make_task(k, true, false);
    expect_same(batch, task, same_in_every_order([&] { return computed(*this, batch, task); }));
  }
}

TEST_P(LeastSquaresKernels, BucketsSortProblemsBySize) {
  const std::vector<Index> rows{300, 8, 0, 9, 256, 257, 7, 1, 16, 0, 5000, 255};
  std::vector<Index> offsets{0};
  for (const Index n : rows) offsets.push_back(offsets.back() + n);
  const auto device_offsets = put(offsets);
  const DeviceArray<std::uint8_t> buckets(std::ssize(rows));
  const DeviceArray<Index> order(std::ssize(rows));
  require_success(
      launch_least_squares_buckets(stream(), std::ssize(rows), device_offsets.get(), buckets.get(), order.get()));
  EXPECT_EQ(fetch(order), (std::vector<Index>{2, 9, 1, 6, 7, 3, 8, 4, 11, 0, 5, 10}));
}

SIGMAHAT_ON_DEVICE(LeastSquaresKernels);

}  // namespace
}  // namespace sigmahat::test
