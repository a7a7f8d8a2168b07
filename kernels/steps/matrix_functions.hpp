// All functions of small matrices: which of them a call means, what it needs, and how a batch is divided.
#pragma once

#include <utility>

#include "matrix_forms.hpp"
#include "matrix_lu.hpp"

namespace sigmahat::steps {

template <MatrixFunction kValue>
using MatrixFunctionConstant = std::integral_constant<MatrixFunction, kValue>;

/// Calls visitor(MatrixFunctionConstant<function>{}): the one table of functions, on the host.
template <class Visitor>
void with_function(MatrixFunction function, Visitor&& visitor) {
  [&]<int... kNumbers>(std::integer_sequence<int, kNumbers...>) {
    ((static_cast<int>(function) == kNumbers ? visitor(MatrixFunctionConstant<static_cast<MatrixFunction>(kNumbers)>{})
                                             : void()),
     ...);
  }
  (std::make_integer_sequence<int, kMatrixFunctions>{});
}

/// Numbers of scratch for one item.
inline Index scratch_of(const MatrixFunctionCall& call) {
  Index numbers = 0;
  with_function(call.function, [&](auto function) {
    numbers = MatrixStep<decltype(function)::value>::scratch(call.m, call.n, call.k);
  });
  return numbers;
}

/// Entries of all operands of an item and of its result.
constexpr Index entries_of(const MatrixFunctionCall& call) {
  const MatrixFunctionShapes shapes = shapes_of(call);
  Index entries = shapes.out.entries();
  for (int operand = 0; operand < kMostOperands; ++operand) {
    if (call.in[operand].data != nullptr) entries += shapes.in[operand].entries();
  }
  return entries;
}

/// The same work in one call or two, so that it is divided well: a function entry by entry whose operands lie without
/// gaps is one long row of numbers, cut into items of kFlatEntries; the second call is what is left.
struct DividedCalls {
  MatrixFunctionCall calls[2];
  int count;
};
inline constexpr Index kFlatEntries = 2048;

inline DividedCalls divided(const MatrixFunctionCall& call) {
  const bool by_entry = call.function <= MatrixFunction::map_differential;
  const Index size = call.m * call.n, all = size * call.items, whole = all / kFlatEntries;
  bool dense = by_entry && all > 0;
  for (const auto& operand : call.in)
    dense = dense && (operand.data == nullptr || operand.stride == size || call.items == 1);
  if (!dense) return {{call, {}}, call.items > 0 ? 1 : 0};

  DividedCalls result{{call, call}, 0};
  const Index entry_bytes = call.is_float ? sizeof(float) : sizeof(double);
  const Index starts[] = {0, whole * kFlatEntries, all};
  for (int part = 0; part < 2; ++part) {
    const Index entries = starts[part + 1] - starts[part];
    if (entries == 0) continue;
    MatrixFunctionCall& own = result.calls[result.count++];
    own = call;
    own.m = part == 0 ? kFlatEntries : entries;
    own.n = 1;
    own.items = part == 0 ? whole : 1;
    for (auto& operand : own.in) {
      if (operand.data == nullptr) continue;
      operand.data = static_cast<const char*>(operand.data) + starts[part] * entry_bytes;
      operand.stride = own.m;
    }
    own.out = static_cast<char*>(call.out) + starts[part] * entry_bytes;
  }
  return result;
}

}  // namespace sigmahat::steps
