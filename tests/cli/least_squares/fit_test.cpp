#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

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

TEST(LeastSquaresFit, GrunfeldByFirm) {
  const Json report = json_of({example("grunfeld.csv"), "--y", "invest", "--x", "value,capital", "--by", "firm"});
  EXPECT_EQ(report.at("format"), "sigmahat-least-squares-fit");
  EXPECT_EQ(report.at("version"), 1);
  EXPECT_EQ(report.at("columns"), Json({"intercept", "value", "capital"}));
  EXPECT_EQ(report.at("by"), "firm");
  EXPECT_EQ(report.at("intercept"), true);
  EXPECT_EQ(report.at("problems"), 11);
  EXPECT_EQ(report.at("statuses"), Json({{"ok", 11}}));
  ASSERT_EQ(report.at("fits").size(), 11u);
  EXPECT_EQ(report.at("fits").at(0).at("group"), "General Motors");
  for (const Json& one : report.at("fits")) {
    const auto rows = read_plain_csv(example("grunfeld.csv"), {2, 3, 4}, 0, one.at("group"));
    ASSERT_EQ(rows.size(), 20u);
    std::vector<std::vector<double>> x;
    std::vector<double> y;
    for (const auto& row : rows) {
      x.push_back({1, row[1], row[2]});
      y.push_back(row[0]);
    }
    const Regression expected = regress(x, y);
    EXPECT_TRUE(at_most(relative_error(numbers(one.at("coef")), expected.coef), 1e-11)) << one.at("group");
    EXPECT_TRUE(at_most(relative_error(numbers(one.at("se")), expected.se), 1e-11)) << one.at("group");
    const std::vector<double> coef = numbers(one.at("coef")), se = numbers(one.at("se")), t = numbers(one.at("t")),
                              lower = numbers(one.at("lower")), upper = numbers(one.at("upper"));
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_EQ(t[j], coef[j] / se[j]);
      // The quantile of Student's t at 0.975 with 17 degrees of freedom.
      EXPECT_TRUE(at_most(std::abs((upper[j] - lower[j]) / (2 * se[j]) - 2.109815577833317), 1e-9));
    }
    EXPECT_TRUE(at_most(std::abs(one.at("rss").get<double>() / expected.rss - 1), 1e-11));
    EXPECT_EQ(one.at("dof"), 17);
    EXPECT_EQ(one.at("rows"), 20);
    EXPECT_EQ(one.at("status"), "ok");
    EXPECT_FALSE(one.contains("cov") || one.contains("residuals") || one.contains("fitted") || one.contains("ascent"));
  }
}

// The certified values of NIST's Statistical Reference Datasets.
TEST(LeastSquaresFit, LongleyByQr) {
  const Json report =
      json_of({example("longley.csv"), "--y", "TOTEMP", "--x", "GNPDEFL,GNP,UNEMP,ARMED,POP,YEAR", "--route", "qr"});
  const std::vector<double> coef{-3482258.63459582, 15.0618722713733,    -0.0358191792925910, -2.02022980381683,
                                 -1.03322686717359, -0.0511041056535807, 1829.15146461355};
  const std::vector<double> se{890420.383607373,  84.9149257747669,  0.334910077722432e-01, 0.488399681651699,
                               0.214274163161675, 0.226073200069370, 455.478499142212};
  for (std::size_t j = 0; j < 7; ++j) {
    EXPECT_TRUE(at_most(std::abs(report.at("coef").at(j).get<double>() / coef[j] - 1), 1e-9)) << j;
    EXPECT_TRUE(at_most(std::abs(report.at("se").at(j).get<double>() / se[j] - 1), 1e-9)) << j;
  }
  EXPECT_TRUE(at_most(std::abs(report.at("r2").get<double>() - 0.995479004577296), 1e-12));
  EXPECT_TRUE(at_most(std::abs(std::sqrt(report.at("sigma2").get<double>()) / 304.854073561965 - 1), 1e-10));
  EXPECT_EQ(report.at("route"), "qr");
  EXPECT_EQ(report.at("route_requested"), "qr");
  EXPECT_EQ(report.at("rank"), 7);
  EXPECT_FALSE(report.contains("fits"));
  // Without --x every other column is a predictor.
  EXPECT_EQ(json_of({example("longley.csv"), "--y", "TOTEMP", "--route", "qr"}).at("coef"), report.at("coef"));
}

