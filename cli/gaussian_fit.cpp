#include "gaussian_fit.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "ascent_options.hpp"
#include "exit_code.hpp"
#include "formats/csv_reader.hpp"
#include "formats/output_file.hpp"
#include "formats/table.hpp"
#include "gaussian/log_returns.hpp"
#include "gaussian/model_file.hpp"
#include "gaussian/report.hpp"
#include "gaussian/result_arrays.hpp"
#include "manifest/manifest.hpp"
#include "output.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

void add_data_options(CLI::App& app, GaussianFitArguments& a) {
  app.add_option("FILE", a.file, "Data: .csv with a header, or .npy (1-D or 2-D)")->check(name_given)->required();
  const char* const data = "Data";
  app.add_option(
         "--columns", a.columns,
         "Columns to fit: names of a .csv, places from 0 of a .npy, separated by commas; without it every column "
         "but those of --by and --weights")
      ->check(name_given)
      ->group(data);
  app.add_option("--by", a.by, "Fit each group of rows with the same value in this column")
      ->check(name_given)
      ->group(data);
  app.add_option("--weights", a.weights, "Column of row weights, at least 0; their sum takes the place of n")
      ->check(name_given)
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
  app.add_option(
         "--rank-tolerance", a.rank_tolerance,
         "A pivot of the scaled covariance counts if it is > this times the largest; at least 0 and less than 1; 0: "
         "32 p 2^-52")
      ->check(finite_number)
      ->capture_default_str()
      ->group(fit);
  add_device_options(app, a.device, a.threads);
}

void add_ascent(CLI::App& app, GaussianFitArguments& a) {
  app.add_option("--metric", a.metric,
                 "fisher, frobenius, vech, or newton: the Hessian, and fisher where it is not negative definite or the "
                 "start is far away")
      ->check(CLI::IsMember({"fisher", "frobenius", "vech", "newton"}))
      ->capture_default_str()
      ->group("Ascent");
  app.add_option("--start", a.start,
                 "identity (mean 0, covariance I), diagonal (of S), or a model file that --out wrote")
      ->check(name_given)
      ->capture_default_str()
      ->group("Ascent");
  add_ascent_options(
      app, a.ascent, a.trace,
      {"First trial step; positive, cut to 1 with --metric fisher or newton",
       "Accept if increase >= this * step * rate - slack, rate the slope, of steps of --metric fisher min(slope, "
       "sqrt(slope)), or slope / 2 where the mean moves alone, and, where increase <= slack, if the score norm "
       "does not grow; at least 0 and less than 1",
       "Write log-likelihood, score norm and step of each iteration to this .csv"});
}

Metric metric_of(const std::string& name) {
  for (const Metric metric : {Metric::frobenius, Metric::vech, Metric::newton}) {
    if (name == to_string(metric)) return metric;
  }
  return Metric::fisher;
}

GaussianFitOptions fit_options(const Context& context, const GaussianFitArguments& a,
                               const std::vector<std::string>& columns) {
  GaussianFitOptions options;
  options.method = a.method == "ascent" ? FitMethod::ascent : FitMethod::closed_form;
  options.compare = a.compare;
  options.unbiased = a.unbiased;
  options.metric = metric_of(a.metric);
  options.rank_tolerance = a.rank_tolerance;
  options.ascent = a.ascent;
  options.ascent.keep_trace = !a.trace.empty();
  if (options.method == FitMethod::ascent || options.compare) options.start = read_start(context, a.start, columns);
  validate_options([&] { options.validate(); });
  return options;
}

