#include "gaussian/model_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "exit_code.hpp"
#include "formats/json_file.hpp"
#include "sigmahat/gaussian_model.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

bool is_word(const std::string& start) { return start == "identity" || start == "diagonal"; }

/// The names of the columns, where the file has them. DataError for text that is not JSON; what else is wrong is left to
/// GaussianModel::load().
std::optional<std::vector<std::string>> read_column_names(const std::string& path) {
  const Json root = read_json(path);
  if (!root.is_object() || !root.contains("columns")) return std::nullopt;
  try {
    return root["columns"].get<std::vector<std::string>>();
  } catch (const Json::type_error&) {
    return std::nullopt;
  }
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kListed = 30;
  std::string list;
  for (std::size_t k = 0; k < std::min(names.size(), kListed); ++k) list += (k == 0 ? "" : ", ") + printable(names[k]);
  return names.size() > kListed ? list + fmt::format(" and {} more", names.size() - kListed) : list;
}

/// order[k] is the place of columns[k] in `names`.
std::vector<std::size_t> find_order(const std::string& path, const std::vector<std::string>& names,
                                    const std::vector<std::string>& columns) {
  std::vector<std::size_t> order;
  for (const std::string& column : columns) {
    const auto found = std::find(names.begin(), names.end(), column);
    if (found == names.end() || std::count(names.begin(), names.end(), column) != 1) {
      throw DataError(fmt::format(
          "{}: the model's columns are {}, but {} are to be fitted; a model without the key \"columns\" fits "
          "by place",
          path, listed(names), listed(columns)));
    }
    order.push_back(static_cast<std::size_t>(found - names.begin()));
  }
  return order;
}

AscentStart load_start(const Context& context, const std::string& path, const std::vector<std::string>& columns) {
  const std::optional<std::vector<std::string>> names = read_column_names(path);
  const GaussianModel model = GaussianModel::load(context, path);
  const std::size_t p = columns.size();
  if (static_cast<std::size_t>(model.dimension()) != p) {
    throw DataError(fmt::format("{}: the model has dimension {}, but {} to be fitted", path, model.dimension(),
                                p == 1 ? "1 column is" : fmt::format("{} columns are", p)));
  }
  AscentStart result;
  result.kind = AscentStart::Kind::given;
  result.mean = model.mean();
  result.covariance = model.covariance();
  if (!names) return result;
  const std::vector<std::size_t> order = find_order(path, *names, columns);
  for (std::size_t i = 0; i < p; ++i) {
    result.mean[i] = model.mean()[order[i]];
    for (std::size_t j = 0; j < p; ++j) {
      result.covariance(static_cast<Index>(i), static_cast<Index>(j)) =
          model.covariance()(static_cast<Index>(order[i]), static_cast<Index>(order[j]));
    }
  }
  return result;
}

}  // namespace

std::string start_file(const std::string& start) { return is_word(start) ? "" : start; }

void check_start(const std::string& start) {
  if (is_word(start)) return;
  std::error_code error;
  if (std::filesystem::exists(start, error)) return;
  const std::string message =
      fmt::format("--start: '{}' is no existing file; possible are identity, diagonal, or a model file", start);
  if (start.find_first_of("./") == std::string::npos) throw UsageError(message);
  throw DataError(message);
}

AscentStart read_start(const Context& context, const std::string& start, const std::vector<std::string>& columns) {
  AscentStart result;
  if (is_word(start)) {
    result.kind = start == "diagonal" ? AscentStart::Kind::diagonal : AscentStart::Kind::identity;
    return result;
  }
  try {
    return load_start(context, start, columns);
  } catch (const DataError& error) {
    throw DataError(fmt::format("--start: {}", error.what()));
  } catch (const NumericalError& error) {
    throw NumericalError(fmt::format("--start: {}; the ascent needs a start that is", error.what()));
  }
}

std::string model_text(const Context& context, const GaussianFit& fit, const std::vector<std::string>& columns) {
  const GaussianModel model(context, fit.mean, fit.covariance);
  Json out;
  out["format"] = "sigmahat-gaussian-model";
  out["version"] = 1;
  out["columns"] = columns;
  out["mean"] = model.mean();
  out["covariance"] = Json::array();
  for (Index i = 0; i < model.dimension(); ++i) {
    Json row = Json::array();
    for (Index j = 0; j < model.dimension(); ++j) row.push_back(model.covariance()(i, j));
    out["covariance"].push_back(std::move(row));
  }
  return dump_json(out);
}

}  // namespace sigmahat::cli
