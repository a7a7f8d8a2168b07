// Cholesky factor of one matrix and numerical rank.
#include <cmath>

#include "compare.hpp"
#include "devices.hpp"
#include "operations_data.hpp"

namespace sigmahat::test {
namespace {

class MatrixOperation : public DeviceTest {};

Matrix gram(const Matrix& l) {
  const Index p = l.rows();
  Matrix result(p, p);
  for (Index i = 0; i < p; ++i) {
    for (Index j = 0; j < p; ++j) {
      long double sum = 0;
      for (Index k = 0; k < l.columns(); ++k) sum += static_cast<long double>(l(i, k)) * l(j, k);
      result(i, j) = static_cast<double>(sum);
    }
  }
  return result;
}

// |LLᵀ − Σ| ≤ γ_{p+1}|L||Lᵀ| (Higham, theorem 10.3), hence ≤ (p + 1)ε·p·‖Σ‖ in norm.
TEST_P(MatrixOperation, CholeskyReproducesTheMatrix) {
  for (const Index p : {1, 2, 31, 64, 65, 200}) {
    Random random(static_cast<std::uint64_t>(p));
    const Matrix a = random.positive_definite(p, 1e6);
    Matrix l(p, p, kCanonicalNaN);
    ASSERT_EQ(operations().cholesky(p, a.data(), l.data()), ProblemStatus::ok);
    EXPECT_TRUE(at_most(relative_error(gram(l), a), Tolerances<double>::chain(p) * std::sqrt(static_cast<double>(p))))
        << "p = " << p;
    for (Index j = 0; j < p; ++j) {
      for (Index i = 0; i < j; ++i) ASSERT_EQ(l(i, j), 0) << "the upper triangle, p = " << p;
    }
  }
}

TEST_P(MatrixOperation, CholeskyRefusesWhatIsNotPositiveDefinite) {
  for (const Index p : {1, 3, 64, 65}) {
    Matrix a = Matrix::identity(p);
    for (const double bad : {0.0, -1.0, std::nan("")}) {
      a(p - 1, p - 1) = bad;
      Matrix l(p, p);
      EXPECT_EQ(operations().cholesky(p, a.data(), l.data()), ProblemStatus::not_positive_definite) << bad;
      EXPECT_TRUE(same_bits(l, Matrix(p, p, kCanonicalNaN)));
    }
  }
}

TEST_P(MatrixOperation, RankCountsIndependentDirectionsWhateverTheUnits) {
  Random random(5);
  for (const Index p : {1, 4, 20, 80}) {
    for (const Index rank : {Index{0}, Index{1}, p / 2, p}) {
      Matrix directions(p, rank, random.normals(p * rank));
      for (Index i = 0; i < p; ++i) {
        const double unit = std::pow(10.0, static_cast<double>(i % 9) - 4);
        for (Index k = 0; k < rank; ++k) directions(i, k) *= unit;
      }
      const Matrix a = gram(directions);
      EXPECT_EQ(operations().rank(p, a.data(), 32 * static_cast<double>(p) * 0x1p-52), rank) << "p = " << p;
    }
  }
  Matrix with_constant = Matrix::identity(3);
  with_constant(1, 1) = 0;
  EXPECT_EQ(operations().rank(3, with_constant.data(), 1e-14), 2);
  with_constant(1, 1) = std::nan("");
  EXPECT_EQ(operations().rank(3, with_constant.data(), 1e-14), 0);
}

SIGMAHAT_ON_EVERY_DEVICE(MatrixOperation);

}  // namespace
}  // namespace sigmahat::test