TEST(LeastSquaresFit, TextReportNamesTheEssentials) {
  const Outcome outcome =
      run_sigmahat(fit({example("longley.csv"), "--y", "TOTEMP", "--route", "qr", "--device", "cpu"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  for (const char* text :
       {"model    TOTEMP on an intercept, GNPDEFL, GNP, UNEMP, ARMED, POP, YEAR", "data     16 rows\n",
        "classical standard errors", "device   cpu (asked for: cpu)", "n              16, rank 7 of 7, condition ",
        "route qr\n", "status         ok\n", "estimate  std. error ", "lower 95 %", "-3482258.6 ", "890420 ",
        "residual standard error 304.854 on 9 degrees of freedom", "R²             0.995479, adjusted 0.992465"}) {
    EXPECT_THAT(outcome.out, HasSubstr(text));
  }
  EXPECT_THAT(outcome.out, Not(HasSubstr("problem")));
}

TEST(LeastSquaresFit, InterceptIsOnForTablesAndOffForArrays) {
  const Folder folder;
  const std::string table = folder.write("t.csv", "x,y\n1,3\n2,5\n4,9\n");
  EXPECT_EQ(json_of({table, "--y", "y"}).at("columns"), Json({"intercept", "x"}));
  EXPECT_EQ(json_of({table, "--y", "y", "--no-intercept"}).at("columns"), Json({"x"}));
  EXPECT_TRUE(
      at_most(relative_error(numbers(json_of({table, "--y", "y"}).at("coef")), std::vector<double>{1, 2}), 1e-14));
  const std::string x = folder.write("X.npy", npy_numbers({1, 2, 4}, "(3, 1)")),
                    y = folder.write("y.npy", npy_numbers({3, 5, 9}, "(3,)"));
  EXPECT_EQ(json_of({"--X", x, "--y", y}).at("columns"), Json({"x0"}));
  EXPECT_EQ(json_of({"--X", x, "--y", y, "--intercept"}).at("coef"), json_of({table, "--y", "y"}).at("coef"));
}

TEST(LeastSquaresFit, WeightsOfTablesAndArrays) {
  const Folder folder;
  const std::string weighted = folder.write("w.csv", "x,y,w\n1,3,2\n2,4,1\n4,9,0\n5,6,0.5\n");
  // √w times each row gives the same regression.
  std::vector<std::vector<double>> x;
  std::vector<double> y;
  for (const auto& [xi, yi, wi] : {std::array{1.0, 3.0, 2.0}, {2, 4, 1}, {5, 6, 0.5}}) {
    x.push_back({std::sqrt(wi), std::sqrt(wi) * xi});
    y.push_back(std::sqrt(wi) * yi);
  }
  const Regression expected = regress(x, y);
  const Json report = json_of({weighted, "--y", "y", "--weights", "w"});
  EXPECT_TRUE(at_most(relative_error(numbers(report.at("coef")), expected.coef), 1e-13));
  EXPECT_TRUE(at_most(relative_error(numbers(report.at("se")), expected.se), 1e-13)) << "n counts rows of weight > 0";
  EXPECT_EQ(report.at("rows"), 3);
  EXPECT_EQ(report.at("weighted"), true);
  const Json arrays = json_of({"--X", folder.write("X.npy", npy_numbers({1, 2, 4, 5}, "(4, 1)")), "--y",
                               folder.write("y.npy", npy_numbers({3, 4, 9, 6}, "(4,)")), "--weights",
                               folder.write("w.npy", npy_numbers({2, 1, 0, 0.5}, "(4,)")), "--intercept"});
  EXPECT_EQ(arrays.at("coef"), report.at("coef"));
}

TEST(LeastSquaresFit, RowsOfWeightZeroAreCounted) {
  const Folder folder;
  const std::string path = folder.write("w.csv", "x,y,w\n1,3,2\n2,4,1\nNA,1,1\n4,9,0\n5,6,0.5\n4,8,1\n");
  const std::vector<std::string> arguments{path, "--y", "y", "--weights", "w", "--missing", "drop"};
  EXPECT_THAT(run_sigmahat(fit(arguments)).out,
              AllOf(HasSubstr("data     4 rows of positive weight; 1 of weight 0 left out; 1 dropped for missing"),
                    HasSubstr("n              4 (1 dropped; 1 row of weight 0 left out), rank")));
  EXPECT_EQ(json_of(arguments).at("zero_weight"), 1);
  EXPECT_FALSE(json_of({path, "--y", "y", "--missing", "drop"}).contains("zero_weight"));
  std::vector<std::string> saved = arguments;
  saved.insert(saved.end(), {"--out", folder.path("fit.npz")});
  ASSERT_EQ(run_sigmahat(fit(saved)).code, 0);
  EXPECT_THAT(read_npz(folder.path("fit.npz")).at("zero_weight").numbers(), ElementsAre(1));
  saved.back() = folder.path("fit.csv");
  ASSERT_EQ(run_sigmahat(fit(saved)).code, 0);
  EXPECT_THAT(read_file(folder.path("fit.csv")),
              AllOf(StartsWith("name,status,route,rank,rows,dropped,zero_weight,condition,"),
                    HasSubstr("\nx,ok,cholesky,2,4,1,1,")));
}

TEST(LeastSquaresFit, MissingValues) {
  const Folder folder;
  const std::string path = folder.write("m.csv", "x,y\n1,3\nNA,4\n2,5\n4,9\n5,inf\n");
  const Json dropped = json_of({path, "--y", "y", "--missing", "drop"});
  EXPECT_EQ(dropped.at("dropped"), 2);
  EXPECT_EQ(dropped.at("rows"), 3);
  EXPECT_EQ(dropped.at("status"), "ok");
  const Json status = json_of({path, "--y", "y", "--missing", "status"});
  EXPECT_EQ(status.at("status"), "not_finite");
  EXPECT_TRUE(status.at("coef").at(0).is_null());
  EXPECT_THAT(run_sigmahat(fit({path, "--y", "y", "--missing", "drop"})).out,
              HasSubstr("2 dropped for missing values"));
}

TEST(LeastSquaresFit, RowResultsStandInTheOrderOfTheFile) {
  const Folder folder;
  const std::string path =
      folder.write("g.csv", "g,x,y\nb,1,1\nGröße,1,10\nb,2,3\n,9,9\nGröße,2,30\nb,3,2\nGröße,3,20\nb,NA,1\n");
  const std::string out = folder.path("fit.npz");
  const Outcome outcome =
      run_sigmahat(fit({path, "--y", "y", "--by", "g", "--missing", "drop", "--out", out, "--fitted", "--residuals"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("1 dropped for missing values"), HasSubstr("1 dropped for want of a group")));
  const auto npz = read_npz(out);
  EXPECT_THAT(npz.at("group").texts(), ElementsAre("b", "Größe"));
  EXPECT_THAT(npz.at("dropped").numbers(), ElementsAre(1, 0));
  const auto fitted = npz.at("fitted").numbers(), residuals = npz.at("residuals").numbers();
  const std::vector<double> y{1, 10, 3, 9, 30, 2, 20, 1};
  ASSERT_EQ(fitted.size(), y.size());
  for (const std::size_t row : {0u, 1u, 2u, 4u, 5u, 6u}) {
    EXPECT_TRUE(at_most(std::abs(fitted[row] + residuals[row] - y[row]), 1e-13)) << row;
  }
  EXPECT_TRUE(at_most(std::abs(fitted[2] - 2), 1e-13)) << "the mean of b";
  EXPECT_TRUE(at_most(std::abs(fitted[4] - 20), 1e-13)) << "the mean of Größe";
  EXPECT_TRUE(std::isnan(fitted[3]) && std::isnan(fitted[7]));
  const Json report = json_of({path, "--y", "y", "--by", "g", "--missing", "drop", "--residuals"});
  EXPECT_EQ(report.at("rows_without_group"), 1);
  EXPECT_EQ(report.at("fits").at(1).at("residuals").size(), 3u);
}

TEST(LeastSquaresFit, RankPolicies) {
  const Folder folder;
  const std::string path = folder.write("r.csv", "a,b,y\n1,2,1\n2,4,3\n3,6,2\n4,8,5\n");
  const auto report = [&](const std::string& policy) { return json_of({path, "--y", "y", "--rank-policy", policy}); };
  for (const char* policy : {"minimum_norm", "drop_aliased", "fail"}) {
    const Json one = report(policy);
    EXPECT_EQ(one.at("status"), "rank_deficient") << policy;
    EXPECT_EQ(one.at("rank"), 2) << policy;
    EXPECT_EQ(one.at("rank_policy"), policy);
  }
  EXPECT_TRUE(report("drop-aliased").at("coef").at(2).is_null());
  EXPECT_TRUE(report("fail").at("coef").at(0).is_null());
  const std::vector<double> smallest = numbers(report("minimum-norm").at("coef"));
  EXPECT_TRUE(at_most(std::abs(smallest[2] - 2 * smallest[1]), 1e-12));
  EXPECT_THAT(
      run_sigmahat(fit({path, "--y", "y", "--rank-policy", "drop_aliased"})).out,
      AllOf(HasSubstr("rank 2 of 3"), HasSubstr("rank_deficient: columns depend on each other"), HasSubstr(" NA")));
}

TEST(LeastSquaresFit, TheCholeskyRouteDoesNotDecideAboutRank) {
  const Folder folder;
  const std::string path = folder.write("r.csv", "a,b,y\n1,2,1\n2,4,3\n3,6,2\n4,8,5\n");
  const std::vector<std::string> arguments{path, "--y", "y", "--route", "cholesky"};
  EXPECT_THAT(run_sigmahat(fit(arguments)).out,
              AllOf(HasSubstr("rank not determined, condition inf, route none\n"),
                    HasSubstr("rank_deficient: no coefficients: the normal equations are singular or too "
                              "ill-conditioned; --route auto or qr decides by --rank-policy\n"),
                    Not(HasSubstr("smallest"))));
  const Json report = json_of(arguments);
  EXPECT_EQ(report.at("route"), "none");
  EXPECT_EQ(report.at("rank"), 0);
  EXPECT_TRUE(report.at("coef").at(0).is_null());
}

TEST(LeastSquaresFit, TextOfWhatWasRefinedAndOfOneDegreeOfFreedom) {
  const Folder folder;
  const std::string path = folder.write("i.csv", "a,b,y\n1,1.0000001,1\n2,2,3\n3,3,2\n4,4.0000001,5\n");
  EXPECT_THAT(run_sigmahat(fit({path, "--y", "y"})).out,
              AllOf(HasSubstr("refined_by_qr: the normal equations would not be accurate enough (ill-conditioned "
                              "columns, or numbers of extreme size); solved by QR\n"),
                    HasSubstr(" on 1 degree of freedom\n")));
}

TEST(LeastSquaresFit, CsvHasARowPerCoefficient) {
  const Folder folder;
  const std::string path =
      folder.write("g.csv", "g,x,y\n\"a,\"\"1\"\"\",1,1\n\"a,\"\"1\"\"\",2,2\n\"a,\"\"1\"\"\",3,4\nb,1,1\n");
  const std::string out = folder.path("fit.csv");
  ASSERT_EQ(run_sigmahat(fit({path, "--y", "y", "--by", "g", "--out", out})).code, 0);
  const std::string text = read_file(out);
  EXPECT_THAT(text, StartsWith("group,name,status,route,rank,rows,dropped,condition,coef,se,t,p,lower,upper,r2,adj_r2,"
                               "rss,tss,sigma2,dof\n\"a,\"\"1\"\"\",intercept,ok,cholesky,2,3,0,"));
  EXPECT_THAT(text, HasSubstr("\nb,x,too_few_rows,"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

TEST(LeastSquaresFit, JsonFileIsWhatIsPrinted) {
  const Folder folder;
  const std::string out = folder.path("fit.json");
  const Outcome outcome = run_sigmahat(
      fit({example("grunfeld.csv"), "--y", "invest", "--x", "value", "--by", "firm", "--json", "--out", out}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read_file(out), outcome.out);
}

TEST(LeastSquaresFit, AscentBesideTheClosedForm) {
  const Folder folder;
  const std::string trace = folder.path("t.csv"), out = folder.path("fit.npz");
  const std::vector<std::string> data{example("grunfeld.csv"), "--y", "invest", "--x", "value,capital", "--by", "firm"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), data.begin(), data.end());
    return more;
  };
  const Json compared = json_of(with({"--compare", "--trace", trace, "--out", out}));
  for (const Json& one : compared.at("fits")) {
    EXPECT_EQ(one.at("ascent").at("converged"), true);
    EXPECT_TRUE(at_most(one.at("ascent").at("relative_error").get<double>(), 1e-9));
  }
  EXPECT_THAT(read_file(trace), StartsWith("group,iteration,objective,score_norm,step\nGeneral Motors,0,"));
  EXPECT_EQ(read_npz(out).at("ascent_iterations").shape, std::vector<Index>{11});
  const Json ascended = json_of(with({"--method", "ascent"}));
  EXPECT_EQ(ascended.at("method"), "ascent");
  EXPECT_TRUE(at_most(
      relative_error(numbers(ascended.at("fits").at(3).at("coef")), numbers(compared.at("fits").at(3).at("coef"))),
      1e-9));
  const Outcome text = run_sigmahat(fit(with({"--compare"})));
  EXPECT_THAT(text.out, AllOf(HasSubstr("compared with gradient ascent"), HasSubstr("reached the closed form "),
                              HasSubstr("The ascents of 11 of them converged.")));
}

TEST(LeastSquaresFit, TheGradientIsAMetricToCompareWith) {
  const std::vector<std::string> data{example("grunfeld.csv"), "--y",  "invest", "--x",
                                      "value,capital",         "--by", "firm",   "--compare"};
  const auto ascents = [&](const std::string& metric) {
    std::vector<std::string> arguments = data;
    arguments.insert(arguments.end(), {"--metric", metric});
    return json_of(arguments).at("fits");
  };
  const Json newton = ascents("newton"), euclidean = ascents("euclidean");
  EXPECT_EQ(json_of(data).at("fits").at(0).at("ascent").at("metric"), "newton") << "the default";
  for (std::size_t k = 0; k < 11; ++k) {
    const Json &n = newton.at(k).at("ascent"), &e = euclidean.at(k).at("ascent");
    EXPECT_EQ(e.at("metric"), "euclidean");
    EXPECT_TRUE(at_most(e.at("relative_error").get<double>(), 1e-8));
    EXPECT_LE(n.at("iterations").get<int>(), 2);
    EXPECT_GT(e.at("iterations").get<int>(), n.at("iterations").get<int>());
  }
  std::vector<std::string> text = data;
  text.insert(text.end(), {"--metric", "euclidean"});
  EXPECT_THAT(run_sigmahat(fit(text)).out, HasSubstr("ascent         metric euclidean: reached the closed form "));
  text.back() = "fisher";
  EXPECT_EQ(run_sigmahat(fit(text)).code, 2);
  EXPECT_EQ(run_sigmahat(fit({example("grunfeld.csv"), "--y", "invest", "--x", "value", "--metric", "newton"})).code, 2)
      << "without an ascent";
}

TEST(LeastSquaresFit, AnAscentThatDidNotConvergeHasNoInference) {
  const Folder folder;
  const std::vector<std::string> arguments{
      example("grunfeld.csv"), "--y", "invest", "--x", "value,capital", "--by", "firm", "--method", "ascent",
      "--max-iterations",      "0"};
  const std::string note =
      "sigmahat: note: the ascents of 11 of 11 problems did not converge; the coefficients are those where it "
      "stopped\n";
  const Outcome text = run_sigmahat(fit(arguments));
  EXPECT_EQ(text.code, 0);
  EXPECT_EQ(text.err, note);
  EXPECT_THAT(text.out, AllOf(HasSubstr("not_converged: these are the coefficients where the ascent stopped"),
                              HasSubstr("\n11 problems: 11 not_converged.\n  not_converged: firm = General Motors, US "
                                        "Steel, General Electric, Chrysler, Atlantic Refining and 6 more\n"),
                              Not(HasSubstr("RSS"))));
  std::vector<std::string> saved = arguments;
  saved.insert(saved.end(), {"--out", folder.path("fit.npz"), "--residuals", "--fitted", "--covariance"});
  const Outcome outcome = run_sigmahat(fit(saved));
  EXPECT_EQ(outcome.err, note);
  const auto npz = read_npz(folder.path("fit.npz"));
  EXPECT_EQ(npz.at("status").texts(), std::vector<std::string>(11, "not_converged"));
  EXPECT_EQ(npz.at("coef").numbers(), std::vector<double>(33, 0));
  for (const char* name :
       {"se", "t", "p", "lower", "upper", "cov", "r2", "adj_r2", "rss", "sigma2", "residuals", "fitted"}) {
    for (const double value : npz.at(name).numbers()) EXPECT_TRUE(std::isnan(value)) << name;
  }
  // Beside the closed form the ascent changes nothing.
  std::vector<std::string> compared = arguments;
  compared[8] = "closed-form";
  compared.push_back("--compare");
  const Outcome closed = run_sigmahat(fit(compared));
  EXPECT_THAT(closed.err, IsEmpty());
  EXPECT_THAT(closed.out, HasSubstr("\n11 problems: 11 ok.\n"));
}

TEST(LeastSquaresFit, RobustErrorsAndRidge) {
  const Folder folder;
  const std::string path = folder.write("t.csv", "x,y\n1,1\n2,3\n3,2\n4,6\n5,4\n");
  const Json hc0 = json_of({path, "--y", "y", "--standard-errors", "hc0"});
  // By hand: β = (0.5, 0.9), residuals e = (−0.4, 0.7, −1.2, 1.9, −1), Sxx = 10; variance of the slope Σ(x−x̄)²e²/Sxx².
  EXPECT_TRUE(at_most(std::abs(hc0.at("se").at(1).get<double>() - std::sqrt(8.74 / 100)), 1e-14));
  EXPECT_EQ(hc0.at("standard_errors"), "hc0");
  const Json ridge = json_of({path, "--y", "y", "--ridge", "10"});
  EXPECT_TRUE(at_most(std::abs(ridge.at("coef").at(1).get<double>() - 0.45), 1e-14)) << "Sxy/(Sxx + lambda)";
  EXPECT_EQ(ridge.at("ridge"), 10);
}

}  // namespace
}  // namespace sigmahat::cli::test
