// Files, .npy bytes and runs of the executable for the tests of the command line.
#pragma once

#include <bit>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::cli::test {

using Json = nlohmann::json;

/// A folder that goes with the object.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  /// Writes a file and returns its path.
  std::string write(const std::string& name, std::string_view content) const;
  /// Names of what lies in the folder, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path folder_;
};

std::string read_file(const std::string& path);

/// Bytes of a .npy file of format version `major`.0 with this header text (padded to 64 bytes) and these data bytes.
std::string npy_file(const std::string& header, std::string_view data, int major = 1);
std::string npy_header_text(const std::string& descr, bool fortran_order, const std::string& shape);

/// The values' bytes in this machine's order, or reversed.
template <class T>
std::string bytes_of(const std::vector<T>& values, bool swapped = false) {
  std::string bytes;
  for (const T& value : values) {
    std::string item(sizeof(T), '\0');
    std::memcpy(item.data(), &value, sizeof(T));
    bytes += swapped ? std::string(item.rbegin(), item.rend()) : item;
  }
  return bytes;
}

/// A row-major float64 array of version 1.0.
std::string npy_matrix(const std::vector<double>& values, Index rows, Index columns);

struct Outcome {
  int code = -1;
  std::string out, err;
  Json json() const { return Json::parse(out); }
};

/// Runs the built executable in a process of its own; `prepare` is called in it before.
Outcome run_sigmahat(const std::vector<std::string>& arguments, void (*prepare)() = nullptr);

/// The same with another executable, such as a copy of the built one.
Outcome run_program(const std::string& program, const std::vector<std::string>& arguments, void (*prepare)() = nullptr);

/// Path of a file in examples/data.
std::string example(const std::string& name);

/// Mean and covariance of the rows by the plain two-pass formulas in long double.
struct TwoPass {
  std::vector<double> mean;
  std::vector<std::vector<double>> covariance;
  double log_likelihood = 0;  // of p ≤ 4 columns, by a Cholesky factor of its own
};
TwoPass two_pass(const std::vector<std::vector<double>>& rows);

/// The numeric cells of a simple CSV file (no quotes): rows of `columns`, where column `by` (or −1) equals `value`.
std::vector<std::vector<double>> read_plain_csv(const std::string& path, const std::vector<int>& columns, int by = -1,
                                                const std::string& value = "");

}  // namespace sigmahat::cli::test
