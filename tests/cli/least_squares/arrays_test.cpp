// `least-squares fit` of arrays: shapes, types and orders of .npy files, and the .npz that is written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "least_squares_support.hpp"
#include "npz_support.hpp"
#include "support/compare.hpp"

namespace sigmahat::cli::test {
namespace {

using sigmahat::test::at_most;
using sigmahat::test::relative_error;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(LeastSquaresArrays, TextReportOfManyProblems) {
  const Folder folder;
  Batch batch(folder, 40, 6, 3);
  batch.x[1] = kNaN;
  folder.write("X.npy", npy_numbers(batch.x, "(40, 6, 3)"));
  const Outcome outcome =
      run_sigmahat(fit({"--X", batch.x_path, "--y", batch.y_path, "--missing", "status", "--confidence", "0.9"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("on 3 columns\n"), HasSubstr("40 problems\n"), HasSubstr("\nproblem 2\n"),
                                 Not(HasSubstr("\nproblem 3\n")),
                                 HasSubstr("... and 37 more problems; --json and --out have them all."),
                                 HasSubstr("\n40 problems: 39 ok, 1 not_finite.\n  not_finite: problem 0\n"),
                                 HasSubstr("lower 90 %"), HasSubstr("rank not determined, condition NA, route none\n"),
                                 HasSubstr("not_finite: a value is missing or infinite"), Not(HasSubstr("nan"))));
}

TEST(LeastSquaresArrays, TextReportNamesTheFirstProblemsOfEachStatus) {
  const Folder folder;
  Batch batch(folder, 40, 6, 2);
  for (const std::size_t problem : {7, 12, 13, 21, 30, 33, 39}) {
    for (std::size_t i = 0; i < 6; ++i) batch.x[12 * problem + 2 * i + 1] = batch.x[12 * problem + 2 * i];
  }
  batch.x[12 * 25] = kNaN;
  folder.write("X.npy", npy_numbers(batch.x, "(40, 6, 2)"));
  std::vector<double> weights(240, 1);
  weights[0] = weights[3] = weights[6 * 30] = 0;
  const std::string w = folder.write("w.npy", npy_numbers(weights, "(40, 6)"));
  const std::vector<std::string> arguments{"--X", batch.x_path, "--y",   batch.y_path, "--weights",
                                           w,     "--missing",  "status"};
  const Outcome outcome = run_sigmahat(fit(arguments));
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("\n40 problems: 32 ok, 7 rank_deficient, 1 not_finite.\n"
                              "  rank_deficient: problems 7, 12, 13, 21, 30 and 2 more\n  not_finite: problem 25\n"),
                    HasSubstr("237 rows of positive weight, 40 problems; 3 of weight 0 left out\n"),
                    HasSubstr("n              4 (2 rows of weight 0 left out), rank 2 of 2")));
  const Json fits = json_of(arguments).at("fits");
  EXPECT_EQ(fits.at(0).at("zero_weight"), 2);
  EXPECT_EQ(fits.at(30).at("zero_weight"), 1);
  EXPECT_EQ(fits.at(25).at("zero_weight"), 0);
}

TEST(LeastSquaresArrays, TextReportOfWhatIsNotAskedFor) {
  const Folder folder;
  const Batch batch(folder, 1, 9, 2);
  const Outcome outcome =
      run_sigmahat(fit({"--X", batch.x_path, "--y", batch.y_path, "--standard-errors", "none", "--outputs", "none"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("estimate\n"), Not(HasSubstr("std. error")), Not(HasSubstr("RSS"))));
  const Json report =
      json_of({"--X", batch.x_path, "--y", batch.y_path, "--standard-errors", "none", "--outputs", "none"});
  for (const char* name : {"se", "t", "p", "lower", "upper", "cov", "rss", "r2", "dof"}) {
    EXPECT_FALSE(report.at("fits").at(0).contains(name)) << name;
  }
  const Json sums = json_of({"--X", batch.x_path, "--y", batch.y_path, "--standard-errors", "none"}).at("fits").at(0);
  EXPECT_TRUE(sums.contains("rss") && !sums.contains("se") && !sums.contains("t"));
}

TEST(LeastSquaresArrays, NpzOfUniformProblems) {
  const Folder folder;
  const Batch batch(folder, 7, 12, 3);
  const std::string out = folder.path("fit.npz");
  const Outcome outcome = run_sigmahat(
      fit({"--X", batch.x_path, "--y", batch.y_path, "--out", out, "--covariance", "--residuals", "--fitted"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::vector<NpzEntry> entries;
  const auto npz = read_npz(out, &entries);
  for (const NpzEntry& entry : entries) EXPECT_TRUE(entry.stored) << entry.name;
  EXPECT_THAT(npz.at("format").texts(), ElementsAre("sigmahat-least-squares-fit"));
  EXPECT_THAT(npz.at("format").shape, IsEmpty());
  EXPECT_THAT(npz.at("version").numbers(), ElementsAre(1));
  EXPECT_THAT(npz.at("columns").texts(), ElementsAre("x0", "x1", "x2"));
  EXPECT_THAT(npz.at("coef").shape, ElementsAre(7, 3));
  EXPECT_THAT(npz.at("cov").shape, ElementsAre(7, 3, 3));
  EXPECT_THAT(npz.at("residuals").shape, ElementsAre(7, 12));
  const auto coef = npz.at("coef").numbers(), se = npz.at("se").numbers(), cov = npz.at("cov").numbers(),
             residuals = npz.at("residuals").numbers(), fitted = npz.at("fitted").numbers();
  for (std::size_t b = 0; b < 7; ++b) {
    const Regression expected = batch.expected(12 * b, 12);
    const auto part = [](const std::vector<double>& all, std::size_t first, std::size_t count) {
      return std::vector<double>(all.begin() + static_cast<std::ptrdiff_t>(first),
                                 all.begin() + static_cast<std::ptrdiff_t>(first + count));
    };
    EXPECT_TRUE(at_most(relative_error(part(coef, 3 * b, 3), expected.coef), 1e-12)) << b;
    EXPECT_TRUE(at_most(relative_error(part(se, 3 * b, 3), expected.se), 1e-12)) << b;
    EXPECT_TRUE(at_most(relative_error(part(residuals, 12 * b, 12), expected.residuals), 1e-12)) << b;
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_TRUE(at_most(std::abs(std::sqrt(cov[9 * b + 4 * j]) / se[3 * b + j] - 1), 1e-12));
    }
    for (std::size_t i = 12 * b; i < 12 * b + 12; ++i) {
      EXPECT_TRUE(at_most(std::abs(fitted[i] + residuals[i] - batch.y[i]), 1e-14));
    }
  }
  EXPECT_EQ(npz.at("dof").numbers(), std::vector<double>(7, 9));
  EXPECT_EQ(npz.at("rank").numbers(), std::vector<double>(7, 3));
  EXPECT_EQ(npz.at("status").texts(), std::vector<std::string>(7, "ok"));
  EXPECT_EQ(npz.at("route").texts(), std::vector<std::string>(7, "cholesky"));
  EXPECT_EQ(npz.at("rows").numbers(), std::vector<double>(7, 12));
  for (const char* name :
       {"t", "p", "lower", "upper", "r2", "adj_r2", "rss", "tss", "sigma2", "dropped", "condition"}) {
    EXPECT_TRUE(npz.contains(name)) << name;
  }
  EXPECT_FALSE(npz.contains("group"));
}

TEST(LeastSquaresArrays, NpzBytesDependOnTheResultsAlone) {
  const Folder folder;
  const Batch batch(folder, 3, 8, 2);
  const auto bytes = [&](const char* zone, const std::string& name) {
    setenv("TZ", zone, 1);
    EXPECT_EQ(run_sigmahat(fit({"--X", batch.x_path, "--y", batch.y_path, "--out", folder.path(name)})).code, 0);
    unsetenv("TZ");
    return read_file(folder.path(name));
  };
  const std::string first = bytes("UTC", "a.npz");
  EXPECT_THAT(first, Not(IsEmpty()));
  EXPECT_EQ(first, bytes("Asia/Tokyo", "b.npz"));
}

TEST(LeastSquaresArrays, WithoutAnAxisOfProblemsTheResultsHaveNone) {
  const Folder folder;
  const std::vector<double> x = draws(20), y = draws(10, 5);
  const std::string x_path = folder.write("X.npy", npy_numbers(x, "(10, 2)")),
                    y_path = folder.write("y.npy", npy_numbers(y, "(10,)")), out = folder.path("fit.npz");
  ASSERT_EQ(run_sigmahat(fit({"--X", x_path, "--y", y_path, "--out", out, "--residuals"})).code, 0);
  const auto npz = read_npz(out);
  EXPECT_THAT(npz.at("coef").shape, ElementsAre(2));
  EXPECT_THAT(npz.at("r2").shape, IsEmpty());
  EXPECT_THAT(npz.at("status").texts(), ElementsAre("ok"));
  EXPECT_THAT(npz.at("residuals").shape, ElementsAre(10));
  // The same in Fortran order, where columns lie one after the other.
  std::vector<double> columns;
  for (std::size_t j = 0; j < 2; ++j) {
    for (std::size_t i = 0; i < 10; ++i) columns.push_back(x[2 * i + j]);
  }
  folder.write("F.npy", npy_numbers(columns, "(10, 2)", true));
  EXPECT_EQ(json_of({"--X", folder.path("F.npy"), "--y", y_path}).at("coef"),
            json_of({"--X", x_path, "--y", y_path}).at("coef"));
}

TEST(LeastSquaresArrays, FortranOrderAndByteOrderAndTypesOfTensors) {
  const Folder folder;
  Batch batch(folder, 3, 5, 2);
  for (double& value : batch.x) value = std::round(100 * value);
  for (double& value : batch.y) value = std::round(100 * value);
  folder.write("X.npy", npy_numbers(batch.x, "(3, 5, 2)"));
  folder.write("y.npy", npy_numbers(batch.y, "(3, 5)"));
  const Json expected = json_of({"--X", batch.x_path, "--y", batch.y_path}).at("fits");
  const auto same = [&](const std::string& x_file, const std::string& y_file) {
    const Json report = json_of({"--X", folder.write("X2.npy", x_file), "--y", folder.write("y2.npy", y_file)});
    return report.at("fits") == expected;
  };
  std::vector<double> x, y;  // the first index runs fastest
  for (std::size_t j = 0; j < 2; ++j) {
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t b = 0; b < 3; ++b) x.push_back(batch.x[(b * 5 + i) * 2 + j]);
    }
  }
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t b = 0; b < 3; ++b) y.push_back(batch.y[b * 5 + i]);
  }
  EXPECT_TRUE(same(npy_numbers(x, "(3, 5, 2)", true), npy_numbers(y, "(3, 5)", true)));
  const bool little = std::endian::native == std::endian::little;
  const std::string foreign = little ? ">" : "<", native = little ? "<" : ">";
  EXPECT_TRUE(same(npy_file(npy_header_text(foreign + "f8", false, "(3, 5, 2)"), bytes_of(batch.x, true)),
                   npy_numbers(batch.y, "(3, 5)")));
  const std::vector<std::int16_t> x16(batch.x.begin(), batch.x.end());
  const std::vector<float> y32(batch.y.begin(), batch.y.end()), x32(batch.x.begin(), batch.x.end());
  const std::string floats = npy_file(npy_header_text(native + "f4", false, "(3, 5)"), bytes_of(y32));
  EXPECT_TRUE(same(npy_file(npy_header_text(native + "i2", false, "(3, 5, 2)"), bytes_of(x16)), floats));
  EXPECT_TRUE(same(npy_file(npy_header_text(native + "f4", false, "(3, 5, 2)"), bytes_of(x32)), floats));
}

