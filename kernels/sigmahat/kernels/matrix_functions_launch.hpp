// Launcher of kernels/matrix_functions.cu: functions of many small matrices and vectors, one launch for all items.
//
// Formulas, shapes, order of operations and failures: sigmahat/kernels/matrix_functions.hpp and kernels/steps/matrix_*.
// 8 threads take an item of a few numbers, a warp a small one, a block a large one, or one of a few; functions entry by
// entry take a batch without gaps as one row of numbers, in one launch or two. Scratch of an item lies in shared memory
// up to 96 KB, above it in a workspace of the caller.
// Cost: every operand is read once, the result written once. For m = n = k = 16, float64, 10⁶ items, and what an H100
// allows by memory (3.35 TB/s; half of it for float32) and, where that is more, by arithmetic (34 TFLOP/s):
//   function                                           bytes of an item    flops    H100
//   scale, transpose, symmetric                               4096           256    1.2 ms
//   map                                                       4096         256 σ    1.2 ms
//   combine, hadamard                                         6144           512    1.8 ms
//   map_differential                                          6144        256 σ′    1.8 ms
//   diagonal                                                  2176             0    0.65 ms
//   dot (16 × 16)                                             4104           512    1.2 ms
//   dot (16 × 1)                                               264            32    0.08 ms
//   trace (whole sectors of 32 bytes)                          520            16    0.16 ms
//   multiply                                                  8192          8192    2.4 ms
//   outer_product                                             2304           256    0.69 ms
//   kronecker_rows                                           19584          6144    5.8 ms
//   kronecker_pairs                                         152064        131072    45 ms
//   quadratic_form                                            2184           512    0.65 ms
//   quadratic_form_gradient                                   2304          1024    0.69 ms
//   product_of_forms                                           392            64    0.12 ms
//   product_of_forms_gradient                                  512           112    0.15 ms
//   bilinear_form, exponential_form, residual_form            2312           512    0.69 ms
//   row_gram_form, column_gram_form                           2312          1024    0.69 ms
//   row_gram_gradient, column_gram_gradient                   4352          1792    1.3 ms
//   exponential_gradient                                      4352           768    1.3 ms
//   residual_gradient                                         2432          1024    0.73 ms
//   determinant, log_determinant                              2056          2731    0.61 ms
//   inverse, adjugate                                         4096          8192    1.2 ms
// LU's n steps follow one another with four barriers each, so it is bound by latency, and far from its limit by memory.
// Determinism: D3 but for exp, log, tanh and pow: D1.
// Limits: for small matrices, no BLAS: an item is never divided among blocks, and a product reads its operands from cache
// for every entry; the extents of a product or of a Kronecker product above some hundreds belong to a library. Items of a
// call and of its parts < 2⁶²; rows of a matrix < 2³¹.
#pragma once

#include "sigmahat/kernels/launch.hpp"
#include "sigmahat/kernels/matrix_functions.hpp"

namespace sigmahat {

/// Numbers of device memory that the call needs beside operands and result; 0 but for functions by LU with n > 77 (n > 108
/// for determinants) and vectors of thousands.
Index matrix_function_workspace(const MatrixFunctionCall& call);

/// call.out ← the function of every item. `workspace` has matrix_function_workspace(call) numbers; null where that is 0.
LaunchStatus launch_matrix_function(DeviceStream stream, const MatrixFunctionCall& call, double* workspace);

}  // namespace sigmahat
