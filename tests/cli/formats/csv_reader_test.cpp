#include "formats/csv_reader.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cli_support.hpp"
#include "exit_code.hpp"
#include "formats/csv_source.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CsvReader : public ::testing::Test {
 protected:
  TableRequest request(std::string_view text) {
    TableRequest result;
    result.path = folder_.write("data.csv", text);
    return result;
  }
  Table read(std::string_view text) { return read_csv(request(text)); }
  static std::string message_of(const TableRequest& asked) {
    try {
      read_csv(asked);
    } catch (const DataError& error) {
      return error.what();
    } catch (const UsageError& error) {
      return std::string("usage: ") + error.what();
    }
    return "no error";
  }
  std::string error_of(std::string_view text) { return message_of(request(text)); }
  static std::vector<double> values(const Table& table) {
    std::vector<double> result;
    for (Index i = 0; i < table.rows.rows; ++i) {
      for (Index j = 0; j < table.rows.columns; ++j) result.push_back(table.rows.at(i, j));
    }
    return result;
  }

  Folder folder_;
};

TEST_F(CsvReader, ReadsNumbersColumnByColumn) {
  const Table table = read("a,b\n1,2\n-3.5,4e2\n .5 ,7\n");
  EXPECT_THAT(table.columns, ElementsAre("a", "b"));
  EXPECT_THAT(values(table), ElementsAre(1, 2, -3.5, 400, 0.5, 7));
  EXPECT_EQ(table.rows.layout, Layout::column_major);
  EXPECT_EQ(table.rows.leading_dimension, 3);
}

TEST_F(CsvReader, ChoosesColumnsInTheOrderAskedFor) {
  TableRequest asked = request("a,name,b,w\n1,x,2,0.5\n3,y,4,1.5\n");
  asked.columns = {"b", "a"};
  asked.weights = "w";
  const Table table = read_csv(asked);
  EXPECT_THAT(table.columns, ElementsAre("b", "a"));
  EXPECT_THAT(values(table), ElementsAre(2, 1, 4, 3));
  EXPECT_THAT(table.weights, ElementsAre(0.5, 1.5));
}

