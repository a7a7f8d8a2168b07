// The tables of docs/accuracy.md.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "estimators/nist_sets.hpp"

namespace sigmahat::test {

inline constexpr std::array kNistRoutes{LeastSquaresRoute::automatic, LeastSquaresRoute::cholesky,
                                        LeastSquaresRoute::qr};

/// One set, one precision: the truth, and what each of kNistRoutes finds.
struct NistResult {
  NistSet set;
  Precision precision = Precision::float64;
  Estimates exact;
  std::array<NistFit, kNistRoutes.size()> fits;
};
std::vector<NistResult> run_nist(const Context& context, Precision precision);

/// Markdown; the first argument holds the results for float64, the second those for float32.
std::string nist_tables(const std::vector<NistResult>& float64, const std::vector<NistResult>& float32);

/// The page with `tables` in the place that it marks for them. Throws std::invalid_argument where it marks none.
std::string page_with_tables(const std::string& page, const std::string& tables);

}  // namespace sigmahat::test
