#include "gaussian_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "csv_reader.hpp"
#include "exit_code.hpp"
#include "log_returns.hpp"
#include "output.hpp"
#include "output_file.hpp"
#include "report.hpp"
#include "sigmahat/gaussian_model.hpp"
#include "table.hpp"

namespace sigmahat::cli {
namespace {

void add_data_options(CLI::App& app, GaussianFitArguments& a) {
  app.add_option("FILE", a.file, "Data: .csv with a header, or .npy (1-D or 2-D)")->required();
  const char* const data = "Data";
  app.add_option(
         "--columns", a.columns,
         "Columns to fit: names of a .csv, places from 0 of a .npy, separated by commas; without it every column "
         "but those of --by and --weights")
      ->group(data);
  app.add_option("--by", a.by, "Fit each group of rows with the same value in this column")->group(data);
  app.add_option("--weights", a.weights, "Column of row weights, at least 0; their sum takes the place of n")
      ->group(data);
  app.add_option("--missing", a.missing, "What a missing or infinite value means: error, or drop its row and count it")
      ->check(CLI::IsMember({"error", "drop"}))
      ->capture_default_str()
      ->group(data);
  app.add_flag("--log-returns", a.log_returns, "Fit ln(x_t / x_{t-1}) of each column instead of x_t")->group(data);
}

void add_fit_options(CLI::App& app, GaussianFitArguments& a) {
  const char* const fit = "Fit";
  app.add_option("--method", a.method, "closed-form, or ascent")
      ->check(CLI::IsMember({"closed-form", "ascent"}))
      ->capture_default_str()
      ->group(fit);
  app.add_flag("--compare", a.compare, "Run the ascent and set it against the closed form")->group(fit);
  app.add_flag("--unbiased", a.unbiased, "Divide by n - 1 instead of n (closed form only)")->group(fit);
  app.add_option("--rank-tolerance", a.rank_tolerance,
                 "A pivot of the scaled covariance counts if it is > this times the largest; 0: 32 p 2^-52")
      ->capture_default_str()
      ->group(fit);
  const char* const run = "Device";
  app.add_option("--device", a.device, "auto, cpu, reference, cuda or cuda:K")->capture_default_str()->group(run);
  app.add_option("--threads", a.threads, "CPU threads; 0: as many as OpenMP offers")
      ->check(CLI::Range(0, 65536))
      ->capture_default_str()
      ->group(run);
}

/// Options of the ascent; each is remembered in `ascent_only`, to be refused where no ascent runs.
void add_ascent_options(CLI::App& app, const std::shared_ptr<GaussianFitArguments>& a) {
  const auto add = [&](const std::string& name, auto& value, const std::string& text) {
    return app.add_option(name, value, text)->capture_default_str()->group("Ascent");
  };
  add("--metric", a->metric, "fisher, frobenius or vech")->check(CLI::IsMember({"fisher", "frobenius", "vech"}));
  add("--start", a->start, "identity (mean 0, covariance I), diagonal (of S), or a model file that --out wrote");
  AscentOptions& o = a->ascent;
  add("--max-iterations", o.max_iterations, "Stop after this many accepted steps");
  add("--score-tolerance", o.score_tolerance, "Converged if score norm <= this");
  add("--change-tolerance", o.change_tolerance, "Converged if a step's relative change <= this");
  add("--initial-step", o.initial_step, "First trial step");
  add("--sufficient-increase", o.sufficient_increase, "Accept if increase >= this * step * slope - slack");
  add("--rounding-slack", o.rounding_slack, "slack = this * 2^-52 * max(1, |value|)");
  add("--step-reduction", o.step_reduction, "Factor on a rejected step, in (0, 1)");
  add("--step-growth", o.step_growth, "Factor on the next first step, >= 1");
  add("--max-step-reductions", o.max_step_reductions, "The line search gives up after this many reductions");
  app.add_option("--trace", a->trace, "Write log-likelihood, score norm and step of each iteration to this .csv")
      ->group("Output");
}

void remember_ascent_only(const CLI::App& app, GaussianFitArguments& a) {
  for (const CLI::Option* option : app.get_options()) {
    const bool belongs = option->get_group() == "Ascent" || option->get_name() == "--trace";
    if (belongs && option->count() > 0 && !a.ascent_only) a.ascent_only = option->get_name();
  }
}

AscentStart read_start(const Context& context, const std::string& start, std::size_t columns) {
  AscentStart result;
  if (start == "identity" || start == "diagonal") {
    result.kind = start == "diagonal" ? AscentStart::Kind::diagonal : AscentStart::Kind::identity;
    return result;
  }
  try {
    const GaussianModel model = GaussianModel::load(context, start);
    if (static_cast<std::size_t>(model.dimension()) != columns) {
      throw DataError(fmt::format("--start: {}: the model has dimension {}, but {} columns are to be fitted", start,
                                  model.dimension(), columns));
    }
    result.kind = AscentStart::Kind::given;
    result.mean = model.mean();
    result.covariance = model.covariance();
    return result;
  } catch (const NumericalError& error) {
    throw NumericalError(fmt::format("--start: {}; the ascent needs a start that is", error.what()));
  }
}

Metric metric_of(const std::string& name) {
  if (name == "frobenius") return Metric::frobenius;
  return name == "vech" ? Metric::vech : Metric::fisher;
}

/// Validates options; "AscentOptions::step_growth: …" becomes "--step-growth: …", as the user wrote it.
template <class Options>
void validate(const Options& options) {
  try {
    options.validate();
  } catch (const InvalidArgument& error) {
    std::string message = error.what();
    const std::size_t scope = message.find("::"), end = message.find(": ");
    if (scope == std::string::npos || end == std::string::npos || end < scope) throw;
    std::replace(message.begin() + static_cast<std::ptrdiff_t>(scope),
                 message.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
    throw UsageError("--" + message.substr(scope + 2));
  }
}

GaussianFitOptions fit_options(const Context& context, const GaussianFitArguments& a, std::size_t columns) {
  GaussianFitOptions options;
  options.method = a.method == "ascent" ? FitMethod::ascent : FitMethod::closed_form;
  options.compare = a.compare;
  options.unbiased = a.unbiased;
  options.metric = metric_of(a.metric);
  options.rank_tolerance = a.rank_tolerance;
  options.ascent = a.ascent;
  options.ascent.keep_trace = !a.trace.empty();
  if (options.method == FitMethod::ascent || options.compare) options.start = read_start(context, a.start, columns);
  validate(options);
  return options;
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  return std::filesystem::weakly_canonical(a, error) == std::filesystem::weakly_canonical(b, error);
}

/// What can be told from the command line alone.
void check_arguments(const GaussianFitArguments& a) {
  if (a.ascent_only && a.method != "ascent" && !a.compare) {
    throw UsageError(fmt::format("{} concerns the ascent, which is not asked for: add --method ascent or --compare",
                                 *a.ascent_only));
  }
  if (a.unbiased && a.method == "ascent") {
    throw UsageError("--unbiased concerns the closed form: it cannot be combined with --method ascent");
  }
  if (!a.out.empty() && !a.by.empty()) {
    throw UsageError(
        "--out holds one model and cannot be combined with --by; --json reports every group's mean and "
        "covariance");
  }
  if (a.log_returns && !a.weights.empty()) {
    throw UsageError("--log-returns cannot be combined with --weights: a return belongs to two rows");
  }
  const auto refuse_same = [](const char* option, const std::string& output, const char* other,
                              const std::string& path) {
    if (!output.empty() && !path.empty() && same_file(output, path)) {
      throw UsageError(fmt::format("{}: '{}' is the same file as {}", option, output, other));
    }
  };
  refuse_same("--out", a.out, "the data", a.file);
  refuse_same("--trace", a.trace, "the data", a.file);
  refuse_same("--trace", a.trace, "that of --out", a.out);
  validate(a.ascent);
}

Table load_table(const GaussianFitArguments& a, MissingRows missing) {
  TableRequest request;
  request.path = a.file;
  if (!a.columns.empty()) request.columns = split_names("--columns", a.columns);
  if (!a.by.empty()) request.by = a.by;
  if (!a.weights.empty()) request.weights = a.weights;
  request.missing = missing;
  Table table = read_table(request);
  if (a.log_returns) take_log_returns(table, missing);
  check_weights(table);
  return table;
}

/// The moments, with errors that name the place in the file.
MomentsBatch table_moments(const Context& context, const Table& table, MissingRows missing) {
  const MomentsOptions options{missing};
  try {
    if (table.groups) return compute_grouped_moments(context, table.view(), table.groups->offsets, options);
    return MomentsBatch(compute_moments(context, table.view(), options));
  } catch (const NonFiniteRow& error) {
    const double value = error.column() < 0 ? table.weights[static_cast<std::size_t>(error.row())]
                                            : table.rows.at(error.row(), error.column());
    throw DataError(fmt::format("{}: the value is {}; --missing drop leaves out such rows and counts them",
                                table.place(error.row(), error.column()),
                                value != value ? std::string("missing (NaN)") : fmt::format("infinite ({})", value)));
  }
}

void save_model(const Context& context, const std::string& path, const FitReport& report) {
  const GaussianFit& fit = report.fits.front();
  if (fit.status != ProblemStatus::ok) {
    throw NumericalError(
        fmt::format("--out: {} was not written: the covariance is singular (status {}, rank {} of {}), "
                    "and a model needs a positive definite one",
                    path, to_string(fit.status), fit.rank, fit.columns));
  }
  GaussianModel(context, fit.mean, fit.covariance).save(path, report.columns);
}

}  // namespace

void run_gaussian_fit(const GaussianFitArguments& a) {
  check_arguments(a);
  const Context context({a.device, a.threads});
  set_csv_threads(a.threads);
  std::optional<OutputFile> trace;
  if (!a.out.empty()) check_writable(a.out);
  if (!a.trace.empty()) trace.emplace(a.trace);

  FitReport report;
  report.missing = a.missing == "drop" ? MissingRows::drop : MissingRows::error;
  const Table table = load_table(a, report.missing);
  report.options = fit_options(context, a, table.columns.size());
  report.input = a.file;
  report.columns = table.columns;
  report.log_returns = a.log_returns;
  report.weighted = !table.weights.empty();
  report.device_requested = context.device_requested();
  report.device_used = context.device_used();
  if (table.groups) {
    report.by = a.by;
    report.groups = table.groups->labels;
    report.unlabelled = table.groups->unlabelled;
  }
  report.fits = fit_gaussian(context, table_moments(context, table, report.missing), report.options);

  const std::string text = a.json ? json_report(report) : text_report(report);
  if (trace) trace->write(trace_report(report));
  const bool savable = report.fits.front().status == ProblemStatus::ok;
  if (!a.out.empty() && savable) save_model(context, a.out, report);
  if (trace) trace->commit();
  print(text);
  if (!a.out.empty() && !savable) save_model(context, a.out, report);  // says why there is no file
}

void add_gaussian_fit(CLI::App& gaussian) {
  const auto arguments = std::make_shared<GaussianFitArguments>();
  CLI::App* const fit = gaussian.add_subcommand("fit", "Fit mean and covariance to the rows of a file");
  add_data_options(*fit, *arguments);
  add_fit_options(*fit, *arguments);
  add_ascent_options(*fit, arguments);
  fit->add_flag("--json", arguments->json, "Print the report as JSON (docs/formats.md)")->group("Output");
  fit->add_option("--out", arguments->out, "Save the model to this .json (docs/formats.md)")->group("Output");
  fit->callback([fit, arguments] {
    remember_ascent_only(*fit, *arguments);
    run_gaussian_fit(*arguments);
  });
}

}  // namespace sigmahat::cli
