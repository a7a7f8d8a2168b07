// `sigmahat replay`: what agrees, what is found where something does not, and what is no manifest.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "least_squares_support.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

/// A small regression whose run is recorded.
class Replay : public ::testing::Test {
 protected:
  void SetUp() override {
    data_ = folder_.write("data.csv", "x,y\n1,2.1\n2,3.9\n3,6.2\n4,7.8\n5,10.1\n");
    run_ = record(fit({data_, "--y", "y", "--device", "cpu"}));
  }

  /// The path of the manifest.
  std::string record(std::vector<std::string> arguments) {
    const std::string path = folder_.path("run.json");
    arguments.insert(arguments.begin() + 2, {"--manifest", path});  // before any "--"
    const Outcome outcome = run_sigmahat(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return path;
  }

  /// A copy of the manifest, changed.
  template <class Change>
  std::string changed(const Change& change) {
    Json manifest = Json::parse(read_file(run_));
    change(manifest);
    return folder_.write("changed.json", manifest.dump());
  }

  static Json comparison(std::vector<std::string> arguments, int code) {
    arguments.insert(arguments.begin(), "replay");
    arguments.emplace_back("--json");
    const Outcome outcome = run_sigmahat(arguments);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    return outcome.out.empty() ? Json() : outcome.json();
  }

  Folder folder_;
  std::string data_, run_;
};

TEST_F(Replay, SaysThatEverythingAgrees) {
  const Outcome outcome = run_sigmahat({"replay", run_});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("least-squares fit, recorded by sigmahat"), HasSubstr("FILE " + data_ + "  same: "),
                    HasSubstr("options\n  all "), ContainsRegex("coef +same bits \\(D3, promised\\)"),
                    HasSubstr("the same program, device and libraries"), Not(HasSubstr("DIFFERS"))));
  EXPECT_EQ(comparison({run_}, 0).at("same"), true);
}

TEST_F(Replay, RepeatsBothKindsOfFitFromTheReportToo) {
  const Folder folder;
  const std::vector<std::vector<std::string>> runs{
      {"gaussian", "fit", example("iris.csv"), "--by", "species", "--compare", "--json"},
      fit({data_, "--y", "y", "--residuals", "--json"})};
  for (const auto& run : runs) {
    const Outcome outcome = run_sigmahat(run);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(comparison({folder.write("report.json", outcome.out)}, 0).at("same"), true);
  }
}

TEST_F(Replay, TellsOfAnotherNumberOfThreads) {
  const Outcome outcome = run_sigmahat({"replay", run_, "--threads", "3"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("device threads"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("DIFFERS")));
  const Json found = comparison({run_, "--threads", "3"}, 0);
  ASSERT_FALSE(found.at("results").empty());
  for (const Json& result : found.at("results")) {
    EXPECT_EQ(result.at("promised"), true) << result;  // D2 and D3
  }
}

TEST_F(Replay, D1PromisesNothingForAnotherNumberOfThreads) {
  const Batch batch(folder_, 1, 200, 65);
  run_ = record(fit({"--X", batch.x_path, "--y", batch.y_path, "--device", "cpu", "--threads", "1"}));
  const Json again = comparison({run_}, 0);
  ASSERT_FALSE(again.at("results").empty());
  for (const Json& result : again.at("results")) EXPECT_EQ(result.at("promised"), true) << result;
  const Outcome outcome = run_sigmahat({"replay", run_, "--threads", "2", "--json"});
  const Json found = outcome.json();
  ASSERT_FALSE(found.at("results").empty());
  for (const Json& result : found.at("results")) {
    EXPECT_EQ(result.at("determinism"), "D1") << result;
    EXPECT_EQ(result.at("promised"), false) << result;
  }
}

TEST_F(Replay, FindsArraysInAnotherFolder) {
  const Folder here;
  const Batch batch(here, 2, 12, 2);
  const std::string weights = here.write("w.npy", npy_numbers(std::vector<double>(24, 2.0), "(2, 12)"));
  run_ = record(fit({"--X", batch.x_path, "--y", batch.y_path, "--weights", weights}));
  const Folder there;
  for (const std::string& path : {batch.x_path, batch.y_path, weights}) {
    there.write(std::filesystem::path(path).filename().string(), read_file(path));
    std::filesystem::remove(path);
  }
  EXPECT_EQ(comparison({run_, "--inputs", there.path("")}, 0).at("same"), true);
}

TEST_F(Replay, RefusesOneFolderForTwoInputsOfOneName) {
  const Folder other;
  const Batch batch(folder_, 2, 12, 2);
  const std::string weights = other.write("y.npy", npy_numbers(std::vector<double>(24, 2.0), "(2, 12)"));
  run_ = record(fit({"--X", batch.x_path, "--y", batch.y_path, "--weights", weights}));
  const Outcome outcome = run_sigmahat({"replay", run_, "--inputs", folder_.path("")});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("have the same file name and cannot be in one folder"));
}

