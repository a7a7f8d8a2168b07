// Collects the numbers of a result in one list.
#pragma once

#include <concepts>
#include <vector>

#include "sigmahat/host/matrix.hpp"

namespace sigmahat::cli::selftest {

template <class T>
concept Number = std::floating_point<T> || std::integral<T> || std::is_enum_v<T>;

class Values {
 public:
  Values& add(Number auto value) {
    values_.push_back(static_cast<double>(value));
    return *this;
  }
  template <Number T>
  Values& add(const std::vector<T>& values) {
    for (const T value : values) add(value);
    return *this;
  }
  /// The lower triangle, column by column.
  Values& add_lower(const Matrix& matrix) {
    for (Index j = 0; j < matrix.columns(); ++j) {
      for (Index i = j; i < matrix.rows(); ++i) add(matrix(i, j));
    }
    return *this;
  }
  std::vector<double> take() { return std::move(values_); }

 private:
  std::vector<double> values_;
};

}  // namespace sigmahat::cli::selftest
