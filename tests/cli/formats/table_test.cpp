#include "formats/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli_support.hpp"
#include "exit_code.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Table, SplitsNames) {
  EXPECT_THAT(split_names("--columns", "a"), ElementsAre("a"));
  EXPECT_THAT(split_names("--columns", "a,b c,d"), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(split_names("--columns", "\"a,b\",\"say \"\"x\"\"\""), ElementsAre("a,b", "say \"x\""));
  EXPECT_THROW(split_names("--columns", "a,,b"), UsageError);
  EXPECT_THROW(split_names("--columns", "a,"), UsageError);
  EXPECT_THROW(split_names("--columns", "\"a"), UsageError);
}

TEST(Table, GroupsRowsStably) {
  const std::vector<Index> codes{1, 0, -1, 1, 2, 0};
  const Grouping groups = group_rows({"a", "b", "c"}, codes);
  EXPECT_THAT(groups.offsets, ElementsAre(0, 2, 4, 5));
  EXPECT_THAT(groups.source_rows, ElementsAre(1, 5, 0, 3, 4));
  EXPECT_EQ(groups.unlabelled, 1);
}

TEST(Table, TellsTheFormatByTheEnding) {
  const Folder folder;
  TableRequest request;
  request.path = folder.write("DATA.CSV", "a\n1\n");
  EXPECT_EQ(read_table(request).rows.rows, 1);
  request.path = folder.write("data.NPY", npy_matrix({1, 2}, 2, 1));
  EXPECT_EQ(read_table(request).rows.rows, 2);
  request.path = folder.write("data.txt", "a\n1\n");
  EXPECT_THROW(read_table(request), DataError);
}

TEST(Table, WeightsMustNotBeNegativeOrAllZero) {
  const Folder folder;
  TableRequest request;
  request.weights = "w";
  const auto error_of = [&](const char* text) -> std::string {
    request.path = folder.write("w.csv", text);
    try {
      check_weights(read_table(request));
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of("a,w\n1,0\n2,1\n"), "no error");
  EXPECT_THAT(error_of("a,w\n1,1\n2,-0.5\n"),
              HasSubstr("w.csv: row 2 (line 3), column 'w': the weight -0.5 is negative"));
  EXPECT_THAT(error_of("a,w\n1,0\n2,0\n"), HasSubstr("w.csv: column 'w': all weights are zero"));
}

}  // namespace
}  // namespace sigmahat::cli::test