TEST_F(Replay, SwitchesThatAreTurnedOffStayOff) {
  run_ = record({"gaussian", "fit", data_, "--compare=false", "--unbiased=0"});
  EXPECT_EQ(Json::parse(read_file(run_)).at("options").at("compare"), false);
  EXPECT_EQ(comparison({run_}, 0).at("same"), true);
}

TEST_F(Replay, TellsThatAnInputHasChangedWhereItCannotBeFitted) {
  folder_.write("data.csv", "x,y\n1,2.1\n2,zz\n");
  const Outcome outcome = run_sigmahat({"replay", run_});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("the run cannot be repeated: "), HasSubstr("'zz'"),
                                 HasSubstr(data_ + " is not the file that it was")));
}

TEST_F(Replay, OtherBackendsHaveTheBitsOfD3) {
  run_ = record(fit({data_, "--y", "y", "--outputs", "goodness", "--device", "cpu"}));
  const Json found = comparison({run_, "--device", "reference"}, 0);
  EXPECT_FALSE(found.at("environment").empty());
  ASSERT_FALSE(found.at("results").empty());
  for (const Json& result : found.at("results")) {
    EXPECT_EQ(result.at("promised"), true) << result;
    EXPECT_EQ(result.at("same"), true) << result;
  }
}

TEST_F(Replay, FindsAChangedInput) {
  folder_.write("data.csv", "x,y\n1,2.1\n2,3.9\n3,6.2\n4,7.8\n5,10.2\n");
  const Outcome outcome = run_sigmahat({"replay", run_});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("FILE " + data_ + "  DIFFERS: "),
                    ContainsRegex("coef +DIFFERS: other bits \\(D3, not promised between these two runs\\)"),
                    ContainsRegex("rank +same bits")));
  EXPECT_THAT(outcome.err, HasSubstr("the repetition differs: 1 of 1 inputs"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("had promised")));
}

TEST_F(Replay, FindsAResultWithOtherBits) {
  const std::string path = changed([](Json& manifest) {
    std::string& digest = manifest["results"]["se"]["sha256"].get_ref<std::string&>();
    digest[0] = digest[0] == '0' ? '1' : '0';
  });
  const Outcome outcome = run_sigmahat({"replay", path});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out,
              AllOf(ContainsRegex("se +DIFFERS: other bits \\(D3, promised\\)"), ContainsRegex("coef +same bits")));
  EXPECT_THAT(outcome.err, HasSubstr("0 of 1 inputs"));
  EXPECT_THAT(outcome.err, HasSubstr("1 of these had promised the same bits"));
}

TEST_F(Replay, FindsAnotherShapeAndWhatIsAbsent) {
  const std::string path = changed([](Json& manifest) {
    manifest["results"]["coef"]["shape"] = {7};
    manifest["results"]["old"] = manifest["results"]["se"];
    manifest["results"].erase("rank");
  });
  const Outcome outcome = run_sigmahat({"replay", path});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("shape [7] then, [2] now"), ContainsRegex("old +DIFFERS: absent now"),
                                 ContainsRegex("rank +DIFFERS: absent then")));
}

TEST_F(Replay, FindsAnOptionWhoseDefaultIsAnother) {
  const std::string path = changed([](Json& manifest) { manifest["options"]["confidence"] = "0.9"; });
  const Outcome outcome = run_sigmahat({"replay", path});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, ContainsRegex("confidence +DIFFERS: 0.9 then, 0.95 now"));
}

TEST_F(Replay, PromisesNothingBetweenTwoPrograms) {
  const std::string path = changed([](Json& manifest) {
    manifest["program"]["version"] = "0.0.1";
    manifest["program"]["sha256"] = "of another program";
  });
  const Json found = comparison({path}, 0);
  ASSERT_FALSE(found.at("results").empty());
  for (const Json& result : found.at("results")) EXPECT_EQ(result.at("promised"), false) << result;
  const Json& environment = found.at("environment");
  EXPECT_TRUE(std::any_of(environment.begin(), environment.end(),
                          [](const Json& item) { return item.at("name") == "version" && item.at("then") == "0.0.1"; }));
}

TEST_F(Replay, ShowsWhereLongTextsPart) {
  const std::string path = changed([](Json& manifest) {
    std::string& config = manifest["libraries"]["OpenBLAS"].get_ref<std::string&>();
    config = std::string(80, 'a') + config + " other end";
    manifest["libraries"]["OpenBLAS core"] = "\x1b[2J";
    manifest["results"]["coef"]["type"] = "\u009b31m\x7f";
  });
  const Outcome outcome = run_sigmahat({"replay", path});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(ContainsRegex("OpenBLAS core +\\\\x1b\\[2J then"), Not(HasSubstr("\x1b")),
                                 Not(HasSubstr("\u009b")), Not(HasSubstr("\x7f"))));
}

