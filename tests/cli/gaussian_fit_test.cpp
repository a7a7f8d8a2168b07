// Runs of the executable that succeed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "cli_support.hpp"
#include "support/compare.hpp"

namespace sigmahat::cli::test {
namespace {

using sigmahat::test::within;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kIrisColumns = "sepal_length,sepal_width,petal_length,petal_width";

/// Mean, covariance (relative to √(s_ii s_jj)) and log-likelihood within 1e-13 of the two-pass formulas.
void expect_fit(const Json& fit, const TwoPass& expected) {
  const std::size_t p = expected.mean.size();
  ASSERT_EQ(fit.at("p"), p);
  for (std::size_t i = 0; i < p; ++i) {
    const double mean = expected.mean[i];
    EXPECT_TRUE(within(fit.at("mean").at(i).get<double>(), mean, 1e-14 * std::abs(mean)));
    for (std::size_t j = 0; j < p; ++j) {
      const double scale = std::sqrt(expected.covariance[i][i] * expected.covariance[j][j]);
      EXPECT_TRUE(within(fit.at("covariance").at(i).at(j).get<double>(), expected.covariance[i][j], 1e-13 * scale));
    }
  }
  const double value = expected.log_likelihood;
  EXPECT_TRUE(within(fit.at("log_likelihood").get<double>(), value, 1e-12 * std::abs(value)));
}

void expect_converged(const Json& ascent) {
  EXPECT_THAT(ascent.at("termination").get<std::string>(), ::testing::EndsWith("_tolerance"));
  EXPECT_EQ(ascent.at("converged"), true);
  EXPECT_LE(ascent.at("iterations").get<int>(), 5);
  EXPECT_TRUE(within(ascent.at("relative_error_mean").get<double>(), 0, 1e-12));
  EXPECT_TRUE(within(ascent.at("relative_error_covariance").get<double>(), 0, 1e-12));
  EXPECT_TRUE(within(ascent.at("log_likelihood_gap").get<double>(), 0, 1e-8));
  EXPECT_TRUE(within(ascent.at("score_norm").get<double>(), 0, 1e-12));
  EXPECT_GE(ascent.at("seconds").get<double>(), 0.0);
}

TEST(GaussianFit, IrisBySpecies) {
  const std::string path = example("iris.csv");
  const Outcome outcome =
      run_sigmahat({"gaussian", "fit", path, "--columns", kIrisColumns, "--by", "species", "--compare", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  const Json report = outcome.json();
  EXPECT_EQ(report.at("device").at("requested"), "auto");
  ASSERT_EQ(report.at("groups").size(), 3u);
  const std::vector<std::string> species{"setosa", "versicolor", "virginica"};
  for (std::size_t g = 0; g < 3; ++g) {
    const Json& group = report.at("groups").at(g);
    EXPECT_EQ(group.at("group"), species[g]);
    EXPECT_EQ(group.at("n"), 50);
    EXPECT_EQ(group.at("status"), "ok");
    EXPECT_EQ(group.at("rank"), 4);
    expect_fit(group, two_pass(read_plain_csv(path, {0, 1, 2, 3}, 4, species[g])));
    expect_converged(group.at("ascent"));
  }
}

TEST(GaussianFit, EveryDeviceOfTheCpuAgrees) {
  const std::vector<std::string> common{"gaussian", "fit", example("iris.csv"), "--columns", kIrisColumns, "--json"};
  std::vector<Json> reports;
  for (const char* device : {"cpu", "reference"}) {
    std::vector<std::string> arguments = common;
    arguments.insert(arguments.end(), {"--device", device});
    const Outcome outcome = run_sigmahat(arguments);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    reports.push_back(outcome.json());
    EXPECT_EQ(reports.back().at("device").at("used"), device);
    EXPECT_FALSE(reports.back().contains("ascent")) << "no ascent was asked for";
  }
  EXPECT_EQ(reports[0].at("mean"), reports[1].at("mean"));
  EXPECT_EQ(reports[0].at("covariance"), reports[1].at("covariance"));
  expect_fit(reports[0], two_pass(read_plain_csv(example("iris.csv"), {0, 1, 2, 3})));
}

TEST(GaussianFit, IrisIsFishers) {
  const auto rows = read_plain_csv(example("iris.csv"), {0, 1, 2, 3});
  ASSERT_EQ(rows.size(), 150u);
  EXPECT_THAT(rows[34], ElementsAre(4.9, 3.1, 1.5, 0.2));
  EXPECT_THAT(rows[37], ElementsAre(4.9, 3.6, 1.4, 0.1));
}

TEST(GaussianFit, LogReturnsOfTheStockMarkets) {
  const std::string path = example("eustockmarkets.csv");
  const Outcome outcome = run_sigmahat({"gaussian", "fit", path, "--columns", "DAX,SMI,CAC,FTSE", "--log-returns",
                                        "--method", "ascent", "--metric", "fisher", "--compare", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json report = outcome.json();
  EXPECT_EQ(report.at("n"), 1859);
  EXPECT_EQ(report.at("method"), "ascent");
  expect_converged(report.at("ascent"));
  const auto prices = read_plain_csv(path, {1, 2, 3, 4});
  ASSERT_EQ(prices.size(), 1860u);
  std::vector<std::vector<double>> returns;
  for (std::size_t t = 1; t < prices.size(); ++t) {
    returns.emplace_back();
    for (std::size_t j = 0; j < 4; ++j) {
      const auto before = static_cast<long double>(prices[t - 1][j]);
      returns.back().push_back(static_cast<double>(std::log(prices[t][j] / before)));
    }
  }
  expect_fit(report, two_pass(returns));
}

TEST(GaussianFit, NpyOfEachKindGivesTheSame) {
  const Folder folder;
  const auto rows = read_plain_csv(example("iris.csv"), {0, 1, 2, 3});
  std::vector<double> by_row, by_column;
  std::vector<float> floats;
  for (const auto& row : rows) by_row.insert(by_row.end(), row.begin(), row.end());
  for (std::size_t j = 0; j < 4; ++j) {
    for (const auto& row : rows) by_column.push_back(row[j]);
  }
  floats.assign(by_row.begin(), by_row.end());
  const std::string order = std::endian::native == std::endian::little ? "<" : ">";
  const std::string plain = folder.write("c.npy", npy_matrix(by_row, 150, 4));
  const std::string fortran =
      folder.write("f.npy", npy_file(npy_header_text(order + "f8", true, "(150, 4)"), bytes_of(by_column), 2));
  const std::string single =
      folder.write("s.npy", npy_file(npy_header_text(order + "f4", false, "(150, 4)"), bytes_of(floats), 3));
  const Json csv = run_sigmahat({"gaussian", "fit", example("iris.csv"), "--columns", kIrisColumns, "--json"}).json();
  for (const std::string& path : {plain, fortran}) {
    const Json report = run_sigmahat({"gaussian", "fit", path, "--json"}).json();
    EXPECT_EQ(report.at("mean"), csv.at("mean"));
    EXPECT_EQ(report.at("covariance"), csv.at("covariance"));
    EXPECT_EQ(report.at("columns"), Json({"0", "1", "2", "3"}));
  }
  std::vector<std::vector<double>> widened;
  for (std::size_t i = 0; i < 150; ++i) widened.emplace_back(floats.begin() + 4 * i, floats.begin() + 4 * (i + 1));
  expect_fit(run_sigmahat({"gaussian", "fit", single, "--json"}).json(), two_pass(widened));
}

TEST(GaussianFit, TraceHasEveryIteration) {
  const Folder folder;
  const std::string trace = folder.path("trace.csv");
  const std::vector<std::string> fit{"gaussian", "fit",    example("iris.csv"), "--columns", kIrisColumns, "--json",
                                     "--method", "ascent", "--trace",           trace};
  Outcome outcome = run_sigmahat(fit);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json report = outcome.json();
  std::istringstream text(read_file(trace));
  std::string line;
  std::getline(text, line);
  EXPECT_EQ(line, "iteration,log_likelihood,score_norm,step");
  const auto rows = read_plain_csv(trace, {0, 1, 2, 3});
  ASSERT_EQ(rows.size(), report.at("ascent").at("iterations").get<std::size_t>() + 1);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    EXPECT_EQ(rows[k][0], static_cast<double>(k));
    if (k > 0) {
      EXPECT_GE(rows[k][1], rows[k - 1][1] - 1e-9) << "the likelihood fell";
    }
  }
  const double last = report.at("log_likelihood").get<double>();
  EXPECT_TRUE(within(rows.back()[1], last, 1e-12 * std::abs(last)));
  EXPECT_EQ(rows.back()[2], report.at("ascent").at("score_norm").get<double>());
  EXPECT_THAT(folder.names(), ElementsAre("trace.csv"));

  std::vector<std::string> grouped = fit;
  grouped.insert(grouped.end(), {"--by", "species"});
  ASSERT_EQ(run_sigmahat(grouped).code, 0);
  EXPECT_THAT(read_file(trace), ::testing::StartsWith("group,iteration,log_likelihood,score_norm,step\nsetosa,0,"));
  EXPECT_THAT(read_file(trace), HasSubstr("\nvirginica,0,"));
}

TEST(GaussianFit, SavedModelIsTheFitAndAStart) {
  const Folder folder;
  const std::string model = folder.path("model.json");
  const std::vector<std::string> fit{"gaussian", "fit", example("iris.csv"), "--columns", kIrisColumns, "--json"};
  std::vector<std::string> saving = fit;
  saving.insert(saving.end(), {"--out", model});
  const Json report = run_sigmahat(saving).json();
  const Json saved = Json::parse(read_file(model));
  EXPECT_EQ(saved.at("format"), "sigmahat-gaussian-model");
  EXPECT_EQ(saved.at("version"), 1);
  EXPECT_EQ(saved.at("columns"), report.at("columns"));
  EXPECT_EQ(saved.at("mean"), report.at("mean")) << "the same bits";
  EXPECT_EQ(saved.at("covariance"), report.at("covariance")) << "the same bits";
  EXPECT_THAT(folder.names(), ElementsAre("model.json"));

  std::vector<std::string> starting = fit;
  starting.insert(starting.end(), {"--method", "ascent", "--start", model});
  const Json again = run_sigmahat(starting).json();
  EXPECT_LE(again.at("ascent").at("iterations").get<int>(), 1) << "it starts at the top";
  expect_converged(again.at("ascent"));
}

TEST(GaussianFit, StartFromTheDiagonal) {
  const Outcome outcome = run_sigmahat({"gaussian", "fit", example("iris.csv"), "--columns", kIrisColumns, "--json",
                                        "--compare", "--start", "diagonal"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  expect_converged(outcome.json().at("ascent"));
}

TEST(GaussianFit, WeightsAreFrequencies) {
  const Folder folder;
  const std::string path = folder.write("w.csv", "x,y,w\n1,2,2\n3,1,1\n5,7,3\n4,4,0\n");
  const Json weighted = run_sigmahat({"gaussian", "fit", path, "--weights", "w", "--json"}).json();
  EXPECT_EQ(weighted.at("n"), 6.0);
  EXPECT_EQ(weighted.at("rows"), 3);
  EXPECT_EQ(weighted.at("zero_weight"), 1);
  EXPECT_EQ(weighted.at("columns"), Json({"x", "y"}));
  expect_fit(weighted, two_pass({{1, 2}, {1, 2}, {3, 1}, {5, 7}, {5, 7}, {5, 7}}));
}

TEST(GaussianFit, UnbiasedDividesByOneLess) {
  const Folder folder;
  const std::string path = folder.write("u.csv", "x\n1\n2\n6\n");
  const Json report = run_sigmahat({"gaussian", "fit", path, "--unbiased", "--json"}).json();
  EXPECT_TRUE(within(report.at("covariance").at(0).at(0).get<double>(), 7, 1e-14));
  EXPECT_TRUE(within(report.at("log_likelihood").get<double>(), two_pass({{1}, {2}, {6}}).log_likelihood, 1e-13));
}

TEST(GaussianFit, MissingRowsAreDroppedAndCounted) {
  const Folder folder;
  const std::string path = folder.write("m.csv", "g,x,y\na,1,2\na,NA,1\na,3,1\na,5,inf\na,5,7\nb,1,1\n,9,9\nb,,1\n");
  const Json report =
      run_sigmahat({"gaussian", "fit", path, "--columns", "x,y", "--by", "g", "--missing", "drop", "--json"}).json();
  EXPECT_EQ(report.at("rows_without_group"), 1);
  const Json& a = report.at("groups").at(0);
  EXPECT_EQ(a.at("rows"), 3);
  EXPECT_EQ(a.at("dropped"), 2);
  expect_fit(a, two_pass({{1, 2}, {3, 1}, {5, 7}}));
  EXPECT_EQ(report.at("groups").at(1).at("dropped"), 1);
  const std::string weights = folder.write("w.csv", "x,w\n1,1\n2,NA\n4,1\n");
  const Json weighted =
      run_sigmahat({"gaussian", "fit", weights, "--weights", "w", "--missing", "drop", "--json"}).json();
  EXPECT_EQ(weighted.at("dropped"), 1);
  EXPECT_EQ(weighted.at("mean").at(0), 2.5);
}

TEST(GaussianFit, NoMaximumIsNoError) {
  const Folder folder;
  const std::string path = folder.write("s.csv",
                                        "g,x,y\ncollinear,1,2\ncollinear,2,4\ncollinear,3,6\ncollinear,5,10\none,1,1\n"
                                        "good,1,2\ngood,3,1\ngood,5,7\ngood,2,2\n");
  const Outcome outcome =
      run_sigmahat({"gaussian", "fit", path, "--by", "g", "--columns", "x,y", "--compare", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json report = outcome.json();
  const Json& collinear = report.at("groups").at(0);
  EXPECT_EQ(collinear.at("status"), "rank_deficient");
  EXPECT_EQ(collinear.at("rank"), 1);
  EXPECT_EQ(collinear.at("mean"), Json({2.75, 5.5}));
  EXPECT_EQ(collinear.at("ascent").at("termination"), "not_run");
  EXPECT_TRUE(collinear.at("log_likelihood").is_null());
  const Json& one = report.at("groups").at(1);
  EXPECT_EQ(one.at("status"), "too_few_rows");
  EXPECT_EQ(one.at("rank"), 0);
  EXPECT_EQ(one.at("ascent").at("termination"), "not_run");
  const Json& good = report.at("groups").at(2);
  EXPECT_EQ(good.at("status"), "ok");
  expect_fit(good, two_pass({{1, 2}, {3, 1}, {5, 7}, {2, 2}}));
  expect_converged(good.at("ascent"));

  const Outcome text = run_sigmahat({"gaussian", "fit", path, "--by", "g", "--columns", "x,y", "--compare"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr("rank_deficient"), HasSubstr("rank 1 of 2"), HasSubstr("not run"),
                              HasSubstr("1 of 3 groups have a maximum of the likelihood")));
}

TEST(GaussianFit, RunningOutOfIterationsIsSaid) {
  const std::vector<std::string> fit{"gaussian",  "fit",      example("iris.csv"), "--columns",        kIrisColumns,
                                     "--compare", "--metric", "frobenius",         "--max-iterations", "7"};
  const Outcome text = run_sigmahat(fit);
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("metric frobenius: ran out of iterations (7) at a relative distance of "),
                              HasSubstr(" from S")));
  std::vector<std::string> as_json = fit;
  as_json.push_back("--json");
  const Json ascent = run_sigmahat(as_json).json().at("ascent");
  EXPECT_EQ(ascent.at("termination"), "iteration_limit");
  EXPECT_EQ(ascent.at("iterations"), 7);
  EXPECT_GT(ascent.at("relative_error_covariance").get<double>(), 1e-6);
}

TEST(GaussianFit, NewtonsMethodSaysWhereItFellBack) {
  const auto fit = [](const std::vector<std::string>& more) {
    std::vector<std::string> all{"gaussian",  "fit",         example("eustockmarkets.csv"),
                                 "--columns", "DAX,SMI,CAC", "--log-returns",
                                 "--method",  "ascent",      "--metric",
                                 "newton"};
    all.insert(all.end(), more.begin(), more.end());
    return run_sigmahat(all);
  };
  // Σ = I is far too large for daily returns: the first step is one of Fisher scoring. It ends near S, where Newton takes over.
  const Json report = fit({"--json"}).json(), ascent = report.at("ascent");
  expect_converged(ascent);
  EXPECT_EQ(report.at("metric"), "newton");
  EXPECT_EQ(ascent.at("metric"), "newton");
  EXPECT_EQ(ascent.at("scoring_iterations"), 1);
  EXPECT_GT(ascent.at("iterations").get<int>(), 1);
  EXPECT_THAT(fit({}).out, AllOf(HasSubstr("metric newton: reached S "), HasSubstr("1 of them by Fisher scoring")));
  // Where all variances are large Σ = I is too small, and every step is Newton's.
  const Folder folder;
  const std::string path = folder.write("wide.csv", "x,y\n10,-20\n-12,14\n15,9\n-9,-11\n");
  const Outcome wide = run_sigmahat({"gaussian", "fit", path, "--compare", "--metric", "newton"});
  EXPECT_THAT(wide.out, AllOf(HasSubstr("metric newton: reached S "), Not(HasSubstr("scoring"))));
}

TEST(GaussianFit, TextReportNamesTheEssentials) {
  const Outcome outcome =
      run_sigmahat({"gaussian", "fit", example("iris.csv"), "--columns", kIrisColumns, "--compare", "--device", "cpu"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("150 rows of 4 columns"), HasSubstr("device   cpu (asked for: cpu)"),
                    HasSubstr("n              150, p = 4"), HasSubstr("log-likelihood -379.91463"),
                    HasSubstr("metric fisher: reached S "), HasSubstr("sepal_length"), HasSubstr("5.8433333")));
}

TEST(GaussianFit, TextReportCutsLargeOnes) {
  const Folder folder;
  std::string text = "g";
  for (int j = 0; j < 20; ++j) text += fmt::format(",a_rather_long_column_name_{}", j);
  for (int row = 0; row < 30; ++row) {
    text += fmt::format("\n{}", row);
    for (int j = 0; j < 20; ++j) text += fmt::format(",{}", row * j);
  }
  const Outcome outcome = run_sigmahat({"gaussian", "fit", folder.write("l.csv", text + "\n"), "--by", "g"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("the first 8 of 20 columns"), HasSubstr("and 18 more groups"),
                                 HasSubstr("a_rather_long_c…"), Not(HasSubstr("g = 12\n"))));
}

TEST(GaussianFit, ThreadsDoNotChangeABit) {
  const Folder folder;
  std::vector<double> values;
  std::uint64_t state = 1;
  for (int k = 0; k < 5000 * 3; ++k) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values.push_back(static_cast<double>(state >> 11));
  }
  const std::string path = folder.write("t.npy", npy_matrix(values, 5000, 3));
  const Json one = run_sigmahat({"gaussian", "fit", path, "--device", "cpu", "--threads", "1", "--json"}).json();
  const Json two = run_sigmahat({"gaussian", "fit", path, "--device", "cpu", "--threads", "2", "--json"}).json();
  EXPECT_EQ(one.at("covariance"), two.at("covariance"));
  EXPECT_EQ(one.at("mean"), two.at("mean"));
}

TEST(GaussianFit, LabelsAndNamesNeedingQuotes) {
  const Folder folder;
  const std::string path = folder.write("q.csv", "\"the, group\",\"x\"\"1\"\n\"a,\"\"b\"\"\",1\n\"a,\"\"b\"\"\",2\n");
  const std::string trace = folder.path("t.csv");
  const Outcome outcome = run_sigmahat({"gaussian", "fit", path, "--by", "the, group", "--columns", "\"x\"\"1\"",
                                        "--json", "--compare", "--trace", trace});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("groups").at(0).at("group"), "a,\"b\"");
  EXPECT_EQ(outcome.json().at("columns"), Json({"x\"1"}));
  EXPECT_THAT(read_file(trace), HasSubstr("\n\"a,\"\"b\"\"\",0,"));
}

TEST(GaussianFit, OutReplacesWhatALinkLeadsTo) {
  const Folder folder;
  const std::string data = folder.write("d.csv", "x\n1\n2\n4\n"), target = folder.write("target.json", "old");
  std::filesystem::permissions(target, std::filesystem::perms{0640});
  std::filesystem::create_symlink("target.json", folder.path("link.json"));
  const Outcome outcome = run_sigmahat({"gaussian", "fit", data, "--out", folder.path("link.json")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("link.json")));
  EXPECT_EQ(Json::parse(read_file(target)).at("columns"), Json({"x"}));
  EXPECT_EQ(std::filesystem::status(target).permissions(), std::filesystem::perms{0640});
  EXPECT_THAT(folder.names(), ElementsAre("d.csv", "link.json", "target.json"));
}

TEST(GaussianFit, AStartIsPutInTheOrderOfTheColumns) {
  const Folder folder;
  const std::string model = folder.path("m.json"), iris = example("iris.csv");
  ASSERT_EQ(run_sigmahat({"gaussian", "fit", iris, "--columns", kIrisColumns, "--out", model}).code, 0);
  const Json ascent =
      run_sigmahat({"gaussian", "fit", iris, "--columns", "petal_width,sepal_length,petal_length,sepal_width",
                    "--method", "ascent", "--metric", "vech", "--start", model, "--json"})
          .json()
          .at("ascent");
  EXPECT_LE(ascent.at("iterations").get<int>(), 1) << "it starts at the top";
  expect_converged(ascent);
}

TEST(GaussianFit, AModelOfAnAscentThatStoppedEarlyIsNoted) {
  const Folder folder;
  std::vector<std::string> fit{"gaussian", "fit",    example("iris.csv"),  "--columns", kIrisColumns,
                               "--method", "ascent", "--metric",           "vech",      "--max-iterations",
                               "3",        "--out",  folder.path("m.json")};
  EXPECT_THAT(run_sigmahat(fit).err, ::testing::MatchesRegex("sigmahat: note: .*m\\.json: the ascent did not converge; "
                                                             "the saved model is where it stopped\n"));
  EXPECT_THAT(folder.names(), ElementsAre("m.json"));
  fit[8] = "fisher";
  EXPECT_THAT(run_sigmahat(fit).err, IsEmpty());
}

TEST(GaussianFit, TextReportNamesConstantColumns) {
  const Folder folder;
  const auto report = [&](const char* text) {
    return run_sigmahat({"gaussian", "fit", folder.write("c.csv", text)}).out;
  };
  EXPECT_THAT(report("a,b\n1,3\n2,3\n4,3\n"), HasSubstr("rank_deficient: column 'b' is constant; rank 1 of 2"));
  EXPECT_THAT(report("a,b,c\n1,3,5\n2,3,5\n4,3,5\n5,3,5\n"), HasSubstr("columns 'b', 'c' are constant; rank 1 of 3"));
  EXPECT_THAT(report("a,b\n1,2\n2,4\n4,8\n"), HasSubstr("columns depend on each other; rank 1 of 2"));
}

TEST(GaussianFit, TextReportWithoutRows) {
  const Folder folder;
  const Outcome outcome =
      run_sigmahat({"gaussian", "fit", folder.write("n.csv", "a,b\nNA,1\n2,NA\n"), "--missing", "drop", "--compare"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("too_few_rows: no row is left; rank 0 of 2"), HasSubstr("not computable"),
                                 Not(HasSubstr("nan")), Not(HasSubstr("inf "))));
}

TEST(GaussianFit, TextReportShowsTheMeanToItsDeviation) {
  const Folder folder;
  const auto report = [&](const char* text) {
    return run_sigmahat({"gaussian", "fit", folder.write("d.csv", text)}).out;
  };
  EXPECT_THAT(report("a\n1000000000.125\n1000000000.25\n1000000000.5\n"), HasSubstr(" 1000000000.292 |"));
  EXPECT_THAT(report("a\n0.1\n0.1\n0.1\n"), HasSubstr(" 0.1 |")) << "a constant in its shortest digits";
  EXPECT_THAT(report("a\n1\n2\n6\n"), HasSubstr(" 3 |"));
}

TEST(GaussianFit, TextReportOfWeights) {
  const Folder folder;
  const Outcome outcome =
      run_sigmahat({"gaussian", "fit", folder.write("w.csv", "x,w\n1,0.1\n2,0.2\n6,0.1\n7,0\n"), "--weights", "w"});
  EXPECT_THAT(outcome.out,
              HasSubstr("n              0.4 (sum of the weights of 3 rows; 1 row of weight 0 left out), p = 1"));
  const Outcome unbiased = run_sigmahat({"gaussian", "fit", folder.path("w.csv"), "--weights", "w", "--unbiased"});
  EXPECT_EQ(unbiased.code, 0) << unbiased.err;
  EXPECT_THAT(unbiased.out, AllOf(HasSubstr("too_few_rows: the weights sum to too little for --unbiased"),
                                  HasSubstr("| not computable"), Not(HasSubstr("nan"))));
}

TEST(GaussianFit, TextReportEscapesNamesAndLabels) {
  const Folder folder;
  const Outcome outcome = run_sigmahat(
      {"gaussian", "fit", folder.write("e.csv", "g,\"x\ny\"\n\"a\x1B[31m\nb\",1\n\"a\x1B[31m\nb\",2\n"), "--by", "g"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("g = a\\x1b[31m\\nb\n"), HasSubstr("x\\ny "), Not(HasSubstr("\x1B"))));
}

}  // namespace
}  // namespace sigmahat::cli::test