/// What can be told from the command line alone.
void check_arguments(const GaussianFitArguments& a) {
  refuse_ascent_option(a.ascent_only, a.method == "ascent" || a.compare);
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
  check_start(a.start);
  check_output_files(a.output_paths(), {{"the data", a.file}, {"the start", start_file(a.start)}});
  validate_options([&] { a.ascent.validate(); });
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

[[noreturn]] void refuse_singular_model(const std::string& path, const GaussianFit& fit) {
  throw NumericalError(fmt::format(
      "--out: {} was not written: the covariance is singular (status {}, rank {} of {}), and a model needs a "
      "positive definite one",
      path, to_string(fit.status), fit.rank, fit.columns));
}

/// Rows of the data set, in the order of `fits`, that have weight 0.
std::vector<Index> rows_of_weight_zero(const Table& table, const std::vector<GaussianFit>& fits) {
  std::vector<Index> result;
  for (std::size_t g = 0; g < fits.size(); ++g) {
    const Index all = table.groups ? table.groups->offsets[g + 1] - table.groups->offsets[g] : table.rows.rows;
    result.push_back(all - fits[g].rows - fits[g].dropped);
  }
  return result;
}

FitReport make_report(const Context& context, const GaussianFitArguments& a) {
  FitReport report;
  report.missing = a.missing == "drop" ? MissingRows::drop : MissingRows::error;
  const Table table = load_table(a, report.missing);
  report.options = fit_options(context, a, table.columns);
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
  if (report.weighted) report.zero_weight = rows_of_weight_zero(table, report.fits);
  return report;
}

InputFiles inputs_of(const GaussianFitArguments& a) {
  return InputFiles({{"FILE", a.file}, {"start", start_file(a.start)}});
}

Json manifest_of(const Context& context, const GaussianFitArguments& a, const InputFiles& inputs,
                 const FitReport& report) {
  const GaussianArrays results(report);
  return run_manifest(context, {"gaussian fit", a.record, inputs}, results.arrays(), results.promises());
}

void add_options(CLI::App& fit, GaussianFitArguments& a) {
  add_data_options(fit, a);
  add_fit_options(fit, a);
  add_ascent(fit, a);
  add_output_options(fit, a.json, a.manifest);
  fit.add_option("--out", a.out, "Save the model to this .json (docs/formats.md)")->check(name_given)->group("Output");
}

/// What the parse has found.
void note_given(const CLI::App& fit, GaussianFitArguments& a) {
  a.ascent_only = given_ascent_option(fit);
  a.record = record_options(fit);
}

}  // namespace

void run_gaussian_fit(const GaussianFitArguments& a) {
  check_arguments(a);
  const Context context({a.device, a.threads});
  set_csv_threads(a.threads);
  OutputFiles files;
  OutputFile* const out = files.open("--out", a.out);
  OutputFile* const trace = files.open("--trace", a.trace);
  OutputFile* const manifest_file = files.open("--manifest", a.manifest);

  const InputFiles inputs = inputs_of(a);
  const FitReport report = make_report(context, a);
  const Json manifest = manifest_file != nullptr || a.json ? manifest_of(context, a, inputs, report) : Json();
  const GaussianFit& fit = report.fits.front();
  const bool savable = fit.status == ProblemStatus::ok;
  if (out != nullptr) savable ? out->write(model_text(context, fit, report.columns)) : out->discard();
  if (trace != nullptr) trace->write(trace_report(report));
  if (manifest_file != nullptr) manifest_file->write(dump_json(manifest));
  files.make_durable();
  // Files appear last: where standard output fails, there are none.
  print(a.json ? json_report(report, manifest) : text_report(report));
  files.commit();
  if (out == nullptr) return;
  if (!savable) refuse_singular_model(a.out, fit);
  if (report.options.method == FitMethod::ascent && !fit.ascent.converged()) {
    fmt::print(stderr, "sigmahat: note: {}: the ascent did not converge; the saved model is where it stopped\n",
               printable(a.out));
  }
}

void add_gaussian_fit(CLI::App& gaussian) {
  const auto arguments = std::make_shared<GaussianFitArguments>();
  CLI::App* const fit = gaussian.add_subcommand("fit", "Fit mean and covariance to the rows of a file");
  add_options(*fit, *arguments);
  fit->callback([fit, arguments] {
    note_given(*fit, *arguments);
    run_gaussian_fit(*arguments);
  });
}

Json repeat_gaussian_fit(const std::vector<std::string>& words) {
  CLI::App fit("", "gaussian fit");
  GaussianFitArguments a;
  add_options(fit, a);
  parse_words(fit, words);
  note_given(fit, a);
  check_arguments(a);
  const Context context({a.device, a.threads});
  set_csv_threads(a.threads);
  const InputFiles inputs = inputs_of(a);
  return manifest_of(context, a, inputs, make_report(context, a));
}

}  // namespace sigmahat::cli
