// Functions of small matrices: every backend has the defined bits, on every instruction set and with any number of
// threads, and the definitions agree with formulas written out anew in long double.
#include <algorithm>

#include "compare.hpp"
#include "devices.hpp"
#include "matrix_function_cases.hpp"
#include "only_targets.hpp"

namespace sigmahat::test {
namespace {

using Real = long double;
using Reals = std::vector<Real>;

std::string described(const MatrixFunctionCall& call) {
  return std::string(name_of(call.function)) + (call.is_float ? " float32, " : " float64, ") +
         std::to_string(call.items) + " items, m n k = " + std::to_string(call.m) + " " + std::to_string(call.n) + " " +
         std::to_string(call.k);
}

/// Batches of every function in both storages, with a NaN and a singular item, an operand for all and gaps.
std::vector<MatrixCase> all_cases() {
  std::vector<MatrixCase> cases;
  const Index extents[][3] = {{1, 1, 1}, {2, 3, 5}, {5, 2, 3}, {9, 16, 4}, {31, 33, 32}, {67, 20, 9}};
  for (const MatrixFunction function : all_matrix_functions()) {
    for (const auto& [m, n, k] : extents) {
      const bool quartic = function == MatrixFunction::kronecker_pairs && n > 9;
      for (const bool is_float : {false, true}) {
        cases.push_back(matrix_case(function, 23, m, quartic ? 9 : n, k, is_float));
      }
    }
    for (int shared = 0; shared < kMostOperands; ++shared) {
      cases.push_back(matrix_case(function, 5, 4, 3, 2, shared == 1, shared, 2));
    }
  }
  return cases;
}

class MatrixFunctionsTest : public DeviceTest {};

TEST_P(MatrixFunctionsTest, HaveTheDefinedBits) {
  const bool on_gpu = std::string(GetParam()) == "cuda";
  for (const MatrixCase& c : all_cases()) {
    if (on_gpu && !is_d3(c.call.function)) continue;  // the tests of kernels compare these
    EXPECT_TRUE(same_bits(computed(operations(), c), defined(c))) << described(c.call);
  }
}

TEST_P(MatrixFunctionsTest, NoItemsAreNoWork) {
  for (const MatrixFunction function : all_matrix_functions()) {
    MatrixFunctionCall call;
    call.function = function;
    EXPECT_NO_THROW(operations().matrix_function(call)) << name_of(function);
  }
}

TEST_P(MatrixFunctionsTest, ABatchOfManyItemsHasTheBitsOfEachAlone) {
  for (const MatrixFunction function : {MatrixFunction::combine, MatrixFunction::quadratic_form_gradient}) {
    const MatrixCase c = matrix_case(function, 9001, 1, 7, 1, false);
    EXPECT_TRUE(same_bits(computed(operations(), c), defined(c))) << described(c.call);
  }
}

SIGMAHAT_ON_EVERY_DEVICE(MatrixFunctionsTest);

/// So many items that threads are worth their while.
MatrixCase busy_case(MatrixFunction function, bool is_float) {
  const Index n = function == MatrixFunction::kronecker_pairs ? 5 : 11;
  const MatrixFunctionShapes shapes = shapes_of(function, 13, n, 6);
  const Index entries = shapes.in[0].entries() + shapes.in[1].entries() + shapes.in[2].entries() + shapes.out.entries();
  return matrix_case(function, 300'000 / entries, 13, n, 6, is_float);
}

TEST(MatrixFunctionsOnCpu, HaveTheSameBitsOnEveryInstructionSetAndWithAnyNumberOfThreads) {
  std::vector<MatrixCase> cases = all_cases();
  const std::size_t usual = cases.size();
  for (const MatrixFunction function : all_matrix_functions()) {
    for (const bool is_float : {false, true}) cases.push_back(busy_case(function, is_float));
  }
  std::vector<Numbers> expected;
  for (const MatrixCase& c : cases) expected.push_back(defined(c));
  for (const std::int64_t target : targets_of_processor()) {
    const OnlyTargets only(target);
    Context context({"cpu", 2});
    for (std::size_t i = 0; i < usual; ++i) {
      EXPECT_TRUE(same_bits(computed(context.operations(), cases[i]), expected[i]))
          << described(cases[i].call) << " on " << hwy::TargetName(target);
    }
  }
  for (int threads = 1; threads <= 7; ++threads) {
    Context context({"cpu", threads});
    for (std::size_t i = usual; i < cases.size(); ++i) {
      EXPECT_TRUE(same_bits(computed(context.operations(), cases[i]), expected[i]))
          << described(cases[i].call) << ", threads: " << threads;
    }
  }
}

// Formulas anew -------------------------------------------------------------------------------------------------------

/// One item's operands in long double, entry (i, j) of each.
struct Item {
  Index m, n, k;
  Real alpha, beta;
  Reals operands[kMostOperands];
  Index rows[kMostOperands];
  Real a(Index i, Index j = 0) const { return operands[0][static_cast<std::size_t>(i + j * rows[0])]; }
  Real b(Index i, Index j = 0) const { return operands[1][static_cast<std::size_t>(i + j * rows[1])]; }
  Real c(Index i, Index j = 0) const { return operands[2][static_cast<std::size_t>(i + j * rows[2])]; }
};

template <class F>
Real sum(Index count, F&& f) {
  Real total = 0;
  for (Index i = 0; i < count; ++i) total += f(i);
  return total;
}

/// Entry (i, j) of αDᵀ(V ⊗ W)D, or of (αuᵀ ⊗ V)D, from matrices D written out.
Real kronecker_entry(MatrixFunction function, const Item& x, Index i, Index j) {
  const std::vector<FreeEntry> free = free_entries(x.n);
  const auto duplicates = [&](Index row, Index free_column) {  // D: which entry of X is entry `row` of vec(X)?
    const Index r = row % x.n, s = row / x.n;
    const FreeEntry entry = free[static_cast<std::size_t>(free_column)];
    return entry.row == std::max(r, s) && entry.column == std::min(r, s) ? Real{1} : Real{0};
  };
  if (function == MatrixFunction::kronecker_rows) {
    return sum(x.n * x.n, [&](Index l) { return x.alpha * x.a(l / x.n) * x.b(i, l % x.n) * duplicates(l, j); });
  }
  return sum(x.n * x.n, [&](Index l) {
    if (duplicates(l, i) == 0) return Real{0};
    return sum(x.n * x.n,
               [&](Index r) { return x.alpha * x.a(l / x.n, r / x.n) * x.b(l % x.n, r % x.n) * duplicates(r, j); });
  });
}

/// Entry (i, j) of a form's gradient, or the form, written out as sums of products; every sum has positive signs but for
/// residual, whose y has the sign `minus`, so that absolute operands give the sum of the absolute terms.
Real form_entry(MatrixFunction function, const Item& x, Real minus, Index i, Index j) {
  using enum MatrixFunction;
  const auto over = [](Index p, Index q, auto&& f) {
    return sum(p, [&](Index r) { return sum(q, [&](Index s) { return f(r, s); }); });
  };
  switch (function) {
    case quadratic_form: return over(x.n, x.n, [&](Index r, Index s) { return x.a(r) * x.b(r, s) * x.a(s); });
    case quadratic_form_gradient: return sum(x.n, [&](Index s) { return (x.b(i, s) + x.b(s, i)) * x.a(s); });
    case product_of_forms: return over(x.n, x.n, [&](Index r, Index s) { return x.b(r) * x.a(r) * x.a(s) * x.c(s); });
    case product_of_forms_gradient:
      return sum(x.n, [&](Index s) { return (x.b(i) * x.c(s) + x.c(i) * x.b(s)) * x.a(s); });
    case bilinear_form: return over(x.m, x.n, [&](Index r, Index s) { return x.a(r) * x.b(r, s) * x.c(s); });
    case row_gram_form:
      return sum(x.n, [&](Index l) {
        return over(x.m, x.m, [&](Index r, Index s) { return x.a(r) * x.c(r, l) * x.c(s, l) * x.b(s); });
      });
    case row_gram_gradient: return sum(x.m, [&](Index s) { return (x.a(i) * x.b(s) + x.b(i) * x.a(s)) * x.c(s, j); });
    case column_gram_form:
      return sum(x.m, [&](Index l) {
        return over(x.n, x.n, [&](Index r, Index s) { return x.a(r) * x.c(l, r) * x.c(l, s) * x.b(s); });
      });
    case column_gram_gradient:
      return sum(x.n, [&](Index s) { return x.c(i, s) * (x.a(s) * x.b(j) + x.b(s) * x.a(j)); });
    case exponential_form:
      return sum(x.m,
                 [&](Index r) { return x.a(r) * std::exp(sum(x.n, [&](Index s) { return x.b(r, s) * x.c(s); })); });
    case exponential_gradient: return x.a(i) * std::exp(sum(x.n, [&](Index s) { return x.b(i, s) * x.c(s); })) * x.c(j);
    default: break;
  }
  const auto residual = [&](Index r) { return sum(x.n, [&](Index s) { return x.a(r, s) * x.b(s); }) + minus * x.c(r); };
  if (function == residual_form) return sum(x.m, [&](Index r) { return residual(r) * residual(r); });
  return 2 * sum(x.m, [&](Index r) { return x.a(r, i) * residual(r); });
}

/// Entry (i, j) of any function but those by LU.
Real entry_anew(const MatrixFunctionCall& call, const Item& x, Real minus, Index i, Index j) {
  using enum MatrixFunction;
  switch (call.function) {
    case scale: return x.alpha * x.a(i, j);
    case combine: return x.alpha * x.a(i, j) + x.beta * x.b(i, j);
    case hadamard: return x.a(i, j) * x.b(i, j);
    case map: return std::tanh(x.a(i, j));
    case map_differential: return x.b(i, j) / (std::cosh(x.a(i, j)) * std::cosh(x.a(i, j)));
    case transpose: return x.a(j, i);
    case symmetric: return i == j ? x.a(i, i) : x.a(i, j) + x.a(j, i);
    case diagonal: return i == j ? x.a(i) : 0;
    case dot: return sum(x.n, [&](Index s) { return sum(x.m, [&](Index r) { return x.a(r, s) * x.b(r, s); }); });
    case trace: return sum(x.n, [&](Index r) { return x.a(r, r); });
    case multiply: return x.alpha * sum(x.k, [&](Index l) { return x.a(i, l) * x.b(l, j); }) + x.beta * x.c(i, j);
    case outer_product: return x.alpha * x.a(i) * x.b(j);
    case kronecker_rows:
    case kronecker_pairs: return kronecker_entry(call.function, x, i, j);
    default: return form_entry(call.function, x, minus, i, j);
  }
}

Item item_of(const MatrixCase& c, Index item, bool absolute) {
  Item x{c.call.m, c.call.n, c.call.k, c.call.alpha, c.call.beta, {}, {}};
  if (absolute) x.beta = std::abs(x.beta);
  const MatrixFunctionShapes shapes = shapes_of(c.call);
  for (int which = 0; which < kMostOperands; ++which) {
    x.rows[which] = shapes.in[which].rows;
    for (const double value : c.operand(which, item)) {
      x.operands[which].push_back(absolute ? std::abs(value) : value);
    }
  }
  return x;
}

/// u times the number of roundings on the way to an entry, relative to the sum of its absolute terms: chains of at most m,
/// n, k or mn entries twice over, and a few more. An exponential multiplies that of its exponent, at most Σ|terms| of it.
double formula_bound(const MatrixCase& c, Real absolute) {
  const MatrixFunctionCall& call = c.call;
  const double roundings = static_cast<double>(2 * (call.m + call.n + call.k) + 16);
  const double unit = call.is_float ? std::numeric_limits<float>::epsilon() / 2 : 0.0;
  return (unit + roundings * std::numeric_limits<double>::epsilon()) * static_cast<double>(absolute);
}

TEST(MatrixFunctionsAnew, AgreeWithFormulasInLongDouble) {
  Context context({"cpu", 1});
  const Index extents[][3] = {{2, 3, 5}, {5, 2, 3}, {7, 6, 4}};
  for (const MatrixFunction function : all_matrix_functions()) {
    if (comes_from_lu(function)) continue;
    for (const auto& [m, n, k] : extents) {
      for (const bool is_float : {false, true}) {
        const MatrixCase c = matrix_case(function, 3, m, n, k, is_float);
        const Numbers actual = computed(context.operations(), c);
        const MatrixShape shape = shapes_of(c.call).out;
        for (const Index item : {0, 2}) {
          const Item x = item_of(c, item, false), absolute = item_of(c, item, true);
          for (Index e = 0; e < shape.entries(); ++e) {
            const Index i = e % shape.rows, j = e / shape.rows;
            const Real expected = entry_anew(c.call, x, -1, i, j), terms = entry_anew(c.call, absolute, 1, i, j);
            EXPECT_TRUE(within(actual[static_cast<std::size_t>(item * shape.entries() + e)],
                               static_cast<double>(expected), formula_bound(c, terms)))
                << described(c.call) << ", entry " << i << " " << j;
          }
        }
      }
    }
  }
}

TEST(MatrixFunctionsAnew, ElementFunctionsKeepTheirRelativeAccuracyFarOut) {
  Context context({"cpu", 1});
  const Numbers points = {-740, -700, -40, -3, -0x1p-30, 0x1p-30, 0.75, 3, 19, 40, 300};
  for (const auto element : {ElementFunction::exp, ElementFunction::log, ElementFunction::tanh,
                             ElementFunction::logistic, ElementFunction::power}) {
    MatrixCase c;
    c.call.items = std::ssize(points);
    c.call.element = element;
    c.call.exponent = 2.5;
    c.call.function = MatrixFunction::map_differential;
    c.operands[0] = points;
    c.operands[1] = Numbers(points.size(), 1.0);
    c.call.in[0].stride = c.call.in[1].stride = 1;
    const Numbers slopes = computed(context.operations(), c);
    c.call.function = MatrixFunction::map;
    c.operands[1].clear();
    const Numbers values = computed(context.operations(), c);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Real x = points[i], e = std::exp(x), half = std::cosh(x / 2);
      const bool is_undefined = x < 0 && (element == ElementFunction::power || element == ElementFunction::log);
      Real value = 0, slope = 0;
      switch (element) {
        case ElementFunction::exp: value = slope = e; break;
        case ElementFunction::log: value = std::log(x), slope = 1 / x; break;
        case ElementFunction::tanh: value = std::tanh(x), slope = 1 / (std::cosh(x) * std::cosh(x)); break;
        case ElementFunction::logistic: value = e / (1 + e), slope = 1 / (4 * half * half); break;
        case ElementFunction::power: value = std::pow(x, Real{2.5}), slope = Real{2.5} * std::pow(x, Real{1.5}); break;
      }
      const auto close = [&](double actual, Real expected) {  // a few places of the library's functions; 0 below 2⁻¹⁰²²
        return within(actual, static_cast<double>(expected),
                      static_cast<double>(8 * std::numeric_limits<double>::epsilon() * std::abs(expected)) + 0x1p-1022);
      };
      const std::string where =
          "element " + std::to_string(static_cast<int>(element)) + " at " + std::to_string(points[i]);
      const auto is_nan = [](double actual) { return same_bits(Numbers{actual}, Numbers{kCanonicalNaN}); };
      EXPECT_TRUE(is_undefined ? is_nan(slopes[i]) : close(slopes[i], slope)) << where;
      EXPECT_TRUE(is_undefined ? is_nan(values[i]) : close(values[i], value)) << where;
    }
  }
}

// By LU ---------------------------------------------------------------------------------------------------------------

/// Determinant of the matrix without row `row` and column `column` (none: −1), by Laplace's expansion along columns.
Real laplace(const Reals& a, Index n, std::vector<Index> rows, Index column, Index left_out) {
  if (column == left_out) ++column;
  if (column >= n) return 1;
  Real total = 0, sign = 1;
  for (std::size_t r = 0; r < rows.size(); ++r, sign = -sign) {
    std::vector<Index> others = rows;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(r));
    total += sign * a[static_cast<std::size_t>(rows[r] + column * n)] * laplace(a, n, others, column + 1, left_out);
  }
  return total;
}
Real minor_of(const Reals& a, Index n, Index row, Index column) {
  std::vector<Index> rows;
  for (Index i = 0; i < n; ++i) {
    if (i != row) rows.push_back(i);
  }
  return laplace(a, n, rows, 0, column);
}

/// n × n matrix of exactly the rank, up to the roundings of its entries: a sum of products of integers.
MatrixCase of_rank(MatrixFunction function, Index n, Index rank) {
  MatrixCase c;
  c.call.function = function;
  c.call.items = 1;
  c.call.n = n;
  c.operands[0].assign(static_cast<std::size_t>(n * n), 0);
  for (Index l = 0; l < rank; ++l) {
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < n; ++i) {
        const auto entry =
            static_cast<double>(((i + 2) * (l + 3) % 7 - 3) * ((j + 1) * (2 * l + 1) % 5 - 2 + (j == l)));
        c.operands[0][static_cast<std::size_t>(i + j * n)] += entry;
      }
    }
  }
  return c;
}

