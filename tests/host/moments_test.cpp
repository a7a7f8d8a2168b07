// Moments on every backend against the reference: bits for p ≤ 64 (D3) and among the CPU backends for any p.
#include <sys/mman.h>
#include <unistd.h>

#include <limits>

#include "compare.hpp"
#include "devices.hpp"
#include "operations_data.hpp"

namespace sigmahat::test {
namespace {

class MomentsOperation : public DeviceTest {
 protected:
  /// Bits where the definition fixes them, rounding bounds for p > 64 on a GPU.
  void expect_equal(MomentsResult& actual, MomentsResult& expected, Index p, Index rows, const std::string& what) {
    EXPECT_EQ(actual.rows, expected.rows) << what;
    EXPECT_EQ(actual.dropped, expected.dropped) << what;
    if (p <= kSmallDimension || std::string(GetParam()) != "cuda") {
      EXPECT_TRUE(same_bits(actual.weight, expected.weight)) << what;
      EXPECT_TRUE(same_bits(actual.mean, expected.mean)) << what;
      EXPECT_TRUE(same_bits(actual.residual, expected.residual)) << what;
      EXPECT_TRUE(same_bits(actual.scatter, expected.scatter)) << what;
    } else {
      EXPECT_TRUE(at_most(relative_error(actual.mean, expected.mean), Tolerances<double>::chain(4))) << what;
      EXPECT_TRUE(at_most(relative_error(actual.scatter, expected.scatter), Tolerances<double>::scatter(rows))) << what;
    }
  }
};

struct Form {
  const char* name;
  bool weights, column_major, float32, missing;
};
constexpr Form kForms[] = {
    {"row-major", false, false, false, false},           {"weights", true, false, false, false},
    {"column-major", false, true, false, false},         {"float32, weights", true, false, true, false},
    {"float32, column-major", false, true, true, false}, {"missing rows, weights", true, false, false, true},
};

/// Rows in one form with a padded leading dimension; every fifth row has a NaN where `missing` is set.
struct FormedRows {
  FormedRows(const Form& form, Index rows, Index columns) {
    const Index ld = form.column_major ? rows + 5 : columns + 3;
    Random random(static_cast<std::uint64_t>(rows * 1000 + columns));
    values = random.normals(ld * (form.column_major ? columns : rows) + 1);
    for (double& value : values) value += 1000;
    weights.resize(static_cast<std::size_t>(rows) + 1);
    for (double& weight : weights) weight = random.uniform();
    if (rows > 2) weights[1] = 0;
    for (Index i = 0; form.missing && i < rows; i += 5) {
      values[static_cast<std::size_t>(i * ld + i % columns)] = std::numeric_limits<double>::quiet_NaN();
    }
    singles.assign(values.begin(), values.end());
    view = {form.float32 ? static_cast<const void*>(singles.data()) : values.data(),
            form.float32 ? ScalarType::float32 : ScalarType::float64,
            form.column_major ? Layout::column_major : Layout::row_major,
            rows,
            columns,
            ld,
            form.weights ? weights.data() : nullptr};
  }
  std::vector<double> values, weights;
  std::vector<float> singles;
  RowsView view;
};

TEST_P(MomentsOperation, MatchesTheReferenceInEveryForm) {
  Context reference({"reference", 1});
  for (const Index p : {1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 130}) {
    for (const Index n : {0, 1, 31, 32, 33, 256, 257, 1000, 9000}) {
      if (p > 33 && n > 1000 && p != 64 && p != 65) continue;
      for (const Form& form : kForms) {
        const FormedRows rows(form, n, p);
        const MissingRows missing = form.missing ? MissingRows::drop : MissingRows::error;
        MomentsResult expected = moments_of(reference.operations(), rows.view, missing);
        MomentsResult actual = moments_of(operations(), rows.view, missing);
        expect_equal(actual, expected, p, n,
                     std::string(form.name) + ", p = " + std::to_string(p) + ", n = " + std::to_string(n));
        if (HasFailure()) return;
      }
    }
  }
}

// 256·256 rows fill a level of block means; a few more open the next one.
TEST_P(MomentsOperation, MatchesTheReferenceBeyondOneLevelOfBlockMeans) {
  Context reference({"reference", 1});
  for (const Index p : {3, 65}) {
    const FormedRows rows(kForms[0], 256 * 256 + 700, p);
    MomentsResult expected = moments_of(reference.operations(), rows.view);
    MomentsResult actual = moments_of(operations(), rows.view);
    expect_equal(actual, expected, p, rows.view.rows, "p = " + std::to_string(p));
  }
}

TEST_P(MomentsOperation, DoesNotDependOnThreadsOrPieces) {
  for (const Index p : {5, 64, 70}) {
    const FormedRows rows(kForms[1], 30000, p);
    MomentsResult expected = moments_of(operations(), rows.view);
    if (std::string(GetParam()) == "cpu") {
      for (const int threads : {1, 2, 3, 7}) {
        Context other({"cpu", threads});
        MomentsResult actual = moments_of(other.operations(), rows.view);
        EXPECT_TRUE(same_bits(actual.scatter, expected.scatter)) << "p = " << p << ", threads = " << threads;
        EXPECT_TRUE(same_bits(actual.mean, expected.mean)) << "p = " << p << ", threads = " << threads;
      }
    }
    if (p > kSmallDimension && std::string(GetParam()) == "cuda") continue;  // D1: pieces may change the panels
    MomentsResult actual(1, p);
    const auto pass = operations().begin_moments(p, MissingRows::error);
    Index first = 0;
    for (const Index blocks : {1, 3, 17, 40, 1}) {
      EXPECT_TRUE(pass->add(rows.view.slice(first, blocks * kCanonicalBlock)));
      first += blocks * kCanonicalBlock;
    }
    EXPECT_TRUE(pass->add(rows.view.slice(first, rows.view.rows - first)));
    pass->finish(actual.view());
    EXPECT_TRUE(same_bits(actual.scatter, expected.scatter)) << "p = " << p;
    EXPECT_TRUE(same_bits(actual.residual, expected.residual)) << "p = " << p;
  }
}

TEST_P(MomentsOperation, GroupsHaveTheBitsOfASeparatePass) {
  for (const Index p : {4, 33, 66}) {
    const FormedRows rows(kForms[1], 4000, p);
    const std::vector<Index> offsets = {0, 0, 1, 32, 33, 290, 800, 800, 1311, 3990, 4000};
    const Index groups = static_cast<Index>(offsets.size()) - 1;
    MomentsResult batch(groups, p);
    EXPECT_TRUE(operations().grouped_moments(rows.view, offsets, MissingRows::error, batch.view()));
    for (Index g = 0; g < groups; ++g) {
      const auto u = static_cast<std::size_t>(g);
      MomentsResult alone = moments_of(operations(), rows.view.slice(offsets[u], offsets[u + 1] - offsets[u]));
      const std::span<const double> scatter(batch.scatter.data() + g * p * p, static_cast<std::size_t>(p * p));
      const std::span<const double> mean(batch.mean.data() + g * p, static_cast<std::size_t>(p));
      EXPECT_EQ(batch.rows[u], alone.rows[0]) << "group " << g;
      EXPECT_TRUE(same_bits(scatter, alone.scatter)) << "p = " << p << ", group " << g;
      EXPECT_TRUE(same_bits(mean, alone.mean)) << "p = " << p << ", group " << g;
    }
  }
}

TEST_P(MomentsOperation, EmptyAndWeightlessDataHaveNoMean) {
  const std::vector<double> zeros(4, 0.0);
  for (const Index p : {2, 66}) {
    const std::vector<double> data(static_cast<std::size_t>(4 * p), 2.0);
    for (const RowsView& rows :
         {RowsView::row_major(data.data(), 0, p), RowsView::row_major(data.data(), 4, p).weighted(zeros.data())}) {
      MomentsResult result = moments_of(operations(), rows);
      EXPECT_EQ(result.weight[0], 0);
      EXPECT_EQ(result.rows[0], 0);
      const std::vector<double> none(static_cast<std::size_t>(p), kCanonicalNaN);
      EXPECT_TRUE(same_bits(result.mean, none));
      EXPECT_TRUE(same_bits(result.residual, none));
      EXPECT_EQ(norm(result.scatter), 0);
    }
  }
}

/// Memory that ends at a page which nobody may touch.
class GuardedRows {
 public:
  explicit GuardedRows(Index count) {
    const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(double);
    const std::size_t readable = (bytes + page - 1) / page * page;
    length_ = readable + page;
    memory_ = mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char* const end = static_cast<char*>(memory_) + readable;
    EXPECT_EQ(mprotect(end, page, PROT_NONE), 0);
    data_ = reinterpret_cast<double*>(end - bytes);
    std::fill_n(data_, count, 1.5);
  }
  ~GuardedRows() { munmap(memory_, length_); }
  GuardedRows(const GuardedRows&) = delete;
  GuardedRows& operator=(const GuardedRows&) = delete;
  const double* data() const { return data_; }

