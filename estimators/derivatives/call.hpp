// One call of a matrix function on batches, checked. Private to the library.
#pragma once

#include <string>
#include <utility>

#include "sigmahat/derivatives/layout.hpp"
#include "sigmahat/host/error.hpp"
#include "sigmahat/kernels/matrix_functions.hpp"
#include "sigmahat/matrix_batch.hpp"

namespace sigmahat::derivatives {

inline std::string shape_text(Index rows, Index columns) {
  return std::to_string(rows) + " × " + std::to_string(columns);
}

/// Collects operands, whose names are those of the formula, checks them, and calls the backend.
template <class T>
class Call {
 public:
  Call(const Context& context, MatrixFunction function, Index m, Index n = 1, Index k = 1) : context_(context) {
    call_.function = function;
    call_.is_float = sizeof(T) == sizeof(float);
    call_.m = m;
    call_.n = n;
    call_.k = k;
  }

  /// The next operand: rows × columns, with one item, or as many as the others. An operand that is left out is null.
  Call& operand(const char* name, const MatrixBatch<T>& batch, Index rows, Index columns) {
    if (batch.rows() != rows || batch.columns() != columns) {
      throw InvalidArgument(std::string(name) + ": " + shape_text(batch.rows(), batch.columns()) + "; must be " +
                            shape_text(rows, columns) + " to fit the formula and the other operands");
    }
    if (batch.items() != 1) {
      if (items_ != 1 && items_ != batch.items()) {
        throw InvalidArgument(std::string(name) + ": " + std::to_string(batch.items()) + " items, where " + named_ +
                              " has " + std::to_string(items_) + "; operands have one item or the same number");
      }
      items_ = batch.items();
      named_ = name;
    }
    call_.in[operands_++] = {batch.device(), batch.items() == 1 ? 0 : batch.entries()};
    return *this;
  }
  Call& factors(double alpha, double beta = 1) {
    call_.alpha = alpha;
    call_.beta = beta;
    return *this;
  }
  Call& element(ElementFunction function, double exponent) {
    call_.element = function;
    call_.exponent = exponent;
    return *this;
  }
  /// One result of this shape for every item.
  MatrixBatch<T> result(Index rows, Index columns) {
    MatrixBatch<T> out(context_, items_, rows, columns);
    call_.items = items_;
    call_.out = out.device();
    context_.operations().matrix_function(call_);
    return out;
  }