/// Backward error of LU with complete pivoting, whose growth is small for these: n²u of the product of norms that a minor
/// of `order` rows can reach.
double minor_bound(const Numbers& a, Index n, Index order) {
  return static_cast<double>(4 * n * n) * std::numeric_limits<double>::epsilon() *
         std::pow(norm(a), static_cast<double>(order));
}

void expect_minors(Operations& operations, MatrixCase c) {
  const Index n = c.call.n;
  const Numbers& a = c.operands[0];
  const Reals exact(a.begin(), a.end());
  c.call.function = MatrixFunction::adjugate;
  const Numbers adjugate = computed(operations, c);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      const Real cofactor = ((i + j) % 2 == 0 ? 1 : -1) * minor_of(exact, n, j, i);
      EXPECT_TRUE(within(adjugate[static_cast<std::size_t>(i + j * n)], static_cast<double>(cofactor),
                         minor_bound(a, n, n - 1)))
          << "adjugate entry " << i << " " << j << " of n = " << n;
    }
  }
  c.call.function = MatrixFunction::determinant;
  EXPECT_TRUE(
      within(computed(operations, c)[0], static_cast<double>(minor_of(exact, n, -1, -1)), minor_bound(a, n, n)));
}

TEST(MatrixFunctionsByLu, DeterminantAndAdjugateAreThoseOfCofactorsWhateverTheRank) {
  for (const char* const device : {"reference", "cpu"}) {
    Context context({device, 1});
    for (Index n = 1; n <= 6; ++n) {
      for (Index rank = 0; rank <= n; ++rank) {
        expect_minors(context.operations(), of_rank(MatrixFunction::adjugate, n, rank));
      }
      expect_minors(context.operations(), matrix_case(MatrixFunction::adjugate, 1, 1, n, 1, false));
    }
  }
}