 private:
  void* memory_ = nullptr;
  std::size_t length_ = 0;
  double* data_ = nullptr;
};

TEST_P(MomentsOperation, ReadsNothingBehindTheRows) {
  for (const Index p : {1, 5, 8, 13, 67}) {
    for (const Index n : {1, 255, 256, 300, 20000}) {
      const GuardedRows rows(n * p);
      const MomentsResult result = moments_of(operations(), RowsView::row_major(rows.data(), n, p));
      EXPECT_TRUE(same_bits(result.mean, std::vector<double>(static_cast<std::size_t>(p), 1.5))) << p << " × " << n;
    }
  }
}

TEST_P(MomentsOperation, ReportsAValueThatIsNotFinite) {
  for (const Index p : {3, 70}) {
    std::vector<double> data(static_cast<std::size_t>(10000 * p), 1.0);
    data[static_cast<std::size_t>(7777 * p + 2)] = std::numeric_limits<double>::infinity();
    const auto rows = RowsView::row_major(data.data(), 10000, p);
    EXPECT_FALSE(operations().begin_moments(p, MissingRows::error)->add(rows)) << "p = " << p;
    EXPECT_TRUE(operations().begin_moments(p, MissingRows::drop)->add(rows)) << "p = " << p;
    const std::vector<Index> offsets = {0, 5000, 10000};
    MomentsResult result(2, p);
    EXPECT_FALSE(operations().grouped_moments(rows, offsets, MissingRows::error, result.view())) << "p = " << p;
  }
}

SIGMAHAT_ON_EVERY_DEVICE(MomentsOperation);

}  // namespace
}  // namespace sigmahat::test
