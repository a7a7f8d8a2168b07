// Functions of small matrices: one launch, or two.
#include "operations.hpp"
#include "sigmahat/kernels/matrix_functions_launch.hpp"

namespace sigmahat::backends::cuda {

void CudaOperations::matrix_function(const MatrixFunctionCall& call) {
  const GpuOperation operation = gpu_.begin();
  const auto workspace = gpu_.array<double>(matrix_function_workspace(call));
  check(launch_matrix_function(gpu_.stream(), call, workspace.get()), "matrix_function kernel");
}

}  // namespace sigmahat::backends::cuda
