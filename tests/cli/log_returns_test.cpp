#include "gaussian/log_returns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "cli_support.hpp"
#include "exit_code.hpp"
#include "sigmahat/host/error.hpp"
#include "support/compare.hpp"

namespace sigmahat::cli::test {
namespace {

using sigmahat::test::within;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LogReturns : public ::testing::Test {
 protected:
  Table read(const char* text, const char* by = nullptr) {
    TableRequest request;
    request.path = folder_.write("p.csv", text);
    if (by != nullptr) request.by = by;
    return read_table(request);
  }
  std::string error_of(const char* text, MissingRows missing = MissingRows::error) {
    Table table = read(text);
    try {
      take_log_returns(table, missing);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }
  Folder folder_;
};

TEST_F(LogReturns, AreLogarithmsOfRatios) {
  Table table = read("a,b\n1,100\n2,100.0000001\n1,50\n");
  take_log_returns(table, MissingRows::error);
  ASSERT_EQ(table.rows.rows, 2);
  EXPECT_TRUE(within(table.rows.at(0, 0), std::log(2.0), 1e-16));
  EXPECT_TRUE(within(table.rows.at(1, 0), -std::log(2.0), 1e-16));
  // ln(1 + x) = x − x²/2 + x³/3 − … for the exact x of the two doubles.
  const double x = (100.0000001 - 100) / 100;
  EXPECT_TRUE(within(table.rows.at(0, 1), x - x * x / 2 + x * x * x / 3, 4e-16 * x));
  EXPECT_THAT(table.place(0, 1), HasSubstr("row 2 (line 3), column 'b'")) << "a return belongs to its later price";
}

TEST_F(LogReturns, StayWithinAGroup) {
  Table table = read("g,a\nx,1\ny,10\nx,2\ny,5\nx,8\nz,3\n", "g");
  take_log_returns(table, MissingRows::error);
  EXPECT_THAT(table.groups->offsets, ElementsAre(0, 2, 3, 3));
  EXPECT_THAT(table.groups->source_rows, ElementsAre(2, 4, 3));
  EXPECT_TRUE(within(table.rows.at(0, 0), std::log(2.0), 1e-15));
  EXPECT_TRUE(within(table.rows.at(1, 0), std::log(4.0), 1e-15));
  EXPECT_TRUE(within(table.rows.at(2, 0), -std::log(2.0), 1e-15));
}

TEST_F(LogReturns, NeedPositivePrices) {
  EXPECT_THAT(error_of("a,b\n1,1\n2,0\n"), HasSubstr("p.csv: row 2 (line 3), column 'b': the value 0 is not positive"));
  EXPECT_THAT(error_of("a\n-1\n2\n", MissingRows::drop), HasSubstr("row 1 (line 2), column 'a'"));
  EXPECT_THAT(error_of("a\n1\nNA\n"), HasSubstr("row 2 (line 3), column 'a': the value is missing"));
  EXPECT_THAT(error_of("a\n1\n"), HasSubstr("at least two rows"));
}

TEST_F(LogReturns, MissingPriceTouchesTwoReturns) {
  Table table = read("a\n1\nNA\n2\n4\n");
  take_log_returns(table, MissingRows::drop);
  EXPECT_TRUE(std::isnan(table.rows.at(0, 0)));
  EXPECT_TRUE(std::isnan(table.rows.at(1, 0)));
  EXPECT_TRUE(within(table.rows.at(2, 0), std::log(2.0), 1e-16));
}

}  // namespace
}  // namespace sigmahat::cli::test
