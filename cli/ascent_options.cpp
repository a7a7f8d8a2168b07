#include "ascent_options.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "exit_code.hpp"
#include "option_checks.hpp"

namespace sigmahat::cli {

void add_ascent_options(CLI::App& app, AscentOptions& o, std::string& trace, const AscentTexts& texts) {
  const auto add = [&](const std::string& name, auto& value, const std::string& text) {
    return app.add_option(name, value, text)->capture_default_str()->group("Ascent");
  };
  const auto add_number = [&](const std::string& name, double& value, const std::string& text) {
    add(name, value, text)->check(finite_number);
  };
  add("--max-iterations", o.max_iterations, "Stop after this many accepted steps; at least 0")->check(whole_number(0));
  add_number("--score-tolerance", o.score_tolerance, "Converged if score norm <= this; at least 0");
  add_number(
      "--change-tolerance", o.change_tolerance,
      "Ends the ascent if a step's relative change <= this, as converged if no longer step is possible; at least 0");
  add_number("--initial-step", o.initial_step, texts.initial_step);
  add_number("--sufficient-increase", o.sufficient_increase, texts.sufficient_increase);
  add_number("--rounding-slack", o.rounding_slack, "slack = this * 2^-52 * max(1, |value|); at least 0");
  add_number("--step-reduction", o.step_reduction, "Factor on a rejected step; between 0 and 1, both excluded");
  add_number("--step-growth", o.step_growth, "Factor on the next first step; at least 1");
  add("--max-step-reductions", o.max_step_reductions, "The line search gives up after this many reductions; at least 0")
      ->check(whole_number(0));
  app.add_option("--trace", trace, texts.trace)->check(name_given)->group("Output");
}

std::optional<std::string> given_ascent_option(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const bool belongs = option->get_group() == "Ascent" || option->get_name() == "--trace";
    if (belongs && option->count() > 0) return option->get_name();
  }
  return std::nullopt;
}

void refuse_ascent_option(const std::optional<std::string>& given, bool ascent) {
  if (!given || ascent) return;
  throw UsageError(
      fmt::format("{} concerns the ascent, which is not asked for: add --method ascent or --compare", *given));
}

}  // namespace sigmahat::cli
