// `sigmahat derivatives` and `sigmahat bench derivatives`, and the document that belongs to the catalogue.
#include "derivatives.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "application.hpp"
#include "bench/available_memory.hpp"
#include "bench/cases.hpp"
#include "cli_support.hpp"
#include "derivatives/document.hpp"
#include "exit_code.hpp"
#include "sigmahat/host/cpu_probes.hpp"
#include "text.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> catalogue_names() {
  std::vector<std::string> names;
  for (const DerivativeEntry& entry : derivative_catalogue()) names.emplace_back(entry.name);
  return names;
}

/// The text with every run of blanks and line ends as one blank.
std::string flat(const std::string& text) {
  std::istringstream words(text);
  std::string out;
  for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string usage_error(const std::vector<std::string>& arguments) {
  const Outcome outcome = run_sigmahat(arguments);
  EXPECT_EQ(outcome.code, kExitUsage) << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith("sigmahat: error: "));
  return outcome.err;
}

TEST(DerivativesDocument, EveryEntryHasItsSectionAndEverySectionItsEntry) {
  const std::vector<std::string> names = catalogue_names(), sections = document_sections();
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size()) << "a name stands twice";
  EXPECT_THAT(sections, ::testing::UnorderedElementsAreArray(names));
}

TEST(DerivativesDocument, IsTheFileInDocs) {
  EXPECT_EQ(std::string(kMatrixCalculus), read_file(SIGMAHAT_MATRIX_CALCULUS_DOCUMENT));
}

/// The entry's text for each of a section's items, in their order; null for the proof, which the document alone has.
std::vector<std::pair<std::string, const char*>> items_of(const DerivativeEntry& entry) {
  return {{"Formula", entry.formula},   {"Sizes", entry.sizes}, {"Layout", entry.layout}, {"Function", entry.function},
          {"Error bound", entry.bound}, {"Proof", nullptr},     {"Source", entry.source}};
}

TEST(DerivativesDocument, SectionsSayWhatTheEntriesSay) {
  for (const DerivativeEntry& entry : derivative_catalogue()) {
    const std::string section = document_section(entry.name);
    std::size_t at = 0;
    for (const auto& [label, text] : items_of(entry)) {
      const std::size_t place = section.find("- **" + label + "**", at);
      EXPECT_NE(place, std::string::npos) << entry.name << ": " << label << " is missing or out of order";
      if (place != std::string::npos) at = place;
      if (text == nullptr) continue;
      EXPECT_EQ(flat(document_item(entry.name, label)), flat(text))
          << entry.name << ": the document's " << label << " is not the entry's; run scripts/derivatives-page";
    }
  }
}

TEST(DerivativesDocument, EveryEntryIsProved) {
  constexpr std::size_t kShortestProof = 20;
  for (const DerivativeEntry& entry : derivative_catalogue()) {
    EXPECT_GE(document_item(entry.name, "Proof").size(), kShortestProof)
        << "docs/math/matrix_calculus.md: the proof of " << entry.name << " is missing; write it";
    EXPECT_EQ(entry.proof, std::string("docs/math/matrix_calculus.md, section ") + entry.name);
  }
}

TEST(DerivativesDocument, UnknownSectionIsEmpty) {
  EXPECT_EQ(document_section("no-such-entry"), "");
  EXPECT_EQ(document_section("linear"), "") << "the beginning of a name is no name";
  EXPECT_EQ(document_item("no-such-entry", "Proof"), "");
  EXPECT_EQ(document_item("product", "Proofs"), "");
}

TEST(DerivativesList, TextHasEveryEntryInOrder) {
  const Outcome outcome = run_sigmahat({"derivatives", "list"});
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  std::istringstream lines(outcome.out);
  for (const DerivativeEntry& entry : derivative_catalogue()) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line)) << entry.name;
    EXPECT_EQ(flat(line), flat(std::string(entry.name) + " " + entry.group + " " + entry.formula));
  }
  EXPECT_EQ(lines.peek(), EOF);
}

TEST(DerivativesList, Json) {
  const Outcome outcome = run_sigmahat({"derivatives", "list", "--json"});
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  const Json list = outcome.json();
  const auto entries = derivative_catalogue();
  ASSERT_EQ(list.size(), entries.size());
  for (std::size_t k = 0; k < entries.size(); ++k) {
    EXPECT_EQ(list[k].at("name"), entries[k].name);
    EXPECT_EQ(list[k].at("group"), entries[k].group);
    EXPECT_EQ(list[k].at("formula"), entries[k].formula);
    EXPECT_EQ(list[k].at("sizes"), entries[k].sizes);
    EXPECT_EQ(list[k].at("layout"), entries[k].layout);
    EXPECT_EQ(list[k].at("function"), entries[k].function);
    EXPECT_EQ(list[k].at("bound"), entries[k].bound);
    EXPECT_EQ(list[k].at("source"), entries[k].source);
    EXPECT_EQ(list[k].at("proof"), entries[k].proof);
    EXPECT_EQ(list[k].size(), 9U);
  }
}

