// Functions of small matrices, one item after the other.
#include "matrix_functions.hpp"

#include <vector>

#include "reference.hpp"

namespace sigmahat::backends {
namespace {

template <MatrixFunction kFunction, class T>
void each_item(const MatrixFunctionCall& call) {
  const Index out_entries = shapes_of(call).out.entries();
  std::vector<double> scratch(static_cast<std::size_t>(steps::scratch_of(call)));
  for (Index item = 0; item < call.items; ++item) {
    steps::MatrixStep<kFunction>::apply(steps::SerialTeam{}, call,
                                        steps::matrix_item<T>(call, out_entries, item, scratch.data()));
  }
}

}  // namespace

void ReferenceOperations::matrix_function(const MatrixFunctionCall& call) {
  steps::with_function(call.function, [&](auto function) {
    constexpr MatrixFunction kFunction = decltype(function)::value;
    call.is_float ? each_item<kFunction, float>(call) : each_item<kFunction, double>(call);
  });
}

}  // namespace sigmahat::backends
