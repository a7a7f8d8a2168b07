// The model: densities, distances and likelihood against closed forms, and its file.
#include "sigmahat/gaussian_model.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <numbers>
#include <sstream>

#include "support/compare.hpp"
#include "support/devices.hpp"
#include "support/independent_likelihood.hpp"
#include "support/random.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using test::same_bits;
using test::Tolerances;
using test::within;
using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class GaussianModelTest : public test::DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    folder_ = std::filesystem::temp_directory_path() /
              ("sigmahat-model-" + std::to_string(::getpid()) + "-" + std::string(GetParam()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return (folder_ / name).string(); }
  std::string write(const std::string& text) const {
    std::ofstream(path("model.json")) << text;
    return path("model.json");
  }
  std::string load_error(const std::string& file) const {
    try {
      GaussianModel::load(context(), file);
    } catch (const DataError& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
  std::filesystem::path folder_;
};
SIGMAHAT_ON_EVERY_DEVICE(GaussianModelTest);

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_P(GaussianModelTest, OneDimensionIsTheTextbookDensity) {
  const GaussianModel model(context(), {1.5}, Matrix(1, 1, 4.0));
  EXPECT_EQ(model.factor()(0, 0), 2);
  EXPECT_TRUE(within(model.log_determinant(), std::log(4.0), 1e-15));
  const std::vector<double> x{1.5, 0, -3, 10};
  const std::vector<double> densities = model.log_densities(context(), RowsView::row_major(x.data(), 4, 1));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double z = (x[i] - 1.5) / 2;
    const double expected = -std::log(2 * std::sqrt(2 * std::numbers::pi)) - 0.5 * z * z;
    EXPECT_TRUE(within(densities[i], expected, 4 * Tolerances<double>::kEpsilon * std::abs(expected)));
  }
}

TEST_P(GaussianModelTest, TwoDimensionsAreTheTextbookDensity) {
  const double s1 = 2, s2 = 0.5, rho = 0.6, m1 = -1, m2 = 3;
  const GaussianModel model(context(), {m1, m2}, Matrix(2, 2, {s1 * s1, rho * s1 * s2, rho * s1 * s2, s2 * s2}));
  const std::vector<double> rows{0, 3, -1, 3.5, 4, 1};
  const RowsView view = RowsView::row_major(rows.data(), 3, 2);
  const std::vector<double> densities = model.log_densities(context(), view);
  const std::vector<double> distances = model.mahalanobis_squared(context(), view);
  for (Index i = 0; i < 3; ++i) {
    const double u = (view.at(i, 0) - m1) / s1, v = (view.at(i, 1) - m2) / s2;
    const double distance = (u * u - 2 * rho * u * v + v * v) / (1 - rho * rho);
    const double expected = -std::log(2 * std::numbers::pi * s1 * s2 * std::sqrt(1 - rho * rho)) - distance / 2;
    EXPECT_TRUE(within(distances[i], distance, Tolerances<double>::whitened(2, 10) * distance));
    EXPECT_TRUE(within(densities[i], expected, Tolerances<double>::whitened(2, 10) * (std::abs(expected) + distance)));
  }
}

TEST_P(GaussianModelTest, DensitiesAgreeWithAnIndependentOneInLongDouble) {
  for (const Index p : {5, 70}) {
    test::Random random(6);
    const double condition = 50;
    const GaussianModel model(context(), random.normals(p), random.positive_definite(p, condition));
    const Index n = 37;
    const std::vector<double> data = random.rows(n, p, 3, 0.3);
    const std::vector<double> densities = model.log_densities(context(), RowsView::row_major(data.data(), n, p));
    for (Index i = 0; i < n; ++i) {
      // One row is a data set with n = 1, x̄ = the row and no scatter.
      const test::DenseMatrix<double> none(p);
      test::DenseMatrix<long double> sigma(p);
      for (Index k = 0; k < p * p; ++k) sigma.values[k] = model.covariance().data()[k];
      const double expected = static_cast<double>(
          test::independent_log_likelihood<long double>(1, {data.begin() + i * p, data.begin() + (i + 1) * p}, none,
                                                        {model.mean().begin(), model.mean().end()}, sigma));
      EXPECT_TRUE(within(densities[i], expected, Tolerances<double>::whitened(p, condition) * std::abs(expected)));
    }
  }
}

TEST_P(GaussianModelTest, LikelihoodOfRowsAndOfMomentsAgree) {
  for (const Index p : {3, 70}) {
    test::Random random(16);
    const GaussianModel model(context(), random.normals(p), random.positive_definite(p, 10));
    const Index n = 1000;
    const std::vector<double> data = random.rows(n, p, 3, 0.3);
    std::vector<double> weights(n);
    for (double& weight : weights) weight = static_cast<double>(random.below(3));
    for (const bool weighted : {false, true}) {
      RowsView rows = RowsView::row_major(data.data(), n, p);
      if (weighted) rows = rows.weighted(weights.data());
      const double of_rows = model.log_likelihood(context(), rows);
      const double of_moments = model.log_likelihood(context(), compute_moments(context(), rows));
      EXPECT_TRUE(within(of_rows, of_moments, Tolerances<double>::whitened(p, 10) * std::abs(of_moments)));
    }
  }
}

TEST_P(GaussianModelTest, RowsThatAreNotFiniteHaveNoDensityAndNoLikelihood) {
  const GaussianModel model(context(), {0, 0}, Matrix::identity(2));
  const std::vector<double> data{0, 0, 1, kNaN, 2, 2};
  const RowsView rows = RowsView::row_major(data.data(), 3, 2);
  const std::vector<double> densities = model.log_densities(context(), rows);
  EXPECT_TRUE(std::isfinite(densities[0]) && std::isfinite(densities[2]));
  EXPECT_TRUE(same_bits(std::span(densities).subspan(1, 1), std::vector{kCanonicalNaN}));
  const std::vector<double> distances = model.mahalanobis_squared(context(), rows);
  EXPECT_TRUE(same_bits(std::span(distances).subspan(1, 1), std::vector{kCanonicalNaN}));
  try {
    model.log_likelihood(context(), rows);
    FAIL() << "a NaN was taken";
  } catch (const NonFiniteRow& error) {
    EXPECT_EQ(error.row(), 1);
    EXPECT_EQ(error.column(), 1);
  }
  const std::vector<double> negative{1, 1, -1};
  const RowsView finite = RowsView::row_major(data.data(), 1, 2);
  EXPECT_THROW(model.log_likelihood(context(), finite.weighted(negative.data() + 2)), DataError);
  EXPECT_TRUE(model.log_densities(context(), rows.slice(0, 0)).empty());
}

TEST_P(GaussianModelTest, NoRowsHaveTheLikelihoodZero) {
  const GaussianModel model(context(), {0, 0}, Matrix::identity(2));
  const double* const nothing = nullptr;
  const double value = model.log_likelihood(context(), RowsView::row_major(nothing, 0, 2));
  EXPECT_TRUE(same_bits(std::vector{value}, std::vector{0.0}));
  EXPECT_THROW(model.log_likelihood(context(), RowsView::row_major(nothing, 0, 3)), InvalidArgument);
}

TEST_P(GaussianModelTest, DistancesThatOverflowHaveNoDensityAndNoLikelihood) {
  for (const Index p : {2, 70}) {
    const GaussianModel model(context(), std::vector<double>(p, 0.0), Matrix::identity(p));
    std::vector<double> data(3 * p, 1.0), weights{1, 1, 1};
    data[p] = 1e200;
    const RowsView rows = RowsView::row_major(data.data(), 3, p);
    for (const std::vector<double>& values :
         {model.log_densities(context(), rows), model.mahalanobis_squared(context(), rows)}) {
      EXPECT_TRUE(std::isfinite(values[0]) && std::isfinite(values[2]));
      EXPECT_TRUE(same_bits(std::span(values).subspan(1, 1), std::vector{kCanonicalNaN}));
    }
    try {
      model.log_likelihood(context(), rows);
      FAIL() << "a distance that overflows was taken";
    } catch (const NumericalError& error) {
      EXPECT_THAT(error.what(), HasSubstr("row 1 (counted from 0): its squared distance"));
    }
    weights[1] = 0;
    EXPECT_TRUE(std::isfinite(model.log_likelihood(context(), rows.weighted(weights.data()))));
  }
}

TEST_P(GaussianModelTest, ArgumentsThatCannotBeAreRefused) {
  EXPECT_THROW(GaussianModel(context(), {}, Matrix()), InvalidArgument);
  EXPECT_THROW(GaussianModel(context(), {1, 2}, Matrix::identity(3)), InvalidArgument);
  EXPECT_THROW(GaussianModel(context(), {1, kNaN}, Matrix::identity(2)), InvalidArgument);
  EXPECT_THROW(GaussianModel(context(), {1, 2}, Matrix(2, 2, {1, 0.5, 0.4, 1})), InvalidArgument);
  EXPECT_THROW(GaussianModel(context(), {1, 2}, Matrix(2, 2, {1, kNaN, kNaN, 1})), InvalidArgument);
  EXPECT_THROW(GaussianModel(context(), {1, 2}, Matrix(2, 2, {1, 1, 1, 1})), NumericalError);
  const GaussianModel model(context(), {1, 2}, Matrix::identity(2));
  const std::vector<double> data(6, 1.0);
  EXPECT_THROW(model.log_densities(context(), RowsView::row_major(data.data(), 2, 3)), InvalidArgument);
  EXPECT_THROW(model.log_likelihood(context(), compute_moments(context(), RowsView::row_major(data.data(), 2, 3))),
               InvalidArgument);
}

TEST_P(GaussianModelTest, FileGivesTheSameBitsBack) {
  test::Random random(33);
  const GaussianModel model(context(), {random.normal() * 1e-300, 1.0 / 3, -1e17, 0},
                            random.positive_definite(4, 1e5, 1e-7));
  model.save(path("m.json"), {"a", "b \"quoted\"", "µ", "d"});
  const GaussianModel loaded = GaussianModel::load(context(), path("m.json"));
  EXPECT_TRUE(same_bits(loaded.mean(), model.mean()));
  EXPECT_TRUE(same_bits(loaded.covariance(), model.covariance()));
  EXPECT_TRUE(same_bits(loaded.factor(), model.factor()));
  EXPECT_THAT(read(path("m.json")), HasSubstr("\"format\": \"sigmahat-gaussian-model\""));
  loaded.save(path("m.json"));
  EXPECT_TRUE(same_bits(GaussianModel::load(context(), path("m.json")).covariance(), model.covariance()));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "a partial file stayed behind";
  EXPECT_THROW(model.save(path("m.json"), {"a"}), InvalidArgument);
  try {
    model.save(path("latin.json"), {"a", "b", "\xb5", "d"});
    FAIL() << "a name that is not UTF-8 was taken";
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("columns: "));
  }
  EXPECT_FALSE(std::filesystem::exists(path("latin.json")));
}

