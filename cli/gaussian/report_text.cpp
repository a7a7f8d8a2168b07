#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "ascent_report.hpp"
#include "gaussian/report.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

constexpr Index kShownColumns = 8;        // larger matrices are cut
constexpr std::size_t kShownGroups = 12;  // later groups are counted only
constexpr std::size_t kNameWidth = 16;    // longer names are cut

class TextReport {
 public:
  explicit TextReport(const FitReport& report) : report_(report) {
    shown_ = std::min(static_cast<Index>(report.columns.size()), kShownColumns);
    for (Index j = 0; j < shown_; ++j) {
      names_.push_back(shortened(report.columns[static_cast<std::size_t>(j)], kNameWidth));
      width_ = std::max(width_, characters(names_.back()));
    }
  }

  std::string run() {
    header();
    const std::size_t groups = std::min(report_.fits.size(), kShownGroups);
    for (std::size_t g = 0; g < groups; ++g) {
      if (!report_.groups.empty()) line("\n{} = {}", printable(report_.by), printable(report_.groups[g]));
      if (report_.groups.empty()) out_ += '\n';
      fit(report_.fits[g], report_.weighted ? report_.zero_weight[g] : 0);
    }
    if (report_.fits.size() > groups) {
      line("\n... and {}; --json has them all.",
           counted(static_cast<Index>(report_.fits.size() - groups), "more group"));
    }
    if (report_.fits.size() > 1) summary();
    return std::move(out_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  std::string padded_right(const std::string& text) const {
    return text + std::string(width_ - std::min(width_, characters(text)), ' ');
  }
  void header() {
    const bool compare = report_.options.compare && report_.options.method != FitMethod::ascent;
    line("Gaussian fit of {} {}{}", printable(report_.input),
         report_.options.method == FitMethod::ascent ? "by gradient ascent" : "in closed form",
         compare ? ", compared with gradient ascent" : "");
    Index rows = 0, dropped = 0;
    for (const GaussianFit& fit : report_.fits) {
      rows += fit.rows;
      dropped += fit.dropped;
    }
    std::string data = counted(rows, report_.log_returns ? "log return" : "row");
    data += fmt::format(" of {}", counted(static_cast<Index>(report_.columns.size()), "column"));
    if (!report_.groups.empty()) {
      data +=
          fmt::format(", {} by {}", counted(static_cast<Index>(report_.groups.size()), "group"), printable(report_.by));
    }
    if (dropped > 0) data += fmt::format("; {} dropped for missing values", dropped);
    if (report_.unlabelled > 0) data += fmt::format("; {} dropped for want of a group label", report_.unlabelled);
    line("  data     {}", data);
    line("  device   {} (asked for: {})", report_.device_used, report_.device_requested);
  }

  void fit(const GaussianFit& fit, Index zero_weight) {
    if (report_.weighted) {
      std::string rows = counted(fit.rows, "row");
      if (zero_weight > 0) rows += fmt::format("; {} of weight 0 left out", counted(zero_weight, "row"));
      line("  n              {} (sum of the weights of {}), p = {}", value_text(fit.weight, "{:.12g}"), rows,
           fit.columns);
    } else {
      line("  n              {}, p = {}{}", fit.rows, fit.columns,
           fit.dropped > 0 ? fmt::format(" ({} dropped)", fit.dropped) : "");
    }
    status(fit);
    if (fit.status == ProblemStatus::ok || std::isfinite(fit.log_likelihood)) {
      line("  log-likelihood {}", value_text(fit.log_likelihood, "{:.12g}"));
    }
    moments(fit);
    if (report_.has_ascent()) ascent(fit);
  }

  /// "column 'b' is constant", "columns 'b', 'c' are constant", or "" where no variance is exactly 0.
  std::string constant_columns(const GaussianFit& fit) const {
    std::string names;
    Index count = 0;
    for (Index j = 0; j < fit.columns; ++j) {
      if (fit.covariance(j, j) != 0 || ++count > kShownColumns) continue;
      names += fmt::format("{}'{}'", count == 1 ? "" : ", ", printable(report_.columns[static_cast<std::size_t>(j)]));
    }
    if (count > kShownColumns) names += fmt::format(" and {} more", count - kShownColumns);
    if (count == 0) return "";
    return count == 1 ? fmt::format("column {} is constant", names) : fmt::format("columns {} are constant", names);
  }

  std::string reason(const GaussianFit& fit) const {
    switch (fit.status) {
      case ProblemStatus::too_few_rows:
        if (fit.rows == 0) return "no row is left";
        return fit.rows > fit.columns ? "the weights sum to too little for --unbiased"
                                      : "there are not more rows than columns";
      case ProblemStatus::rank_deficient: {
        const std::string constant = constant_columns(fit);
        return constant.empty() ? "columns depend on each other" : constant;
      }
      case ProblemStatus::not_finite: return "the sums of the data overflow";
      case ProblemStatus::not_positive_definite: return "the covariance is not positive definite to working precision";
      case ProblemStatus::ok:
      case ProblemStatus::refined_by_qr:
      case ProblemStatus::not_converged: break;
    }
    return "";
  }

  void status(const GaussianFit& fit) {
    if (fit.status == ProblemStatus::ok) return;
    line("  status         {}: {}; rank {} of {}, so the likelihood has no maximum", to_string(fit.status), reason(fit),
         fit.rank, fit.columns);
  }

  /// The mean to a hundredth of its standard deviation, with 8 digits at least; the shortest exact ones where that takes
  /// 17 or more.
  static std::string mean_text(double mean, double variance) {
    constexpr int kLeast = 8, kMost = 17;
    int digits = kLeast;
    if (variance > 0 && std::isfinite(variance) && mean != 0 && std::isfinite(mean)) {
      const double excess = std::floor(std::log10(std::abs(mean))) - std::floor(std::log10(std::sqrt(variance)));
      digits = static_cast<int>(std::clamp(excess + 3, double{kLeast}, double{kMost}));
    }
    return digits == kMost || variance == 0 ? value_text(mean, "{}") : fmt::format("{:.{}g}", mean, digits);
  }

  void moments(const GaussianFit& fit) {
    constexpr std::size_t kNumber = 14;
    std::vector<std::string> means;
    std::size_t width = kNumber;
    for (Index i = 0; i < shown_; ++i) {
      const double mean = fit.mean[static_cast<std::size_t>(i)];
      means.push_back(std::isfinite(mean) ? mean_text(mean, fit.covariance(i, i)) : value_text(mean, "{}"));
      width = std::max(width, means.back().size());
    }
    out_ += fmt::format("  {} {:>{}}", padded_right(""), "mean", width);
    out_ += report_.options.unbiased ? "   covariance (n - 1)\n" : "   covariance\n";
    for (Index i = 0; i < shown_; ++i) {
      const auto k = static_cast<std::size_t>(i);
      out_ += fmt::format("  {} {:>{}} |", padded_right(names_[k]), means[k], width);
      for (Index j = 0; j < shown_; ++j) {
        out_ += fmt::format(" {:>{}}", value_text(fit.covariance(i, j), "{:.7g}"), kNumber);
      }
      out_ += '\n';
    }
    if (fit.columns > shown_) {
      line("  ... the first {} of {} columns; --json has them all.", shown_, fit.columns);
    }
  }

  void ascent(const GaussianFit& fit) {
    const AscentComparison comparison = fit.comparison.value_or(AscentComparison{});
    line("  ascent         metric {}: {}", to_string(report_.options.metric),
         ascent_outcome(fit.ascent, comparison.relative_error_covariance,
                        {"S", "likelihood", "the likelihood has no maximum"}));
    if (!fit.comparison) return;
    if (report_.options.metric == Metric::newton && fit.scoring_iterations > 0) {
      line("                 {} of them by Fisher scoring, away from the maximum", fit.scoring_iterations);
    }
    line("                 mean off by {} (relative), log-likelihood gap {}, score norm {}, {}{}",
         value_text(comparison.relative_error_mean, "{:.2g}"), value_text(comparison.log_likelihood_gap, "{:.2g}"),
         value_text(fit.ascent.score_norm, "{:.2g}"), seconds_text(fit.ascent.seconds),
         report_.fits.size() > 1 ? " for all groups together" : "");
  }

  void summary() {
    Index regular = 0, converged = 0;
    for (const GaussianFit& fit : report_.fits) {
      regular += fit.status == ProblemStatus::ok ? 1 : 0;
      converged += fit.ascent.converged() ? 1 : 0;
    }
    const auto groups = static_cast<Index>(report_.fits.size());
    std::string text = fmt::format("{} of {} groups have a maximum of the likelihood", regular, groups);
    if (report_.has_ascent()) text += fmt::format("; the ascents of {} of them converged", converged);
    line("\n{}.", text);
  }

  const FitReport& report_;
  Index shown_ = 0;
  std::vector<std::string> names_;
  std::size_t width_ = 4;
  std::string out_;
};

}  // namespace

const char* method_name(FitMethod method) { return method == FitMethod::ascent ? "ascent" : "closed-form"; }

std::string text_report(const FitReport& report) { return TextReport(report).run(); }

}  // namespace sigmahat::cli