TEST_F(Replay, OnAnotherProcessorOnlyD3IsPromised) {
  const std::string path = changed([](Json& manifest) { manifest["device"]["instruction_set"] = "of another make"; });
  const Json found = comparison({path}, 0);
  ASSERT_FALSE(found.at("results").empty());
  for (const Json& result : found.at("results")) {
    EXPECT_EQ(result.at("promised"), result.at("determinism") == "D3") << result;
  }
}

TEST_F(Replay, FindsInputsInAnotherFolder) {
  const Folder elsewhere;
  elsewhere.write("data.csv", read_file(data_));
  std::filesystem::remove(data_);
  const Outcome lost = run_sigmahat({"replay", run_});
  EXPECT_EQ(lost.code, 3);
  EXPECT_THAT(lost.err, HasSubstr(data_ + ": the recorded run read this file, and it is not there; --inputs DIR says"));
  EXPECT_EQ(comparison({run_, "--inputs", elsewhere.path("")}, 0).at("same"), true);
}

TEST_F(Replay, FindsInputsWhereTheManifestSaysTheyAre) {
  const std::string moved = folder_.path("moved.csv");
  std::filesystem::rename(data_, moved);
  EXPECT_EQ(comparison({changed([&](Json& m) { m["inputs"][0]["path"] = moved; })}, 0).at("same"), true);
}

TEST_F(Replay, TellsWhyAnInputCannotBeRead) {
  folder_.write("data.csv", "");
  const Outcome empty = run_sigmahat({"replay", run_});
  EXPECT_EQ(empty.code, 3);
  EXPECT_THAT(empty.err, HasSubstr(data_ + ": the file is empty; the recorded run read 35 bytes of it"));
  std::filesystem::remove(data_);
  std::filesystem::create_symlink(data_, data_);
  const Outcome loop = run_sigmahat({"replay", run_});
  EXPECT_EQ(loop.code, 3);
  EXPECT_THAT(loop.err, AllOf(HasSubstr(data_ + ": cannot be read: "), Not(HasSubstr("is not there"))));
}

TEST_F(Replay, TellsWhichInputsAManifestLacks) {
  const Json found = comparison({changed([](Json& m) { m["inputs"] = Json::array(); })}, 1);
  ASSERT_EQ(found.at("inputs").size(), 1U);
  EXPECT_EQ(found.at("inputs")[0].at("name"), "FILE " + data_);
  EXPECT_TRUE(found.at("inputs")[0].at("then").is_null());
  for (const Json& option : found.at("options")) EXPECT_EQ(option.at("same"), true) << option;
}

TEST_F(Replay, KeepsOddNames) {
  const std::string odd = folder_.write("-odd = name.csv", "\"a,b\",-c,\"d \"\"e\"\"\"\n1,2,3\n2,1,5\n4,4,1\n0,3,3\n");
  const std::string run = record({"gaussian", "fit", "--columns", "\"a,b\",-c", "--", odd});
  EXPECT_EQ(comparison({run}, 0).at("same"), true);
}

