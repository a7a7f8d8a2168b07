// One call of Operations::least_squares on the GPU, chunk by chunk.
#pragma once

#include <omp.h>

#include <cstdint>
#include <span>
#include <vector>

#include "../least_squares/problem.hpp"
#include "node_tree.hpp"
#include "rows_buffer.hpp"
#include "sigmahat/kernels/least_squares_launch.hpp"

namespace sigmahat::backends::cuda {

/// Gram matrices of some problems in device memory.
class GramsOnDevice {
 public:
  void reserve(Gpu& gpu, Index count, Index q) {
    gpu.reserve(gram_, count * steps::packed(q, 0));
    gpu.reserve(mean_, count * q);
    gpu.reserve(residual_, count * q);
    gpu.reserve(weight_, count);
    gpu.reserve(rows_, count);
    gpu.reserve(dropped_, count);
  }
  GramArrays view() const {
    return {gram_.get(), mean_.get(), residual_.get(), weight_.get(), rows_.get(), dropped_.get()};
  }

 private:
  DeviceArray<double> gram_, mean_, residual_, weight_;
  DeviceArray<Index> rows_, dropped_;
};

/// The same on the host.
class GramsOnHost {
 public:
  void fetch(Gpu& gpu, const GramsOnDevice& device, Index count, Index q, bool with_means) {
    const GramArrays arrays = device.view();
    read(gpu, arrays.gram, count * steps::packed(q, 0), gram_);
    if (with_means) {
      read(gpu, arrays.mean, count * q, mean_);
      read(gpu, arrays.residual, count * q, residual_);
    }
    read(gpu, arrays.weight, count, weight_);
    read(gpu, arrays.rows, count, rows_);
    read(gpu, arrays.dropped, count, dropped_);
  }
  ProblemGram item(Index item, Index q, bool with_means) const {
    return {rows_[item],
            dropped_[item],
            weight_[item],
            with_means ? mean_.data() + item * q : nullptr,
            with_means ? residual_.data() + item * q : nullptr,
            gram_.data() + item * steps::packed(q, 0)};
  }

 private:
  template <class T>
  static void read(Gpu& gpu, const T* device, Index count, std::vector<T>& host) {
    host.resize(static_cast<std::size_t>(count));
    gpu.download(device, host.data(), host.size() * sizeof(T));
  }

  std::vector<double> gram_, mean_, residual_, weight_;
  std::vector<Index> rows_, dropped_;
};

class LeastSquaresRun {
 public:
  /// The arguments must outlive it; q ≤ kLargestGram.
  LeastSquaresRun(Gpu& gpu, const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result);
  void run();

 private:
  /// Problems first … first+count−1 of the call, and where they are on the device. Numbers of problems and rows count
  /// from the chunk's first.
  struct Chunk {
    Index first = 0, count = 0;
    RegressionRows rows;
    ProblemList small;         // of at most 256 rows
    std::vector<Index> large;  // the others
    MomentNodes roots;         // theirs, in the same order
    DeviceArray<Index> first_rows;
  };

  Index chunk_end(Index first) const;
  RegressionRows upload(Index first_row, Index count);
  void fit_chunk(Index first, Index count);
  void fit_long(Index problem);
  void list_small(Chunk& chunk);
  void form_nodes(const RegressionRows& rows, std::span<const Index> first_rows, std::span<const Index> lengths,
                  const MomentNodes& to, Index first_to);
  void solve(const Chunk& chunk);
  void solve_on_device(const Chunk& chunk);
  void write_accepted(const Chunk& chunk, const std::vector<int>& accepted);
  void finish(const Chunk& chunk, const std::vector<int>& accepted, const std::vector<Index>& items, bool large);
  void finish_on_host(const Chunk& chunk, const std::vector<int>& accepted, std::span<const Index> items, bool large);
  void write_gram(Index problem, const ProblemGram& gram) const;

  Gpu& gpu_;
  const LeastSquaresRows& rows_;
  const LeastSquaresSpec& spec_;
  const LeastSquaresView& result_;
  const LeastSquaresTask task_;
  const bool plain_;   // the fast path may write results
  const bool errors_;  // and it writes standard errors
  Index q_, count_;    // count_ = K coefficients
  Index chunk_room_ = 0, gram_room_ = 0, row_bytes_ = 0, node_bytes_ = 0, problem_bytes_ = 0;

  // Device memory, reused from chunk to chunk.
  RowsBuffer x_, y_;
  NodeArrays nodes_, roots_;
  DeviceArray<Index> order_, segment_blocks_, block_segment_, rows_counted_, dropped_;
  DeviceArray<std::uint8_t> buckets_;
  DeviceArray<double> coefficients_, standard_errors_, condition_, rss_, tss_, weight_;
  DeviceArray<int> accepted_;
  GramsOnDevice gram_device_;
  GramsOnHost gram_host_;
};

}  // namespace sigmahat::backends::cuda
