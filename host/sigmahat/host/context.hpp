// Where a computation runs: the one object that a user creates first. A Context owns one backend with its threads,
// stream, handles and workspace. It may be used by one thread at a time; results are ordinary host values.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sigmahat/host/operations.hpp"

namespace sigmahat {

struct ContextOptions {
  /// "auto": the first GPU if the CUDA backend is there and finds one, else the CPU. "cpu", "reference" (slow, the
  /// meaning of every operation), "cuda" or "cuda:K" for GPU K.
  std::string device = "auto";
  /// CPU threads; 0: as many as OpenMP offers (OMP_NUM_THREADS, or the cores that this process may use, of which a
  /// container's quota of CPU time may leave fewer).
  int threads = 0;
};

class Context {
 public:
  /// Throws InvalidArgument for an unknown device name, DeviceError for a device that is not there.
  explicit Context(const ContextOptions& options = {});
  /// A context on a backend that the caller brings, such as one that counts calls; `device` is what it is called.
  Context(std::unique_ptr<Operations> operations, std::string device);
  ~Context();
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;

  Operations& operations() const { return *operations_; }
  const std::string& device_requested() const { return requested_; }
  /// "cpu", "reference", "cuda:0"
  const std::string& device_used() const { return used_; }

 private:
  std::string requested_, used_;
  std::unique_ptr<Operations> operations_;
};

/// What can be asked for on this machine: device name and description, or the reason why it is not there.
struct DeviceEntry {
  std::string name;
  bool available = false;
  std::string description;
};
std::vector<DeviceEntry> list_devices();

/// Doubles in a backend's memory, released with the object. The Operations must outlive it.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Operations& operations, std::size_t count);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  double* get() const { return data_; }
  std::size_t size() const { return count_; }
  /// Copies all of it; the span has size() numbers.
  void upload(std::span<const double> host);
  void download(std::span<double> host) const;

 private:
  Operations* operations_ = nullptr;
  double* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace sigmahat
