#include <cmath>

#include "selftest/data.hpp"
#include "selftest/quantities.hpp"
#include "selftest/values.hpp"
#include "sigmahat/least_squares.hpp"

namespace sigmahat::cli::selftest {
namespace {

LeastSquaresOptions with_intercept() {
  LeastSquaresOptions options;
  options.intercept = true;
  options.standard_errors = StandardErrors::classical;
  options.outputs.goodness = true;
  return options;
}

LeastSquaresFit fit(const Context& context, const Sample& sample, const std::vector<double>& y,
                    const LeastSquaresOptions& options) {
  return fit_least_squares(
      context, LeastSquaresBatch::single(sample.view(), RowsView::row_major(y.data(), sample.rows, 1)), options);
}

Values what_was_done(const LeastSquaresFit& fit) {
  Values values;
  values.add(fit.rss).add(fit.tss).add(fit.condition).add(fit.rank).add(fit.route).add(fit.status);
  return values;
}

void longley(const Context& context, std::vector<Quantity>& out) {
  const LeastSquaresBatch batch =
      LeastSquaresBatch::uniform(Longley::x().data(), Longley::y().data(), 1, Longley::kRows, Longley::kColumns);
  LeastSquaresOptions options = with_intercept();
  for (const bool qr : {true, false}) {
    options.route = qr ? LeastSquaresRoute::qr : LeastSquaresRoute::automatic;
    const std::string name = qr ? "Longley's regression by QR: " : "Longley's regression by any route: ";
    // NIST's digits are 15; its data are decimals, which double precision rounds.
    const double bound = qr ? 1e-11 : 1e-9;
    const LeastSquaresFit fit = fit_least_squares(context, batch, options);
    out.push_back(
        {name + "coefficients", levels(Promise::least_squares), fit.coefficients, bound, Longley::coefficients()});
    out.push_back({name + "standard errors", levels(Promise::least_squares), fit.standard_errors, bound,
                   Longley::standard_errors()});
    Values quality;
    quality.add(std::sqrt(fit.sigma_squared.at(0))).add(fit.r_squared.at(0));
    out.push_back({name + "residual deviation, R²",
                   levels(Promise::least_squares),
                   quality.take(),
                   bound,
                   {Longley::kResidualDeviation, Longley::kRSquared}});
    out.push_back(
        {name + "RSS, TSS, condition, rank, route, status", levels(Promise::least_squares), what_was_done(fit).take()});
  }
}

void weighted(const Context& context, std::vector<Quantity>& out) {
  const Sample sample = normal_sample(1000, 7, true);
  const std::vector<double> y = response(sample);
  LeastSquaresOptions options = with_intercept();
  options.outputs.p = true;
  options.outputs.confidence = true;
  const LeastSquaresFit classical = fit(context, sample, y, options);
  out.push_back({"weighted regression on 7 columns: coefficients, standard errors", levels(Promise::least_squares),
                 Values().add(classical.coefficients).add(classical.standard_errors).take()});
  out.push_back({"weighted regression on 7 columns: RSS, TSS, condition, rank, route, status",
                 levels(Promise::least_squares), what_was_done(classical).take()});
  out.push_back({"weighted regression on 7 columns: p-values, limits", levels(Promise::distributions),
                 Values().add(classical.p).add(classical.lower).add(classical.upper).take(), 1e-9});

  options = with_intercept();
  options.standard_errors = StandardErrors::hc3;
  options.outputs.residuals = true;
  options.compare = true;
  const LeastSquaresFit robust = fit(context, sample, y, options);
  out.push_back({"weighted regression on 7 columns: HC3 errors", levels(Promise::least_squares_rows),
                 robust.standard_errors, 1e-11});
  out.push_back({"weighted regression on 7 columns: 20 residuals",
                 levels(Promise::least_squares_rows),
                 {robust.residuals.begin(), robust.residuals.begin() + 20},
                 1e-9});
  out.push_back({"weighted regression on 7 columns: ascent's distance from the closed form",
                 levels(Promise::ascent),
                 Values().add(robust.comparison.at(0).relative_error).take(),
                 1e-11,
                 {0}});
}

void ragged(const Context& context, std::vector<Quantity>& out) {
  const RaggedSample sample = ragged_sample();
  const LeastSquaresBatch batch =
      LeastSquaresBatch::ragged(RowsView::row_major(sample.x.data(), sample.offsets.back(), 3),
                                RowsView::row_major(sample.y.data(), sample.offsets.back(), 1), sample.offsets);
  const LeastSquaresFit fit = fit_least_squares(context, batch, with_intercept());
  Values all = what_was_done(fit);
  all.add(fit.coefficients).add(fit.standard_errors);
  out.push_back({"60 ragged regressions", levels(Promise::least_squares), all.take(), {}, {}, true});
  Values kinds;
  for (const Index b : {RaggedSample::kDependent, RaggedSample::kNotFinite, RaggedSample::kTooFewRows,
                        RaggedSample::kPowers, Index{0}}) {
    const auto at = static_cast<std::size_t>(b);
    kinds.add(fit.status[at]).add(fit.rank[at]).add(fit.route[at]);
  }
  out.push_back({"60 ragged regressions: status, rank, route of 5", levels(Promise::least_squares), kinds.take()});
}

void large(const Context& context, std::vector<Quantity>& out) {
  const Sample sample = normal_sample(400, 100, false);
  const LeastSquaresFit result = fit(context, sample, response(sample), with_intercept());
  Values some;
  for (std::size_t j = 0; j <= 100; j += 10) some.add(result.coefficients[j]).add(result.standard_errors[j]);
  some.add(result.rss).add(result.tss);
  out.push_back({"regression on 100 columns: 24 numbers", levels(Promise::least_squares, false), some.take(), 1e-10});
}

}  // namespace

void measure_regressions(const Context& context, std::vector<Quantity>& out) {
  longley(context, out);
  weighted(context, out);
  ragged(context, out);
  large(context, out);
}

}  // namespace sigmahat::cli::selftest
