#include "text.hpp"

#include <gtest/gtest.h>

#include "option_checks.hpp"

namespace sigmahat::cli::test {
namespace {

TEST(Text, PrintableEscapesControlsAndWhatIsNotUtf8) {
  EXPECT_EQ(printable("plain ä € 😀"), "plain ä € 😀");
  EXPECT_EQ(printable(std::string_view("a\0b\n\r\t\x1B\x7F", 8)), "a\\x00b\\n\\r\\t\\x1b\\x7f");
  EXPECT_EQ(printable("\xC2\x85"), "\\xc2\\x85") << "a control character beyond ASCII";
  EXPECT_EQ(printable("\xFFz"), "\\xffz");
  EXPECT_EQ(printable("\xC3"), "\\xc3") << "cut off";
  EXPECT_EQ(printable("\xC0\xAF \xE0\x80\x80"), "\\xc0\\xaf \\xe0\\x80\\x80") << "overlong";
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond U+10FFFF";
}

TEST(Text, Utf32KeepsEveryCharacter) {
  EXPECT_EQ(utf32("aä€😀"), U"aä€😀");
  EXPECT_EQ(utf32("\xFFz\xC3"), U"\uFFFDz\uFFFD");
  EXPECT_TRUE(utf32("").empty());
}

TEST(Text, ShortenedCutsBetweenCharacters) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abcde…");
  EXPECT_EQ(shortened("ääääää", 3), "ää…");
  EXPECT_EQ(characters("aä€"), 3u);
}

TEST(Text, CountedHasSingularAndPlural) {
  EXPECT_EQ(counted(1, "cell"), "1 cell");
  EXPECT_EQ(counted(0, "cell"), "0 cells");
  EXPECT_EQ(counted(2, "cell"), "2 cells");
}

TEST(OptionChecks, Numbers) {
  EXPECT_EQ(whole_number(0, 1024)("1024"), "");
  EXPECT_EQ(whole_number(0)("9223372036854775807"), "");
  EXPECT_EQ(whole_number(0)("0"), "");
  for (const char* wrong : {"", "-1", "1025", "1.5", "1e2", "0x1", "01", " 1", "1 ", "many"}) {
    EXPECT_NE(whole_number(0, 1024)(wrong), "") << wrong;
  }
  for (const char* right : {"0", "-1.5", "+2", "1e-13", ".5"}) EXPECT_EQ(finite_number(right), "") << right;
  for (const char* wrong : {"", "inf", "nan", "1e999", "1x", "+-1", "0x1p3"})
    EXPECT_NE(finite_number(wrong), "") << wrong;
}

}  // namespace
}  // namespace sigmahat::cli::test
