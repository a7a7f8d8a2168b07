#include "sigmahat/gaussian_model.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "checks.hpp"
#include "sigmahat/gaussian_likelihood.hpp"
#include "sigmahat/host/shallow_json.hpp"

namespace sigmahat {
namespace {

using Json = nlohmann::json;

constexpr const char* kFormat = "sigmahat-gaussian-model";
constexpr int kVersion = 1;

/// p ln 2π + ln|Σ|
double normalisation(Index p, double log_determinant) {
  return static_cast<double>(p) * std::log(2 * std::numbers::pi) + log_determinant;
}

/// Σ w and Σ w·value, each with the rounding errors of its additions collected (Neumaier).
class CompensatedSum {
 public:
  void add(double term) {
    const double sum = sum_ + term;
    error_ += std::abs(sum_) >= std::abs(term) ? (sum_ - sum) + term : (term - sum) + sum_;
    sum_ = sum;
  }
  double value() const { return std::isfinite(sum_) ? sum_ + error_ : sum_; }

 private:
  double sum_ = 0, error_ = 0;
};

/// Throws for a row, or a weight, that the likelihood of the rows cannot take.
void require_row(const RowsView& rows, Index row, double distance, Index number) {
  const double weight = rows.weight(row);
  if (!std::isfinite(weight)) throw NonFiniteRow(number, -1, weight);
  if (weight < 0) {
    throw DataError("weight of row " + std::to_string(number) + " (counted from 0): " + detail::format_number(weight) +
                    " is negative; weights must be at least 0");
  }
  if (std::isfinite(distance)) return;
  for (Index j = 0; j < rows.columns; ++j) {
    if (!std::isfinite(rows.at(row, j))) throw NonFiniteRow(number, j, rows.at(row, j));
  }
  if (weight == 0) return;
  throw NumericalError("row " + std::to_string(number) +
                       " (counted from 0): its squared distance from the mean overflows float64");
}

/// The file's values, read with messages that name file and key.
class ModelReader {
 public:
  explicit ModelReader(const std::string& path) : path_(path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path)) {
      throw DataError(path + ": cannot be opened: " +
                      (file         ? "it is a folder"
                       : errno != 0 ? std::strerror(errno)
                                    : "unknown reason"));
    }
    try {
      root_ = detail::parse_shallow<Json>(path, file);
    } catch (const Json::exception& error) {
      throw DataError(path + ": not a JSON file: " + error.what());
    }
    if (!root_.is_object()) throw DataError(path + ": not a model file: it holds no JSON object");
  }

  void check_header() const {
    const Json& format = at("format");
    if (format != kFormat) fail("format", "it is " + format.dump() + "; it must be \"" + kFormat + "\"");
    const Json& version = at("version");
    if (version != kVersion) {
      fail("version", "it is " + version.dump() + "; this program reads version " + std::to_string(kVersion));
    }
  }

  std::vector<double> mean() const {
    std::vector<double> result = numbers("mean", at("mean"), "");
    if (result.empty()) fail("mean", "it is empty; a model has at least one dimension");
    return result;
  }

  Matrix covariance(Index p) const {
    const Json& rows = at("covariance");
    require_length("covariance", rows, p);
    Matrix result(p, p);
    for (Index i = 0; i < p; ++i) {
      const std::string place = "row " + std::to_string(i) + " (counted from 0): ";
      const std::vector<double> row = numbers("covariance", rows[static_cast<std::size_t>(i)], place);
      if (static_cast<Index>(row.size()) != p) {
        fail("covariance",
             place + "it has " + std::to_string(row.size()) + " numbers; the mean has " + std::to_string(p));
      }
      for (Index j = 0; j < p; ++j) result(i, j) = row[j];
    }
    return result;
  }

  void check_columns(Index p) const {
    if (!root_.contains("columns")) return;
    const Json& columns = root_["columns"];
    require_length("columns", columns, p);
    if (!std::all_of(columns.begin(), columns.end(), [](const Json& name) { return name.is_string(); })) {
      fail("columns", "it must hold names (strings)");
    }
  }

  [[noreturn]] void fail(const std::string& key, const std::string& reason) const {
    throw DataError(path_ + ": key \"" + key + "\": " + reason);
  }

 private:
  const Json& at(const char* key) const {
    if (!root_.contains(key)) fail(key, "it is missing");
    return root_[key];
  }

  void require_length(const char* key, const Json& array, Index p) const {
    if (!array.is_array()) fail(key, "it must be an array");
    if (static_cast<Index>(array.size()) == p) return;
    fail(key, "it has " + std::to_string(array.size()) + " items; the mean has " + std::to_string(p));
  }

  std::vector<double> numbers(const char* key, const Json& array, const std::string& place) const {
    if (!array.is_array()) fail(key, place + "it must be an array of numbers");
    std::vector<double> result;
    for (const Json& item : array) {
      if (!item.is_number()) fail(key, place + item.dump() + " is not a number");
      result.push_back(item.get<double>());
    }
    return result;
  }

  std::string path_;
  Json root_;
};

/// Writes beside the target and renames, so that the target is whole or as it was.
void write_whole(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".partial-" + std::to_string(::getpid());
  const auto fail = [&](const std::string& reason) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw DataError(path + ": cannot be written: " + reason);
  };
  errno = 0;
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) fail(errno != 0 ? std::strerror(errno) : "unknown reason");
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) fail(error.message());
}