TEST(LeastSquaresArrays, RaggedProblems) {
  const Folder folder;
  const Batch batch(folder, 1, 30, 2);
  folder.write("X.npy", npy_numbers(batch.x, "(30, 2)"));
  folder.write("y.npy", npy_numbers(batch.y, "(30,)"));
  const std::string offsets = folder.write("o.npy", npy_integers({0, 10, 10, 11, 30})), out = folder.path("fit.npz");
  ASSERT_EQ(
      run_sigmahat(fit({"--X", batch.x_path, "--y", batch.y_path, "--offsets", offsets, "--out", out, "--residuals"}))
          .code,
      0);
  const auto npz = read_npz(out);
  EXPECT_THAT(npz.at("status").texts(), ElementsAre("ok", "too_few_rows", "too_few_rows", "ok"));
  EXPECT_THAT(npz.at("rows").numbers(), ElementsAre(10, 0, 1, 19));
  const auto coef = npz.at("coef").numbers();
  EXPECT_TRUE(at_most(relative_error(std::vector(coef.begin(), coef.begin() + 2), batch.expected(0, 10).coef), 1e-12));
  EXPECT_TRUE(std::isnan(coef[2]) && std::isnan(coef[5]));
  EXPECT_TRUE(at_most(relative_error(std::vector(coef.begin() + 6, coef.end()), batch.expected(11, 19).coef), 1e-12));
  const auto residuals = npz.at("residuals").numbers();
  ASSERT_EQ(residuals.size(), 30u);
  EXPECT_TRUE(std::isnan(residuals[10]));
  EXPECT_TRUE(at_most(
      relative_error(std::vector(residuals.begin() + 11, residuals.end()), batch.expected(11, 19).residuals), 1e-12));
}

