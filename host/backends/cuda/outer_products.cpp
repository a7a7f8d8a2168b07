// Gram matrices of least squares with more than kLargestGram columns: centred rows come from the host, cublasDsyrk adds their
// products.
#include "operations.hpp"

namespace sigmahat::backends::cuda {
namespace {

class DeviceOuterProducts final : public OuterProducts {
 public:
  DeviceOuterProducts(Gpu& gpu, Index q) : gpu_(gpu), q_(q), square_(gpu.array<double>(q * q)) {}

  void clear() override { gpu_.zero(square_.get(), bytes(q_)); }
  void add(const double* rows, Index count) override {
    if (count == 0) return;
    gpu_.reserve(rows_, count * q_);
    gpu_.upload(rows, rows_.get(), bytes(count));
    const double one = 1;
    check(cublasDsyrk_64(gpu_.blas(), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, q_, count, &one, rows_.get(), q_, &one,
                         square_.get(), q_),
          "cublasDsyrk_64");
  }
  void read(double* square) override { gpu_.download(square_.get(), square, bytes(q_)); }

 private:
  std::size_t bytes(Index rows) const { return static_cast<std::size_t>(rows * q_) * sizeof(double); }

  Gpu& gpu_;
  Index q_;
  DeviceArray<double> square_, rows_;
};

}  // namespace

std::unique_ptr<OuterProducts> outer_products(Gpu& gpu, Index q) {
  return std::make_unique<DeviceOuterProducts>(gpu, q);
}

}  // namespace sigmahat::backends::cuda
