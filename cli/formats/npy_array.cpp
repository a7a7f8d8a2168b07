#include "formats/npy_array.hpp"

#include <fmt/format.h>

#include <optional>

#include "sigmahat/host/error.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

/// The product of the sizes; nothing where it, or the bytes that it needs, are beyond 64 bits.
std::optional<Index> product(const std::vector<Index>& shape, Index item_size) {
  if (std::find(shape.begin(), shape.end(), Index{0}) != shape.end()) return 0;
  Index items = 1;
  for (const Index size : shape) {
    if (items > std::numeric_limits<Index>::max() / item_size / size) return std::nullopt;
    items *= size;
  }
  return items;
}

void set_steps(NpyArray& array) {
  const std::vector<Index>& shape = array.header.shape;
  array.steps.resize(shape.size());
  // Of an array without items no step is used, and their products might overflow.
  Index step = array.items == 0 ? 0 : 1;
  for (std::size_t k = 0; k < shape.size(); ++k) {
    const std::size_t dimension = array.header.fortran_order ? k : shape.size() - 1 - k;
    array.steps[dimension] = step;
    step *= array.items == 0 ? 1 : shape[dimension];
  }
}

}  // namespace

bool NpyArray::native() const {
  const auto address = reinterpret_cast<std::uintptr_t>(data());
  return floating() && !header.swapped && address % static_cast<std::size_t>(header.item_size) == 0;
}

std::string shape_text(const std::vector<Index>& shape) { return fmt::format("{}", fmt::join(shape, " × ")); }

NpyArray open_npy(const std::string& path, const std::function<void(const std::vector<Index>& shape)>& check) {
  NpyArray array{path, std::make_shared<const MappedFile>(path), {}, 0, {}};
  array.header = parse_npy_header(path, array.file->bytes());
  check(array.header.shape);
  const auto present = static_cast<Index>(array.file->size() - array.header.data_offset);
  const std::optional<Index> items = product(array.header.shape, array.header.item_size);
  if (!items || *items * array.header.item_size > present) {
    throw DataError(fmt::format("{}: the file is truncated: {} numbers of {} announced, {} there", path,
                                shape_text(array.header.shape), counted(array.header.item_size, "byte"),
                                counted(present, "byte")));
  }
  array.items = *items;
  const Index more = present - array.items * array.header.item_size;
  if (more > 0) {
    throw DataError(fmt::format("{}: {} the array; a .npy file holds one array and nothing else", path,
                                more == 1 ? "1 byte follows" : fmt::format("{} bytes follow", more)));
  }
  set_steps(array);
  return array;
}

std::string describe_item(const NpyArray& array, Index item) {
  const std::vector<Index>& shape = array.header.shape;
  std::vector<Index> place(shape.size());
  for (std::size_t k = 0; k < shape.size(); ++k) place[k] = item / array.steps[k] % shape[k];
  if (place.size() > 2) return fmt::format("index ({})", fmt::join(place, ", "));
  return fmt::format("row index {}, column index {} (both from 0)", place.empty() ? 0 : place[0],
                     place.size() < 2 ? 0 : place[1]);
}

void refuse_inexact(const NpyArray& array, Index item, const std::string& value) {
  throw DataError(fmt::format("{}: {}: {} has no exact float64; save the array as float64 if it may be rounded",
                              array.path, describe_item(array, item), value));
}

}  // namespace sigmahat::cli
