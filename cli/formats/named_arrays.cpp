#include "formats/named_arrays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "text.hpp"

namespace sigmahat::cli {

void NamedArrays::add_entry(const std::string& name, const std::string& type, const void* data, std::size_t item_size,
                            const std::vector<Index>& shape, Level level) {
  std::size_t count = 1;
  for (const Index size : shape) count *= static_cast<std::size_t>(size);
  // One character tells the byte order in a type such as <f8.
  const char order = std::endian::native == std::endian::little ? '<' : '>';
  entries_.push_back({name, order + type, shape, data, count * item_size, level});
}

void NamedArrays::add(const std::string& name, const double* numbers, const std::vector<Index>& shape, Level level) {
  add_entry(name, "f8", numbers, sizeof *numbers, shape, level);
}
void NamedArrays::add(const std::string& name, const std::int64_t* numbers, const std::vector<Index>& shape,
                      Level level) {
  add_entry(name, "i8", numbers, sizeof *numbers, shape, level);
}
void NamedArrays::add(const std::string& name, const std::int32_t* numbers, const std::vector<Index>& shape,
                      Level level) {
  add_entry(name, "i4", numbers, sizeof *numbers, shape, level);
}

void NamedArrays::add_text(const std::string& name, const std::vector<std::string_view>& texts,
                           const std::vector<Index>& shape, Level level) {
  std::size_t width = 1;
  for (const std::string_view text : texts) width = std::max(width, characters(text));
  std::u32string& all = texts_.emplace_back();
  all.reserve(width * texts.size());
  for (const std::string_view text : texts) {
    std::u32string one = utf32(text);
    one.resize(width);  // NumPy fills up with zeros
    all += one;
  }
  add_entry(name, fmt::format("U{}", width), all.data(), width * sizeof(char32_t), shape, level);
}

}  // namespace sigmahat::cli
