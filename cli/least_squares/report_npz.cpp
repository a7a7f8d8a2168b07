#include "formats/npz_writer.hpp"
#include "least_squares/report.hpp"

namespace sigmahat::cli {
namespace {

template <class Words>
std::vector<std::string_view> views(const Words& words) {
  return {words.begin(), words.end()};
}

class NpzReport {
 public:
  explicit NpzReport(const LeastSquaresReport& report) : report_(report), fit_(report.fit) {
    if (report.data->batched()) per_problem_ = {fit_.problems};
    per_coefficient_ = per_problem_;
    per_coefficient_.push_back(fit_.coefficient_count);
    per_pair_ = per_coefficient_;
    per_pair_.push_back(fit_.coefficient_count);
  }

  void write(OutputFile& file) {
    describe();
    add("coef", fit_.coefficients, per_coefficient_, true);
    const bool errors = fit_.options.standard_errors != StandardErrors::none;
    const LeastSquaresOutputs& wanted = fit_.options.outputs;
    add("se", fit_.standard_errors, per_coefficient_, errors);
    add("t", fit_.t, per_coefficient_, wanted.t);
    add("p", fit_.p, per_coefficient_, wanted.p);
    add("lower", fit_.lower, per_coefficient_, wanted.confidence);
    add("upper", fit_.upper, per_coefficient_, wanted.confidence);
    add("cov", fit_.covariance, per_pair_, wanted.covariance);
    add("r2", fit_.r_squared, per_problem_, wanted.goodness);
    add("adj_r2", fit_.adjusted_r_squared, per_problem_, wanted.goodness);
    add("rss", fit_.rss, per_problem_, wanted.goodness);
    add("tss", fit_.tss, per_problem_, wanted.goodness);
    add("sigma2", fit_.sigma_squared, per_problem_, wanted.goodness);
    add("dof", fit_.residual_dof, per_problem_, wanted.goodness);
    npz_.add("rows", fit_.rows.data(), per_problem_);
    npz_.add("dropped", fit_.dropped.data(), per_problem_);
    if (report_.data->weighted()) {
      for (Index b = 0; b < fit_.problems; ++b) zero_weight_.push_back(report_.zero_weight(b));
      npz_.add("zero_weight", zero_weight_.data(), per_problem_);
    }
    npz_.add("rank", fit_.rank.data(), per_problem_);
    npz_.add("condition", fit_.condition.data(), per_problem_);
    add_words("route", fit_.route);
    add_words("status", fit_.status);
    add_rows("residuals", fit_.residuals, wanted.residuals, residuals_);
    add_rows("fitted", fit_.fitted, wanted.fitted, fitted_);
    if (report_.has_ascent()) add_ascent();
    npz_.write(file);
  }

 private:
  void describe() {
    npz_.add_text("format", {kLeastSquaresFormat}, {});
    npz_.add("version", &version_, {});
    npz_.add_text("columns", views(report_.coefficients), {fit_.coefficient_count});
    npz_.add_text("response", {report_.response}, {});
    npz_.add_text("standard_errors", {to_string(fit_.options.standard_errors)}, {});
    if (fit_.options.outputs.confidence) npz_.add("confidence", &fit_.options.confidence_level, {});
    if (const Grouping* const groups = report_.data->groups()) {
      npz_.add_text("group", views(groups->labels), {fit_.problems});
    }
  }

  void add(const std::string& name, const std::vector<double>& values, const std::vector<Index>& shape, bool wanted) {
    if (wanted) npz_.add(name, values.data(), shape);
  }

  template <class Word>
  void add_words(const std::string& name, const std::vector<Word>& words) {
    std::vector<std::string_view> texts;
    texts.reserve(words.size());
    for (const Word word : words) texts.emplace_back(to_string(word));
    npz_.add_text(name, texts, per_problem_);
  }

  /// With groups in the order of the file; a row that is in no group has NaN.
  void add_rows(const std::string& name, const std::vector<double>& values, bool wanted,
                std::vector<double>& in_order) {
    if (!wanted) return;
    const Grouping* const groups = report_.data->groups();
    const double* numbers = values.data();
    if (groups != nullptr) {
      in_order.assign(static_cast<std::size_t>(report_.data->row_shape().front()), kCanonicalNaN);
      for (std::size_t row = 0; row < values.size(); ++row) {
        in_order[static_cast<std::size_t>(groups->source_rows[row])] = values[row];
      }
      numbers = in_order.data();
    }
    npz_.add(name, numbers, report_.data->row_shape());
  }

  void add_ascent() {
    std::vector<Termination> terminations;
    for (std::size_t b = 0; b < fit_.ascent.size(); ++b) {
      terminations.push_back(fit_.ascent[b].termination);
      iterations_.push_back(fit_.ascent[b].iterations);
      score_norms_.push_back(fit_.ascent[b].score_norm);
      relative_errors_.push_back(fit_.comparison[b].relative_error);
    }
    add_words("ascent_termination", terminations);
    npz_.add("ascent_iterations", iterations_.data(), per_problem_);
    npz_.add("ascent_score_norm", score_norms_.data(), per_problem_);
    npz_.add("ascent_relative_error", relative_errors_.data(), per_problem_);
  }

  const LeastSquaresReport& report_;
  const LeastSquaresFit& fit_;
  NpzWriter npz_;
  std::vector<Index> per_problem_, per_coefficient_, per_pair_;
  // What the writer points to until it is done.
  const std::int64_t version_ = kLeastSquaresVersion;
  std::vector<double> residuals_, fitted_, score_norms_, relative_errors_;
  std::vector<Index> iterations_, zero_weight_;
};

}  // namespace

void write_npz(const LeastSquaresReport& report, OutputFile& file) { NpzReport(report).write(file); }

}  // namespace sigmahat::cli