TEST(MatrixFunctionsByLu, AdjugateOfASingularMatrixIsItsOnlyDirectionTimesAProduct) {
  Context context({"cpu", 1});
  MatrixCase c = matrix_case(MatrixFunction::adjugate, 1, 1, 4, 1, false);
  c.operands[0] = {2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0};  // rank n − 1, exactly
  Numbers expected(16, 0.0);
  expected[15] = 30;
  EXPECT_EQ(computed(context.operations(), c), expected);
  c.operands[0][10] = 0;  // rank n − 2
  EXPECT_EQ(computed(context.operations(), c), Numbers(16, 0.0));
  c.operands[0] = Numbers(16, 0.0);
  EXPECT_EQ(computed(context.operations(), c), Numbers(16, 0.0));
}

TEST(MatrixFunctionsByLu, AMatrixTimesItsInverseIsTheIdentity) {
  Context context({"cpu", 1});
  for (const Index n : {1, 2, 5, 16, 40}) {
    const MatrixCase c = matrix_case(MatrixFunction::inverse, 1, 1, n, 1, false);
    const Numbers inverse = computed(context.operations(), c);
    // ‖AX − I‖ ≤ c(n)u‖A‖‖X‖ for a stable LU; c(n) = 4n here.
    const double bound =
        static_cast<double>(4 * n) * std::numeric_limits<double>::epsilon() * norm(c.operands[0]) * norm(inverse);
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < n; ++i) {
        const Real entry = sum(n, [&](Index l) {
          return Real{c.operands[0][static_cast<std::size_t>(i + l * n)]} *
                 inverse[static_cast<std::size_t>(l + j * n)];
        });
        EXPECT_TRUE(within(static_cast<double>(entry), i == j ? 1 : 0, bound)) << "n = " << n;
      }
    }
  }
}