TEST(DerivativesShow, EveryEntry) {
  for (const DerivativeEntry& entry : derivative_catalogue()) {
    const std::string text = entry_text(entry);
    EXPECT_THAT(text, StartsWith(std::string(entry.name) + "\n\nFormula: "));
    for (const auto& [label, item] : items_of(entry)) {
      const std::string shown = item == nullptr ? document_item(entry.name, label) : item;
      EXPECT_THAT(text, HasSubstr("\n" + label + ": "));
      EXPECT_THAT(flat(text), HasSubstr(flat(label + ": " + shown))) << entry.name;
    }
    EXPECT_THAT(text, Not(HasSubstr("**"))) << entry.name;
    EXPECT_THAT(text, Not(HasSubstr("#"))) << entry.name;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(characters(line), 120U) << entry.name;
  }
}

TEST(DerivativesShow, PrintsTheEntryAndTheFormulasItNames) {
  const Outcome outcome = run_sigmahat({"derivatives", "show", "quadratic-form"});
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_EQ(outcome.out, entry_text(*find_derivative("quadratic-form")));
  EXPECT_THAT(outcome.out, HasSubstr("\n  (1)  |computed − exact| ≤ (s·u_T + 1.01·c·2⁻⁵³)·Σ|terms|\n"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("(2)")));
}

TEST(DerivativesShow, UnknownNames) {
  EXPECT_THAT(usage_error({"derivatives", "show", "quadratic-from"}),
              HasSubstr("NAME: the catalogue has no entry 'quadratic-from' (did you mean 'quadratic-form'?); 'sigmahat "
                        "derivatives list' names them all"));
  EXPECT_THAT(usage_error({"derivatives", "show", "zzzzzzzzz"}), Not(HasSubstr("did you mean")));
  EXPECT_THAT(usage_error({"derivatives", "show", ""}), HasSubstr("the name is empty"));
  EXPECT_THAT(usage_error({"derivatives", "show"}), HasSubstr("NAME is required"));
  EXPECT_THAT(usage_error({"derivatives"}), HasSubstr("sigmahat derivatives needs a subcommand: list, show, check"));
}

class DerivativesCheck : public ::testing::TestWithParam<const char*> {};

TEST_P(DerivativesCheck, EntriesPass) {
  const std::string device = GetParam();
  const std::vector<std::string> names{"quadratic-form", "hadamard", "inverse"};
  std::vector<std::string> arguments{"derivatives", "check", "--device", device, "--json"};
  arguments.insert(arguments.end(), names.begin(), names.end());
  const Outcome outcome = run_sigmahat(arguments);
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  const Json report = outcome.json();
  EXPECT_EQ(report.at("entries"), names.size());
  EXPECT_EQ(report.at("failed"), 0);
  EXPECT_EQ(report.at("passed"), report.at("checks").size());
  std::set<std::string> seen, precisions, sizes;
  for (const Json& check : report.at("checks")) {
    EXPECT_EQ(check.at("device"), device);
    EXPECT_EQ(check.at("passed"), true);
    EXPECT_LE(check.at("share_of_bound").get<double>(), 1);
    EXPECT_GE(check.at("error").get<double>(), 0);
    seen.insert(check.at("entry").get<std::string>());
    precisions.insert(check.at("precision").get<std::string>());
    sizes.insert(check.at("sizes").get<std::string>());
  }
  EXPECT_THAT(seen, ::testing::UnorderedElementsAreArray(names));
  EXPECT_THAT(precisions, ::testing::ElementsAre("float32", "float64"));
  EXPECT_GE(sizes.size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Devices, DerivativesCheck, ::testing::Values("cpu", "reference"));

TEST(DerivativesCheckText, HasATableAndASummary) {
  const Outcome outcome =
      run_sigmahat({"derivatives", "check", "transpose", "transpose", "--device", "cpu", "--precision", "float32"});
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("entry      device  precision  sizes "));
  EXPECT_THAT(outcome.out, HasSubstr("transpose  cpu     float32    m = 3, n = 5, k = 2 "));
  EXPECT_THAT(outcome.out, Not(HasSubstr("float64")));
  EXPECT_THAT(outcome.out, HasSubstr("\n3 checks of 1 entry on cpu: 3 passed, 0 failed\n"));
}

