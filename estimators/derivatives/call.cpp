#include "call.hpp"

#include <algorithm>
#include <cmath>

namespace sigmahat::derivatives {

template <class T>
void require_symmetric(const char* name, const MatrixBatch<T>& batch) {
  constexpr double kUnit = sizeof(T) == sizeof(float) ? 0x1p-24 : 0x1p-53;
  const Index n = order(name, batch);
  const std::vector<T> values = batch.values();
  for (Index b = 0; b < batch.items(); ++b) {
    const auto at = [&](Index i, Index j) { return static_cast<double>(values[b * n * n + i + j * n]); };
    for (Index j = 0; j < n; ++j) {
      for (Index i = j + 1; i < n; ++i) {
        const double lower = at(i, j), upper = at(j, i),
                     scale = std::sqrt(std::fabs(at(i, i))) * std::sqrt(std::fabs(at(j, j)));
        const double size = std::max({std::fabs(lower), std::fabs(upper), scale});
        if (!(std::fabs(lower - upper) > 128 * kUnit * size)) continue;
        throw InvalidArgument(std::string(name) + ": item " + std::to_string(b) + " is not symmetric: entry (" +
                              std::to_string(i) + ", " + std::to_string(j) + ") is " + std::to_string(lower) +
                              ", its mirror image " + std::to_string(upper));
      }
    }
  }
}
template void require_symmetric(const char*, const MatrixBatch<float>&);
template void require_symmetric(const char*, const MatrixBatch<double>&);

}  // namespace sigmahat::derivatives
