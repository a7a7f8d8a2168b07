#include "formats/npy_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "cli_support.hpp"
#include "exit_code.hpp"
#include "sigmahat/host/error.hpp"
#include "support/compare.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TableRequest request(const std::string& path, std::vector<std::string> columns = {}) {
  TableRequest result;
  result.path = path;
  result.columns = std::move(columns);
  return result;
}

/// All entries, row by row.
std::vector<double> values(const Table& table) {
  std::vector<double> result;
  for (Index i = 0; i < table.rows.rows; ++i) {
    for (Index j = 0; j < table.rows.columns; ++j) result.push_back(table.rows.at(i, j));
  }
  return result;
}

std::string message_of(const TableRequest& asked) {
  try {
    read_npy(asked);
  } catch (const DataError& error) {
    return error.what();
  } catch (const UsageError& error) {
    return std::string("usage: ") + error.what();
  }
  return "no error";
}

const std::vector<double> kSix{1, 2, 3, 4, 5, 6};
constexpr bool kLittle = std::endian::native == std::endian::little;
const std::string kNative = kLittle ? "<" : ">";
const std::string kForeign = kLittle ? ">" : "<";

TEST(NpyReader, ReadsAllVersions) {
  const Folder folder;
  for (const int major : {1, 2, 3}) {
    const std::string path =
        folder.write("a.npy", npy_file(npy_header_text(kNative + "f8", false, "(3, 2)"), bytes_of(kSix), major));
    const Table table = read_npy(request(path));
    EXPECT_EQ(values(table), kSix) << "version " << major;
    EXPECT_THAT(table.columns, ElementsAre("0", "1"));
    EXPECT_EQ(table.rows.layout, Layout::row_major);
  }
}

TEST(NpyReader, ViewsTheFileWithoutACopy) {
  const Folder folder;
  const std::string path = folder.write("a.npy", npy_matrix(kSix, 3, 2));
  const Table all = read_npy(request(path));
  // A mapping starts on a page, and the header has 128 bytes: a copy would stand elsewhere.
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.rows.data) % 4096, 128u);
  const Table second = read_npy(request(path, {"1"}));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(second.rows.data) % 4096, 136u);
  EXPECT_EQ(second.rows.leading_dimension, 2);
  EXPECT_THAT(values(second), ElementsAre(2, 4, 6));
}

TEST(NpyReader, KeepsFloat32) {
  const Folder folder;
  const std::vector<float> floats{1.5F, 2, 3, 4, 5, 6};
  for (const bool swapped : {false, true}) {
    const std::string descr = (swapped ? kForeign : kNative) + "f4";
    const std::string path =
        folder.write("a.npy", npy_file(npy_header_text(descr, false, "(3, 2)"), bytes_of(floats, swapped)));
    const Table table = read_npy(request(path));
    EXPECT_EQ(table.rows.type, ScalarType::float32);
    EXPECT_THAT(values(table), ElementsAre(1.5, 2, 3, 4, 5, 6));
  }
}

