// Functions of small matrices and vectors, one call for every item of a batch: the operations of which the catalogue of
// derivatives (estimators/sigmahat/derivatives.hpp) is made.
//
// Items are column-major without padding; a vector is a matrix of one column. Of each operand, item b starts at
// data + b·stride; stride 0 lets one item serve the whole batch. Outputs are contiguous and overlap no input.
// Arithmetic is float64 whatever the storage is; a float32 result is rounded once, when it is written.
//
// Order of operations, which fixes the bits (c[i] is entry i in storage order):
//   dot(a, b) over n entries: eight chains s_l = fma(a[i], b[i], s_l) over i ≡ l (mod 8), i growing, from s_l = 0, then
//     ((s₀ + s₄) + (s₂ + s₆)) + ((s₁ + s₅) + (s₃ + s₇)): an order that vectors of 2, 4 and 8 lanes and single threads
//     can follow alike;
//   (Av)[i] = one chain fma(A[i, j], v[j], ·) over j from 0;  (Aᵀv)[j] = dot(column j of A, v);
//   αAB + βC: one chain fma(A[i, l], B[l, j], ·) over l from 0; then fma(α, chain, β·C[i, j]), α·chain where there is no C;
//   the rest as the formula says, from left to right.
// vech(X) is the lower triangle of X, column by column; vec(X) = D vech(X). In the Kronecker products a column of D, and
// then a row of Dᵀ, adds entry (r, c) of X and then (c, r), and α comes last in kronecker_pairs.
// LU has complete pivoting: A = PᵀLUQᵀ, the pivot of a step the largest |entry| of the remainder, the first in storage
// order among equals; a remainder of zeros (or with a NaN) ends it. l = a/pivot; a[i, j] ← fma(−l[i], u[j], a[i, j]).
//   |A| = ±u₀₀u₁₁⋯ from left to right, kept from overflow and underflow on the way;
//   A⁻¹ = QU⁻¹L⁻¹P: forward substitution fma(−l[i, k], y[k], ·) over k from 0; back substitution fma(−u[i, k], z[k], ·)
//     over k from n − 1 downwards, then one division;
//   A* = ±Q·adj(U)·L⁻¹P with y = L⁻¹P, U = [U₁ u; 0 t] and adj(U)y = |U₁|·[U₁⁻¹(ty₁ − uyₙ); yₙ], formed as
//     fma(−u, yₙ, ty₁), U₁⁻¹ as above, and ±|U₁| last: no division by t, which is 0 for rank n − 1. Zeros for a smaller
//     rank; 1 for n = 1.
//
// Failures are data: a NaN, an infinity or an overflow stays in its item; the inverse of a matrix whose LU meets a zero
// pivot is NaN; a NaN that LU meets makes all that comes from it NaN; the logarithm of a determinant is NaN where that is
// negative, −∞ where it is 0. Every NaN that is written is the canonical one.
// Determinism: D3, but for functions that need exp, log, tanh or pow: D2 on the CPU, D1 on the GPU.
// Cost: every operand is read once from memory, a scratch of an item stays in cache or shared memory; flops are in the
// table. Memory binds up to LU's 2n³/3 and the product's 2mnk.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat {

/// out ← function of the operands in[0], in[1], ..., whose shapes the table gives in the extents m, n, k.
enum class MatrixFunction : std::int32_t {
  // entry by entry ------------------------------------------- shapes ------------------------- flops per item
  scale,             ///< αX                                     X: m×n                            mn
  combine,           ///< fma(α, X, βY)                          X, Y: m×n                         2mn
  hadamard,          ///< X∘Y                                    X, Y: m×n                         mn
  map,               ///< σ(X), σ the call's element function    X: m×n                            mn of σ
  map_differential,  ///< σ′(X)∘dX                               X, dX: m×n                        mn of σ′
  transpose,         ///< Xᵀ                                     X: m×n; out n×m                   0
  symmetric,         ///< A + Aᵀ − A∘I, entry (i, j) = A[i, j] + A[j, i] for i ≠ j               A: n×n   n²
  diagonal,          ///< the matrix with x on its diagonal      x: n; out n×n                     0
  // sums and products
  dot,              ///< tr(XᵀY) = Σ X∘Y, dot over all entries    X, Y: m×n; out 1×1                2mn
  trace,            ///< Σ X[i, i], i growing                     X: n×n; out 1×1                   n
  multiply,         ///< αAB + βC; C may be missing (null)        A: m×k, B: k×n, C: m×n; out m×n   2mnk
  outer_product,    ///< (αa)bᵀ                                   a: m, b: n; out m×n               mn
  kronecker_rows,   ///< (αuᵀ ⊗ V)D, D the duplication matrix     u: n, V: m×n; out m × n(n+1)/2    3mn²/2
  kronecker_pairs,  ///< αDᵀ(V ⊗ W)D                              V, W: n×n; out s×s, s = n(n+1)/2  2n⁴
  // forms of one vector
  quadratic_form,             ///< xᵀAx = dot(x, Ax)               x: n, A: n×n; out 1×1             2n²
  quadratic_form_gradient,    ///< Ax + Aᵀx                        x: n, A: n×n; out n               4n²
  product_of_forms,           ///< dot(a, x)·dot(x, b)           x, a, b: n; out 1×1               4n
  product_of_forms_gradient,  ///< fma(a, dot(b, x), b·dot(a, x))  x, a, b: n; out n               7n
  // forms of one matrix
  bilinear_form,         ///< aᵀXb = dot(a, Xb)                  a: m, X: m×n, b: n; out 1×1       2mn
  row_gram_form,         ///< aᵀXXᵀb = dot(Xᵀa, Xᵀb)             a, b: m, X: m×n; out 1×1          4mn
  row_gram_gradient,     ///< a(Xᵀb)ᵀ + b(Xᵀa)ᵀ                  a, b: m, X: m×n; out m×n          7mn
  column_gram_form,      ///< aᵀXᵀXb = dot(Xa, Xb)               a, b: n, X: m×n; out 1×1          4mn
  column_gram_gradient,  ///< (Xa)bᵀ + (Xb)aᵀ                    a, b: n, X: m×n; out m×n          7mn
  exponential_form,      ///< aᵀexp(Xb), exp entry by entry      a: m, X: m×n, b: n; out 1×1       2mn
  exponential_gradient,  ///< (a∘exp(Xb))bᵀ                      a: m, X: m×n, b: n; out m×n       3mn
  residual_form,         ///< ‖y − Xβ‖² = dot(r, r), r = Xβ − y  X: m×n, β: n, y: m; out 1×1       2mn
  residual_gradient,     ///< 2Xᵀ(Xβ − y)                        X: m×n, β: n, y: m; out n         4mn
  // by LU
  inverse,          ///< A⁻¹                                     A: n×n                            2n³
  determinant,      ///< |A|                                     A: n×n; out 1×1                   2n³/3
  log_determinant,  ///< ln|A|                                   A: n×n; out 1×1                   2n³/3
  adjugate,         ///< A* with A A* = |A| I, of a singular A, too  A: n×n                        2n³
};

