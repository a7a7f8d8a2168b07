// Checks of the entries that rest on LU: inverse and determinants, for general and symmetric arguments.
#include <algorithm>
#include <cmath>

#include "rules.hpp"
#include "sigmahat/derivatives/determinants.hpp"
#include "sigmahat/derivatives/differentials.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {
namespace {

/// Roundings that LU of order n and the solves after it are allowed, per unit of the condition number.
constexpr Index lu_chain(Index n) { return 8 * n + 8; }

/// Sizes of a regular X that bounds are made of.
struct Sizing {
  explicit Sizing(const Dense<Real>& x)
      : inverse(inverse_of(x)), inverse_norm(infinity_norm(inverse)), condition(infinity_norm(x) * inverse_norm) {}
  Dense<Real> inverse;
  Real inverse_norm, condition;
};

Real largest_entry(const Dense<Real>& a) {
  Real largest = 0;
  for (const Real value : a.values) largest = std::fmax(largest, std::fabs(value));
  return largest;
}

/// Hadamard's bound Π‖x_j‖₂ on |X|, without the two shortest columns: what minors of order n − 2 are below.
Real minor_bound(const Dense<Real>& x) {
  std::vector<Real> lengths;
  for (Index j = 0; j < x.columns; ++j) {
    Real sum = 0;
    for (Index i = 0; i < x.rows; ++i) sum += x(i, j) * x(i, j);
    lengths.push_back(std::sqrt(sum));
  }
  std::sort(lengths.begin(), lengths.end());
  Real product = 1;
  for (std::size_t j = 2; j < lengths.size(); ++j) product *= lengths[j];
  return product;
}

template <class T>
Differential<T> pair_of(const Trial<T>& trial, const Operands<T>& in) {
  const auto copy = [&](const MatrixBatch<T>& x) {
    return MatrixBatch<T>(trial.context, x.items(), x.rows(), x.columns(), x.values());
  };
  return {copy(in.batch[0]), copy(in.batch[1])};
}

/// X, regular, and a direction dX.
template <class T>
Operands<T> regular_pair(Trial<T>& trial) {
  Operands<T> in;
  trial.put(in, trial.regulars(trial.sizes.n));
  trial.put(in, {trial.matrix(trial.sizes.n, trial.sizes.n)});
  return in;
}

inline constexpr auto kInverse = [](const auto& x) { return inverse_of(x[0]); };
inline constexpr auto kDeterminant = [](const auto& x) { return determinant_of(x[0]); };
inline constexpr auto kLogDeterminant = [](const auto& x) -> std::decay_t<decltype(x[0](0))> {
  using std::log;
  return log(determinant_of(x[0]));
};
inline constexpr auto kInverseTrace = [](const auto& x) { return trace_of(solved(x[0], x[1])); };

/// d/dt of a scalar or matrix function of X along dX.
template <class Value>
auto along(const Value& value) {
  return [&value](const Arguments<Real>& args) {
    return directional_by_duals([&](const auto& x) { return value(x); }, {args[0]}, {args[1]});
  };
}
template <class Value>
auto scalar_along(const Value& value) {
  return [&value](const Arguments<Real>& args) {
    return directional_by_duals([&](const auto& x) { return scalar(value(x)); }, {args[0]}, {args[1]});
  };
}

/// Of −X⁻¹ dX X⁻¹, both inverses, one product and the result stored as T.
template <class T>
Dense<Real> inverse_bound(const Arguments<Real>& args) {
  const Index n = args[0].rows;
  const Sizing x(args[0]);
  const Real size = x.condition * x.inverse_norm * x.inverse_norm * infinity_norm(args[1]);
  return rounding_bound<T>(4, 0, absolute(x.inverse) * absolute(args[1]) * absolute(x.inverse)) +
         rounding_bound<T>(0, 2 * lu_chain(n), constant(n, n, size));
}

struct Inverse {
  static constexpr DerivativeEntry text{
      "inverse", "differentials", "dX⁻¹ = −X⁻¹ dX X⁻¹",
      "4u_T·|X⁻¹||dX||X⁻¹| + c·2⁻⁵³·κ(X)‖X⁻¹‖²‖dX‖: backward error of LU, and the products that are stored"};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = regular_pair(trial);
    const Differential<T> computed = inverse(trial.context, pair_of(trial, in));
    trial.compare(in, computed.value, kInverse, [&](const auto& args) {
      const Sizing x(args[0]);
      return rounding_bound<T>(1, 0, absolute(x.inverse)) +
             rounding_bound<T>(0, lu_chain(n), constant(n, n, x.condition * x.inverse_norm));
    });
    trial.compare(in, computed.d, along(kInverse), inverse_bound<T>);
  }
};