TEST(DerivativesCheckText, AllDevicesAreThoseThatAreThere) {
  const Outcome outcome = run_sigmahat({"derivatives", "check", "trace", "--json"});
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  std::set<std::string> devices, available;
  const Json report = outcome.json();
  for (const Json& check : report.at("checks")) devices.insert(check.at("device").get<std::string>());
  for (const DeviceEntry& entry : list_devices()) {
    if (entry.available) available.insert(entry.name);
  }
  EXPECT_EQ(devices, available);
}

TEST(DerivativesCheckText, Mistakes) {
  EXPECT_THAT(usage_error({"derivatives", "check"}),
              HasSubstr("which entries are to be checked? Name some, or give --all"));
  EXPECT_THAT(usage_error({"derivatives", "check", "--all", "trace"}),
              HasSubstr("--all: names of entries are given, too"));
  EXPECT_THAT(usage_error({"derivatives", "check", "trase"}), HasSubstr("no entry 'trase' (did you mean 'trace'?)"));
  EXPECT_THAT(usage_error({"derivatives", "check", "trace", "--precision", "half"}), HasSubstr("--precision"));
  EXPECT_THAT(usage_error({"derivatives", "check", "trace", "--device", "gpu"}),
              HasSubstr("--device: 'gpu' is not known"));
  EXPECT_THAT(usage_error({"derivatives", "check", "gaussian-score", "--precision", "float32"}),
              HasSubstr("--precision: gaussian-score is computed in float64 alone"))
      << "no check is not a passed check";
  EXPECT_THAT(usage_error({"derivatives", "check", "trace", "gaussian-score", "--precision", "float32"}),
              HasSubstr("--precision: gaussian-score is computed in float64 alone"));
}

/// Two checks on a device, of which the second has this share of its bound.
std::vector<DeviceChecks> with_share(double share) {
  return {
      {"cpu",
       {{"trace", ScalarType::float32, "n = 1", 0.0, 0.0}, {"product", ScalarType::float64, "n = 3", 1e-3, share}}}};
}

TEST(DerivativesReport, AFailedCheckIsAnExitCodeOfItsOwn) {
  EXPECT_EQ(failed_checks(with_share(1)), "") << "the bound itself is allowed";
  for (const double share : {1.5, std::numeric_limits<double>::infinity(), std::nan("")}) {
    const std::vector<DeviceChecks> devices = with_share(share);
    EXPECT_EQ(failed_checks(devices), "1 of 2 checks failed: product on cpu (float64, n = 3)");
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = with_exit_code([&] {
      report_checks(devices, false);
      return 0;
    });
    EXPECT_EQ(code, kExitCheckFailed);
    const std::string out = ::testing::internal::GetCapturedStdout(), err = ::testing::internal::GetCapturedStderr();
    EXPECT_THAT(out, HasSubstr("FAILED\n2 checks of 2 entries on cpu: 1 passed, 1 failed\n"));
    EXPECT_EQ(err, "sigmahat: error: 1 of 2 checks failed: product on cpu (float64, n = 3)\n");
    const Json json = Json::parse(checks_json(devices));
    EXPECT_EQ(json.at("failed"), 1);
    EXPECT_EQ(json.at("checks")[1].at("passed"), false);
    EXPECT_EQ(json.at("checks")[1].at("share_of_bound").is_null(), !std::isfinite(share));
  }
}

TEST(DerivativesReport, FailuresAreCounted) {
  std::vector<DeviceChecks> devices = with_share(2);
  devices.push_back({"reference", {{"sum", ScalarType::float64, "n = 1", 1.0, 3.0}}});
  EXPECT_EQ(failed_checks(devices), "2 of 3 checks failed: product on cpu (float64, n = 3) and 1 more");
}

