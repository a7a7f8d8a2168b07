#include "cli_support.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numbers>
#include <sstream>
#include <stdexcept>

namespace sigmahat::cli::test {
namespace fs = std::filesystem;

Folder::Folder() {
  std::string pattern = (fs::temp_directory_path() / "sigmahat-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string Folder::write(const std::string& name, std::string_view content) const {
  std::ofstream file(folder_ / name, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + name);
  return path(name);
}

std::vector<std::string> Folder::names() const {
  std::vector<std::string> result;
  for (const auto& entry : fs::directory_iterator(folder_)) result.push_back(entry.path().filename().string());
  std::sort(result.begin(), result.end());
  return result;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string npy_header_text(const std::string& descr, bool fortran_order, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran_order ? "True" : "False") + ", 'shape': " + shape +
         ", }";
}

std::string npy_file(const std::string& header, std::string_view data, int major) {
  const std::size_t start = major == 1 ? 10 : 12;
  std::string text = header;
  while ((start + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  std::string file = "\x93NUMPY";
  file += static_cast<char>(major);
  file += '\0';
  for (std::size_t k = 0; k < start - 8; ++k) file += static_cast<char>(text.size() >> (8 * k) & 0xff);
  return file + text + std::string(data);
}

std::string npy_matrix(const std::vector<double>& values, Index rows, Index columns) {
  const std::string shape = fmt::format("({}, {})", rows, columns);
  const std::string descr = std::endian::native == std::endian::little ? "<f8" : ">f8";
  return npy_file(npy_header_text(descr, false, shape), bytes_of(values));
}

Outcome run_sigmahat(const std::vector<std::string>& arguments, void (*prepare)()) {
  return run_program(SIGMAHAT_EXECUTABLE, arguments, prepare);
}

Outcome run_program(const std::string& program, const std::vector<std::string>& arguments, void (*prepare)()) {
  const Folder folder;
  const std::string out = folder.path("out"), err = folder.path("err");
  std::vector<const char*> argv{program.c_str()};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    if (std::freopen(out.c_str(), "w", stdout) != nullptr && std::freopen(err.c_str(), "w", stderr) != nullptr) {
      if (prepare != nullptr) prepare();
      execv(program.c_str(), const_cast<char* const*>(argv.data()));
    }
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out), read_file(err)};
}

std::string example(const std::string& name) { return std::string(SIGMAHAT_EXAMPLE_DATA) + "/" + name; }

TwoPass two_pass(const std::vector<std::vector<double>>& rows) {
  const std::size_t p = rows.front().size();
  const auto n = static_cast<long double>(rows.size());
  std::vector<long double> mean(p, 0);
  for (const auto& row : rows) {
    for (std::size_t j = 0; j < p; ++j) mean[j] += row[j] / n;
  }
  std::vector<std::vector<long double>> s(p, std::vector<long double>(p, 0));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < p; ++i) {
      for (std::size_t j = 0; j < p; ++j) s[i][j] += (row[i] - mean[i]) * (row[j] - mean[j]) / n;
    }
  }
  TwoPass result;
  long double log_determinant = 0;
  for (std::size_t i = 0; i < p; ++i) {
    result.mean.push_back(static_cast<double>(mean[i]));
    result.covariance.emplace_back(s[i].begin(), s[i].end());
  }
  for (std::size_t k = 0; k < p; ++k) {  // Gaussian elimination: |S| is the product of the pivots
    log_determinant += std::log(s[k][k]);
    for (std::size_t i = k + 1; i < p; ++i) {
      const long double factor = s[i][k] / s[k][k];
      for (std::size_t j = k; j < p; ++j) s[i][j] -= factor * s[k][j];
    }
  }
  const auto dimension = static_cast<long double>(p);
  result.log_likelihood = static_cast<double>(
      -0.5L * n * (dimension * std::log(2 * std::numbers::pi_v<long double>) + log_determinant + dimension));
  return result;
}

std::vector<std::vector<double>> read_plain_csv(const std::string& path, const std::vector<int>& columns, int by,
                                                const std::string& value) {
  std::istringstream text(read_file(path));
  std::string line;
  std::getline(text, line);
  std::vector<std::vector<double>> rows;
  while (std::getline(text, line)) {
    std::vector<std::string> cells;
    std::istringstream cells_text(line);
    for (std::string cell; std::getline(cells_text, cell, ',');) cells.push_back(cell);
    if (by >= 0 && cells.at(static_cast<std::size_t>(by)) != value) continue;
    std::vector<double> row;
    for (const int column : columns) row.push_back(std::stod(cells.at(static_cast<std::size_t>(column))));
    rows.push_back(row);
  }
  return rows;
}

}  // namespace sigmahat::cli::test