struct InverseByScalar {
  static constexpr DerivativeEntry text{
      "inverse-by-scalar", "curves", "dX(t)⁻¹/dt = −X⁻¹X′X⁻¹; here X = A + B sin t at t = 0 and X′ = B", "as inverse"};
  template <class T>
  static void check(Trial<T>& trial) {
    const Operands<T> in = regular_pair(trial);
    const Differential<T> computed = inverse(trial.context, pair_of(trial, in));
    trial.compare(
        in, computed.d,
        [](const auto& args) {
          const auto curve = [&](const auto& t) {
            using S = std::decay_t<decltype(t[0](0))>;
            using std::sin;
            const S factor = sin(t[0](0));
            return inverse_of(Dense<S>(args[0]) +
                              entrywise(Dense<S>(args[1]), [&](const S& b) -> S { return b * factor; }));
          };
          return directional_by_duals(curve, {scalar<Real>(0)}, {scalar<Real>(1)});
        },
        inverse_bound<T>);
  }
};

struct Determinant {
  static constexpr DerivativeEntry text{
      "determinant", "differentials", "d|X| = tr(X* dX), X* the adjugate; also for a singular X",
      "2u_T·Σ|X*||dX| + c·2⁻⁵³·n⁴·max|X|·max|dX|·Π‖xⱼ‖ without the two shortest columns (Hadamard): there is no "
      "division, so no condition number"};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    std::vector<Dense<Real>> items = trial.regulars(n);
    if (n > 1) {  // of rank n − 1
      for (Index i = 0; i < n; ++i) items[1](i, n - 1) = items[1](i, 0);
    }
    Operands<T> in;
    trial.put(in, items);
    trial.put(in, {trial.matrix(n, n)});
    std::vector<Dense<Real>> cofactors;  // of each item, by dual numbers
    for (const Arguments<Real>& args : in.items) cofactors.push_back(gradient_by_duals(kDeterminant, {args[0]}));
    const auto cofactors_of = [&](const Arguments<Real>& args) -> const Dense<Real>& {
      return cofactors[static_cast<std::size_t>(&args - in.items.data())];
    };
    const Differential<T> computed = determinant(trial.context, pair_of(trial, in));
    trial.compare(
        in, computed.value, [](const auto& args) { return scalar<Real>(kDeterminant(args)); },
        [&](const auto& args) {
          const Real size = largest_entry(args[0]) * inner(absolute(cofactors_of(args)), constant(n, n, 1));
          return rounding_bound<T>(1, 0, scalar<Real>(std::fabs(kDeterminant(args)))) +
                 rounding_bound<T>(0, lu_chain(n), scalar<Real>(size));
        });
    // What LU's error does to a cofactor: it is a sum of minors of order n − 2.
    const auto cofactor_error = [&](const auto& args) {
      return n == 1 ? 0 : static_cast<Real>(n * n) * largest_entry(args[0]) * minor_bound(args[0]);
    };
    trial.compare(in, computed.d, scalar_along(kDeterminant), [&](const auto& args) {
      const Real size = inner(absolute(cofactors_of(args)), absolute(args[1]));
      return rounding_bound<T>(2, n * n, scalar<Real>(size)) +
             rounding_bound<T>(0, n * n * lu_chain(n), scalar<Real>(largest_entry(args[1]) * cofactor_error(args)));
    });
    trial.compare(in, determinant_form::gradient(trial.context, in.batch[0]), cofactors_of, [&](const auto& args) {
      return rounding_bound<T>(1, 4, absolute(cofactors_of(args))) +
             rounding_bound<T>(0, lu_chain(n), constant(n, n, cofactor_error(args)));
    });
  }
};

struct LogDeterminant {
  static constexpr DerivativeEntry text{
      "log-determinant", "differentials", "d ln|X| = tr(X⁻¹ dX)",
      "2u_T·Σ|X⁻¹||dX| + c·2⁻⁵³·n·κ(X)‖X⁻¹‖‖dX‖: backward error of LU, and the inverse that is stored"};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = regular_pair(trial);
    const Differential<T> computed = log_determinant(trial.context, pair_of(trial, in));
    trial.compare(
        in, computed.value, [](const auto& args) { return scalar<Real>(kLogDeterminant(args)); },
        [&](const auto& args) {
          const Real value = std::fabs(kLogDeterminant(args));
          return rounding_bound<T>(1, 0, scalar<Real>(value)) +
                 rounding_bound<T>(0, lu_chain(n),
                                   scalar<Real>(value + static_cast<Real>(n) * Sizing(args[0]).condition));
        });
    trial.compare(in, computed.d, scalar_along(kLogDeterminant), [&](const auto& args) {
      const Sizing x(args[0]);
      return rounding_bound<T>(2, 0, scalar<Real>(inner(absolute(transposed_dense(x.inverse)), absolute(args[1])))) +
             rounding_bound<T>(
                 0, 2 * lu_chain(n),
                 scalar<Real>(static_cast<Real>(n) * x.condition * x.inverse_norm * infinity_norm(args[1])));
    });
  }
};

/// Entries of a large gradient that are checked; of a smaller one all are.
constexpr Index kMostEntries = 128;