TEST_P(GaussianModelTest, FilesThatCannotBeWrittenLeaveNothing) {
  const GaussianModel model(context(), {0}, Matrix::identity(1));
  try {
    model.save(path("missing/m.json"));
    FAIL() << "a file was written into a folder that does not exist";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("missing/m.json: cannot be written"));
  }
  std::filesystem::create_directories(folder_ / "target" / "inner");
  EXPECT_THROW(model.save(path("target")), DataError);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_P(GaussianModelTest, FilesThatAreNoModelAreRefusedByKey) {
  const std::string head = R"({"format": "sigmahat-gaussian-model", "version": 1, )";
  const auto error_of = [&](const std::string& text) { return load_error(write(text)); };
  EXPECT_THAT(load_error(path("none.json")), HasSubstr("none.json: cannot be opened"));
  EXPECT_THAT(load_error(folder_.string()), HasSubstr("cannot be opened"));
  EXPECT_THAT(error_of(""), HasSubstr("model.json: not a JSON file"));
  EXPECT_THAT(error_of("{\"format\": "), HasSubstr("not a JSON file"));
  EXPECT_THAT(error_of("[1, 2]"), HasSubstr("holds no JSON object"));
  EXPECT_THAT(error_of("{}"), HasSubstr("key \"format\": it is missing"));
  EXPECT_THAT(error_of(R"({"format": "other"})"), HasSubstr("key \"format\": it is \"other\""));
  EXPECT_THAT(error_of(R"({"format": "sigmahat-gaussian-model", "version": 2})"),
              HasSubstr("key \"version\": it is 2"));
  EXPECT_THAT(error_of(head + "\"mean\": 3}"), HasSubstr("key \"mean\": it must be an array"));
  EXPECT_THAT(error_of(head + "\"mean\": []}"), HasSubstr("key \"mean\": it is empty"));
  EXPECT_THAT(error_of(head + "\"mean\": [1, null]}"), HasSubstr("key \"mean\": null is not a number"));
  EXPECT_THAT(error_of(head + "\"mean\": [1e999]}"), HasSubstr("model.json"));
  EXPECT_THAT(error_of("{\"format\": " + std::string(100000, '[') + std::string(100000, ']') + "}"),
              HasSubstr("model.json: its JSON is nested more than 64 deep"));
  EXPECT_THAT(error_of(head + "\"mean\": [1]}"), HasSubstr("key \"covariance\": it is missing"));
  EXPECT_THAT(error_of(head + "\"mean\": [1, 2], \"covariance\": [[1, 0]]}"), HasSubstr("it has 1 items"));
  EXPECT_THAT(error_of(head + "\"mean\": [1, 2], \"covariance\": [[1, 0], [0]]}"), HasSubstr("row 1"));
  EXPECT_THAT(error_of(head + "\"mean\": [1, 2], \"covariance\": [[1, \"a\"], [0, 1]]}"), HasSubstr("not a number"));
  EXPECT_THAT(error_of(head + "\"mean\": [1, 2], \"covariance\": [[1, 2], [0, 1]]}"), HasSubstr("symmetric"));
  EXPECT_THROW(GaussianModel::load(context(), write(head + "\"mean\": [1, 2], \"covariance\": [[1, 2], [2, 1]]}")),
               NumericalError);
  EXPECT_THAT(error_of(head + "\"columns\": [\"a\"], \"mean\": [1, 2], \"covariance\": [[1, 0], [0, 1]]}"),
              HasSubstr("key \"columns\""));
  EXPECT_THAT(error_of(head + "\"mean\": [1, 2], \"covariance\": [[1, 0], [0, 1]]}"), HasSubstr("nothing was thrown"));
}

}  // namespace
}  // namespace sigmahat
