#include "least_squares_support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace sigmahat::cli::test {

Regression regress(const std::vector<std::vector<double>>& x, const std::vector<double>& y) {
  const std::size_t n = x.size(), k = x.front().size();
  std::vector<std::vector<long double>> q(k + 1, std::vector<long double>(n)), r(k + 1, q.front());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < k; ++j) q[j][i] = x[i][j];
    q[k][i] = y[i];
  }
  const auto dot = [&](std::size_t a, std::size_t b) {
    return std::inner_product(q[a].begin(), q[a].end(), q[b].begin(), 0.0L);
  };
  for (auto& row : r) row.assign(k + 1, 0);
  for (std::size_t j = 0; j < k; ++j) {
    r[j][j] = std::sqrt(dot(j, j));
    for (auto& value : q[j]) value /= r[j][j];
    for (std::size_t l = j + 1; l <= k; ++l) {
      r[j][l] = dot(j, l);
      for (std::size_t i = 0; i < n; ++i) q[l][i] -= r[j][l] * q[j][i];
    }
  }
  // Back substitution for the coefficients (column k of R) and for the columns of R⁻¹.
  const auto solve = [&](std::vector<long double> right) {
    for (std::size_t j = k; j-- > 0;) {
      for (std::size_t l = j + 1; l < k; ++l) right[j] -= r[j][l] * right[l];
      right[j] /= r[j][j];
    }
    return right;
  };
  Regression result;
  std::vector<long double> right(k);
  for (std::size_t j = 0; j < k; ++j) right[j] = r[j][k];
  for (const long double value : solve(right)) result.coef.push_back(static_cast<double>(value));
  result.rss = static_cast<double>(dot(k, k));
  for (const long double value : q[k]) result.residuals.push_back(static_cast<double>(value));
  std::vector<long double> variance(k, 0);
  for (std::size_t c = 0; c < k; ++c) {
    std::vector<long double> unit(k, 0);
    unit[c] = 1;
    const auto column = solve(unit);
    for (std::size_t j = 0; j < k; ++j) variance[j] += column[j] * column[j];
  }
  for (const long double value : variance) {
    result.se.push_back(static_cast<double>(std::sqrt(value * dot(k, k) / static_cast<long double>(n - k))));
  }
  return result;
}

std::vector<std::string> fit(std::vector<std::string> more) {
  more.insert(more.begin(), {"least-squares", "fit"});
  return more;
}

Json json_of(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  const Outcome outcome = run_sigmahat(fit(std::move(arguments)));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.json();
}

std::vector<double> numbers(const Json& array) { return array.get<std::vector<double>>(); }

std::string npy_numbers(const std::vector<double>& values, const std::string& shape, bool fortran) {
  const std::string descr = std::endian::native == std::endian::little ? "<f8" : ">f8";
  return npy_file(npy_header_text(descr, fortran, shape), bytes_of(values));
}

std::string npy_integers(const std::vector<std::int64_t>& values) {
  const std::string descr = std::endian::native == std::endian::little ? "<i8" : ">i8";
  return npy_file(npy_header_text(descr, false, fmt::format("({},)", values.size())), bytes_of(values));
}

std::vector<double> draws(std::size_t count, std::uint64_t state) {
  std::vector<double> result;
  while (result.size() < count) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    result.push_back(static_cast<double>(state >> 11) * 0x1p-52 - 1);
  }
  return result;
}

Batch::Batch(const Folder& folder, std::size_t problems, std::size_t rows, std::size_t k)
    : columns(k), x(draws(problems * rows * k, 1)), y(draws(problems * rows, 2)) {
  x_path = folder.write("X.npy", npy_numbers(x, fmt::format("({}, {}, {})", problems, rows, k)));
  y_path = folder.write("y.npy", npy_numbers(y, fmt::format("({}, {})", problems, rows)));
}

Regression Batch::expected(std::size_t first, std::size_t count) const {
  std::vector<std::vector<double>> design;
  for (std::size_t i = first; i < first + count; ++i) {
    const auto row = x.begin() + static_cast<std::ptrdiff_t>(i * columns);
    design.emplace_back(row, row + static_cast<std::ptrdiff_t>(columns));
  }
  const auto start = y.begin() + static_cast<std::ptrdiff_t>(first);
  return regress(design, {start, start + static_cast<std::ptrdiff_t>(count)});
}

}  // namespace sigmahat::cli::test
