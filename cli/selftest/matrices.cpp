#include "selftest/data.hpp"
#include "selftest/quantities.hpp"
#include "selftest/values.hpp"
#include "sigmahat/derivative_catalogue.hpp"
#include "sigmahat/derivatives.hpp"

namespace sigmahat::cli::selftest {

void measure_matrices(const Context& context, std::vector<Quantity>& out) {
  constexpr Index kItems = 20, kSize = 6;
  const std::vector<double> numbers = matrices(2 * kItems, kSize);
  const std::span<const double> both(numbers);
  const auto half = both.size() / 2;
  const derivatives::Differential<double> x{{context, kItems, kSize, kSize, both.first(half)},
                                            {context, kItems, kSize, kSize, both.last(half)}};
  const auto inverse = derivatives::inverse(context, x);
  const auto determinant = derivatives::determinant(context, x);
  Values values;
  values.add(inverse.value.values()).add(inverse.d.values());
  out.push_back({"inverses of 20 matrices and their differentials",
                 levels(Promise::matrix_functions),
                 values.take(),
                 {},
                 {},
                 true});
  out.push_back({"determinants of 20 matrices and their differentials", levels(Promise::matrix_functions),
                 Values().add(determinant.value.values()).add(determinant.d.values()).take()});

  // Against derivatives by dual numbers: no error may be more than its bound.
  for (const char* const entry : {"quadratic-form", "inverse", "log-determinant"}) {
    Values shares;
    for (const DerivativeCheck& check : check_derivative(context, entry)) shares.add(check.share_of_bound);
    std::vector<double> found = shares.take();
    const std::vector<double> none(found.size(), 0.0);
    out.push_back(
        {std::string("derivatives, ") + entry + ": errors as shares of their bound", Levels{}, found, 1, none});
  }
}

}  // namespace sigmahat::cli::selftest