std::string row_text(const Matrix& matrix, Index row) {
  std::vector<double> values(static_cast<std::size_t>(matrix.columns()));
  for (Index j = 0; j < matrix.columns(); ++j) values[j] = matrix(row, j);
  return Json(values).dump();
}

}  // namespace

GaussianModel::GaussianModel(const Context& context, std::vector<double> mean, Matrix covariance)
    : mean_(std::move(mean)), covariance_(std::move(covariance)) {
  const Index p = dimension();
  if (p < 1) throw InvalidArgument("mean: it is empty; a model has at least one dimension");
  detail::require_finite("mean", mean_);
  detail::require_symmetric("covariance", covariance_, p);
  factor_ = Matrix(p, p);
  if (context.operations().cholesky(p, covariance_.data(), factor_.data()) != ProblemStatus::ok) {
    throw NumericalError("covariance: it is not positive definite");
  }
  for (Index i = 0; i < p; ++i) log_determinant_ += std::log(factor_(i, i));
  log_determinant_ *= 2;
}

double GaussianModel::log_likelihood(const Context& context, const Moments& moments) const {
  if (moments.columns() != dimension()) {
    throw InvalidArgument("moments: they have " + std::to_string(moments.columns()) + " columns; the model has " +
                          std::to_string(dimension()));
  }
  return gaussian_log_likelihood(context, moments, mean_, covariance_);
}

double GaussianModel::log_likelihood(const Context& context, const RowsView& rows) const {
  require_columns(rows);
  if (rows.rows == 0) return 0;
  constexpr Index kChunk = 1 << 16;  // rows whose distances are held at a time
  CompensatedSum weight, distance;
  for (Index first = 0; first < rows.rows; first += kChunk) {
    const RowsView chunk = rows.slice(first, std::min(kChunk, rows.rows - first));
    const std::vector<double> distances = mahalanobis_squared(context, chunk);
    for (Index i = 0; i < chunk.rows; ++i) {
      require_row(chunk, i, distances[i], first + i);
      if (chunk.weight(i) == 0) continue;
      weight.add(chunk.weight(i));
      distance.add(chunk.weight(i) * distances[i]);
    }
  }
  return detail::canonical(-0.5 * (normalisation(dimension(), log_determinant_) * weight.value() + distance.value()));
}

void GaussianModel::require_columns(const RowsView& rows) const {
  rows.validate();
  if (rows.columns == dimension()) return;
  throw InvalidArgument("rows: they have " + std::to_string(rows.columns) + " columns; the model has " +
                        std::to_string(dimension()));
}

std::vector<double> GaussianModel::log_densities(const Context& context, const RowsView& rows) const {
  std::vector<double> result = mahalanobis_squared(context, rows);
  const double constant = normalisation(dimension(), log_determinant_);
  for (double& value : result) value = detail::canonical(-0.5 * (constant + value));
  return result;
}

std::vector<double> GaussianModel::mahalanobis_squared(const Context& context, const RowsView& rows) const {
  require_columns(rows);
  std::vector<double> result(static_cast<std::size_t>(rows.rows));
  if (rows.rows > 0) context.operations().mahalanobis_squared(rows, mean_.data(), factor_.data(), result.data());
  for (double& value : result) value = std::isfinite(value) ? value : kCanonicalNaN;
  return result;
}

void GaussianModel::save(const std::string& path, const std::vector<std::string>& columns) const {
  const Index p = dimension();
  if (!columns.empty() && static_cast<Index>(columns.size()) != p) {
    throw InvalidArgument("columns: " + std::to_string(columns.size()) + " names for " + std::to_string(p) +
                          " columns");
  }
  std::string names;
  try {
    names = Json(columns).dump();
  } catch (const Json::exception&) {
    throw InvalidArgument("columns: a name is not UTF-8 text, which a JSON file must be");
  }
  // One row of the matrix per line. The numbers are the shortest digits (at most 17) that read back to the same bits.
  std::string text = "{\n  \"format\": \"" + std::string(kFormat) + "\",\n  \"version\": " + std::to_string(kVersion);
  if (!columns.empty()) text += ",\n  \"columns\": " + names;
  text += ",\n  \"mean\": " + Json(mean_).dump() + ",\n  \"covariance\": [\n";
  for (Index i = 0; i < p; ++i) text += "    " + row_text(covariance_, i) + (i + 1 < p ? ",\n" : "\n");
  text += "  ]\n}\n";
  write_whole(path, text);
}

GaussianModel GaussianModel::load(const Context& context, const std::string& path) {
  const ModelReader reader(path);
  reader.check_header();
  std::vector<double> mean = reader.mean();
  const Index p = static_cast<Index>(mean.size());
  reader.check_columns(p);
  Matrix covariance = reader.covariance(p);
  try {
    return GaussianModel(context, std::move(mean), std::move(covariance));
  } catch (const InvalidArgument& error) {  // the message starts with the name of the key
    throw DataError(path + ": " + error.what());
  } catch (const NumericalError& error) {
    throw NumericalError(path + ": " + error.what());
  }
}

}  // namespace sigmahat
