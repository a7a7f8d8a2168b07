#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "report.hpp"

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
      names_.push_back(shorten(report.columns[static_cast<std::size_t>(j)]));
      width_ = std::max(width_, length(names_.back()));
    }
  }

  std::string run() {
    header();
    const std::size_t groups = std::min(report_.fits.size(), kShownGroups);
    for (std::size_t g = 0; g < groups; ++g) {
      if (!report_.groups.empty()) line("\n{} = {}", report_.by, report_.groups[g]);
      if (report_.groups.empty()) out_ += '\n';
      fit(report_.fits[g]);
    }
    if (report_.fits.size() > groups) {
      line("\n... and {} more groups; --json has them all.", report_.fits.size() - groups);
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

  /// Characters of UTF-8 text.
  static std::size_t length(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  }
  static std::string shorten(const std::string& name) {
    if (length(name) <= kNameWidth) return name;
    std::string cut;
    for (std::size_t k = 0, taken = 0; k < name.size(); ++k) {
      if ((name[k] & 0xC0) != 0x80 && taken++ == kNameWidth - 1) break;
      cut += name[k];
    }
    return cut + "…";
  }
  std::string padded_left(const std::string& text) const {
    return std::string(width_ - std::min(width_, length(text)), ' ') + text;
  }
  std::string padded_right(const std::string& text) const {
    return text + std::string(width_ - std::min(width_, length(text)), ' ');
  }
  static std::string plural(Index count, const char* noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
  }

  void header() {
    const bool compare = report_.options.compare && report_.options.method != FitMethod::ascent;
    line("Gaussian fit of {} {}{}", report_.input,
         report_.options.method == FitMethod::ascent ? "by gradient ascent" : "in closed form",
         compare ? ", compared with gradient ascent" : "");
    Index rows = 0, dropped = 0;
    for (const GaussianFit& fit : report_.fits) {
      rows += fit.rows;
      dropped += fit.dropped;
    }
    std::string data = plural(rows, report_.log_returns ? "log return" : "row");
    data += fmt::format(" of {}", plural(static_cast<Index>(report_.columns.size()), "column"));
    if (!report_.groups.empty()) {
      data += fmt::format(", {} by {}", plural(static_cast<Index>(report_.groups.size()), "group"), report_.by);
    }
    if (dropped > 0) data += fmt::format("; {} dropped for missing values", dropped);
    if (report_.unlabelled > 0) data += fmt::format("; {} dropped for want of a group label", report_.unlabelled);
    line("  data     {}", data);
    line("  device   {} (asked for: {})", report_.device_used, report_.device_requested);
  }

  void fit(const GaussianFit& fit) {
    if (report_.weighted) {
      line("  n              {} (sum of the weights of {}), p = {}", fit.weight, plural(fit.rows, "row"), fit.columns);
    } else {
      line("  n              {}, p = {}{}", fit.rows, fit.columns,
           fit.dropped > 0 ? fmt::format(" ({} dropped)", fit.dropped) : "");
    }
    status(fit);
    if (!std::isnan(fit.log_likelihood)) line("  log-likelihood {:.12g}", fit.log_likelihood);
    moments(fit);
    if (report_.has_ascent()) ascent(fit);
  }

  void status(const GaussianFit& fit) {
    const char* const reason = [&] {
      switch (fit.status) {
        case ProblemStatus::too_few_rows: return "there are not more rows than columns";
        case ProblemStatus::rank_deficient: return "columns depend on each other";
        case ProblemStatus::not_finite: return "the sums of the data overflow";
        case ProblemStatus::not_positive_definite:
          return "the covariance is not positive definite to working precision";
        case ProblemStatus::ok: break;
      }
      return "";
    }();
    if (fit.status == ProblemStatus::ok) return;
    line("  status         {}: {}; rank {} of {}, so the likelihood has no maximum", to_string(fit.status), reason,
         fit.rank, fit.columns);
  }

  void moments(const GaussianFit& fit) {
    constexpr int kNumber = 14;
    out_ += fmt::format("  {} {:>{}}", padded_right(""), "mean", kNumber);
    out_ += report_.options.unbiased ? "   covariance (n - 1)\n" : "   covariance\n";
    for (Index i = 0; i < shown_; ++i) {
      out_ += fmt::format("  {} {:>{}.8g} |", padded_right(names_[static_cast<std::size_t>(i)]),
                          fit.mean[static_cast<std::size_t>(i)], kNumber);
      for (Index j = 0; j < shown_; ++j) out_ += fmt::format(" {:>{}.7g}", fit.covariance(i, j), kNumber);
      out_ += '\n';
    }
    if (fit.columns > shown_) {
      line("  ... the first {} of {} columns; --json has them all.", shown_, fit.columns);
    }
  }

  static std::string seconds(double value) {
    if (value < 1e-3) return fmt::format("{:.0f} µs", value * 1e6);
    return value < 1 ? fmt::format("{:.1f} ms", value * 1e3) : fmt::format("{:.2f} s", value);
  }

  /// One sentence on where the ascent ended; `distance` is the relative distance of Σ from S.
  static std::string outcome(const AscentSummary& ascent, double distance) {
    const std::string iterations = plural(ascent.iterations, "iteration");
    switch (ascent.termination) {
      case Termination::score_tolerance:
        if (distance == 0) return fmt::format("reached S exactly in {}", iterations);
        return fmt::format("reached S to {:.2g} in {}", distance, iterations);
      case Termination::change_tolerance:
        return fmt::format("came to rest at a relative distance of {:.2g} from S in {}", distance, iterations);
      case Termination::iteration_limit:
        return fmt::format("ran out of iterations ({}) at a relative distance of {:.2g} from S", ascent.iterations,
                           distance);
      case Termination::line_search_failed:
        return fmt::format(
            "found no step that increases the likelihood enough, after {}, at a relative distance of "
            "{:.2g} from S",
            iterations, distance);
      case Termination::not_feasible: return "could not start: the start is outside the domain";
      case Termination::not_run: break;
    }
    return "not run: the likelihood has no maximum";
  }

  void ascent(const GaussianFit& fit) {
    const AscentComparison comparison = fit.comparison.value_or(AscentComparison{});
    line("  ascent         metric {}: {}", to_string(report_.options.metric),
         outcome(fit.ascent, comparison.relative_error_covariance));
    if (!fit.comparison) return;
    line("                 mean off by {:.2g} (relative), log-likelihood gap {:.2g}, score norm {:.2g}, {}{}",
         comparison.relative_error_mean, comparison.log_likelihood_gap, fit.ascent.score_norm,
         seconds(fit.ascent.seconds), report_.fits.size() > 1 ? " for all groups together" : "");
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
