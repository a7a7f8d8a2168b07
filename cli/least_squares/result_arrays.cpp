#include "least_squares/result_arrays.hpp"

#include "sigmahat/kernels/least_squares.hpp"

namespace sigmahat::cli {
namespace {

template <class Words>
std::vector<std::string_view> views(const Words& words) {
  return {words.begin(), words.end()};
}

PromisesOfRun promises_of(const LeastSquaresReport& report) {
  const bool small = std::ssize(report.data->predictors()) < kLargestGram;
  const bool on_gpu = is_gpu(report.fit.device_used);
  // Status and errors depend on whether the ascent converged.
  const bool by_ascent = report.fit.options.method == FitMethod::ascent;
  return {small, on_gpu, by_ascent ? promised(Promise::ascent, small, on_gpu) : Determinism::d3};
}

}  // namespace

LeastSquaresArrays::LeastSquaresArrays(const LeastSquaresReport& report)
    : report_(report), fit_(report.fit), promises_(promises_of(report)) {
  if (report.data->batched()) per_problem_ = {fit_.problems};
  per_coefficient_ = per_problem_;
  per_coefficient_.push_back(fit_.coefficient_count);
  per_pair_ = per_coefficient_;
  per_pair_.push_back(fit_.coefficient_count);

  const Determinism level = promises_.use(Promise::least_squares);
  describe();
  add("coef", fit_.coefficients, per_coefficient_,
      fit_.options.method == FitMethod::ascent ? Promise::ascent : Promise::least_squares);
  add_inference();
  add_goodness();
  arrays_.add("rows", fit_.rows.data(), per_problem_, level);
  arrays_.add("dropped", fit_.dropped.data(), per_problem_, level);
  if (report_.data->weighted()) {
    for (Index b = 0; b < fit_.problems; ++b) zero_weight_.push_back(report_.zero_weight(b));
    arrays_.add("zero_weight", zero_weight_.data(), per_problem_, level);
  }
  arrays_.add("rank", fit_.rank.data(), per_problem_, level);
  arrays_.add("condition", fit_.condition.data(), per_problem_, level);
  add_words("route", fit_.route, level);
  add_words("status", fit_.status, level);
  if (fit_.options.outputs.residuals) add_rows("residuals", fit_.residuals, residuals_);
  if (fit_.options.outputs.fitted) add_rows("fitted", fit_.fitted, fitted_);
  if (report_.has_ascent()) add_ascent();
}

void LeastSquaresArrays::describe() {
  arrays_.add_text("format", {kLeastSquaresFormat}, {});
  arrays_.add("version", &version_, {});
  arrays_.add_text("columns", views(report_.coefficients), {fit_.coefficient_count});
  arrays_.add_text("response", {report_.response}, {});
  arrays_.add_text("standard_errors", {to_string(fit_.options.standard_errors)}, {});
  if (fit_.options.outputs.confidence) arrays_.add("confidence", &fit_.options.confidence_level, {});
  if (const Grouping* const groups = report_.data->groups()) {
    arrays_.add_text("group", views(groups->labels), {fit_.problems});
  }
}

void LeastSquaresArrays::add_inference() {
  if (fit_.options.standard_errors == StandardErrors::none) return;
  const bool classical = fit_.options.standard_errors == StandardErrors::classical;
  const Promise errors = classical ? Promise::least_squares : Promise::least_squares_rows;
  const LeastSquaresOutputs& wanted = fit_.options.outputs;
  add("se", fit_.standard_errors, per_coefficient_, errors);
  if (wanted.t) add("t", fit_.t, per_coefficient_, errors);
  if (wanted.p) add("p", fit_.p, per_coefficient_, Promise::distributions);
  if (wanted.confidence) add("lower", fit_.lower, per_coefficient_, Promise::distributions);
  if (wanted.confidence) add("upper", fit_.upper, per_coefficient_, Promise::distributions);
  if (wanted.covariance) add("cov", fit_.covariance, per_pair_, Promise::least_squares_rows);
}

void LeastSquaresArrays::add_goodness() {
  if (!fit_.options.outputs.goodness) return;
  const Promise promise = Promise::least_squares;
  add("r2", fit_.r_squared, per_problem_, promise);
  add("adj_r2", fit_.adjusted_r_squared, per_problem_, promise);
  add("rss", fit_.rss, per_problem_, promise);
  add("tss", fit_.tss, per_problem_, promise);
  add("sigma2", fit_.sigma_squared, per_problem_, promise);
  add("dof", fit_.residual_dof, per_problem_, promise);
}

void LeastSquaresArrays::add(const std::string& name, const std::vector<double>& values,
                             const std::vector<Index>& shape, Promise promise) {
  arrays_.add(name, values.data(), shape, promises_.use(promise));
}

template <class Word>
void LeastSquaresArrays::add_words(const std::string& name, const std::vector<Word>& words, Determinism level) {
  std::vector<std::string_view> texts;
  texts.reserve(words.size());
  for (const Word word : words) texts.emplace_back(to_string(word));
  arrays_.add_text(name, texts, per_problem_, level);
}

/// With groups in the order of the file; a row that is in no group has NaN.
void LeastSquaresArrays::add_rows(const std::string& name, const std::vector<double>& values,
                                  std::vector<double>& in_order) {
  const Grouping* const groups = report_.data->groups();
  const double* numbers = values.data();
  if (groups != nullptr) {
    in_order.assign(static_cast<std::size_t>(report_.data->row_shape().front()), kCanonicalNaN);
    for (std::size_t row = 0; row < values.size(); ++row) {
      in_order[static_cast<std::size_t>(groups->source_rows[row])] = values[row];
    }
    numbers = in_order.data();
  }
  arrays_.add(name, numbers, report_.data->row_shape(), promises_.use(Promise::least_squares_rows));
}

void LeastSquaresArrays::add_ascent() {
  const Determinism path = promises_.use(Promise::ascent);
  std::vector<Termination> terminations;
  for (std::size_t b = 0; b < fit_.ascent.size(); ++b) {
    terminations.push_back(fit_.ascent[b].termination);
    iterations_.push_back(fit_.ascent[b].iterations);
    score_norms_.push_back(fit_.ascent[b].score_norm);
    relative_errors_.push_back(fit_.comparison[b].relative_error);
  }
  add_words("ascent_termination", terminations, path);
  arrays_.add("ascent_iterations", iterations_.data(), per_problem_, path);
  arrays_.add("ascent_score_norm", score_norms_.data(), per_problem_, path);
  arrays_.add("ascent_relative_error", relative_errors_.data(), per_problem_, path);
}

}  // namespace sigmahat::cli
