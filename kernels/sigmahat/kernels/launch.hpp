// What a launcher needs from its caller, in plain C++: a stream, and a status that nobody may ignore.
#pragma once

struct CUstream_st;

namespace sigmahat {

/// A CUDA stream (cudaStream_t). Launchers queue work on it and return at once; they never wait.
using DeviceStream = CUstream_st*;

/// A cudaError_t as a number; 0 is success. The kernels know no exceptions; the backend checks and throws.
struct [[nodiscard]] LaunchStatus {
  int code = 0;
  bool ok() const { return code == 0; }
};

}  // namespace sigmahat