TEST_F(Replay, RefusesWhatIsNoManifest) {
  const auto message = [&](const std::string& text) {
    const Outcome outcome = run_sigmahat({"replay", folder_.write("no.json", text)});
    EXPECT_EQ(outcome.code, 3) << text;
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  EXPECT_THAT(message("nothing"), HasSubstr("no.json: line 1, column 2: not valid JSON"));
  EXPECT_THAT(message("{\"format\": 1e999}"), HasSubstr("no.json: it holds a number beyond the range of float64"));
  for (const char* key : {"manifest", "format", "options"}) {
    const std::string deep = std::string(200000, '[') + std::string(200000, ']');
    EXPECT_THAT(message(fmt::format("{{\"{}\": {}}}", key, deep)),
                HasSubstr("no.json: its JSON is nested more than 64"));
  }
  const Outcome directory = run_sigmahat({"replay", folder_.path("")});
  EXPECT_EQ(directory.code, 3);
  EXPECT_THAT(directory.err, HasSubstr("is a directory"));
  EXPECT_THAT(message("[1]"), HasSubstr("its key 'format' is not"));
  EXPECT_THAT(message("{}"), HasSubstr("its key 'format' is not"));
  const auto of = [&](auto change) { return message(read_file(changed(change))); };
  EXPECT_THAT(of([](Json& m) { m["version"] = 2; }), HasSubstr("its key 'version' is not 1"));
  EXPECT_THAT(of([](Json& m) { m["arguments"] = "x"; }), HasSubstr("its key 'arguments' is no array"));
  EXPECT_THAT(of([](Json& m) { m["results"]["coef"].erase("sha256"); }), HasSubstr("'coef' of 'results' lacks"));
  EXPECT_THAT(of([](Json& m) { m["inputs"][0]["path"] = 3; }), HasSubstr("an item of 'inputs' lacks"));
  EXPECT_THAT(of([](Json& m) { m["inputs"][0].erase("bytes"); }), HasSubstr("an item of 'inputs' lacks"));
  EXPECT_THAT(of([](Json& m) { m["options"] = 3; }), HasSubstr("its key 'options' is no object"));
  EXPECT_THAT(of([](Json& m) { m["arguments"][0] = 3; }), HasSubstr("an item of 'arguments' is no text"));
  EXPECT_THAT(of([](Json& m) { m["arguments"][0] = std::string("a\0b", 3); }), HasSubstr("or has a NUL in it"));
  EXPECT_THAT(of([](Json& m) { m["inputs"][0]["path"] = std::string("a\0b", 3); }), HasSubstr("an item of 'inputs'"));
  EXPECT_THAT(of([](Json& m) { m["results"]["coef"]["determinism"] = "D4"; }), HasSubstr("is 'D4', and not D1, D2"));
  EXPECT_THAT(of([](Json& m) { m["command"] = "fly"; }), HasSubstr("'command' is 'fly'"));
  EXPECT_THAT(of([](Json& m) { m["arguments"].insert(m["arguments"].begin(), "--fly"); }), HasSubstr("'arguments': "));
  EXPECT_EQ(run_sigmahat({"replay", folder_.path("none.json")}).code, 3);
}

TEST_F(Replay, RefusesInputsThatAreNoFiles) {
  std::filesystem::remove(data_);
  ASSERT_EQ(mkfifo(data_.c_str(), 0600), 0);
  const Outcome pipe = run_sigmahat({"replay", run_});
  EXPECT_EQ(pipe.code, 3);
  EXPECT_THAT(pipe.err, HasSubstr(data_ + ": is not a regular file"));
}

TEST_F(Replay, FilesWithNamesLikeOptionsStayFiles) {
  const std::string odd = folder_.write("odd", "x,y\n1,2.1\n2,3.9\n3,6.2\n4,7.8\n");
  const std::string name = "--threads=3.csv";
  std::filesystem::rename(odd, folder_.path(name));
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path(""));
  run_ = record(fit({"--y", "y", "--", name}));
  EXPECT_EQ(comparison({run_, "--threads", "1"}, 0).at("same"), true);
  std::filesystem::current_path(before);
}

TEST_F(Replay, DevicesOfTheManifestAreTheManifests) {
  const std::string unknown = changed([](Json& manifest) { manifest["arguments"][1] = "--device=abacus"; });
  const Outcome no_such = run_sigmahat({"replay", unknown});
  EXPECT_EQ(no_such.code, 3);
  EXPECT_THAT(no_such.err, HasSubstr("changed.json: the run cannot be repeated: device: 'abacus' is not known"));
  EXPECT_EQ(run_sigmahat({"replay", run_, "--device", "abacus"}).code, 2);

  const std::string absent = changed([](Json& manifest) { manifest["arguments"][1] = "--device=cuda:99"; });
  const Outcome no_gpu = run_sigmahat({"replay", absent});
  EXPECT_EQ(no_gpu.code, 5);
  EXPECT_THAT(no_gpu.err, AllOf(HasSubstr("error: --device: cuda:99"), HasSubstr("; the device is that of " + absent),
                                HasSubstr("replay --device NAME repeats the run on another")));
  EXPECT_EQ(run_sigmahat({"replay", absent, "--device", "cpu"}).code, 0);
}

TEST_F(Replay, AnOptionWithoutAValueIsAsGoodAsNone) {
  const std::string path = changed([](Json& manifest) {
    ASSERT_TRUE(manifest["options"]["by"].is_null());
    manifest["options"].erase("by");
    manifest["options"]["of the past"] = nullptr;
  });
  EXPECT_EQ(comparison({path}, 0).at("same"), true);
}

TEST_F(Replay, WritesNothing) {
  const std::string path = changed([&](Json& manifest) {
    manifest["arguments"].insert(manifest["arguments"].begin(), "--out=" + folder_.path("x.npz"));
  });
  const auto before = folder_.names();
  const Outcome outcome = run_sigmahat({"replay", path});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("--out is none of a run that is repeated"));
  EXPECT_EQ(folder_.names(), before);
}

TEST_F(Replay, SaysWhyTheRunCannotBeRepeated) {
  const std::string path = changed([](Json& manifest) { manifest["arguments"][0] = "--y=z"; });
  const Outcome outcome = run_sigmahat({"replay", path});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("the run cannot be repeated: "));
}

}  // namespace
}  // namespace sigmahat::cli::test