TEST(NpyReader, ReadsFortranOrderAndOneDimension) {
  const Folder folder;
  const std::string path =
      folder.write("a.npy", npy_file(npy_header_text(kNative + "f8", true, "(3, 2)"), bytes_of(kSix)));
  const Table table = read_npy(request(path));
  EXPECT_EQ(table.rows.layout, Layout::column_major);
  EXPECT_THAT(values(table), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(values(read_npy(request(path, {"1", "0"}))), ElementsAre(4, 1, 5, 2, 6, 3));

  for (const bool fortran : {false, true}) {
    const std::string flat =
        folder.write("b.npy", npy_file(npy_header_text(kNative + "f8", fortran, "(6,)"), bytes_of(kSix)));
    const Table column = read_npy(request(flat));
    EXPECT_EQ(column.rows.columns, 1);
    EXPECT_EQ(values(column), kSix);
  }
}

template <class T>
void expect_integers(const Folder& folder, const std::string& name) {
  const T low = std::numeric_limits<T>::is_signed ? static_cast<T>(-3) : static_cast<T>(3);
  const std::vector<T> items{low, 0, 1, 100};
  for (const bool swapped : {false, true}) {
    const std::string order = sizeof(T) == 1 ? "|" : swapped ? kForeign : kNative;
    const std::string path = folder.write(
        "i.npy", npy_file(npy_header_text(order + name, false, "(2, 2)"), bytes_of(items, swapped && sizeof(T) > 1)));
    const Table table = read_npy(request(path));
    EXPECT_EQ(table.rows.type, ScalarType::float64);
    EXPECT_THAT(values(table), ElementsAre(static_cast<double>(low), 0, 1, 100)) << name << (swapped ? " swapped" : "");
  }
}

TEST(NpyReader, ConvertsIntegersAndBool) {
  const Folder folder;
  expect_integers<std::int8_t>(folder, "i1");
  expect_integers<std::int16_t>(folder, "i2");
  expect_integers<std::int32_t>(folder, "i4");
  expect_integers<std::int64_t>(folder, "i8");
  expect_integers<std::uint8_t>(folder, "u1");
  expect_integers<std::uint16_t>(folder, "u2");
  expect_integers<std::uint32_t>(folder, "u4");
  expect_integers<std::uint64_t>(folder, "u8");
  const std::string path =
      folder.write("b.npy", npy_file(npy_header_text("|b1", false, "(3,)"), std::string_view("\1\0\1", 3)));
  EXPECT_THAT(values(read_npy(request(path))), ElementsAre(1, 0, 1));
}

TEST(NpyReader, RefusesIntegersWithoutAnExactDouble) {
  const Folder folder;
  const auto write = [&](const std::string& descr, const std::string& data) {
    return folder.write("i.npy", npy_file(npy_header_text(descr, false, "(2, 1)"), data));
  };
  constexpr std::int64_t kOdd = (std::int64_t{1} << 53) + 1;
  EXPECT_THAT(message_of(request(write(kNative + "i8", bytes_of(std::vector<std::int64_t>{kOdd - 1, kOdd})))),
              AllOf(HasSubstr("row index 1, column index 0"), HasSubstr("9007199254740993 has no exact float64")));
  const auto greatest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_THAT(message_of(request(write(kNative + "u8", bytes_of(std::vector<std::uint64_t>{0, greatest})))),
              HasSubstr("18446744073709551615 has no exact float64"));
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
  const auto least = std::numeric_limits<std::int64_t>::min();
  EXPECT_THAT(values(read_npy(request(write(kNative + "u8", bytes_of(std::vector<std::uint64_t>{0, kHalf}))))),
              ElementsAre(0, 0x1p63));
  EXPECT_THAT(values(read_npy(request(write(kNative + "i8", bytes_of(std::vector<std::int64_t>{0, least}))))),
              ElementsAre(0, -0x1p63));
}

TEST(NpyReader, CopiesMisalignedNumbers) {
  const Folder folder;
  const std::string header = npy_header_text(kNative + "f8", false, "(3, 2)") + "\n";  // not padded to 64 bytes
  std::string file = "\x93NUMPY\1";
  file += '\0';
  file += static_cast<char>(header.size());
  file += '\0';
  ASSERT_NE((10 + header.size()) % 8, 0u);
  EXPECT_EQ(values(read_npy(request(folder.write("a.npy", file + header + bytes_of(kSix))))), kSix);
}

TEST(NpyReader, GroupsAndWeights) {
  const Folder folder;
  // columns: label, weight, x, y
  const std::vector<double> data{7, 1, 10, 11, -2.5, 2, 20, 21, 7, 3, 30, 31, -0.0, 4, 40, 41, 0.0, 5, 50, 51};
  TableRequest asked = request(folder.write("a.npy", npy_matrix(data, 5, 4)));
  asked.by = "0";
  asked.weights = "1";
  const Table table = read_npy(asked);
  ASSERT_TRUE(table.groups);
  EXPECT_THAT(table.groups->labels, ElementsAre("7", "-2.5", "0"));
  EXPECT_THAT(table.groups->offsets, ElementsAre(0, 2, 3, 5));
  EXPECT_THAT(table.groups->source_rows, ElementsAre(0, 2, 1, 3, 4));
  EXPECT_THAT(table.weights, ElementsAre(1, 3, 2, 4, 5));
  EXPECT_THAT(values(table), ElementsAre(10, 11, 30, 31, 20, 21, 40, 41, 50, 51));
  EXPECT_THAT(table.place(2, 1), HasSubstr("row index 1, column index 3"));
  EXPECT_THAT(table.place(1, -1), HasSubstr("row index 2, column index 1"));
}

TEST(NpyReader, MissingGroupLabels) {
  const Folder folder;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  TableRequest asked = request(folder.write("a.npy", npy_matrix({1, 10, nan, 20, 1, 30}, 3, 2)));
  asked.by = "0";
  EXPECT_THAT(message_of(asked), AllOf(HasSubstr("row index 1, column index 0"), HasSubstr("--missing drop")));
  asked.missing = MissingRows::drop;
  const Table table = read_npy(asked);
  EXPECT_EQ(table.groups->unlabelled, 1);
  EXPECT_THAT(values(table), ElementsAre(10, 30));
}

TEST(NpyReader, EveryTruncationIsAnError) {
  const Folder folder;
  const std::string whole = npy_matrix(kSix, 3, 2);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const std::string path = folder.write("t.npy", whole.substr(0, size));
    EXPECT_THAT(message_of(request(path)), HasSubstr("t.npy: the file is truncated")) << size << " bytes";
  }
  EXPECT_THAT(message_of(request(folder.write("t.npy", whole + "x"))), HasSubstr("1 byte follows the array"));
}

