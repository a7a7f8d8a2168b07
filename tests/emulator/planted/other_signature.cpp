// Planted: a definition that differs from NVIDIA's declaration. Test gate.cuda_api.self_test expects the compiler to say so.
#include <cuda_runtime_api.h>

extern "C" cudaError_t cudaStreamSynchronize(int) { return cudaSuccess; }