/// Sets a gradient of X alone against dual numbers, entry by entry, and its bound, which is the same for all entries.
template <class T, class Value, class Bound>
void check_entries(Trial<T>& trial, const Operands<T>& in, const MatrixBatch<T>& computed, const Value& value,
                   Free free, const Bound& bound) {
  const std::vector<T> values = computed.values();
  const Index n = computed.rows(), size = n * n, count = std::min(size, kMostEntries);
  for (Index b = 0; b < kTrialItems; ++b) {
    std::vector<T> some;
    Dense<Real> exact(count, 1);
    for (Index e = 0; e < count; ++e) {
      const Index place = count == size ? e : size - 1 - e * (n + 2) % size;  // the last corner, and on from there
      some.push_back(values[b * size + place]);
      exact(e) = value(moved<Dual>(in.items[b], place % n, place / n, unit(), free)).derivative(1);
    }
    trial.comparison.add(std::span<const T>(some), exact, constant(count, 1, bound(in.items[b])));
  }
  trial.comparison.finish_operation();
}

inline constexpr const char* kGradientBound =
    "c·(u_T + n·2⁻⁵³·κ(X))·(sizes of the factors): backward error of LU, and the inverse that is stored";

struct LogDeterminantGradient {
  static constexpr DerivativeEntry text{"log-determinant-form", "symmetric",
                                        "∂ln|X|/∂X = X⁻ᵀ; for a symmetric X with free x_ij, i ≤ j: 2X⁻¹ − X⁻¹∘I",
                                        kGradientBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    for (const auto structure : {ArgumentStructure::general, ArgumentStructure::symmetric}) {
      const bool symmetric = structure == ArgumentStructure::symmetric;
      Operands<T> in;
      trial.put(in, trial.regulars(n, symmetric));
      check_entries(trial, in, log_determinant_form::gradient(trial.context, in.batch[0], structure), kLogDeterminant,
                    symmetric ? Free::symmetric : Free::all, [&](const auto& args) {
                      const Sizing x(args[0]);
                      return 2 * x.inverse_norm * (2 * kStorageUnit<T> + Real(lu_chain(n)) * kUnit * x.condition);
                    });
    }
  }
};

struct InverseTraceGradient {
  static constexpr DerivativeEntry text{"inverse-trace-form", "symmetric",
                                        "∂tr(X⁻¹M)/∂X = −(X⁻¹MX⁻¹)ᵀ = A; for a symmetric X: A + Aᵀ − A∘I",
                                        kGradientBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    for (const auto structure : {ArgumentStructure::general, ArgumentStructure::symmetric}) {
      const bool symmetric = structure == ArgumentStructure::symmetric;
      Operands<T> in;
      trial.put(in, trial.regulars(n, symmetric));
      trial.put(in, {trial.matrix(n, n)});
      const auto size = [&](const auto& args) {
        const Sizing x(args[0]);
        return 2 * x.inverse_norm * x.inverse_norm * infinity_norm(args[1]) *
               (5 * kStorageUnit<T> + Real(2 * lu_chain(n)) * kUnit * x.condition);
      };
      check_entries(trial, in, inverse_trace_form::gradient(trial.context, in.batch[0], in.batch[1], structure),
                    kInverseTrace, symmetric ? Free::symmetric : Free::all, size);
      trial.compare(
          in, inverse_trace_form::value(trial.context, in.batch[0], in.batch[1]),
          [](const auto& args) { return scalar<Real>(kInverseTrace(args)); },
          [&](const auto& args) { return scalar<Real>(static_cast<Real>(n) * size(args)); });
    }
  }
};

struct SymmetricBilinear {
  static constexpr DerivativeEntry text{"symmetric-bilinear-form", "symmetric",
                                        "∂(aᵀXb)/∂X for a symmetric X with free x_ij, i ≤ j: abᵀ + baᵀ − (abᵀ)∘I",
                                        kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const auto value = [](const auto& x) { return inner(x[1], x[0] * x[2]); };
    Operands<T> in;
    trial.put(in, trial.regulars(n, true));
    trial.put(in, {trial.matrix(n, 1)});
    trial.put(in, {trial.matrix(n, 1)});
    trial.compare(
        in, symmetric_bilinear_form::gradient(trial.context, in.batch[0], in.batch[1], in.batch[2]),
        [&](const auto& args) { return gradient_by_duals(value, args, Free::symmetric); },
        [&](const auto& args) {
          return rounding_bound<T>(2, 4, gradient_by_duals(value, absolute(args), Free::symmetric));
        });
  }
};

}  // namespace

std::vector<CheckedEntry> determinant_entries() {
  return {entry_of<Inverse>(),
          entry_of<Determinant>(),
          entry_of<LogDeterminant>(),
          entry_of<InverseByScalar>(),
          entry_of<LogDeterminantGradient>(),
          entry_of<InverseTraceGradient>(),
          entry_of<SymmetricBilinear>()};
}

}  // namespace sigmahat::derivatives
