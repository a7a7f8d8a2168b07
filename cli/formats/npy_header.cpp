#include "formats/npy_header.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "sigmahat/host/error.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

/// Reads the one Python dictionary that a header holds: string keys; strings, booleans and tuples of integers as values.
class DictionaryParser {
 public:
  DictionaryParser(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  void parse(NpyHeader& header) {
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !descr_) {
        descr_ = descr();
      } else if (key == "fortran_order" && !order_) {
        order_ = boolean();
      } else if (key == "shape" && !shape_) {
        shape_ = tuple();
      } else {
        fail(fmt::format("key '{}' is unknown or repeated", shortened(key, 40)));
      }
      if (accept('}')) break;
      expect(',');
    }
    skip_space();
    if (place_ != text_.size()) fail("there is text after the dictionary");
    if (!descr_ || !order_ || !shape_) fail("it needs the keys 'descr', 'fortran_order' and 'shape'");
    header.fortran_order = *order_;
    header.shape = *shape_;
    set_type(header);
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw DataError(fmt::format("{}: the .npy header is not valid: {} (at its character {})", path_, reason, place_));
  }
  [[noreturn]] void unsupported(const std::string& what) const {
    throw DataError(fmt::format("{}: dtype {} is not supported; float32, float64, integers and bool are", path_, what));
  }
  void skip_space() {
    while (place_ < text_.size() && std::strchr(" \t\r\n", text_[place_]) != nullptr && text_[place_] != '\0') ++place_;
  }
  bool accept(char c) {
    skip_space();
    if (place_ == text_.size() || text_[place_] != c) return false;
    ++place_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("'{}' expected", c));
  }
  std::string string() {
    skip_space();
    const char quote = place_ < text_.size() ? text_[place_] : '\0';
    if (quote != '\'' && quote != '"') fail("a string expected");
    const std::size_t end = text_.find(quote, place_ + 1);
    if (end == std::string_view::npos) fail("a string without an end");
    std::string result(text_.substr(place_ + 1, end - place_ - 1));
    place_ = end + 1;
    return result;
  }
  std::string descr() {
    skip_space();
    if (place_ < text_.size() && text_[place_] == '[') unsupported("with fields (structured)");
    return string();
  }
  bool boolean() {
    skip_space();
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}}) {
      if (text_.substr(place_, word.size()) == word) {
        place_ += word.size();
        return value;
      }
    }
    fail("True or False expected");
  }
  Index integer() {
    skip_space();
    const std::size_t first = place_;
    Index value = 0;
    for (; place_ < text_.size() && text_[place_] >= '0' && text_[place_] <= '9'; ++place_) {
      const Index digit = text_[place_] - '0';
      if (value > (std::numeric_limits<Index>::max() - digit) / 10) fail("a size beyond 64 bits");
      value = 10 * value + digit;
    }
    if (place_ == first) fail("a size (an integer of at least 0) expected");
    return value;
  }
  std::vector<Index> tuple() {
    std::vector<Index> result;
    expect('(');
    while (!accept(')')) {
      result.push_back(integer());
      if (accept(',')) continue;
      if (result.size() == 1) fail("',' expected");  // (5) is a number in Python, (5,) a tuple
      expect(')');
      break;
    }
    return result;
  }
  void set_type(NpyHeader& header) const {
    static constexpr std::pair<std::string_view, NpyType> kTypes[] = {
        {"b1", NpyType::boolean}, {"i1", NpyType::int8},    {"i2", NpyType::int16},   {"i4", NpyType::int32},
        {"i8", NpyType::int64},   {"u1", NpyType::uint8},   {"u2", NpyType::uint16},  {"u4", NpyType::uint32},
        {"u8", NpyType::uint64},  {"f4", NpyType::float32}, {"f8", NpyType::float64},
    };
    for (const auto& [name, type] : kTypes) {
      if (descr_->size() != 3 || descr_->substr(1) != name) continue;
      const char order = descr_->front();
      header.type = type;
      header.item_size = name[1] - '0';
      const bool needs_order = header.item_size > 1;
      if (needs_order ? order != '<' && order != '>' : order != '|' && order != '<' && order != '>') break;
      constexpr char kNative = std::endian::native == std::endian::little ? '<' : '>';
      header.swapped = needs_order && order != kNative;
      return;
    }
    unsupported(fmt::format("'{}'{}", shortened(*descr_, 40), kind_of(*descr_)));
  }
  static std::string_view kind_of(const std::string& descr) {
    switch (descr.size() > 1 ? descr[1] : '\0') {
      case 'O': return " (Python objects)";
      case 'c': return " (complex)";
      case 'V': return " (structured)";
      case 'f': return " (float of this size)";
      case 'U':
      case 'S': return " (text)";
      case 'M':
      case 'm': return " (time)";
      default: return "";
    }
  }

  const std::string& path_;
  std::string_view text_;
  std::size_t place_ = 0;
  std::optional<std::string> descr_;
  std::optional<bool> order_;
  std::optional<std::vector<Index>> shape_;
};

}  // namespace

NpyHeader parse_npy_header(const std::string& path, std::span<const std::byte> bytes) {
  static constexpr std::string_view kMagic = "\x93NUMPY";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.substr(0, kMagic.size()) != kMagic.substr(0, text.size())) {
    throw DataError(fmt::format("{}: is not a .npy file: it does not start with the bytes \\x93NUMPY", path));
  }
  const auto truncated = [&](std::size_t needed) {
    return DataError(fmt::format("{}: the file is truncated: {}, but its header needs {}", path,
                                 counted(static_cast<long long>(bytes.size()), "byte"), needed));
  };
  if (bytes.size() < 10) throw truncated(10);
  const auto byte = [&](std::size_t k) { return std::to_integer<std::size_t>(bytes[k]); };
  const std::size_t major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0) {
    throw DataError(
        fmt::format("{}: .npy format version {}.{} is not supported; 1.0, 2.0 and 3.0 are", path, major, minor));
  }
  const std::size_t start = major == 1 ? 10 : 12;
  if (bytes.size() < start) throw truncated(start);
  std::size_t length = byte(8) | byte(9) << 8;
  if (major > 1) length |= byte(10) << 16 | byte(11) << 24;
  NpyHeader header;
  header.data_offset = start + length;
  if (bytes.size() < header.data_offset) throw truncated(header.data_offset);
  DictionaryParser(path, text.substr(start, length)).parse(header);
  return header;
}

}  // namespace sigmahat::cli