inline constexpr int kMatrixFunctions = static_cast<int>(MatrixFunction::adjugate) + 1;

/// σ of MatrixFunction::map, and its derivative, which keeps its relative accuracy everywhere: q = e^(−2|x|) or e^(−|x|).
enum class ElementFunction : std::int32_t {
  exp,       ///< eˣ;              eˣ
  log,       ///< ln x;            1/x, NaN for x < 0
  tanh,      ///< tanh x;          4q/(1 + q)², q = e^(−2|x|)
  logistic,  ///< 1/(1 + e⁻ˣ), as q/(1 + q) for x < 0;  q/(1 + q)², q = e^(−|x|)
  power,     ///< x^e;             e·x^(e−1), 0 where e = 0
};

inline constexpr int kMostOperands = 3;

/// One call. Extents that a function does not have are ignored; all that it has are ≥ 1. items ≥ 0.
struct MatrixFunctionCall {
  struct Operand {
    const void* data = nullptr;
    Index stride = 0;  ///< entries from one item to the next; 0: the same item for all, or no operand
  };
  MatrixFunction function = MatrixFunction::scale;
  bool is_float = false;  ///< storage of all operands and of the result: float32, else float64
  Index items = 0;
  Index m = 1, n = 1, k = 1;
  Operand in[kMostOperands];
  void* out = nullptr;
  double alpha = 1, beta = 1;
  ElementFunction element = ElementFunction::exp;
  double exponent = 1;  ///< of ElementFunction::power: x^exponent
};

struct MatrixShape {
  Index rows = 0, columns = 0;  ///< 0 × 0: there is no such operand
  constexpr Index entries() const { return rows * columns; }
};
struct MatrixFunctionShapes {
  MatrixShape in[kMostOperands];
  MatrixShape out;
};

/// Shapes of operands and result as the table above gives them.
constexpr MatrixFunctionShapes shapes_of(MatrixFunction function, Index m, Index n, Index k) {
  using enum MatrixFunction;
  const MatrixShape none, one{1, 1}, x{m, n}, square{n, n}, rows{m, 1}, columns{n, 1};
  switch (function) {
    case scale:
    case map: return {{x, none, none}, x};
    case combine:
    case hadamard:
    case map_differential: return {{x, x, none}, x};
    case transpose: return {{x, none, none}, {n, m}};
    case symmetric:
    case inverse:
    case adjugate: return {{square, none, none}, square};
    case diagonal: return {{columns, none, none}, square};
    case dot: return {{x, x, none}, one};
    case trace:
    case determinant:
    case log_determinant: return {{square, none, none}, one};
    case multiply: return {{{m, k}, {k, n}, x}, x};
    case outer_product: return {{rows, columns, none}, x};
    case kronecker_rows: return {{columns, x, none}, {m, n * (n + 1) / 2}};
    case kronecker_pairs: return {{square, square, none}, {n * (n + 1) / 2, n * (n + 1) / 2}};
    case quadratic_form: return {{columns, square, none}, one};
    case quadratic_form_gradient: return {{columns, square, none}, columns};
    case product_of_forms: return {{columns, columns, columns}, one};
    case product_of_forms_gradient: return {{columns, columns, columns}, columns};
    case bilinear_form:
    case exponential_form: return {{rows, x, columns}, one};
    case exponential_gradient: return {{rows, x, columns}, x};
    case row_gram_form: return {{rows, rows, x}, one};
    case row_gram_gradient: return {{rows, rows, x}, x};
    case column_gram_form: return {{columns, columns, x}, one};
    case column_gram_gradient: return {{columns, columns, x}, x};
    case residual_form: return {{x, columns, rows}, one};
    case residual_gradient: return {{x, columns, rows}, columns};
  }
  return {};
}
constexpr MatrixFunctionShapes shapes_of(const MatrixFunctionCall& call) {
  return shapes_of(call.function, call.m, call.n, call.k);
}

}  // namespace sigmahat
