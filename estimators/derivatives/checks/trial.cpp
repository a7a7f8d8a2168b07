#include "trial.hpp"

#include <cmath>
#include <stdexcept>

namespace sigmahat::derivatives {

void Comparison::require_size(std::ptrdiff_t computed, const Dense<Real>& exact, const Dense<Real>& bound) {
  if (computed == exact.size() && computed == bound.size()) return;
  throw std::logic_error("catalogue: " + std::to_string(computed) + " numbers against " + std::to_string(exact.size()) +
                         " exact ones and " + std::to_string(bound.size()) + " bounds");
}

namespace {

/// largest ← the larger of both; a NaN stays.
void raise(Real& largest, Real value) {
  if (std::isnan(value) || value > largest) largest = value;
}

}  // namespace

void Comparison::add_entry(Real computed, Real exact, Real bound) {
  const Real difference = std::fabs(computed - exact);
  raise(difference_, difference);
  raise(largest_, std::fabs(exact));
  if (!std::isfinite(bound)) share_ = kCanonicalNaN;        // it says nothing
  raise(share_, difference == 0 ? 0 : difference / bound);  // 0 is the bound of what is copied
  ++compared_;
}

void Comparison::finish_operation() {
  raise(error_, difference_ == 0 ? 0 : difference_ / largest_);
  difference_ = largest_ = 0;
}

void Comparison::write(DerivativeCheck& check) const {
  check.error = static_cast<double>(error_);
  check.share_of_bound = compared_ == 0 ? kCanonicalNaN : static_cast<double>(share_);
}

}  // namespace sigmahat::derivatives