TEST(LeastSquaresArrays, NoProblemsAreAnEmptyResult) {
  const Folder folder;
  const std::string x = folder.write("X.npy", npy_numbers({}, "(0, 5, 3)")),
                    y = folder.write("y.npy", npy_numbers({}, "(0, 5)")), out = folder.path("fit.npz"),
                    csv = folder.path("fit.csv");
  const Outcome outcome = run_sigmahat(fit({"--X", x, "--y", y, "--out", out, "--compare", "--fitted"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\n0 problems.\n"));
  const auto npz = read_npz(out);
  EXPECT_THAT(npz.at("coef").shape, ElementsAre(0, 3));
  EXPECT_THAT(npz.at("status").shape, ElementsAre(0));
  EXPECT_THAT(npz.at("fitted").shape, ElementsAre(0, 5));
  EXPECT_EQ(json_of({"--X", x, "--y", y}).at("fits"), Json::array());
  EXPECT_EQ(run_sigmahat(fit({"--X", x, "--y", y, "--out", csv})).code, 0);
  EXPECT_THAT(read_file(csv), AllOf(StartsWith("problem,name,status,route,rank,rows,dropped,condition,coef,se,t,p,"),
                                    ::testing::EndsWith(",dof\n")));
  // The same by offsets.
  folder.write("X.npy", npy_numbers({}, "(0, 3)"));
  folder.write("y.npy", npy_numbers({}, "(0,)"));
  EXPECT_EQ(json_of({"--X", x, "--y", y, "--offsets", folder.write("o.npy", npy_integers({0}))}).at("problems"), 0);
}

TEST(LeastSquaresArrays, ThreadsAndBackendsDoNotChangeABit) {
  const Folder folder;
  const Batch batch(folder, 20, 300, 4);
  const auto run = [&](const std::string& device, const std::string& threads) {
    const Json fits =
        json_of({"--X", batch.x_path, "--y", batch.y_path, "--device", device, "--threads", threads}).at("fits");
    Json result = Json::array();
    for (const Json& one : fits) result.push_back({one.at("coef"), one.at("se"), one.at("rss"), one.at("condition")});
    return result;
  };
  const Json one = run("cpu", "1");
  EXPECT_EQ(one, run("cpu", "2"));
  EXPECT_EQ(one, run("reference", "1"));
}

}  // namespace
}  // namespace sigmahat::cli::test
