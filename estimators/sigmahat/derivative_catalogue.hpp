// The catalogue of derivatives: what there is, and a check of each closed form against an independent derivative by dual
// numbers (Boost.Math autodiff) of the function's value, written once more over any scalar type.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sigmahat/host/context.hpp"

namespace sigmahat {

/// One rule: a file of estimators/derivatives/entries/, which also has its check. The texts are Markdown of one line each;
/// docs/math/matrix_calculus.md has them, and the proof, in the section of the same name.
struct DerivativeEntry {
  const char* name;     ///< "quadratic-form"
  const char* group;    ///< "vectors"
  const char* formula;  ///< "∂(xᵀAx)/∂x = Ax + Aᵀx"
  const char* sizes;  ///< of operands and result, and what is asked of them: "x: n × 1; A: n × n, ...; result n × 1."
  const char* layout;    ///< "scalar by vector: denominator; numerator on request."
  const char* function;  ///< names in the namespace sigmahat::derivatives: "`quadratic_form::value`, ..."
  const char* bound;     ///< what the error may be, and why
  const char* source;    ///< the literature, or what it is a case of
  const char* proof;     ///< where it is: "docs/math/matrix_calculus.md, section quadratic-form"
};

/// All entries, group by group.
std::span<const DerivativeEntry> derivative_catalogue();
/// The entry of that name, or null.
const DerivativeEntry* find_derivative(std::string_view name);

/// How one entry did on one device, with one storage type, at one size.
struct DerivativeCheck {
  std::string entry;
  ScalarType precision = ScalarType::float64;
  std::string sizes;  ///< "m = 3, n = 5, k = 2"
  /// Largest |computed − exact| over the largest |exact|, of values and derivatives, the worst of the batch.
  double error = 0;
  /// Largest |computed − exact| over the bound of that number; the rule is confirmed if it is ≤ 1. NaN is not.
  double share_of_bound = 0;
  bool passed() const { return share_of_bound <= 1; }
};

/// Checks one entry in both storage types (Gaussian entries: float64 alone) at several sizes: every extent 1, all extents
/// different, all above a warp. Each check is a batch of three items, one operand shared by all. The data are the same in every run.
/// Throws InvalidArgument for an unknown name.
std::vector<DerivativeCheck> check_derivative(const Context& context, std::string_view name);

}  // namespace sigmahat
