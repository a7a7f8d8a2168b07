// What the comparison of two manifests promises, for every kind of difference between the runs.
#include "manifest/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace sigmahat::cli::test {
namespace {

const std::string kCommit(40, 'a');

/// A manifest with one result of each level, named after it.
Json manifest() {
  Json results;
  for (const char* level : {"D1", "D2", "D3"}) {
    results[level] = {{"determinism", level}, {"type", "<f8"}, {"shape", {2}}, {"sha256", "bits"}};
  }
  return {{"command", "gaussian fit"},
          {"options", {{"FILE", "data.csv"}, {"device", "cpu"}, {"threads", "0"}}},
          {"inputs", {{{"option", "FILE"}, {"path", "data.csv"}, {"bytes", 10}, {"sha256", "content"}}}},
          {"results", results},
          {"program", {{"version", "1.0"}, {"revision", kCommit}, {"sha256", "code"}, {"build", {{"flags", "-O3"}}}}},
          {"device",
           {{"requested", "cpu"}, {"used", "cpu"}, {"backend", "cpu"}, {"threads", 2}, {"instruction_set", "AVX2"}}},
          {"libraries", {{"glibc", "2.36"}}}};
}

/// The levels whose bits are promised, "D1 D2 D3" for all of them, where the second run is the first one, changed.
template <class Change>
std::string promised(const Change& change, Json then = manifest()) {
  Json now = then;
  change(now);
  std::string names;
  const RunComparison comparison = compare_runs(then, now);
  EXPECT_EQ(comparison.results.size(), 3U);
  for (const ComparedResult& result : comparison.results) {
    if (result.promised) names += (names.empty() ? "" : " ") + result.name;
  }
  return names;
}

TEST(RunComparison, PromisesWhatTheDifferenceLeaves) {
  EXPECT_EQ(promised([](Json&) {}), "D1 D2 D3");
  EXPECT_EQ(promised([](Json& now) { now["device"]["requested"] = "auto"; }), "D1 D2 D3");
  EXPECT_EQ(promised([](Json& now) { now["options"]["threads"] = "2"; }), "D1 D2 D3");
  EXPECT_EQ(promised([](Json& now) { now["device"]["threads"] = 1; }), "D2 D3");
  EXPECT_EQ(promised([](Json& now) { now["device"]["used"] = "cuda:0"; }), "D3");
  EXPECT_EQ(promised([](Json& now) { now["device"]["instruction_set"] = "AVX3"; }), "D3");
  EXPECT_EQ(promised([](Json& now) { now["libraries"]["glibc"] = "2.39"; }), "D3");
  EXPECT_EQ(promised([](Json& now) { now["program"]["build"]["flags"] = "-O2"; }), "D3");
  EXPECT_EQ(promised([](Json& now) { now["inputs"][0]["sha256"] = "other content"; }), "");
  EXPECT_EQ(promised([](Json& now) { now["options"]["unbiased"] = true; }), "");
}

TEST(RunComparison, ProgramsAreTheSameByTheirBitsOrByACleanCommit) {
  const auto other_bits = [](Json& now) { now["program"]["sha256"] = "other code"; };
  EXPECT_EQ(promised(other_bits), "D1 D2 D3") << "compiled twice from one commit";
  for (const std::string& revision : {kCommit + "+changes", std::string("unknown"), std::string()}) {
    Json then = manifest();
    then["program"]["revision"] = revision;
    EXPECT_EQ(promised(other_bits, then), "") << revision;
    EXPECT_EQ(promised([](Json&) {}, then), "D1 D2 D3") << "the very same file";
  }
  Json unreadable = manifest();
  unreadable["program"]["sha256"] = nullptr;
  unreadable["program"]["revision"] = "unknown";
  EXPECT_EQ(promised([](Json&) {}, unreadable), "") << "two of which nothing is known";
  EXPECT_EQ(promised([](Json& now) {
              now["program"]["sha256"] = "other code";
              now["program"]["revision"] = std::string(40, 'b');
            }),
            "");
  EXPECT_EQ(promised([](Json& now) {
              now["program"]["sha256"] = "other code";
              now["program"]["version"] = "1.1";
            }),
            "");
}

TEST(RunComparison, TheLowerLevelOfTheTwoRunsCounts) {
  const auto on_a_gpu = [](Json& now) {
    now["device"]["threads"] = 1;
    now["results"]["D3"]["determinism"] = "D1";
  };
  EXPECT_EQ(promised(on_a_gpu), "D2");
  Json then = manifest();
  then["results"]["D3"]["determinism"] = "D1";
  EXPECT_EQ(promised(
                [](Json& now) {
                  now["device"]["threads"] = 1;
                  now["results"]["D3"]["determinism"] = "D3";
                },
                then),
            "D2");
}

TEST(RunComparison, InputsAreKnownByTheirOptions) {
  Json then = manifest();
  then["inputs"].push_back({{"option", "start"}, {"path", "model.json"}, {"bytes", 20}, {"sha256", "model"}});
  Json now = then;
  std::swap(now["inputs"][0], now["inputs"][1]);
  EXPECT_TRUE(compare_runs(then, now).same());
  now["inputs"][0]["option"] = "weights";
  const RunComparison comparison = compare_runs(then, now);
  ASSERT_EQ(comparison.inputs.size(), 3U);
  EXPECT_TRUE(comparison.inputs[0].same);
  EXPECT_TRUE(comparison.inputs[1].now.is_null());
  EXPECT_TRUE(comparison.inputs[2].then.is_null());
  EXPECT_EQ(comparison.inputs[2].name, "weights model.json");
}

TEST(RunComparison, SaysWhatDiffers) {
  const Json then = manifest();
  Json now = then;
  now["inputs"][0]["bytes"] = 11;
  now["results"]["D1"]["sha256"] = "other bits";
  now["results"]["D2"]["type"] = "<f4";
  now["options"]["by"] = nullptr;
  const RunComparison comparison = compare_runs(then, now);
  EXPECT_FALSE(comparison.same());
  ASSERT_EQ(comparison.inputs.size(), 1U);
  EXPECT_EQ(comparison.inputs[0].then, "10 bytes, SHA-256 content");
  EXPECT_EQ(comparison.inputs[0].now, "11 bytes, SHA-256 content");
  std::map<std::string, std::string> differences;
  for (const ComparedResult& result : comparison.results) differences[result.name] = result.difference;
  EXPECT_THAT(differences,
              ::testing::ElementsAre(std::pair("D1", "other bits"), std::pair("D2", "type \"<f8\" then, \"<f4\" now"),
                                     std::pair("D3", "")));
  for (const ComparedItem& option : comparison.options) EXPECT_TRUE(option.same) << option.name;
}

}  // namespace
}  // namespace sigmahat::cli::test
