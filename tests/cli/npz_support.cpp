#include "npz_support.hpp"

#include <zip.h>

#include <cstring>
#include <memory>
#include <regex>
#include <stdexcept>

namespace sigmahat::cli::test {
namespace {

template <class T>
std::vector<double> widened(const std::string& bytes) {
  std::vector<double> result;
  for (std::size_t k = 0; k + sizeof(T) <= bytes.size(); k += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + k, sizeof(T));
    result.push_back(static_cast<double>(value));
  }
  return result;
}

std::string utf8(char32_t c) {
  const auto byte = [](char32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
  if (c < 0x10000) return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
}

NpzArray parse(const std::string& file) {
  if (file.substr(0, 8) != std::string("\x93NUMPY\x01\x00", 8)) throw std::runtime_error("no .npy of version 1.0");
  const std::size_t length =
      static_cast<unsigned char>(file[8]) | static_cast<std::size_t>(static_cast<unsigned char>(file[9])) << 8;
  const std::string header = file.substr(10, length);
  static const std::regex kHeader(
      R"re(\{'descr': '([^']+)', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n)re");
  std::smatch parts;
  if (!std::regex_match(header, parts, kHeader)) throw std::runtime_error("header: " + header);
  if ((10 + length) % 64 != 0) throw std::runtime_error("the numbers are not aligned");
  NpzArray array{parts[1], {}, file.substr(10 + length)};
  const std::string shape = parts[2];
  static const std::regex kNumber("[0-9]+");
  for (std::sregex_iterator number(shape.begin(), shape.end(), kNumber), end; number != end; ++number) {
    array.shape.push_back(std::stoll(number->str()));
  }
  // A tuple of one needs its comma.
  if (array.shape.size() == 1 && shape.find(',') == std::string::npos) throw std::runtime_error("shape " + shape);
  return array;
}

}  // namespace

std::vector<double> NpzArray::numbers() const {
  if (descr.ends_with("f8")) return widened<double>(bytes);
  if (descr.ends_with("i8")) return widened<std::int64_t>(bytes);
  if (descr.ends_with("i4")) return widened<std::int32_t>(bytes);
  throw std::runtime_error("dtype " + descr);
}

std::vector<std::string> NpzArray::texts() const {
  if (descr[1] != 'U') throw std::runtime_error("dtype " + descr);
  const std::size_t width = std::stoull(descr.substr(2)) * sizeof(char32_t);
  std::vector<std::string> result;
  for (std::size_t first = 0; first < bytes.size(); first += width) {
    std::string& text = result.emplace_back();
    for (std::size_t k = 0; k < width; k += sizeof(char32_t)) {
      char32_t c = 0;
      std::memcpy(&c, bytes.data() + first + k, sizeof c);
      if (c != 0) text += utf8(c);
    }
  }
  return result;
}

std::map<std::string, NpzArray> read_npz(const std::string& path, std::vector<NpzEntry>* entries) {
  int error = 0;
  const std::unique_ptr<zip_t, decltype(&zip_discard)> archive(
      zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &error), zip_discard);
  if (!archive) throw std::runtime_error(path + " is no ZIP file");
  std::map<std::string, NpzArray> result;
  for (zip_int64_t k = 0; k < zip_get_num_entries(archive.get(), 0); ++k) {
    const auto index = static_cast<zip_uint64_t>(k);
    zip_stat_t status;
    if (zip_stat_index(archive.get(), index, 0, &status) != 0) throw std::runtime_error("entry");
    std::string file(status.size, '\0');
    const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> entry(zip_fopen_index(archive.get(), index, 0),
                                                                   zip_fclose);
    if (!entry || zip_fread(entry.get(), file.data(), file.size()) != static_cast<zip_int64_t>(file.size())) {
      throw std::runtime_error(std::string("cannot read ") + status.name);
    }
    const std::string name = status.name;
    if (!name.ends_with(".npy")) throw std::runtime_error(name);
    result[name.substr(0, name.size() - 4)] = parse(file);
    if (entries != nullptr) entries->push_back({name, status.comp_method == ZIP_CM_STORE});
  }
  return result;
}

}  // namespace sigmahat::cli::test