TEST(BenchDerivatives, Json) {
  const Outcome outcome = run_sigmahat({"bench", "derivatives", "--items", "1000", "--size", "5", "--repetitions", "2",
                                        "--device", "cpu", "--threads", "2", "--json"});
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  const Json report = outcome.json();
  EXPECT_EQ(report.at("items"), 1000);
  EXPECT_EQ(report.at("size"), 5);
  EXPECT_EQ(report.at("repetitions"), 2);
  EXPECT_EQ(report.at("device").at("used"), "cpu");
  EXPECT_EQ(report.at("device").at("threads"), 2);
  // Numbers per item: operands once and the result; a quadratic form has a matrix for each item.
  const std::map<std::string, int> numbers = {
      {"linear-form value", 5 + 5 + 1},   {"linear-form gradient", 5 + 5},      {"squared-norm value", 5 + 1},
      {"squared-norm gradient", 5 + 5},   {"quadratic-form value", 5 + 25 + 1}, {"quadratic-form gradient", 5 + 25 + 5},
      {"product-of-forms value", 15 + 1}, {"product-of-forms gradient", 15 + 5}};
  std::set<std::string> seen;
  for (const Json& result : report.at("results")) {
    const auto name = result.at("entry").get<std::string>() + " " + result.at("function").get<std::string>();
    const auto precision = result.at("precision").get<std::string>();
    ASSERT_TRUE(numbers.contains(name)) << name;
    seen.insert(name + " " + precision);
    EXPECT_EQ(result.at("bytes"), 1000.0 * numbers.at(name) * (precision == "float32" ? 4 : 8)) << name;
    const auto seconds = result.at("seconds").get<double>(), rate = result.at("bytes_per_second").get<double>();
    const auto limit = result.at("limit_bytes_per_second").get<double>();
    EXPECT_GT(seconds, 0);
    EXPECT_GT(limit, 0);
    EXPECT_DOUBLE_EQ(rate, result.at("bytes").get<double>() / seconds);
    EXPECT_DOUBLE_EQ(result.at("fraction_of_limit").get<double>(), rate / limit);
  }
  EXPECT_EQ(seen.size(), 2 * numbers.size());
}

TEST(BenchDerivatives, Text) {
  const Outcome outcome = run_sigmahat(
      {"bench", "derivatives", "--items", "10", "--size", "3", "--repetitions", "1", "--device", "reference"});
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("10 items of size 3, medians of 1, on reference ("));
  EXPECT_THAT(outcome.out, HasSubstr("limit: a pass that reads the operands and overwrites the result"));
  EXPECT_THAT(outcome.out, HasSubstr("quadratic-form    gradient  float32 "));
  EXPECT_THAT(outcome.out, HasSubstr("give more --items"));
}

TEST(BenchDerivatives, CasesAreEntriesOfTheCatalogue) {
  ASSERT_FALSE(bench_cases().empty());
  for (const BenchCase& the : bench_cases()) EXPECT_NE(find_derivative(the.entry), nullptr) << the.entry;
}

TEST(BenchDerivatives, Mistakes) {
  EXPECT_THAT(
      usage_error({"bench", "derivatives", "--items", "1000000000000", "--size", "100", "--device", "cpu"}),
      HasSubstr("--items: 1000000000000 items of size 100 take 81.6 PB at once (quadratic-form in float64, a matrix "
                "for each item), and "));
  EXPECT_THAT(usage_error({"bench", "derivatives", "--items", "0"}), HasSubstr("--items"));
  EXPECT_THAT(usage_error({"bench", "derivatives", "--size", "4097"}), HasSubstr("--size"));
  EXPECT_THAT(usage_error({"bench", "derivatives", "--repetitions", "x"}), HasSubstr("--repetitions"));
  EXPECT_THAT(usage_error({"bench"}), HasSubstr("sigmahat bench needs a subcommand: derivatives"));
}

TEST(BenchMemory, IsThereAndIsWritten) {
  EXPECT_GT(available_memory(), 1e6);
  EXPECT_EQ(bytes_text(12), "12 bytes");
  EXPECT_EQ(bytes_text(2304e6), "2.3 GB");
  EXPECT_EQ(bytes_text(1e15), "1 PB");
}

TEST(CpuProbes, OverwriteAllAndTakeTime) {
  for (const std::size_t size : {0, 1, 31, 257, 100'001}) {
    const std::vector<double> read(size, 2.0), shorter(size / 3, 2.0);
    std::vector<double> written(size + 1, 5.0);
    // Not at the start of an allocation: stores past the caches want aligned vectors.
    const double seconds = probe_traffic({{read, shorter}, std::span(written).subspan(1)}, 3);
    EXPECT_GE(seconds, 0);
    EXPECT_EQ(written[0], 5.0) << "what does not belong to the probe";
    for (std::size_t i = 1; i < written.size(); ++i) ASSERT_EQ(written[i], 1.0) << i << " of " << size;
  }
  EXPECT_GT(probe_multiply_adds(1), 1e6);
}

}  // namespace
}  // namespace sigmahat::cli::test
