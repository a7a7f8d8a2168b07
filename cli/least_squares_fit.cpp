#include "least_squares_fit.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "ascent_options.hpp"
#include "exit_code.hpp"
#include "formats/csv_reader.hpp"
#include "formats/npz_writer.hpp"
#include "formats/output_file.hpp"
#include "least_squares/report.hpp"
#include "least_squares/result_arrays.hpp"
#include "manifest/manifest.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "sigmahat/host/error.hpp"
#include "suggestion.hpp"

namespace sigmahat::cli {
namespace {

using Arguments = LeastSquaresFitArguments;

void add_data_options(CLI::App& app, Arguments& a) {
  const auto add = [&](const char* name, std::string& value, const char* text) {
    app.add_option(name, value, text)->check(name_given)->group("Data");
  };
  app.add_option("FILE", a.source.file, "Table: .csv with a header, or .npy (1-D or 2-D)")->check(name_given);
  add("--y", a.source.y, "The response: a column of FILE, or with --X a .npy array [B, m] or [m]");
  add("--x", a.source.x,
      "Predictors: columns of FILE, separated by commas; without it every column but those of --y, --by and --weights");
  add("--by", a.source.by, "One regression for each group of rows with the same value in this column of FILE");
  add("--X", a.source.tensor,
      "Instead of FILE: a .npy array of predictors, [B, m, k] for B problems of m rows, or [m, k] for one");
  add("--offsets", a.source.offsets,
      "Problems of unequal size: a .npy array of B + 1 integers; problem b is rows offsets[b] ... offsets[b+1]-1 of "
      "X [n, k] and y [n]");
  add("--weights", a.source.weights,
      "Row weights, at least 0: a column of FILE, or with --X a .npy array as large as y");
  app.add_option("--missing", a.missing,
                 "What a missing or infinite value means: error, drop its row and count it, or the status not_finite "
                 "for its problem")
      ->check(CLI::IsMember({"error", "drop", "status"}))
      ->capture_default_str()
      ->group("Data");
}

/// A word of the list, where - and _ are the same.
CLI::Validator one_of(std::vector<std::string> words) {
  return CLI::IsMember(std::move(words), [](std::string text) {
    std::replace(text.begin(), text.end(), '-', '_');
    return text;
  });
}

void add_fit_options(CLI::App& app, Arguments& a) {
  const char* const fit = "Fit";
  app.add_flag("--intercept", a.intercept, "Fit an intercept, never penalised: the default of a FILE")->group(fit);
  app.add_flag("--no-intercept", a.no_intercept, "Fit none: the default of --X")->group(fit);
  app.add_option("--ridge", a.ridge, "Penalty: minimise the weighted squares + this * |beta|^2; at least 0")
      ->check(finite_number)
      ->capture_default_str()
      ->group(fit);
  app.add_option("--route", a.route, "auto (Cholesky, refined or replaced by QR where it has to be), cholesky or qr")
      ->check(CLI::IsMember({"auto", "cholesky", "qr"}))
      ->capture_default_str()
      ->group(fit);
  app.add_option("--rank-policy", a.rank_policy,
                 "Where columns depend on each other: minimum_norm, drop_aliased (as R's lm) or fail")
      ->transform(one_of({"minimum_norm", "drop_aliased", "fail"}))
      ->capture_default_str()
      ->group(fit);
  app.add_option("--rank-tolerance", a.rank_tolerance,
                 "A column counts if what the others leave of it is > this times its length; at least 0 and less than "
                 "1; 0: 32 K 2^-52")
      ->check(finite_number)
      ->capture_default_str()
      ->group(fit);
  app.add_option("--method", a.method, "closed-form, or ascent")
      ->check(CLI::IsMember({"closed-form", "ascent"}))
      ->capture_default_str()
      ->group(fit);
  app.add_flag("--compare", a.compare, "Run the ascent and set it against the closed form")->group(fit);
}

void add_inference_options(CLI::App& app, Arguments& a) {
  const char* const group = "Inference";
  app.add_option("--standard-errors", a.standard_errors, "none, classical, hc0, hc1, hc2 or hc3")
      ->check(CLI::IsMember({"none", "classical", "hc0", "hc1", "hc2", "hc3"}))
      ->capture_default_str()
      ->group(group);
  app.add_option("--outputs", a.outputs,
                 "What to compute beside coefficients and standard errors: t, p, limits, covariance, goodness, "
                 "residuals, fitted, separated by commas, or none; without standard errors the default is goodness")
      ->capture_default_str()
      ->group(group);
  app.add_flag("--covariance", a.covariance, "Also the covariance of the coefficients, for --out or --json")
      ->group(group);
  app.add_flag("--residuals", a.residuals, "Also the residuals, for --out or --json")->group(group);
  app.add_flag("--fitted", a.fitted, "Also the fitted values, for --out or --json")->group(group);
  app.add_option("--confidence", a.confidence, "Level of the confidence limits; between 0 and 1, both excluded")
      ->check(finite_number)
      ->capture_default_str()
      ->group(group);
}

StandardErrors standard_errors_of(const std::string& name) {
  for (const auto kind : {StandardErrors::classical, StandardErrors::hc0, StandardErrors::hc1, StandardErrors::hc2,
                          StandardErrors::hc3}) {
    if (name == to_string(kind)) return kind;
  }
  return StandardErrors::none;
}

RankPolicy rank_policy_of(const std::string& name) {
  if (name == to_string(RankPolicy::drop_aliased)) return RankPolicy::drop_aliased;
  return name == to_string(RankPolicy::fail) ? RankPolicy::fail : RankPolicy::minimum_norm;
}

LeastSquaresRoute route_of(const std::string& name) {
  if (name == to_string(LeastSquaresRoute::cholesky)) return LeastSquaresRoute::cholesky;
  return name == to_string(LeastSquaresRoute::qr) ? LeastSquaresRoute::qr : LeastSquaresRoute::automatic;
}

MissingPolicy missing_of(const std::string& name) {
  if (name == "drop") return MissingPolicy::drop;
  return name == "status" ? MissingPolicy::status : MissingPolicy::error;
}

[[noreturn]] void refuse_output(const std::string& word) {
  const std::string possible =
      "possible are t, p, limits, covariance, goodness, residuals, fitted, separated by commas, or none alone";
  if (word.empty()) throw UsageError("--outputs: a name is empty; " + possible);
  if (word == "none") throw UsageError("--outputs: none stands alone, as it leaves nothing to compute beside");
  if (word == "se") throw UsageError("--outputs: 'se' is not among them: --standard-errors says which are computed");
  throw UsageError(fmt::format("--outputs: '{}' is not known{}; {}", word,
                               suggestion(word, {"limits", "covariance", "goodness", "residuals", "fitted"}),
                               possible));
}

/// The words of --outputs.
LeastSquaresOutputs listed_outputs(const std::string& list) {
  LeastSquaresOutputs outputs;
  if (list == "none") return outputs;
  const std::map<std::string, bool*> known{
      {"t", &outputs.t},
      {"p", &outputs.p},
      {"limits", &outputs.confidence},
      {"covariance", &outputs.covariance},
      {"goodness", &outputs.goodness},
      {"residuals", &outputs.residuals},
      {"fitted", &outputs.fitted},
  };
  for (std::size_t start = 0; start <= list.size();) {
    const std::size_t end = std::min(list.find(',', start), list.size());
    const auto found = known.find(list.substr(start, end - start));
    if (found == known.end()) refuse_output(list.substr(start, end - start));
    *found->second = true;
    start = end + 1;
  }
  return outputs;
}

/// The text report has no place for these.
void refuse_hidden_outputs(const Arguments& a, const LeastSquaresOutputs& outputs) {
  if (a.json || !a.out.empty()) return;
  for (const auto& [wanted, by_flag, name] : {std::tuple{outputs.covariance, a.covariance, "covariance"},
                                              {outputs.residuals, a.residuals, "residuals"},
                                              {outputs.fitted, a.fitted, "fitted"}}) {
    if (!wanted) continue;
    throw UsageError(
        fmt::format("{}{}: the text report has no place for this; add --out FILE.npz (or FILE.json), or --json",
                    by_flag ? "--" : "--outputs ", name));
  }
}

LeastSquaresOutputs outputs_of(const Arguments& a) {
  const bool errors = a.standard_errors != "none";
  LeastSquaresOutputs outputs = listed_outputs(a.outputs_given || errors ? a.outputs : "goodness");
  outputs.covariance = outputs.covariance || a.covariance;
  outputs.residuals = outputs.residuals || a.residuals;
  outputs.fitted = outputs.fitted || a.fitted;
  if (!errors && (outputs.t || outputs.p || outputs.confidence || outputs.covariance)) {
    throw UsageError("--standard-errors none leaves no t, p, limits or covariance to compute");
  }
  if (a.confidence_given && !outputs.confidence) {
    throw UsageError("--confidence concerns the limits, which are not asked for: add limits to --outputs");
  }
  refuse_hidden_outputs(a, outputs);
  return outputs;
}

LeastSquaresOptions fit_options(const Arguments& a) {
  LeastSquaresOptions options;
  options.intercept = a.intercept || (a.source.tensor.empty() && !a.no_intercept);
  options.ridge = a.ridge;
  options.route = route_of(a.route);
  options.rank_policy = rank_policy_of(a.rank_policy);
  options.rank_tolerance = a.rank_tolerance;
  options.drop_missing = a.missing == "drop";
  options.standard_errors = standard_errors_of(a.standard_errors);
  options.outputs = outputs_of(a);
  options.confidence_level = a.confidence;
  options.method = a.method == "ascent" ? FitMethod::ascent : FitMethod::closed_form;
  options.compare = a.compare;
  options.metric = a.metric == "newton" ? LeastSquaresMetric::newton : LeastSquaresMetric::euclidean;
  options.ascent = a.ascent;
  options.ascent.keep_trace = !a.trace.empty();
  if (!(a.confidence > 0 && a.confidence < 1)) {
    throw UsageError(fmt::format("--confidence: {}; it must be between 0 and 1, as in 0.95", a.confidence));
  }
  validate_options([&] { options.validate(); });
  return options;
}

/// Which options belong to a table and which to arrays.
void check_source(const LeastSquaresSource& s) {
  if (s.file.empty() && s.tensor.empty()) {
    throw UsageError("least-squares fit: a table FILE or an array --X is needed; --help lists what is possible");
  }
  if (s.y.empty()) throw UsageError("--y is needed: the response");
  if (s.tensor.empty()) {
    if (s.offsets.empty()) return;
    throw UsageError("--offsets goes with the arrays of --X; a table has --by");
  }
  const auto refuse = [](const std::string& value, const char* what, const char* hint) {
    if (!value.empty()) throw UsageError(fmt::format("{} cannot be combined with --X: {}", what, hint));
  };
  refuse(s.file, "FILE", "give the data as a table or as arrays");
  refuse(s.x, "--x", "it names columns of a table, and an array of predictors is taken whole");
  refuse(s.by, "--by", "it names a column of a table; --offsets gives problems of unequal size");
}

std::string ending_of(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

void check_ending(const std::string& path) {
  const auto known = [](const std::string& ending) {
    return ending == ".npz" || ending == ".json" || ending == ".csv";
  };
  if (known(ending_of(path))) return;
  if (known(std::filesystem::path(path).filename().string())) {
    throw UsageError(fmt::format("--out: {}: there is nothing before the ending; name it fit{}, for instance", path,
                                 std::filesystem::path(path).filename().string()));
  }
  throw UsageError(fmt::format("--out: {}: the name ends neither in .npz nor in .json nor in .csv", path));
}

void check_outputs(const Arguments& a, const LeastSquaresOutputs& outputs) {
  const LeastSquaresSource& s = a.source;
  std::vector<NamedPath> inputs{{"the data", s.file + s.tensor}, {"the offsets", s.offsets}};
  if (!s.tensor.empty()) inputs.insert(inputs.end(), {{"the response", s.y}, {"the weights", s.weights}});
  check_output_files(a.output_paths(), inputs);
  if (!a.out.empty()) {
    check_ending(a.out);
    if (ending_of(a.out) == ".csv" && (outputs.covariance || outputs.residuals || outputs.fitted)) {
      throw UsageError(
          "--out: a .csv has no place for covariance, residuals and fitted values; name a .npz or a .json");
    }
  }
}

/// What can be told from the command line alone.
LeastSquaresOptions check_arguments(const Arguments& a) {
  check_source(a.source);
  refuse_ascent_option(a.ascent_only, a.method == "ascent" || a.compare);
  if (a.intercept && a.no_intercept) throw UsageError("--intercept and --no-intercept contradict each other");
  LeastSquaresOptions options = fit_options(a);
  check_outputs(a, options.outputs);
  return options;
}

std::vector<std::string> coefficient_names(const LeastSquaresData& data, const LeastSquaresOptions& options) {
  constexpr const char* kIntercept = "intercept";
  std::vector<std::string> names = data.predictors();
  if (!options.intercept) return names;
  if (std::find(names.begin(), names.end(), kIntercept) != names.end()) {
    throw UsageError(
        "--x: a column 'intercept' has the name of the intercept's own coefficient; add --no-intercept if it "
        "takes its place, else give it another name");
  }
  names.insert(names.begin(), kIntercept);
  return names;
}

LeastSquaresFit fit_with_progress(const Context& context, const LeastSquaresData& data, LeastSquaresOptions options,
                                  MissingPolicy missing) {
  ProgressBar bar(STDERR_FILENO, "problems");
  if (bar.enabled()) options.progress = [&bar](Index done, Index problems) { bar.update(done, problems); };
  LeastSquaresFit fit;
  try {
    fit = fit_least_squares(context, data.batch(), options);
  } catch (const DataError&) {
    refuse_negative_weight(data);  // with its place in the file
    throw;
  }
  if (missing == MissingPolicy::error) refuse_missing_cells(data, fit.status);
  return fit;
}

/// What stands where the ascent stopped is no result of a regression.
void note_unconverged(const LeastSquaresFit& fit) {
  const auto count = std::count(fit.status.begin(), fit.status.end(), ProblemStatus::not_converged);
  if (count == 0) return;
  const std::string whose =
      fit.problems == 1 ? "the ascent" : fmt::format("the ascents of {} of {} problems", count, fit.problems);
  fmt::print(stderr, "sigmahat: note: {} did not converge; the coefficients are those where it stopped\n", whose);
}

/// The data and their fit. Not to be moved: the report points to the data.
struct Run {
  Run(const Context& context, const Arguments& a, const LeastSquaresOptions& options)
      : data(a.source, missing_of(a.missing)) {
    report.input = a.source.file + a.source.tensor;
    report.response = a.source.y;
    report.missing = a.missing;
    report.by = a.source.by;
    report.data = &data;
    report.coefficients = coefficient_names(data, options);
    report.fit = fit_with_progress(context, data, options, missing_of(a.missing));
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const LeastSquaresData data;
  LeastSquaresReport report;
};

/// The words of --outputs, those included that it has by default or by another option.
Json output_words(const LeastSquaresOutputs& outputs) {
  Json words = Json::array();
  for (const auto& [word, wanted] : {std::pair{"t", outputs.t},
                                     {"p", outputs.p},
                                     {"limits", outputs.confidence},
                                     {"covariance", outputs.covariance},
                                     {"goodness", outputs.goodness},
                                     {"residuals", outputs.residuals},
                                     {"fitted", outputs.fitted}}) {
    if (wanted) words.push_back(word);
  }
  return words;
}

InputFiles inputs_of(const LeastSquaresSource& s) {
  if (s.tensor.empty()) return InputFiles({{"FILE", s.file}});
  return InputFiles({{"X", s.tensor}, {"y", s.y}, {"offsets", s.offsets}, {"weights", s.weights}});
}

Json manifest_of(const Context& context, const Arguments& a, const InputFiles& inputs, const LeastSquaresReport& report,
                 const LeastSquaresArrays& results) {
  RunFacts facts{"least-squares fit", a.record, inputs};
  // What several options, or the kind of the data, decide together.
  Json& values = facts.options.values;
  for (const char* part : {"no-intercept", "covariance", "residuals", "fitted"}) values.erase(part);
  values["intercept"] = report.fit.options.intercept;
  values["outputs"] = output_words(report.fit.options.outputs);
  return run_manifest(context, facts, results.arrays(), results.promises());
}

void add_options(CLI::App& fit, Arguments& a) {
  add_data_options(fit, a);
  add_fit_options(fit, a);
  add_inference_options(fit, a);
  add_device_options(fit, a.device, a.threads);
  fit.add_option("--metric", a.metric, "newton (the Hessian), or euclidean (the gradient)")
      ->check(CLI::IsMember({"newton", "euclidean"}))
      ->capture_default_str()
      ->group("Ascent");
  add_ascent_options(fit, a.ascent, a.trace,
                     {"First trial step; positive, cut to 1 with --metric newton",
                      "Accept if increase >= this * step * rate - slack, rate the slope, with --metric newton half of "
                      "it, and, where increase <= slack, if the score norm "
                      "does not grow; at least 0 and less than 1",
                      "Write objective, score norm and step of each iteration to this .csv"});
  add_output_options(fit, a.json, a.manifest);
  fit.add_option("--out", a.out, "Save the results to this .npz, .json or .csv (docs/formats.md)")
      ->check(name_given)
      ->group("Output");
}

/// What the parse has found.
void note_given(const CLI::App& fit, Arguments& a) {
  a.outputs_given = fit.count("--outputs") > 0;
  a.confidence_given = fit.count("--confidence") > 0;
  a.ascent_only = given_ascent_option(fit);
  a.record = record_options(fit);
}

}  // namespace

void run_least_squares_fit(const Arguments& a) {
  const LeastSquaresOptions options = check_arguments(a);
  const Context context({a.device, a.threads});
  set_csv_threads(a.threads);
  OutputFiles files;
  OutputFile* const out = files.open("--out", a.out);
  OutputFile* const trace = files.open("--trace", a.trace);
  OutputFile* const manifest_file = files.open("--manifest", a.manifest);

  const InputFiles inputs = inputs_of(a.source);
  const Run run(context, a, options);
  const std::string ending = ending_of(a.out);
  const bool needs_manifest = manifest_file != nullptr || a.json || ending == ".json";
  std::optional<LeastSquaresArrays> results;
  if (needs_manifest || ending == ".npz") results.emplace(run.report);
  const Json manifest = needs_manifest ? manifest_of(context, a, inputs, run.report, *results) : Json();

  const TextSink into_out = [out](std::string_view text) { out->write(text); };
  if (ending == ".npz") write_npz(results->arrays(), *out);
  if (ending == ".csv") write_csv(run.report, into_out);
  if (ending == ".json") write_json(run.report, manifest, into_out);
  if (trace != nullptr) trace->write(trace_report(run.report));
  if (manifest_file != nullptr) manifest_file->write(dump_json(manifest));
  files.make_durable();
  // Files appear last: where standard output fails, there are none.
  if (a.json) {
    write_json(run.report, manifest, print);
  } else {
    print(text_report(run.report));
  }
  files.commit();
  note_unconverged(run.report.fit);
}

Json repeat_least_squares_fit(const std::vector<std::string>& words) {
  CLI::App fit("", "least-squares fit");
  Arguments a;
  add_options(fit, a);
  parse_words(fit, words);
  note_given(fit, a);
  a.json = true;  // where every output has its place
  const LeastSquaresOptions options = check_arguments(a);
  const Context context({a.device, a.threads});
  set_csv_threads(a.threads);
  const InputFiles inputs = inputs_of(a.source);
  const Run run(context, a, options);
  return manifest_of(context, a, inputs, run.report, LeastSquaresArrays(run.report));
}

void add_least_squares_fit(CLI::App& least_squares) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const fit = least_squares.add_subcommand("fit", "Fit one regression or many, each with its own status");
  add_options(*fit, *arguments);
  fit->callback([fit, arguments] {
    note_given(*fit, *arguments);
    run_least_squares_fit(*arguments);
  });
}

}  // namespace sigmahat::cli
