#define EIGEN_DONT_PARALLELIZE
#include "eigen_peer.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>

namespace sigmahat::bench {
namespace {

template <int kColumns>
void fit(Index problems, Index rows, const double* x, const double* y, double* coefficients, int threads) {
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, kColumns, Eigen::RowMajor>;
  using Square = Eigen::Matrix<double, kColumns, kColumns>;
  using Vector = Eigen::Matrix<double, kColumns, 1>;
#pragma omp parallel for schedule(static) num_threads(threads)
  for (Index b = 0; b < problems; ++b) {
    const Eigen::Map<const Rows> design(x + b * rows * kColumns, rows, kColumns);
    const Eigen::Map<const Eigen::VectorXd> response(y + b * rows, rows);
    Square gram;
    Vector right;
    gram.setZero();
    right.setZero();
    if constexpr (kColumns <= 16) {  // the faster of Eigen's ways for each size
      for (Index i = 0; i < rows; ++i) {
        gram.noalias() += design.row(i).transpose() * design.row(i);
        right.noalias() += design.row(i).transpose() * response[i];
      }
    } else {
      gram.template selfadjointView<Eigen::Lower>().rankUpdate(design.transpose());
      right.noalias() = design.transpose() * response;
    }
    Eigen::Map<Vector>(coefficients + b * kColumns) = gram.template selfadjointView<Eigen::Lower>().llt().solve(right);
  }
}

}  // namespace

std::string eigen_version() {
  return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
         std::to_string(EIGEN_MINOR_VERSION) + ", k fixed at compile time, -O3 -march=native";
}

bool eigen_least_squares(Index problems, Index rows, Index columns, const double* x, const double* y,
                         double* coefficients, int threads) {
  switch (columns) {
    case 4: fit<4>(problems, rows, x, y, coefficients, threads); return true;
    case 8: fit<8>(problems, rows, x, y, coefficients, threads); return true;
    case 16: fit<16>(problems, rows, x, y, coefficients, threads); return true;
    case 32: fit<32>(problems, rows, x, y, coefficients, threads); return true;
    case 64: fit<64>(problems, rows, x, y, coefficients, threads); return true;
    default: return false;
  }
}

}  // namespace sigmahat::bench