 private:
  const Context& context_;
  MatrixFunctionCall call_;
  int operands_ = 0;
  Index items_ = 1;
  const char* named_ = "";
};

/// Throws unless the operand is a column.
template <class T>
Index length(const char* name, const MatrixBatch<T>& batch) {
  if (batch.columns() != 1) {
    throw InvalidArgument(std::string(name) + ": " + shape_text(batch.rows(), batch.columns()) +
                          "; must be a vector, which has one column");
  }
  return batch.rows();
}

/// Throws unless the operand is square.
template <class T>
Index order(const char* name, const MatrixBatch<T>& batch) {
  if (batch.rows() != batch.columns()) {
    throw InvalidArgument(std::string(name) + ": " + shape_text(batch.rows(), batch.columns()) + "; must be square");
  }
  return batch.rows();
}

/// Throws unless the operand is rows × columns.
template <class T>
void require_matrix(const char* name, const MatrixBatch<T>& batch, Index rows, Index columns) {
  if (batch.rows() == rows && batch.columns() == columns) return;
  throw InvalidArgument(std::string(name) + ": " + shape_text(batch.rows(), batch.columns()) + "; must be " +
                        shape_text(rows, columns) + " to fit the formula and the other operands");
}

/// Throws unless every item is square and symmetric within rounding: |a_ij − a_ji| ≤ 128·u_T·max(|a_ij|, |a_ji|,
/// √(a_ii a_jj)), u_T the unit roundoff of T. A NaN is left to its item. Reads the batch back from the device.
template <class T>
void require_symmetric(const char* name, const MatrixBatch<T>& batch);
extern template void require_symmetric(const char*, const MatrixBatch<float>&);
extern template void require_symmetric(const char*, const MatrixBatch<double>&);

template <class T>
MatrixBatch<T> transposed(const Context& context, const MatrixBatch<T>& x) {
  return Call<T>(context, MatrixFunction::transpose, x.rows(), x.columns())
      .operand("X", x, x.rows(), x.columns())
      .result(x.columns(), x.rows());
}

/// `result` as `layout` has it, `made` being the layout that it has.
template <class T>
MatrixBatch<T> arranged(const Context& context, MatrixBatch<T>&& result, DerivativeLayout made,
                        DerivativeLayout layout) {
  return layout == made ? std::move(result) : transposed(context, result);
}

template <class T>
MatrixBatch<T> scaled(const Context& context, double factor, const MatrixBatch<T>& x) {
  return Call<T>(context, MatrixFunction::scale, x.rows(), x.columns())
      .operand("X", x, x.rows(), x.columns())
      .factors(factor)
      .result(x.rows(), x.columns());
}

/// αX + βY
template <class T>
MatrixBatch<T> combined(const Context& context, double alpha, const MatrixBatch<T>& x, double beta,
                        const MatrixBatch<T>& y) {
  return Call<T>(context, MatrixFunction::combine, x.rows(), x.columns())
      .operand("X", x, x.rows(), x.columns())
      .operand("Y", y, x.rows(), x.columns())
      .factors(alpha, beta)
      .result(x.rows(), x.columns());
}

/// αAB, or αAB + C
template <class T>
MatrixBatch<T> multiplied(const Context& context, const MatrixBatch<T>& a, const MatrixBatch<T>& b, double alpha = 1,
                          const MatrixBatch<T>* c = nullptr) {
  Call<T> call(context, MatrixFunction::multiply, a.rows(), b.columns(), a.columns());
  call.operand("A", a, a.rows(), a.columns()).operand("B", b, a.columns(), b.columns()).factors(alpha);
  if (c != nullptr) call.operand("C", *c, a.rows(), b.columns());
  return call.result(a.rows(), b.columns());
}

/// Σ X∘Y = tr(XᵀY)
template <class T>
MatrixBatch<T> dot(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& y) {
  return Call<T>(context, MatrixFunction::dot, x.rows(), x.columns())
      .operand("X", x, x.rows(), x.columns())
      .operand("Y", y, x.rows(), x.columns())
      .result(1, 1);
}

/// X∘Y
template <class T>
MatrixBatch<T> hadamard_product(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& y) {
  return Call<T>(context, MatrixFunction::hadamard, x.rows(), x.columns())
      .operand("X", x, x.rows(), x.columns())
      .operand("Y", y, x.rows(), x.columns())
      .result(x.rows(), x.columns());
}

/// A times one scalar per item.
template <class T>
MatrixBatch<T> times_scalar(const Context& context, const MatrixBatch<T>& a, const MatrixBatch<T>& t) {
  const Index entries = a.entries();
  const MatrixBatch<T> column = a.copy(context).reshaped(a.items(), entries, 1);
  MatrixBatch<T> product = Call<T>(context, MatrixFunction::outer_product, entries, 1)
                               .operand("A", column, entries, 1)
                               .operand("t", t, 1, 1)
                               .result(entries, 1);
  const Index items = product.items();
  return std::move(product).reshaped(items, a.rows(), a.columns());
}

/// ½(X + Xᵀ), which rounding alone makes differ from X.
template <class T>
MatrixBatch<T> symmetrised(const Context& context, const MatrixBatch<T>& x) {
  return combined(context, 0.5, x, 0.5, transposed(context, x));
}

/// f(X) of a square X, by one of the functions of LU: rows × columns.
template <class T>
MatrixBatch<T> of_square(const Context& context, MatrixFunction function, const MatrixBatch<T>& x, Index rows,
                         Index columns) {
  const Index n = order("X", x);
  return Call<T>(context, function, n, n).operand("X", x, n, n).result(rows, columns);
}
template <class T>
MatrixBatch<T> inverted(const Context& context, const MatrixBatch<T>& x) {
  return of_square(context, MatrixFunction::inverse, x, x.rows(), x.rows());
}

}  // namespace sigmahat::derivatives
