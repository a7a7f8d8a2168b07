// Least squares: problems go to the device in chunks that fit its free memory; what the fast path of the kernels leaves
// over is finished on the host from Gram matrices that the device forms. Every chunk waits a few times.
#include "least_squares.hpp"

#include <algorithm>
#include <atomic>
#include <exception>

#include "operations.hpp"
#include "sigmahat/kernels/block_list_launch.hpp"
#include "sigmahat/kernels/least_squares_buckets_launch.hpp"

namespace sigmahat::backends::cuda {
namespace {

constexpr Index kMostBlocks = Index{1} << 20;  // of a chunk

LeastSquaresTask make_task(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result) {
  LeastSquaresTask task;
  task.columns = rows.columns();
  task.intercept = spec.intercept;
  task.drop = spec.drop_missing;
  task.ridge = spec.ridge;
  task.largest_condition = spec.route == LeastSquaresRoute::automatic ? kRefineCondition : kCholeskyCondition;
  task.needs_rss =
      result.rss != nullptr || (result.standard_errors != nullptr && spec.standard_errors != StandardErrors::none);
  return task;
}

}  // namespace

LeastSquaresRun::LeastSquaresRun(Gpu& gpu, const LeastSquaresRows& rows, const LeastSquaresSpec& spec,
                                 const LeastSquaresView& result)
    : gpu_(gpu),
      rows_(rows),
      spec_(spec),
      result_(result),
      task_(make_task(rows, spec, result)),
      plain_(plain(spec, result)),
      errors_(result.standard_errors != nullptr && spec.standard_errors == StandardErrors::classical),
      q_(rows.columns() + 1),
      count_(rows.columns() + (spec.intercept ? 1 : 0)) {
  const Index room = gpu.room();
  chunk_room_ = room / 4 * 3;
  gram_room_ = room / 4;
  const Index y_bytes = rows.y.type == ScalarType::float64 ? sizeof(double) : sizeof(float);
  row_bytes_ = (row_bytes(rows.x) + y_bytes) * 5 / 4;  // with the padding that an upload may bring along
  node_bytes_ = NodeArrays::node_bytes(q_) + 2 * static_cast<Index>(sizeof(Index));  // with its place in the lists
  problem_bytes_ = static_cast<Index>(sizeof(double)) * (2 * count_ + 12);
}

void LeastSquaresRun::run() {
  for (Index first = 0; first < rows_.problems;) {
    const Index last = chunk_end(first);
    if (last == first) {
      fit_long(first++);
    } else {
      fit_chunk(first, last - first);
      first = last;
    }
  }
}

/// The problems that fit into a chunk; none where the first one has to go in pieces.
Index LeastSquaresRun::chunk_end(Index first) const {
  Index bytes = 0, blocks = 0, last = first;
  for (; last < rows_.problems; ++last) {
    const Index rows = rows_.rows_of(last), nodes = rows > kCanonicalBlock ? blocks_of(rows) + 1 : 0;
    bytes += rows * row_bytes_ + problem_bytes_ + nodes * node_bytes_;
    blocks += nodes;
    if (bytes <= chunk_room_ && blocks <= kMostBlocks) continue;
    return last == first && nodes == 0 ? first + 1 : last;
  }
  return last;
}

RegressionRows LeastSquaresRun::upload(Index first_row, Index count) {
  RowsView y = rows_.y;
  y.weights = nullptr;
  return {x_.upload(gpu_, rows_.x.slice(first_row, count)), y_.upload(gpu_, y.slice(first_row, count))};
}

void LeastSquaresRun::fit_chunk(Index first, Index count) {
  const Index first_row = rows_.first_row(first);
  Chunk chunk;
  chunk.first = first;
  chunk.count = count;
  std::vector<Index> first_rows;  // of the large problems
  std::vector<Index> lengths{0};  // summed up
  for (Index b = 0; b < count; ++b) {
    const Index rows = rows_.rows_of(first + b);
    if (rows <= kCanonicalBlock) continue;
    chunk.large.push_back(b);
    first_rows.push_back(rows_.first_row(first + b) - first_row);
    lengths.push_back(lengths.back() + rows);
  }
  chunk.rows = upload(first_row, rows_.first_row(first + count) - first_row);
  list_small(chunk);
  if (!chunk.large.empty()) {
    roots_.reserve(gpu_, std::ssize(chunk.large), q_, spec_.intercept);
    form_nodes(chunk.rows, first_rows, lengths, roots_.view(), 0);
    chunk.roots = roots_.view();
  }
  solve(chunk);
}

/// The problem does not fit into the device's memory: its rows come in pieces.
void LeastSquaresRun::fit_long(Index problem) {
  const Index most_blocks = chunk_room_ / (kCanonicalBlock * row_bytes_ + node_bytes_);
  const Index piece = std::min(kMostBlocks, power_of_two_below(most_blocks)) * kCanonicalBlock;
  const Index first_row = rows_.first_row(problem), count = rows_.rows_of(problem);
  NodeTree tree(gpu_, q_, spec_.intercept);
  for (Index done = 0; done < count; done += piece) {
    const Index rows = std::min(piece, count - done);
    const std::vector<Index>& pieces = tree.cut(rows);
    form_nodes(upload(first_row + done, rows), std::span(pieces).first(pieces.size() - 1), pieces, tree.nodes(),
               NodeTree::first_incoming());
    tree.push();
    gpu_.synchronise();  // the caller's rows have been read
  }
  Chunk chunk;
  chunk.first = problem;
  chunk.count = 1;
  chunk.large = {0};
  chunk.roots = nodes_from(tree.nodes(), q_, tree.finish());
  solve(chunk);
}

/// Lists the problems of one canonical block, by size where sizes differ.
void LeastSquaresRun::list_small(Chunk& chunk) {
  chunk.small.count = chunk.count - std::ssize(chunk.large);
  if (chunk.small.count == 0) return;
  if (rows_.offsets.empty()) {
    chunk.small.rows_per_problem = rows_.rows_per_problem;
    return;
  }
  std::vector<Index> first_rows(static_cast<std::size_t>(chunk.count) + 1);
  const Index first_row = rows_.first_row(chunk.first);
  for (Index b = 0; b <= chunk.count; ++b) first_rows[b] = rows_.first_row(chunk.first + b) - first_row;
  chunk.first_rows = gpu_.send(std::span<const Index>(first_rows));
  gpu_.reserve(buckets_, chunk.count);
  gpu_.reserve(order_, chunk.count);
  check(launch_least_squares_buckets(gpu_.stream(), chunk.count, chunk.first_rows.get(), buckets_.get(), order_.get()),
        "buckets (Thrust)");
  chunk.small.first_rows = chunk.first_rows.get();
  chunk.small.order = order_.get();
}

/// Node first_to + s of `to` ← rows first_rows[s] and lengths[s + 1] − lengths[s] − 1 after it.
void LeastSquaresRun::form_nodes(const RegressionRows& rows, std::span<const Index> first_rows,
                                 std::span<const Index> lengths, const MomentNodes& to, Index first_to) {
  BlockList list;
  list.segments = std::ssize(first_rows);
  for (Index s = 0; s < list.segments; ++s) {
    const Index blocks = blocks_of(lengths[s + 1] - lengths[s]);
    list.blocks += blocks;
    list.longest = std::max(list.longest, blocks);
  }
  const auto first_rows_device = gpu_.send(first_rows), lengths_device = gpu_.send(lengths);
  gpu_.reserve(segment_blocks_, list.segments + 1);
  gpu_.reserve(block_segment_, list.blocks);
  nodes_.reserve(gpu_, list.blocks, q_, spec_.intercept);
  check(launch_block_list(gpu_.stream(), list.segments, list.blocks, lengths_device.get(), segment_blocks_.get(),
                          block_segment_.get()),
        "block list (Thrust)");
  list.segment_rows = lengths_device.get();
  list.segment_blocks = segment_blocks_.get();
  list.block_segment = block_segment_.get();
  const MomentNodes nodes = nodes_.view();
  check(launch_least_squares_blocks(gpu_.stream(), rows, list, first_rows_device.get(), task_, nodes),
        "least_squares_block kernel");
  check(launch_moments_tree(gpu_.stream(), list, q_, nodes), "moments_tree kernel");
  check(launch_moments_roots(gpu_.stream(), list, q_, nodes, to, first_to), "moments_roots kernel");
}

void LeastSquaresRun::solve(const Chunk& chunk) {
  std::vector<int> accepted(static_cast<std::size_t>(chunk.count), 0);
  if (plain_) {
    solve_on_device(chunk);
    gpu_.fetch(accepted_.get(), std::span(accepted));
    write_accepted(chunk, accepted);
  }
  const bool all = !plain_ || result_.gram != nullptr || result_.mean != nullptr;
  std::vector<Index> small, large;  // items that need their Gram matrices: problems, and places among the roots
  for (Index b = 0, place = 0; b < chunk.count; ++b) {
    const bool is_large = place < std::ssize(chunk.large) && chunk.large[place] == b;
    if (all || accepted[b] == 0) (is_large ? large : small).push_back(is_large ? place : b);
    if (is_large) ++place;
  }
  finish(chunk, accepted, small, false);
  finish(chunk, accepted, large, true);
}

/// The fast path, and its results in the caller's memory.
void LeastSquaresRun::solve_on_device(const Chunk& chunk) {
  const auto wanted = [&](auto& array, const void* host, Index size) {
    if (host == nullptr) return static_cast<decltype(array.get())>(nullptr);
    gpu_.reserve(array, chunk.count * size);
    return array.get();
  };
  LeastSquaresArrays arrays;
  arrays.coefficients = wanted(coefficients_, result_.coefficients, count_);
  arrays.standard_errors = wanted(standard_errors_, errors_ ? result_.standard_errors : nullptr, count_);
  arrays.condition = wanted(condition_, result_.condition, 1);
  arrays.rss = wanted(rss_, result_.rss, 1);
  arrays.tss = wanted(tss_, result_.tss, 1);
  arrays.weight = wanted(weight_, result_.weight, 1);
  const bool counts_rows = result_.rows != nullptr || result_.residual_dof != nullptr;
  arrays.rows = wanted(rows_counted_, counts_rows ? this : nullptr, 1);
  arrays.dropped = wanted(dropped_, result_.dropped, 1);
  arrays.accepted = wanted(accepted_, this, 1);
  check(launch_least_squares(gpu_.stream(), chunk.rows, chunk.small, task_, arrays, GramArrays{}),
        "least_squares kernel");
  if (!chunk.large.empty()) {
    const auto problems = gpu_.send(std::span<const Index>(chunk.large));
    check(launch_least_squares_roots(gpu_.stream(), std::ssize(chunk.large), nullptr, problems.get(), chunk.roots,
                                     task_, arrays, GramArrays{}),
          "least_squares_roots kernel");
  }
  const auto read = [&](const auto* device, auto* host, Index size) {
    if (host == nullptr || device == nullptr) return;
    gpu_.download(device, host + chunk.first * size, static_cast<std::size_t>(chunk.count * size) * sizeof(*host));
  };
  read(arrays.coefficients, result_.coefficients, count_);
  read(arrays.standard_errors, result_.standard_errors, count_);
  read(arrays.condition, result_.condition, 1);
  read(arrays.rss, result_.rss, 1);
  read(arrays.tss, result_.tss, 1);
  read(arrays.weight, result_.weight, 1);
  read(arrays.rows, result_.rows, 1);
  read(arrays.dropped, result_.dropped, 1);
}

/// What follows for an accepted problem from its being accepted.
void LeastSquaresRun::write_accepted(const Chunk& chunk, const std::vector<int>& accepted) {
  std::vector<Index> counted;
  const Index* rows = nullptr;
  if (result_.residual_dof != nullptr) {
    if (result_.rows == nullptr) {
      counted.resize(accepted.size());
      gpu_.download(rows_counted_.get(), counted.data(), counted.size() * sizeof(Index));
    }
    rows = result_.rows == nullptr ? counted.data() : result_.rows + chunk.first;
  }
  for (Index b = 0; b < chunk.count; ++b) {
    if (accepted[b] == 0) continue;
    const Index problem = chunk.first + b;
    if (result_.rank != nullptr) result_.rank[problem] = static_cast<std::int32_t>(count_);
    if (result_.route != nullptr) result_.route[problem] = RouteTaken::cholesky;
    if (result_.status != nullptr) result_.status[problem] = ProblemStatus::ok;
    if (rows != nullptr) result_.residual_dof[problem] = static_cast<double>(rows[b] - count_);
    if (result_.standard_errors != nullptr && !errors_) {
      std::fill_n(result_.standard_errors + problem * count_, count_, kCanonicalNaN);
    }
  }
}

/// Brings the Gram matrices of `items` to the host, as many at a time as may be, and finishes their problems there. Items
/// are problems of the chunk, or places among its roots.
void LeastSquaresRun::finish(const Chunk& chunk, const std::vector<int>& accepted, const std::vector<Index>& items,
                             bool large) {
  if (items.empty()) return;
  const Index numbers = steps::packed(q_, 0);
  const Index item_bytes = static_cast<Index>(sizeof(double)) * (numbers + 2 * q_ + 5);
  const Index most = std::clamp<Index>(gram_room_ / item_bytes, 1, std::ssize(items));
  gram_device_.reserve(gpu_, most, q_);
  const auto problems = gpu_.send(std::span<const Index>(chunk.large));
  LeastSquaresTask task = task_;
  task.solve = false;
  for (Index done = 0; done < std::ssize(items); done += most) {
    const auto part = std::span(items).subspan(static_cast<std::size_t>(done),
                                               static_cast<std::size_t>(std::min(most, std::ssize(items) - done)));
    const auto order = gpu_.send(part);
    if (large) {
      check(launch_least_squares_roots(gpu_.stream(), std::ssize(part), order.get(), problems.get(), chunk.roots, task,
                                       LeastSquaresArrays{}, gram_device_.view()),
            "least_squares_roots kernel");
    } else {
      ProblemList list = chunk.small;
      list.count = std::ssize(part);
      list.order = order.get();
      check(launch_least_squares(gpu_.stream(), chunk.rows, list, task, LeastSquaresArrays{}, gram_device_.view()),
            "least_squares kernel");
    }
    gram_host_.fetch(gpu_, gram_device_, std::ssize(part), q_, spec_.intercept);
    finish_on_host(chunk, accepted, part, large);
  }
}

void LeastSquaresRun::finish_on_host(const Chunk& chunk, const std::vector<int>& accepted, std::span<const Index> items,
                                     bool large) {
  std::atomic<Index> next{0};
  std::exception_ptr failure;
#pragma omp parallel
  try {
    ProblemSolver solver(rows_, spec_, result_, row_steps());
    for (Index item = 0; (item = next.fetch_add(1)) < std::ssize(items);) {
      const Index b = large ? chunk.large[items[item]] : items[item];
      const ProblemGram gram = gram_host_.item(item, q_, spec_.intercept);
      accepted[b] != 0 ? write_gram(chunk.first + b, gram) : solver.solve(chunk.first + b, gram);
    }
  } catch (...) {
#pragma omp critical(sigmahat_least_squares_on_host)
    if (failure == nullptr) failure = std::current_exception();
  }
  if (failure != nullptr) std::rethrow_exception(failure);
}

/// Gram matrix and means of a problem whose other results are there.
void LeastSquaresRun::write_gram(Index problem, const ProblemGram& gram) const {
  if (result_.gram != nullptr) {
    double* const full = result_.gram + problem * q_ * q_;
    for (Index i = 0; i < q_; ++i) {
      for (Index j = 0; j <= i; ++j) full[i * q_ + j] = full[j * q_ + i] = gram.gram[steps::packed(i, j)];
    }
  }
  if (result_.mean != nullptr) {
    double* const mean = result_.mean + problem * q_;
    for (Index j = 0; j < q_; ++j) mean[j] = spec_.intercept ? gram.mean[j] + gram.residual[j] : 0.0;
  }
}

void CudaOperations::least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec,
                                   const LeastSquaresView& result) {
  const GpuOperation operation = gpu_.begin();
  if (rows.columns() + 1 > kLargestGram) {
    const LargeThreads threads{1, rows.problems > 1 ? omp_get_max_threads() : 1};
    large_least_squares(rows, spec, result, row_steps(), threads, [&] { return gram_algebra(gpu_, rows); });
    return;
  }
  LeastSquaresRun(gpu_, rows, spec, result).run();
}

}  // namespace sigmahat::backends::cuda