TEST(NpyReader, NamesWhatIsWrongWithTheHeader) {
  const Folder folder;
  const auto error_of = [&](const std::string& header) {
    return message_of(request(folder.write("h.npy", npy_file(header, bytes_of(kSix)))));
  };
  const auto typed = [&](const std::string& descr) { return error_of(npy_header_text(descr, false, "(3, 2)")); };
  EXPECT_THAT(typed("|O"), HasSubstr("dtype '|O' (Python objects) is not supported"));
  EXPECT_THAT(typed("<c16"), HasSubstr("(complex) is not supported"));
  EXPECT_THAT(typed("|V8"), HasSubstr("(structured) is not supported"));
  EXPECT_THAT(typed("<U3"), HasSubstr("(text) is not supported"));
  EXPECT_THAT(typed("<f2"), HasSubstr("'<f2' (float of this size) is not supported"));
  EXPECT_THAT(typed("<M8[ns]"), HasSubstr("(time) is not supported"));
  EXPECT_THAT(typed("|f8"), HasSubstr("is not supported"));
  EXPECT_THAT(error_of("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (6,), }"),
              HasSubstr("with fields (structured) is not supported"));
  const auto shaped = [&](const std::string& shape) { return error_of(npy_header_text(kNative + "f8", false, shape)); };
  EXPECT_THAT(shaped("(1, 3, 2)"), HasSubstr("3 dimensions (1 × 3 × 2)"));
  EXPECT_THAT(shaped("()"), HasSubstr("0 dimensions"));
  EXPECT_THAT(shaped("(0, 2)"), HasSubstr("the array is empty: 0 rows, 2 columns"));
  EXPECT_THAT(shaped("(3, 0)"), HasSubstr("the array is empty: 3 rows, 0 columns"));
  EXPECT_THAT(shaped("(6)"), HasSubstr("',' expected"));
  EXPECT_THAT(shaped("(-6,)"), HasSubstr("a size (an integer of at least 0) expected"));
  EXPECT_THAT(shaped("(99999999999999999999,)"), HasSubstr("a size beyond 64 bits"));
  EXPECT_THAT(shaped("(4611686018427387904, 4)"), HasSubstr("truncated"));  // the product overflows 64 bits
  EXPECT_THAT(error_of("{'descr': '<f8', 'shape': (6,), }"), HasSubstr("it needs the keys"));
  EXPECT_THAT(error_of("{'descr': '<f8', 'fortran_order': 0, 'shape': (6,)}"), HasSubstr("True or False expected"));
  EXPECT_THAT(error_of("{'descr': '<f8', 'descr': '<f8'}"), HasSubstr("key 'descr' is unknown or repeated"));
  EXPECT_THAT(error_of("{'descr': '<f8', 'fortran_order': False, 'shape': (6,)} x"), HasSubstr("text after"));
  EXPECT_THAT(error_of("{'descr: 1}"), HasSubstr("a string without an end"));
  EXPECT_THAT(error_of("nothing"), HasSubstr("'{' expected"));
}

TEST(NpyReader, NamesBadMagicAndVersion) {
  const Folder folder;
  EXPECT_THAT(message_of(request(folder.write("m.npy", "a,b\n1,2\n"))), HasSubstr("m.npy: is not a .npy file"));
  std::string file = npy_matrix(kSix, 3, 2);
  file[6] = 4;
  EXPECT_THAT(message_of(request(folder.write("m.npy", file))), HasSubstr("version 4.0 is not supported"));
  EXPECT_THAT(message_of(request(folder.write("m.npy", ""))), HasSubstr("the file is empty"));
  EXPECT_THAT(message_of(request(folder.path("none.npy"))), HasSubstr("cannot be read: No such file"));
}

TEST(NpyReader, UnknownColumns) {
  const Folder folder;
  const std::string path = folder.write("a.npy", npy_matrix(kSix, 3, 2));
  EXPECT_THAT(message_of(request(path, {"2"})), HasSubstr("usage: --columns: " + path + " has no column '2'"));
  EXPECT_THAT(message_of(request(path, {"x"})), HasSubstr("its columns are: 0, 1"));
}

}  // namespace
}  // namespace sigmahat::cli::test