TEST_F(CsvReader, TakesByteOrderMarkLineEndsAndQuotes) {
  EXPECT_THAT(values(read("\xEF\xBB\xBF\"a\",\"b,c\"\r\n1,\"2\"\r\n3,4")), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(read("\xEF\xBB\xBF\"a\",\"b,c\"\r\n1,\"2\"\r\n3,4").columns, ElementsAre("a", "b,c"));
  EXPECT_THAT(values(read("a\n\n1\n\n2\n\n")), ElementsAre(1, 2)) << "empty lines are skipped";
  EXPECT_THAT(values(read("\n\na,b\n1,2\n")), ElementsAre(1, 2));
}

TEST_F(CsvReader, MissingCellsBecomeNaN) {
  const Table table = read("a,b\n1,NA\n,2\nNaN,N/A\nnull,inf\n");
  const std::vector<double> all = values(table);
  for (const std::size_t k : {1u, 2u, 4u, 5u, 6u}) EXPECT_TRUE(std::isnan(all[k])) << k;
  EXPECT_EQ(all[0], 1);
  EXPECT_EQ(all[7], std::numeric_limits<double>::infinity());
  EXPECT_THAT(table.place(1, 0), HasSubstr("data.csv: row 2 (line 3), column 'a'"));
}

TEST_F(CsvReader, NamesTheFirstCellThatIsNoNumber) {
  EXPECT_THAT(
      error_of("a,b\n1,2\n3,0x10\n5,abc\n"),
      HasSubstr("data.csv: row 2 (line 3), column 'b': '0x10' is not a number; if the column is no measurement, "
                "choose others with --columns"));
  TableRequest asked = request("a,b\n1,2\n3,abc\n");
  asked.columns = {"b"};
  EXPECT_THAT(message_of(asked),
              HasSubstr("column 'b': 'abc' is not a number; if the column is no measurement, choose others with "
                        "--columns"));
  EXPECT_THAT(error_of("a\n1\n1 2\n"), HasSubstr("'1 2' is not a number"));
  EXPECT_THAT(error_of("a;b\n1;2\n"), HasSubstr("'1;2' is not a number; the header has semicolons but no comma"));
  EXPECT_THAT(error_of("a;b\n1,5;2\n"), HasSubstr("has 2 cells, but the header has 1; the header has semicolons"));
  EXPECT_THAT(error_of("a\n\n1\r\n\nx\n"), HasSubstr("row 2 (line 5), column 'a'"));
  EXPECT_THAT(error_of("a,w\n1,x\n"), HasSubstr("column 'w'"));
}

TEST_F(CsvReader, CellsOfBlanksAreMissing) {
  const std::vector<double> all = values(read("a,b\n1, \n   ,2\n\t,3\n"));
  for (const std::size_t k : {1u, 2u, 4u}) EXPECT_TRUE(std::isnan(all[k])) << k;
  EXPECT_THAT(error_of("a,b\n \t1,2\n"), "no error") << "blanks around a number";
}

TEST_F(CsvReader, EscapesWhatItShows) {
  EXPECT_THAT(error_of(std::string("a,b\n1,2\n3,x\0y\n", 14)), HasSubstr("column 'b': 'x\\x00y' is not a number"));
  EXPECT_THAT(error_of("a,b\n1,2\n3,\"x\ny\"\n"), HasSubstr("column 'b': 'x\\ny' is not a number"));
  EXPECT_THAT(error_of("a,b\n1,2\n3,\xFFy\n"), HasSubstr("column 'b': '\\xffy' is not a number"));
}

TEST_F(CsvReader, AnUnclosedQuoteIsSaid) {
  constexpr const char* kSaid = "a double quote is opened here and never closed";
  EXPECT_THAT(error_of("a,b\n1,2\n3,\"4\n5,6\n"), AllOf(HasSubstr("data.csv: line 3: "), HasSubstr(kSaid)));
  EXPECT_THAT(error_of("\"a,b\n1,2\n"), AllOf(HasSubstr("data.csv: line 1: "), HasSubstr(kSaid)));
  EXPECT_THAT(error_of("a,b\n1,2\n3,\"4\"\"\n"), AllOf(HasSubstr("data.csv: line 3: "), HasSubstr(kSaid)));
  TableRequest asked = request("a,b\n1,x\n3,\"y\n5,z\n");
  asked.columns = {"a"};
  EXPECT_THAT(message_of(asked), HasSubstr(kSaid)) << "rows would be lost though the column is not asked for";
  asked = request("a,b\n1,x\"\n2,\"\"\n3,\"a\"\"b\"\n4,5\" 6\n");
  asked.columns = {"a"};
  EXPECT_THAT(values(read_csv(asked)), ElementsAre(1, 2, 3, 4)) << "quotes within cells, empty and doubled ones";
}

TEST_F(CsvReader, RefusesAFirstLineOfNumbers) {
  EXPECT_THAT(error_of("1,2\n3,4\n"), HasSubstr("line 1 has numbers where names are expected; add a header line"));
  EXPECT_THAT(error_of("1,a\n3,4\n"), "no error");
  TableRequest asked = request("2019,2020\n3,4\n");
  asked.columns = {"2020"};
  EXPECT_THAT(values(read_csv(asked)), ElementsAre(4));
}

TEST_F(CsvReader, FindsTheCellInALaterBlock) {
  std::string text = "a,b\n";
  for (int k = 0; k < 300000; ++k) text += "1.25,2.5\n";  // more than two blocks of the parser
  text += "1,oops\n";
  EXPECT_THAT(error_of(text), HasSubstr("row 300001 (line 300002), column 'b': 'oops' is not a number"));
  text.resize(text.size() - 7);
  text += "1\n";
  EXPECT_THAT(error_of(text), HasSubstr("row 300001 (line 300002) has 1 cell, but the header has 2"));
}

TEST_F(CsvReader, NamesARaggedRow) {
  EXPECT_THAT(error_of("a,b\n1,2\n3\n5,6\n"), HasSubstr("row 2 (line 3) has 1 cell, but the header has 2"));
  EXPECT_THAT(error_of("a,b\n1,2\n\n3,4,5\n"), HasSubstr("row 2 (line 4) has 3 cells, but the header has 2"));
}

TEST_F(CsvReader, QuotedFieldsMaySpanLines) {
  std::string text = "name,a\n";
  for (int k = 0; k < 90000; ++k) text += "\"first line\nsecond, \"\"line\"\"\",1\n";
  TableRequest asked = request(text);
  asked.columns = {"a"};
  const Table table = read_csv(asked);
  EXPECT_EQ(table.rows.rows, 90000);
  EXPECT_THAT(table.place(2, 0), HasSubstr("row 3 (line 6), column 'a'"));
  asked = request(text + "end,x\n");
  asked.columns = {"a"};
  EXPECT_THAT(message_of(asked), HasSubstr("row 90001 (line 180002), column 'a': 'x' is not a number"));
}

TEST_F(CsvReader, RefusesHeadersThatCannotBeTrusted) {
  EXPECT_THAT(error_of("a,b,a\n1,2,3\n"), HasSubstr("'a' appears twice in the header (columns 1 and 3)"));
  EXPECT_THAT(error_of("a,b\n"), HasSubstr("a header but no rows"));
  EXPECT_THAT(error_of("a,b"), HasSubstr("a header but no rows"));
  EXPECT_THAT(error_of("\n\n"), HasSubstr("the file is empty"));
  EXPECT_THAT(error_of(""), HasSubstr("the file is empty"));
  EXPECT_THAT(error_of("\xFF\xFE"
                       "a,b\n1,2\n"),
              HasSubstr("name of column 1 is not UTF-8 text"));
}

TEST_F(CsvReader, UnknownAndRepeatedColumns) {
  TableRequest asked = request("sepal_length,sepal_width\n1,2\n");
  asked.columns = {"sepal_lenght"};
  EXPECT_THAT(message_of(asked), AllOf(HasSubstr("usage: --columns: "),
                                       HasSubstr("no column 'sepal_lenght' (did you mean 'sepal_length'?)"),
                                       HasSubstr("its columns are: sepal_length, sepal_width")));
  asked.columns = {"price"};
  EXPECT_THAT(message_of(asked), Not(HasSubstr("did you mean")));
  for (const auto& [header, name] : {std::pair{"x,y", "z"}, {"a1,10", "11"}, {"x,long", "xx"}}) {
    TableRequest other = request(std::string(header) + "\n1,2\n");
    other.columns = {name};
    EXPECT_THAT(message_of(other), AllOf(HasSubstr("has no column"), Not(HasSubstr("did you mean"))));
  }
  asked = request("sepal_length,sepal_width\n1,2\n");
  asked.columns = {"sepal_width", "sepal_width"};
  EXPECT_THAT(message_of(asked), HasSubstr("usage: --columns: column 'sepal_width' is named twice"));
  asked.columns = {"sepal_width"};
  asked.by = "species";
  EXPECT_THAT(message_of(asked), HasSubstr("usage: --by: "));
  asked.by = "sepal_width";
  EXPECT_THAT(message_of(asked), HasSubstr("is the one that --by names"));
}

TEST_F(CsvReader, GroupsInTheOrderOfTheirFirstRows) {
  TableRequest asked = request("g,a,w\nred,1,1\nblue,2,2\n\"red\",3,3\n10,4,4\nblue,5,5\n");
  asked.by = "g";
  asked.weights = "w";
  const Table table = read_csv(asked);
  ASSERT_TRUE(table.groups);
  EXPECT_THAT(table.groups->labels, ElementsAre("red", "blue", "10"));
  EXPECT_THAT(table.groups->offsets, ElementsAre(0, 2, 4, 5));
  EXPECT_THAT(values(table), ElementsAre(1, 3, 2, 5, 4));
  EXPECT_THAT(table.weights, ElementsAre(1, 3, 2, 5, 4));
  EXPECT_THAT(table.place(3, 0), HasSubstr("row 5 (line 6), column 'a'"));
}

TEST_F(CsvReader, GroupsKeepTheirOrderAcrossBlocks) {
  std::string text = "g,a\n";
  for (int k = 0; k < 400000; ++k) text += fmt::format("g{},{}\n", k % 7, k);
  TableRequest asked = request(text);
  asked.by = "g";
  const Table table = read_csv(asked);
  EXPECT_THAT(table.groups->labels, ElementsAre("g0", "g1", "g2", "g3", "g4", "g5", "g6"));
  for (Index g = 0, row = 0; g < 7; ++g) {
    for (Index k = g; k < 400000; k += 7, ++row) ASSERT_EQ(table.rows.at(row, 0), static_cast<double>(k));
  }
}

TEST_F(CsvReader, MissingGroupLabels) {
  TableRequest asked = request("g,a\nx,1\n,2\nx,3\n");
  asked.by = "g";
  EXPECT_THAT(message_of(asked), HasSubstr("row 2 (line 3), column 'g': the group label is missing"));
  asked.missing = MissingRows::drop;
  const Table table = read_csv(asked);
  EXPECT_EQ(table.groups->unlabelled, 1);
  EXPECT_THAT(values(table), ElementsAre(1, 3));
  asked = request("g,a\nx,1\n  ,2\nx,3\n");
  asked.by = "g";
  EXPECT_THAT(message_of(asked), HasSubstr("row 2 (line 3), column 'g': the group label is missing")) << "blanks";
  asked = request("g,a\n\xFF,1\n");
  asked.by = "g";
  EXPECT_THAT(message_of(asked), HasSubstr("row 1 (line 2), column 'g': the group label is not UTF-8 text"));
}

TEST_F(CsvReader, OneThreadReadsTheSame) {
  set_csv_threads(1);
  const Table table = read("a,b\n1,2\n3,4\n");
  set_csv_threads(0);
  EXPECT_THAT(values(table), ElementsAre(1, 2, 3, 4));
}

}  // namespace
}  // namespace sigmahat::cli::test
