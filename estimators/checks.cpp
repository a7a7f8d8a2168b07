#include "checks.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "sigmahat/host/error.hpp"

namespace sigmahat::detail {

std::string format_number(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

void make_nan_canonical(std::span<double> values) {
  for (double& value : values) value = canonical(value);
}

void require_size(const std::string& argument, std::size_t size, Index p) {
  if (size == static_cast<std::size_t>(p)) return;
  throw InvalidArgument(argument + ": it has " + std::to_string(size) + " numbers; it must have " + std::to_string(p));
}

void require_shape(const std::string& argument, const Matrix& matrix, Index p) {
  if (matrix.rows() == p && matrix.columns() == p) return;
  throw InvalidArgument(argument + ": it is " + std::to_string(matrix.rows()) + " x " +
                        std::to_string(matrix.columns()) + "; it must be " + std::to_string(p) + " x " +
                        std::to_string(p));
}

void require_finite(const std::string& argument, std::span<const double> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    throw InvalidArgument(argument + ": number " + std::to_string(i) + " (counted from 0) is " +
                          format_number(values[i]) + "; it must be finite");
  }
}

void require_symmetric(const std::string& argument, const Matrix& matrix, Index p) {
  require_shape(argument, matrix, p);
  const auto entry = [&](Index i, Index j) {
    return "entry (" + std::to_string(i) + ", " + std::to_string(j) + ") is " + format_number(matrix(i, j));
  };
  for (Index j = 0; j < p; ++j) {
    for (Index i = 0; i < p; ++i) {
      if (!std::isfinite(matrix(i, j))) throw InvalidArgument(argument + ": " + entry(i, j) + "; it must be finite");
    }
  }
  constexpr double kRounding = 64 * std::numeric_limits<double>::epsilon();
  for (Index j = 0; j < p; ++j) {
    for (Index i = j + 1; i < p; ++i) {
      const double geometric = std::sqrt(std::abs(matrix(i, i))) * std::sqrt(std::abs(matrix(j, j)));
      const double size = std::max({std::abs(matrix(i, j)), std::abs(matrix(j, i)), geometric});
      if (std::abs(matrix(i, j) - matrix(j, i)) <= kRounding * size) continue;
      throw InvalidArgument(argument + ": " + entry(i, j) + ", but " + entry(j, i) + "; it must be symmetric");
    }
  }
}

}  // namespace sigmahat::detail
