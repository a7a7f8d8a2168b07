// Messages of a command line that cannot be parsed, and the messages that docs/cli.md shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <sstream>

#include "exit_code.hpp"
#include "least_squares_support.hpp"
#include "suggestion.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string usage_error(const std::vector<std::string>& arguments) {
  const Outcome outcome = run_sigmahat(arguments);
  EXPECT_EQ(outcome.code, kExitUsage) << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty());
  return outcome.err;
}

TEST(Messages, UnknownOptionsAreNamedAsTyped) {
  EXPECT_THAT(usage_error(fit({"d.csv", "--y", "y", "--ridg", "3", "--foo"})),
              HasSubstr("error: --ridg is no option of sigmahat least-squares fit (did you mean '--ridge'?); --help"));
  EXPECT_THAT(usage_error(fit({"d.csv", "--y", "y", "--rout=qr"})),
              HasSubstr("--rout is no option of sigmahat least-squares fit (did you mean '--route'?)"));
  EXPECT_THAT(usage_error({"gaussian", "fit", "d.csv", "--colums", "a"}), HasSubstr("(did you mean '--columns'?)"));
  EXPECT_THAT(usage_error({"gaussian", "fit", "--quick"}),
              HasSubstr("error: --quick is no option of sigmahat gaussian"));
  EXPECT_THAT(usage_error({"--foo"}), HasSubstr("error: --foo is no option of sigmahat;"));
  EXPECT_THAT(usage_error(fit({"d.csv", "--y", "y", "3", "4"})), HasSubstr("error: there is no place for '3 4'"));
  EXPECT_THAT(usage_error({"gaussian", "fit"}), HasSubstr("FILE is required"));
}

TEST(Messages, UnknownSubcommandsAreNamed) {
  EXPECT_THAT(usage_error({"least", "fit", "--foo"}),
              HasSubstr("error: 'least' is no subcommand of sigmahat (did you mean 'least-squares'?); possible: "
                        "gaussian, least-squares, derivatives, bench, replay, selftest, demo, info"));
  EXPECT_THAT(usage_error({"least-squares", "fitt"}),
              HasSubstr("'fitt' is no subcommand of sigmahat least-squares (did you mean 'fit'?); possible: fit"));
  EXPECT_THAT(usage_error({"plot"}), HasSubstr("error: 'plot' is no subcommand of sigmahat; possible: gaussian, "));
  EXPECT_THAT(usage_error({}), HasSubstr("error: sigmahat needs a subcommand: gaussian, least-squares, derivatives, "
                                         "bench, replay, selftest, demo, info;"));
  EXPECT_THAT(usage_error({"gaussian"}), HasSubstr("error: sigmahat gaussian needs a subcommand: fit;"));
}

TEST(Messages, ASuggestionIsNearOrTheOnlyCompletion) {
  EXPECT_EQ(suggestion("Vallue", {"capital", "value"}), " (did you mean 'value'?)");
  EXPECT_EQ(suggestion("sep", {"sepal", "petal"}), " (did you mean 'sepal'?)");
  EXPECT_EQ(suggestion("sepal", {"sepal_length_in_cm", "sepal_width_in_cm"}), "") << "two completions";
  EXPECT_EQ(suggestion("y", {"x"}), "");
  EXPECT_EQ(suggestion("12", {"11"}), "");
}

/// Runs the program in the folder, where examples/data lies as in the project.
std::string message_in(const Folder& folder, const std::vector<std::string>& arguments) {
  static std::string place;
  place = folder.path("");
  std::filesystem::create_directories(folder.path("examples"));
  if (!std::filesystem::exists(folder.path("examples/data"))) {
    std::filesystem::create_directory_symlink(SIGMAHAT_EXAMPLE_DATA, folder.path("examples/data"));
  }
  const Outcome outcome = run_sigmahat(
      arguments, +[] {
        if (chdir(place.c_str()) != 0) _exit(126);
      });
  EXPECT_NE(outcome.code, 0);
  return outcome.err.substr(0, outcome.err.find('\n'));
}

/// Every message that docs/cli.md shows, as the program gives it.
std::set<std::string> documented_runs() {
  const Folder folder;
  const std::string iris = "examples/data/iris.csv", grunfeld = "examples/data/grunfeld.csv";
  folder.write("text.csv", "x,y\n1,2\n3,abc\n4,5\n");
  folder.write("quote.csv", "x,y\n1,2\n\"3,4\n");
  folder.write("missing.csv", "x,y\n1,2\n,3\n4,4\n");
  folder.write("start.json", "{\n\"format\":");
  folder.write("X.npy", npy_numbers(draws(12), "(2, 3, 2)"));
  folder.write("y.npy", npy_numbers(draws(8), "(2, 4)"));
  folder.write("X2.npy", npy_numbers(draws(12), "(6, 2)"));
  folder.write("y2.npy", npy_numbers(draws(6), "(6,)"));
  folder.write("O.npy", npy_integers({0, 4, 3, 6}));
  return {
      message_in(folder, {"gaussian", "fit", "text.csv"}),
      message_in(folder, {"gaussian", "fit", iris, "--columns", "sepal_lenght"}),
      message_in(folder, {"gaussian", "fit", "quote.csv"}),
      message_in(folder, {"gaussian", "fit", iris, "--columns", "sepal_length", "--compare", "--start", "start.json"}),
      message_in(folder, fit({grunfeld, "--y", "inves"})),
      message_in(folder, fit({grunfeld, "--y", "invest", "--x", "invest,value"})),
      message_in(folder, fit({"missing.csv", "--y", "y"})),
      message_in(folder, fit({"--X", "X.npy", "--y", "y.npy"})),
      message_in(folder, fit({"--X", "X2.npy", "--y", "y2.npy", "--offsets", "O.npy"})),
  };
}

TEST(Messages, TheDocumentShowsWhatTheProgramSays) {
  std::istringstream document(read_file(SIGMAHAT_CLI_DOCUMENT));
  std::set<std::string> shown;
  bool in_block = false, in_messages = false;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("```")) {
      in_block = !in_block;
      in_messages = false;
      continue;
    }
    if (!in_block) continue;
    EXPECT_THAT(line, Not(HasSubstr("not found"))) << "the output of a command that did not run";
    in_messages = in_messages || line.starts_with("sigmahat: ");
    if (in_messages) shown.insert(line);
  }
  EXPECT_EQ(shown, documented_runs());
}

}  // namespace
}  // namespace sigmahat::cli::test