TEST(MatrixFunctionsByLu, FailuresAreDataOfTheirItem) {
  for (const char* const device : {"reference", "cpu"}) {
    Context context({device, 1});
    const auto of = [&](MatrixFunction function, const Numbers& matrix) {
      MatrixCase c = matrix_case(function, 1, 1, 2, 1, false);
      c.operands[0] = matrix;
      return computed(context.operations(), c);
    };
    const Numbers singular = {1, 2, 2, 4}, negative = {0, 1, 1, 0}, poisoned = {1, 0, kCanonicalNaN, 1};
    EXPECT_TRUE(same_bits(of(MatrixFunction::inverse, singular), Numbers(4, kCanonicalNaN)));
    EXPECT_EQ(of(MatrixFunction::determinant, singular), Numbers{0});
    EXPECT_EQ(of(MatrixFunction::log_determinant, singular), Numbers{-std::numeric_limits<double>::infinity()});
    EXPECT_EQ(of(MatrixFunction::determinant, negative), Numbers{-1});
    EXPECT_TRUE(same_bits(of(MatrixFunction::log_determinant, negative), Numbers{kCanonicalNaN}));
    for (const auto function : {MatrixFunction::inverse, MatrixFunction::adjugate, MatrixFunction::determinant}) {
      const Numbers result = of(function, poisoned);
      EXPECT_TRUE(same_bits(result, Numbers(result.size(), kCanonicalNaN))) << name_of(function);
    }
    // Products of pivots that leave the range of float64 on their way, and one that stays outside.
    EXPECT_EQ(of(MatrixFunction::determinant, {0x1p600, 0, 0, 0x1p600}),
              Numbers{std::numeric_limits<double>::infinity()});
    EXPECT_TRUE(within(of(MatrixFunction::log_determinant, {0x1p600, 0, 0, 0x1p600})[0], 1200 * std::log(2.0), 1e-12));
    EXPECT_TRUE(
        within(of(MatrixFunction::log_determinant, {0x1p-600, 0, 0, 0x1p-600})[0], -1200 * std::log(2.0), 1e-12));
  }
}

TEST(MatrixFunctionsByLu, ADeterminantDoesNotOverflowOnItsWay) {
  Context context({"cpu", 1});
  MatrixCase c = matrix_case(MatrixFunction::determinant, 1, 1, 4, 1, false);
  c.operands[0] = Numbers(16, 0.0);
  const double pivots[] = {0x1p700, -0x1.8p600, 0x1p-650, 0x1p-640};
  for (Index i = 0; i < 4; ++i) c.operands[0][static_cast<std::size_t>(5 * i)] = pivots[i];
  EXPECT_EQ(computed(context.operations(), c), Numbers{-0x1.8p10});
}

}  // namespace
}  // namespace sigmahat::test
